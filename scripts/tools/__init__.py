"""Tools for developers: benchmarks, a local Spark cluster, the SQL portability rules. No build needs them."""
