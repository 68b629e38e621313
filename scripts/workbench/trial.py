"""Trial runs of the working tree's stage definitions, attribution models and identity rules on the data of a build.

Their inputs are copied from the build's warehouse to a temporary one, in which dbt builds them. So the build cannot
change, and its warehouse is locked only during the copy.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from customer_journey.engine import DuckDBEngine
from customer_journey.errors import InputError, LockedError
from customer_journey.paths import Output
from customer_journey.privacy.hash_key import DEMO_KEY, find, put_in_force
from customer_journey.progress import Progress
from customer_journey.scratch import scratch_folder
from customer_journey.transform import TransformResult, build_nodes, parse
from customer_journey.warehouse import open_warehouse, quoted

from workbench.project import ATTRIBUTION, LIFECYCLE, STAGES

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Tests that every build also runs.
_TEST, _ATTRIBUTION_TEST = "stage_definitions_are_sound", "attribution_models_are_sound"
EVIDENCE, ENTRIES = "fct_stage_evidence", "fct_stage_entries"
# The models of identity resolution, from pairs of identifiers in one row to persons.
_IDENTITY = (
    "identifier_placeholders",
    "identifier_types",
    "int_identity_observations",
    "int_identity_pairs",
    "int_identifiers",
    "int_identifiers_skipped",
    "int_identity_edges",
    "int_identity_components",
    "int_person_identifiers",
    "int_persons",
)
MAX_LINKS = "identity_max_links"
# The advice if a trial is not sufficient.
ANOTHER_BUILD = "Build into another folder and compare: scripts/build --out OTHER, journey diff {} OTHER."


@dataclass(frozen=True)
class BuiltInputs:
    """The build that a trial copied its inputs from: its as-of, and whether it was published."""

    as_of: datetime
    is_published: bool


@dataclass(frozen=True)
class Trial:
    """The result of a trial: problems of the definitions, and where the built models are."""

    output: Output
    build: "BuiltInputs"
    problems: Sequence[str]
    # files upstream of the tried models that have changed since the build, and so were not tried
    not_tried: Sequence[str]
    # persons by the working tree's identity rules, if these differ from the build's
    persons: Output | None

    @property
    def warehouse(self) -> Path:
        """The temporary warehouse that holds the models built by the trial."""
        return self.output.warehouse


@contextmanager
def try_out(output: Output, progress: Progress, *, with_entries: bool, max_links: int | None = None) -> Iterator[Trial]:
    """Build the definitions in a temporary warehouse, which is deleted when the context ends.

    `with_entries` also builds the framework entries; otherwise the attribution models are built. If the identity rules
    have changed since the build, or `max_links` is given, persons are built as well, in a second warehouse: the
    definitions always use the persons of the build.

    Raises:
        InputError: nothing was built here on DuckDB, or a definition reads a relation that does not exist.
        LockedError: a build is running here.
        BuildError: dbt cannot read the project.
    """
    if not output.warehouse.exists():
        raise _nothing_built(output)
    with duckdb.connect(":memory:") as connection:
        # check for a running build before parsing the project, which takes seconds
        _attach(connection, output)
        connection.execute("use built")
        put_in_force(find(output.root, connection) or DEMO_KEY)
        connection.execute("use memory")
    with scratch_folder() as folder:
        scratch = Output(folder)
        with progress.step("Project"):
            manifest = parse(scratch, DuckDBEngine.dbt_target)
        nodes = _nodes_to_build(manifest, with_entries)
        with progress.step("Copy"):
            build = _copy_inputs(output, scratch, manifest, nodes)
        with progress.step("Definitions") as step:
            built = build_nodes(scratch, DuckDBEngine.dbt_target, manifest, nodes, step.count)
        problems = _problems_of(built)
        changed = _changed_inputs(output, manifest, nodes)
        identity = [node for node, found in manifest.nodes.items() if found.name in _IDENTITY]
        persons = None
        if with_entries and not problems and (max_links is not None or _has_changed(output, manifest, identity)):
            persons = Output(scratch.root / "persons")
            persons.root.mkdir()
            with progress.step("Persons") as step:
                _copy_inputs(output, persons, manifest, identity, max_links)
                problems = _problems_of(build_nodes(persons, DuckDBEngine.dbt_target, manifest, identity, step.count))
            tried = {manifest.nodes[node].original_file_path for node in identity}
            changed = sorted({*changed, *_changed_inputs(output, manifest, identity)} - tried)
        yield Trial(scratch, build, problems, changed, persons)


def _nothing_built(output: Output) -> InputError:
    return InputError(
        f"{output.root}: has no build on DuckDB to try the definitions on."
        f" Build one with scripts/build --out {output.root}, or name another --out."
    )


def _problems_of(built: TransformResult) -> list[str]:
    return [_line(failure.file, problem) for failure in built.failures for problem in failure.problems]


def _line(file: str, problem: str) -> str:
    return problem if problem.startswith("models/") else f"{file}: {problem}"


def _nodes_to_build(manifest: "Manifest", with_entries: bool) -> list[str]:
    """Return the definitions, their seeds, and either the framework models built on them or the attribution models."""
    folders = (f"{STAGES}/",) if with_entries else (f"{STAGES}/", f"{ATTRIBUTION}/")
    models = {
        unique_id
        for unique_id, node in manifest.nodes.items()
        if unique_id.startswith("model.") and node.original_file_path.startswith(folders)
    }
    if with_entries:
        models |= _lifecycle(manifest)
    read = {parent for model in models for parent in _parents(manifest, model)}
    seeds = sorted(unique_id for unique_id in read if unique_id.startswith("seed."))
    guards = (_TEST,) if with_entries else (_TEST, _ATTRIBUTION_TEST)
    tests = [unique_id for unique_id, node in manifest.nodes.items() if node.name in guards]
    return [*seeds, *sorted(models), *tests]


def _lifecycle(manifest: "Manifest") -> set[str]:
    """Return the two marts of stages, and the models between the definitions and these marts."""
    found: set[str] = set()
    waiting = [unique_id for unique_id, node in manifest.nodes.items() if node.name in (EVIDENCE, ENTRIES)]
    while waiting:
        unique_id = waiting.pop()
        found.add(unique_id)
        waiting += [
            parent
            for parent in _parents(manifest, unique_id)
            if parent not in found
            and parent in manifest.nodes
            and manifest.nodes[parent].original_file_path.startswith(f"{LIFECYCLE}/")
        ]
    return found


def _parents(manifest: "Manifest", unique_id: str) -> Sequence[str]:
    node: Any = manifest.nodes.get(unique_id)
    return node.depends_on.nodes if node is not None and node.resource_type != "seed" else ()


def _copy_inputs(
    output: Output, scratch: Output, manifest: "Manifest", nodes: Sequence[str], max_links: int | None = None
) -> BuiltInputs:
    """Copy the inputs of these nodes, and the settings of the build (with another `max_links`, if given)."""
    readers = {parent: node for node in nodes for parent in _parents(manifest, node) if parent not in nodes}
    with open_warehouse(scratch.warehouse) as connection:
        _attach(connection, output)
        tables = set(
            connection.execute(
                "select table_schema, table_name from information_schema.tables where table_catalog = 'built'"
            ).fetchall()
        )
        build = _build_of(connection) if {("private", "settings"), ("marts", "audit_builds")} <= tables else None
        if build is None:
            raise _nothing_built(output)
        _copy(connection, "private", "settings")
        if max_links is not None:
            connection.execute("delete from private.settings where name = ?", [MAX_LINKS])
            connection.execute("insert into private.settings values (?, ?)", [MAX_LINKS, str(max_links)])
        for unique_id, reader in sorted(readers.items()):
            node: Any = manifest.nodes.get(unique_id) or manifest.sources[unique_id]
            name = getattr(node, "alias", None) or node.identifier
            if (node.schema, name) not in tables:
                file = manifest.nodes[reader].original_file_path
                raise InputError(
                    f"{file}: reads {node.name}, which {output.root} has not built. {ANOTHER_BUILD.format(output.root)}"
                )
            _copy(connection, node.schema, name)
        # from here on a build may start
        connection.execute("detach built")
    return build


def _attach(connection: duckdb.DuckDBPyConnection, output: Output) -> None:
    try:
        connection.execute(f"attach '{quoted(output.warehouse)}' as built (read_only)")
    except duckdb.IOException as error:
        if "Could not set lock" not in str(error):
            raise
        raise LockedError(f"{output.warehouse}: a build is running on it. Wait for it to end.") from error


def _build_of(connection: duckdb.DuckDBPyConnection) -> BuiltInputs | None:
    last = connection.execute(
        "select as_of, status from built.marts.audit_builds order by build_id desc limit 1"
    ).fetchone()
    return BuiltInputs(last[0], last[1] == "published") if last is not None else None


def _copy(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create table {schema}.{name} as from built.{schema}.{name}")


def _manifest_of(output: Output) -> dict[str, Any] | None:
    file = output.dbt_folder(DuckDBEngine.dbt_target) / "manifest.json"
    if not file.exists():
        return None
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def _has_changed(output: Output, manifest: "Manifest", nodes: Sequence[str]) -> bool:
    """Return whether the files of these nodes differ from those of the build."""
    before = _manifest_of(output)
    return before is not None and any(
        before["nodes"].get(node, {}).get("checksum", {}).get("checksum") != manifest.nodes[node].checksum.checksum
        for node in nodes
    )


def _changed_inputs(output: Output, manifest: "Manifest", nodes: Sequence[str]) -> list[str]:
    """Return the files of models, seeds and macros upstream of these nodes that have changed since the build."""
    before = _manifest_of(output)
    if before is None:
        return []
    behind: set[str] = set()
    waiting = [parent for node in nodes for parent in _parents(manifest, node)]
    while waiting:
        unique_id = waiting.pop()
        if unique_id in manifest.nodes and unique_id not in behind and unique_id not in nodes:
            behind.add(unique_id)
            waiting += _parents(manifest, unique_id)
    # include seeds that upstream models read too: the trial has the new seed only in the definitions
    shared = {parent for node in behind for parent in _parents(manifest, node) if parent in nodes}
    checksums = {unique_id: node["checksum"]["checksum"] for unique_id, node in before["nodes"].items()}
    changed = {
        manifest.nodes[unique_id].original_file_path
        for unique_id in behind | shared
        if manifest.nodes[unique_id].checksum.checksum != checksums.get(unique_id)
    }
    macros = {macro for unique_id in behind for macro in _macros(manifest, unique_id)}
    changed |= {
        manifest.macros[macro].original_file_path
        for macro in macros
        if manifest.macros[macro].macro_sql != before["macros"].get(macro, {}).get("macro_sql")
    }
    return sorted(changed)


def _macros(manifest: "Manifest", unique_id: str) -> set[str]:
    """Return the project's macros that a model uses, directly or through other macros."""
    node: Any = manifest.nodes[unique_id]
    found: set[str] = set()
    waiting = [] if node.resource_type == "seed" else list(node.depends_on.macros)
    while waiting:
        macro = waiting.pop()
        if macro not in found and manifest.macros[macro].package_name == node.package_name:
            found.add(macro)
            waiting += manifest.macros[macro].depends_on.macros
    return found
