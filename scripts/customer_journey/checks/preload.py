"""Faster import of Great Expectations: modules that it rarely uses are loaded only on first use."""

import importlib
import sys
from types import ModuleType
from typing import Any

# Modules that Great Expectations imports at once but needs only for rare kinds of expectations. Loading them takes a
# third of its import time.
SELDOM_USED = ("scipy.stats", "altair")


class _Deferred(ModuleType):
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (a module holds anything)
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_great_expectations() -> None:
    """Import Great Expectations without the modules in SELDOM_USED."""
    for name in SELDOM_USED:
        sys.modules.setdefault(name, _Deferred(name))
    importlib.import_module("great_expectations")
