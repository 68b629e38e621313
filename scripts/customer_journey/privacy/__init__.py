"""Privacy: the hash key, erasure, and files with personal data."""
