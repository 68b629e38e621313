"""Small dbt projects made from this one's files: a few marts with everything they read.

Locks, landing, erasure, refusals and publishing do not depend on the number of marts, and such a build takes a fifth of
the time. Staging, identity and macros are the real ones, so they are tested as well.
"""

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from customer_journey.contract import raw_tables
from customer_journey.paths import PROJECT, Output
from customer_journey.transform import parse

from tests.support.models import all_they_read, read_by

# marts that the tests of builds read, or that a build itself reads
MARTS = (
    "audit_reconciliation",
    "audit_revenue",
    "bridge_person_changes",
    "fct_orders",
    "fct_sessions",
)
# other models that a build itself reads
READ_BY_ERASURE = ("stg_privacy__text_identifiers",)
_OF_A_MODEL = ("name", "description", "config", "constraints")
_OF_A_COLUMN = ("name", "description", "data_type", "constraints")


def make_small_project(folder: Path, marts: Collection[str] = MARTS, with_all_seeds: bool = False) -> Path:
    """Write the project for these marts and return its folder.

    It keeps the tests of tests/dbt that read only models in it, and the expectations of the required raw tables and of
    its marts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = parse(Output(folder), "duckdb")
    # a build checks its settings against the list of frameworks, whatever its models are
    chosen = all_they_read(manifest, (*marts, *READ_BY_ERASURE)) | {"seed.customer_journey.frameworks"}
    if with_all_seeds:
        chosen |= {node for node in manifest.nodes if node.startswith("seed.")}
    _copy(Path("profiles.yml"), folder)
    for part in ("macros", "tests/dbt/generic"):
        shutil.copytree(PROJECT / part, folder / part)
    for file in PROJECT.glob("models/**/_*__sources.yml"):
        _copy(file.relative_to(PROJECT), folder)
    for node in manifest.nodes.values():
        path = Path(node.original_file_path)
        if node.unique_id in chosen:
            _copy(path, folder)
            if node.unique_id.startswith("model."):
                _write(folder / path.with_suffix(".yml"), {"version": 2, "models": [_described(path, node.name)]})
        elif (
            node.unique_id.startswith("test.") and path.suffix == ".sql" and read_by(manifest, node.unique_id) <= chosen
        ):
            _copy(path, folder)
    _write_settings(folder)
    names = {node.name for node in manifest.nodes.values() if node.unique_id in chosen}
    seeds = yaml.safe_load((PROJECT / "seeds/_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    _write(
        folder / "seeds/_seeds.yml",
        {"version": 2, "seeds": [_kept(seed, _OF_A_MODEL) for seed in seeds if seed["name"] in names]},
    )
    _write_expectations(folder, names)
    return folder


def _write_settings(folder: Path) -> None:
    """Write dbt_project.yml without settings of folders that do not exist here, of which dbt would warn."""
    document = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    models = document["models"]["customer_journey"]
    absent = [name for name in models if not name.startswith("+") and not (folder / "models" / name).is_dir()]
    if not absent:
        # unchanged, with its comments, which the commands of an analyst must keep
        _copy(Path("dbt_project.yml"), folder)
        return
    for name in absent:
        del models[name]
    _write(folder / "dbt_project.yml", document)


def _described(path: Path, name: str) -> dict[str, Any]:
    document = yaml.safe_load((PROJECT / path.with_suffix(".yml")).read_text(encoding="utf-8"))
    (model,) = (model for model in document["models"] if model["name"] == name)
    columns = [_kept(column, _OF_A_COLUMN) for column in model.get("columns", ())]
    return {**_kept(model, _OF_A_MODEL), "columns": columns}


def _kept(entry: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: entry[key] for key in keys if key in entry}


def _write_expectations(folder: Path, names: set[str]) -> None:
    for file in PROJECT.glob("expectations/*/*.yml"):
        suite = yaml.safe_load(file.read_text(encoding="utf-8"))
        here = {table.name for table in raw_tables() if table.is_main} if file.parent.name == "landed" else names
        tables = {
            table: [entry for entry in entries if _is_of(entry, names)]
            for table, entries in suite.get("tables", {}).items()
            if table in here
        }
        if tables:
            _write(folder / file.relative_to(PROJECT), {**suite, "tables": tables})


def _is_of(entry: dict[str, Any], names: set[str]) -> bool:
    """Return whether an expectation reads only marts of this project."""
    words = str(entry.get("unexpected_rows_query", "")).replace("(", " ").replace(")", " ").split()
    return all(word.removeprefix("marts.") in names for word in words if word.startswith("marts."))


def _copy(path: Path, folder: Path) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / path, folder / path)


def _write(file: Path, document: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
