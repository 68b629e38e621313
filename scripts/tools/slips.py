"""Mutation testing of the models: which dbt tests detect a deliberate error? `python -m tools.slips --out OUT`.

A slip is a mutation: it replaces a text in a model's compiled SQL. `slips.yml` beside this file lists the slips. OUT is
a built output folder of the demo company, which is large enough for each slip to change a figure. For each slip, this
tool rebuilds the model and everything downstream in a copy of the warehouse, in a transaction that is rolled back, and
runs each dbt test as soon as the models it reads are rebuilt. A slip that no test detects (a surviving mutant) would be
published.

If the model no longer contains the text, or the slip changes no row, that is an error: nothing would be tested.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import yaml
from customer_journey.paths import PROJECT
from customer_journey.privacy.hash_key import hash_key
from customer_journey.warehouse import quoted
from rich.console import Console

LIST = Path(__file__).with_name("slips.yml")


@dataclass(frozen=True)
class Slip:
    """One mutation: in the compiled SQL of `model`, `new` replaces `old`."""

    name: str
    model: str
    old: str
    new: str


class SlipError(Exception):
    """A slip that can no longer be applied."""


def slips() -> list[Slip]:
    """Return the slips of the list.

    Raises:
        SlipError: two of them have the same name.
    """
    entries = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    found = [Slip(entry["slip"], entry["model"], entry["old"], entry["new"]) for entry in entries]
    names = [slip.name for slip in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SlipError(f"{LIST.name}: two slips are called {', '.join(sorted(twice))}")
    return found


class Workshop:
    """A copy of a warehouse, and the current SQL of models and tests as compiled by dbt."""

    def __init__(self, warehouse: Path, folder: Path) -> None:
        self._built = warehouse
        # keep the file's name: compiled SQL uses it as the catalog name
        self._copy = Path(shutil.copyfile(warehouse, folder / warehouse.name))
        self._nodes = _compile(self._copy, folder / "dbt", parsed=warehouse.parent / "dbt/duckdb/partial_parse.msgpack")
        self._ids = {node["name"]: key for key, node in self._nodes.items() if node["resource_type"] == "model"}
        # A run computes the Markov fundamental matrix iteratively before its model's SQL, so compiled SQL alone cannot
        # rebuild it. It stays unchanged, and tests on models that read it are skipped: they would fail for that alone.
        self._made_in_rounds = {key for key in self._ids.values() if "fundamental_" in self._nodes[key]["raw_code"]}
        self._besides_rounds = {key for key in self._ids.values() if self._made_in_rounds & set(self._reads(key))}

    def noticed_by(self, slip: Slip) -> list[str]:
        """Return the tests that fail first after a slip; like a build, stop there and rebuild no further model.

        Raises:
            SlipError: the model does not contain the text, or has the same rows with the slip.
        """
        mutated = self.mutated(slip)
        remade = self._with_downstream(self._ids[slip.model])
        waiting = self._tests_of(remade)
        made: set[str] = set()
        with self._connect() as connection, _taken_back(connection):
            for key in remade:
                self._make(connection, key, self._nodes[key]["compiled_code"] if made else mutated)
                if not made and not self._differs(connection, key):
                    raise SlipError(f"{slip.name}: {slip.model} holds the same rows with the slip as without")
                made.add(key)
                ready = [test for test in waiting if made.issuperset(waiting[test])]
                if failing := [self._nodes[test]["name"] for test in ready if self._fails(connection, test)]:
                    return sorted(failing)
                waiting = {test: reads for test, reads in waiting.items() if test not in ready}
        return []

    def failing(self) -> list[str]:
        """Return the tests that fail on the unchanged warehouse."""
        with self._connect() as connection:
            failing = [test for test in self._tests_of(list(self._nodes)) if self._fails(connection, test)]
        return sorted(self._nodes[test]["name"] for test in failing)

    def mutated(self, slip: Slip) -> str:
        """Return the SQL of a slip's model with the slip applied.

        Raises:
            SlipError: there is no such model, or it does not contain the text.
        """
        if slip.model not in self._ids:
            raise SlipError(f"{slip.name}: there is no model {slip.model}")
        sql: str = self._nodes[self._ids[slip.model]]["compiled_code"]
        if slip.old not in sql:
            raise SlipError(f"{slip.name}: {slip.model} does not hold {slip.old!r} any more")
        return sql.replace(slip.old, slip.new)

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self._copy)) as connection:
            profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
            for name, value in profile["customer_journey"]["outputs"]["duckdb"]["settings"].items():
                connection.execute(f"set {name} = '{value}'")
            connection.execute("set variable hash_key = ?", [hash_key()])
            connection.execute(f"attach '{quoted(self._built)}' as built (read_only)")
            yield connection

    def _with_downstream(self, model: str) -> list[str]:
        """The model and everything downstream, in topological order."""
        reaches: dict[str, bool] = {model: True}
        order = [model]

        def visit(node: str) -> bool:
            if node not in reaches:
                reaches[node] = False
                reaches[node] = any([visit(other) for other in self._reads(node)])
                if reaches[node]:
                    order.append(node)
            return reaches[node]

        for node in self._ids.values():
            visit(node)
        return [node for node in order if node not in self._made_in_rounds]

    def _reads(self, node: str) -> list[str]:
        return [other for other in self._nodes[node]["depends_on"].get("nodes", ()) if other in self._nodes]

    def _make(self, connection: duckdb.DuckDBPyConnection, key: str, sql: str) -> None:
        node = self._nodes[key]
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        try:
            connection.execute(f"create or replace {kind} {node['relation_name']} as\n{sql}")
        except duckdb.Error as error:
            raise SlipError(f"{node['name']} cannot be made: {error}") from None

    def _differs(self, connection: duckdb.DuckDBPyConnection, key: str) -> bool:
        made = self._nodes[key]["relation_name"]
        before = ".".join(["built", *made.split(".")[1:]])
        for one, other in ((made, before), (before, made)):
            rows = connection.execute(f"select 1 from (select * from {one} except all select * from {other}) limit 1")
            if rows.fetchone() is not None:
                return True
        return False

    def _tests_of(self, models: Sequence[str]) -> dict[str, set[str]]:
        """The tests of severity error that read any of these models, each with those of them that it reads."""
        tests = {}
        for key, node in self._nodes.items():
            if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error":
                reads = set(self._reads(key)).intersection(models)
                if reads and not self._besides_rounds & set(self._reads(key)):
                    tests[key] = reads
        return tests

    def _fails(self, connection: duckdb.DuckDBPyConnection, test: str) -> bool:
        sql = self._nodes[test]["compiled_code"]
        return connection.execute(f"select 1 from (\n{sql}\n) limit 1").fetchone() is not None


@contextmanager
def _taken_back(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    finally:
        connection.execute("rollback")


def _compile(warehouse: Path, state: Path, parsed: Path) -> dict[str, dict[str, Any]]:
    """Return the nodes of the project with their SQL, compiled by dbt on a warehouse.

    `parsed` is the partial-parse file of the warehouse's build, so that dbt parses only the files changed since.
    """
    state.mkdir(parents=True)
    if parsed.exists():
        shutil.copyfile(parsed, state / parsed.name)
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "--quiet", "compile"),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(state), "--log-path", str(state / "logs")),
    ]
    done = subprocess.run(
        command, env={**os.environ, "JOURNEY_WAREHOUSE": str(warehouse)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SlipError(f"dbt compile ended with {done.returncode}\n{done.stdout[-4000:]}")
    nodes: dict[str, dict[str, Any]] = json.loads((state / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    return nodes


@click.command()
@click.option("--out", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.argument("words", nargs=-1)
def main(out: Path, words: Sequence[str]) -> None:
    """Apply each slip, or those whose name contains one of WORDS, to a copy of OUT; print the tests that fail."""
    console = Console()
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            workshop = Workshop(out / "warehouse.duckdb", Path(folder))
            if failing := workshop.failing():
                raise SlipError(f"without any slip these fail: {', '.join(failing)}")
        except SlipError as error:
            raise click.ClickException(str(error)) from None
        for slip in slips():
            if words and not any(word in slip.name for word in words):
                continue
            try:
                noticed = ", ".join(workshop.noticed_by(slip)) or "NOTHING"
            except SlipError as error:
                noticed = f"NOTHING: {error}"
            unnoticed += noticed.startswith("NOTHING")
            console.print(f"{slip.name}: {noticed}", markup=False, soft_wrap=True)
    if unnoticed:
        raise click.ClickException(f"{unnoticed} slips would be published")


if __name__ == "__main__":
    main()
