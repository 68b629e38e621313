"""The analyst's workbench: scaffolds for what is added, a check of it, and a dry run of what it would change."""
