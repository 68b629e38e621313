"""Modules that are loaded when something of them is used, not when they are named in an import."""

import importlib
import sys
from types import ModuleType
from typing import Any

# What Great Expectations imports at its top and uses in kinds of expectations that hardly a suite names: a third of
# the seconds that it takes to load.
SELDOM_USED = ("scipy.stats", "altair")


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (a module holds anything)
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def load_great_expectations() -> None:
    """Import Great Expectations without what it seldom uses."""
    for name in SELDOM_USED:
        sys.modules.setdefault(name, _Later(name))
    importlib.import_module("great_expectations")
