"""Renders the project's macros for one engine as dbt does, in milliseconds and without a connection."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn

import yaml
from customer_journey.paths import PROJECT
from dbt_common.clients.jinja import get_template
from dbt_common.exceptions.macros import MacroReturn

_MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(")


class Macros:
    """The macros of the project on one engine, each a function of this object's `context`.

    dbt's own Jinja environment renders them, so `return`, `do` and the names of macros behave as in a run.
    """

    def __init__(self, engine: str, settings: Mapping[str, Any] | None = None, **context: Any) -> None:
        project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
        self._engine = engine
        self.context: dict[str, Any] = {
            "adapter": SimpleNamespace(dispatch=self._dispatch),
            "return": _return,
            "execute": False,
            "var": {**project["vars"], **(settings or {})}.get,
            "project_name": project["name"],
            **context,
        }
        for file in sorted((PROJECT / "macros").glob("*.sql")):
            source = file.read_text(encoding="utf-8")
            module = self._module(source)
            for name in _MACRO.findall(source):
                self.context[name] = _function(name, module)

    def render(self, text: str) -> str:
        """Render a text with calls of macros."""
        return str(get_template(text, self.context).render(self.context))

    def _dispatch(self, name: str, package: str) -> object:
        return self.context.get(f"{self._engine}__{name}") or self.context[f"default__{name}"]

    def _module(self, source: str) -> Callable[[], object]:
        """Return the compiled macros of a file; compiled at the first call, when all macro names are known."""
        return cache(lambda: get_template(source, self.context).make_module(vars=self.context, shared=False))


def _function(name: str, module: Callable[[], object]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> object:
        try:
            return getattr(module(), f"dbt_macro__{name}")(*args, **kwargs)
        except MacroReturn as returned:
            return returned.value

    return call


def _return(value: object) -> NoReturn:
    raise MacroReturn(value)
