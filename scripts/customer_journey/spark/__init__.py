"""The second engine: the parts of a build on Apache Spark that differ from DuckDB."""
