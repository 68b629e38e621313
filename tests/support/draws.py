"""Drawing the same examples wherever a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


@contextmanager
def independent_of_what_is_imported() -> Iterator[None]:
    """Keep Hypothesis from mixing constants of the modules that happen to be imported into its draws.

    With them a derandomized draw differs between a run of one file and a run of all.
    """
    cache = type(providers.CONSTANTS_CACHE)(1024)
    with (
        patch.object(providers, "_get_local_constants", Constants),
        patch.object(providers, "CONSTANTS_CACHE", cache),
    ):
        yield
