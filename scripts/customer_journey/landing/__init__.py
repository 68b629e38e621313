"""Landing: raw tables into the private warehouse, as text, judged against the contract; what was refused, and why."""
