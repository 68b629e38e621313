"""Python's search for objects that only hold each other."""

import gc


def search_seldom() -> None:
    """Let this process search for such objects after many more new ones than by default.

    dbt and Great Expectations make hundreds of thousands that stay, which would be searched over and over: a quarter
    of the time that they take to load.
    """
    gc.set_threshold(200_000, 20, 20)
