"""Tuning of Python's cyclic garbage collector."""

import gc


def collect_garbage_seldom() -> None:
    """Let the garbage collector run far less often than by default in this process.

    dbt and Great Expectations create hundreds of thousands of objects that stay alive. Searching them again and again
    takes a quarter of the time that these libraries need to load.
    """
    gc.set_threshold(200_000, 20, 20)
