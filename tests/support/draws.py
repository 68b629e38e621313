"""Makes hypothesis draw the same examples wherever a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


@contextmanager
def independent_of_what_is_imported() -> Iterator[None]:
    """Keep hypothesis from using constants of imported modules in its draws.

    Otherwise a derandomized draw would differ between a run of one file and a run of all.
    """
    cache = type(providers.CONSTANTS_CACHE)(1024)
    with (
        patch.object(providers, "_get_local_constants", Constants),
        patch.object(providers, "CONSTANTS_CACHE", cache),
    ):
        yield
