"""Publishing: marts to the published file, to PostgreSQL, to files, and their documentation pages."""
