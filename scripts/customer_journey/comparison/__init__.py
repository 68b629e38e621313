"""Comparison: two builds row by row, and what changed since the build before."""
