"""Privacy: the hash key, erasure, audiences, and files that only their owner may read."""
