"""The report: what a build published, as one page that opens anywhere."""
