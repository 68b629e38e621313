"""Calls of macros and what they give, by topic."""
