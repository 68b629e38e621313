"""The second engine: what a build does on Apache Spark where it differs from DuckDB."""
