"""Calls of macros and their expected results, by topic."""
