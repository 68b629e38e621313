"""The project's own SQL without a run of dbt: its macros, staging models and seeds, rendered for DuckDB.

What a row must be is said once, in models/staging and macros/staging.sql. This renders that text as dbt does, so that
`journey check` refuses what a build refuses.
"""

import csv
import datetime
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import duckdb
import pytz
import yaml
from customer_journey.contract import RawTable
from customer_journey.errors import BuildError, InputError
from customer_journey.paths import PROJECT
from customer_journey.warehouse import quoted
from dbt_common.clients.jinja import get_template
from dbt_common.context import set_invocation_context
from dbt_common.exceptions.macros import MacroReturn

# one macro, compiled alone: most of them are of no concern here, and compiling takes longer than the rest
_MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\(.*?{%-?\s*endmacro\s*-?%}", re.DOTALL)
# as generate_schema_name would place them is of no matter here
_SCHEMA = "judged"


class Macros:
    """The macros of the project on one engine, each a function of `context`, without a connection.

    dbt's own Jinja environment renders them, so `return`, `do` and the names of macros behave as in a run.
    """

    def __init__(self, engine: str, settings: Mapping[str, Any] | None = None, **context: Any) -> None:
        project = _read_yaml(PROJECT / "dbt_project.yml")
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
            for found in _MACRO.finditer(file.read_text(encoding="utf-8")):
                self.context[found[1]] = _function(found[1], self._module(found[0]))

    def render(self, text: str) -> str:
        """Render a text with calls of macros."""
        return str(get_template(text, self.context).render(self.context))

    def _dispatch(self, name: str, package: str) -> object:
        return self.context.get(f"{self._engine}__{name}") or self.context[f"default__{name}"]

    def _module(self, source: str) -> Callable[[], object]:
        """Return what gives the macro in a text; compiled at the first call, when all macro names are known."""
        return cache(lambda: get_template(source, self.context).make_module(vars=self.context, shared=False))


class Models:
    """The models and seeds of the project in one DuckDB connection, each made when something first refers to it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any]) -> None:
        profile, name = _read_yaml(PROJECT / "profiles.yml"), _read_yaml(PROJECT / "dbt_project.yml")["name"]
        set_invocation_context({})
        self._connection = connection
        self._made: dict[str, str] = {}
        self._macros = Macros(
            "duckdb",
            settings,
            execute=True,
            graph={"sources": _sources(name), "remembered_settings": {}},
            modules=SimpleNamespace(datetime=datetime, pytz=pytz, re=re),
            run_started_at=datetime.datetime.now(datetime.UTC),
            exceptions=SimpleNamespace(raise_compiler_error=_raise),
            source=lambda source, table: f"{'' if source == 'private' else 'raw_'}{source}.{table}",
            ref=self.relation,
            config=lambda **_: "",
        )
        connection.execute(f"create schema if not exists {_SCHEMA}")
        for setting, value in profile["customer_journey"]["outputs"]["duckdb"]["settings"].items():
            connection.execute(f"set {setting} = '{value}'")

    def relation(self, name: str) -> str:
        """Return the table of a model or seed, made here if it is not there yet."""
        if name not in self._made:
            self._made[name] = f"{_SCHEMA}.{name}"
            seed = PROJECT / "seeds" / f"{name}.csv"
            if seed.exists():
                self._load_seed(name, seed)
            else:
                file = next(PROJECT.glob(f"models/**/{name}.sql"), None)
                if file is None:
                    raise InputError(f"{PROJECT / 'models'}: has no model {name}. Add {name}.sql and {name}.yml.")
                sql = self._macros.render(file.read_text(encoding="utf-8"))
                self._connection.execute(f"create table {self._made[name]} as {sql}")
        return self._made[name]

    def call(self, macro: str, *args: object) -> str:
        """Return what a macro of the project gives."""
        return str(self._macros.context[macro](*args)).strip()

    def business_time(self, table: RawTable) -> str | None:
        """Return the column that dates a row of a raw table; None where none does."""
        context = self._macros.context
        spec = context["graph"]["sources"][f"source.{context['project_name']}.{table.source}.{table.name}"]
        found: str | None = spec["config"]["meta"].get("business_time")
        return found

    def _load_seed(self, name: str, file: Path) -> None:
        types = _seed_types()[name]
        with file.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream))
        columns = ", ".join(f"'{column}': '{types.get(column, 'varchar')}'" for column in header)
        self._connection.execute(
            f"create table {self._made[name]} as from read_csv('{quoted(file)}', header = true, auto_detect = false,"
            f" delim = ',', quote = '\"', escape = '\"', nullstr = '', columns = {{{columns}}})"
        )


def _function(name: str, module: Callable[[], object]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> object:
        try:
            return getattr(module(), f"dbt_macro__{name}")(*args, **kwargs)
        except MacroReturn as returned:
            return returned.value

    return call


def _return(value: object) -> NoReturn:
    raise MacroReturn(value)


def _raise(problem: str) -> NoReturn:
    raise BuildError(problem)


@cache
def _seed_types() -> Mapping[str, Mapping[str, str]]:
    document = _read_yaml(PROJECT / "seeds" / "_seeds.yml")
    return {seed["name"]: seed.get("config", {}).get("column_types", {}) for seed in document["seeds"]}


def _sources(project: str) -> dict[str, Any]:
    """Return the raw tables as dbt's graph describes them."""
    found: dict[str, Any] = {}
    for file in sorted(PROJECT.glob("models/staging/*/_*__sources.yml")):
        for source in _read_yaml(file)["sources"]:
            for table in source["tables"]:
                found[f"source.{project}.{source['name']}.{table['name']}"] = {
                    **table,
                    "package_name": project,
                    "source_name": source["name"],
                    "columns": {column["name"]: _described(column) for column in table["columns"]},
                }
    return found


def _read_yaml(file: Path) -> dict[str, Any]:
    # the parser in C, where PyYAML has it, takes a tenth of the time
    document: dict[str, Any] = yaml.load(
        file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return document


def _described(column: Mapping[str, Any]) -> dict[str, Any]:
    return {"config": {"meta": {}}, **column}
