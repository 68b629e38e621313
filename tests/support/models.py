"""Builds a few models on raw rows in this process, for tests that need no whole build."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from customer_journey.landing.land import land
from customer_journey.paths import Output
from customer_journey.privacy import erasure
from customer_journey.settings import read_settings, remember_settings
from customer_journey.transform import build_nodes, parse
from customer_journey.warehouse import open_warehouse

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


def build_models(raw: Path, out: Path, models: Collection[str], known: Collection[str] = ()) -> Path:
    """Land a raw folder, build models and everything they read, and return the warehouse.

    `known` are models whose inputs have not changed since an earlier call for the folder; they are not built again.
    """
    output = Output(out)
    out.mkdir(parents=True, exist_ok=True)
    with open_warehouse(output.warehouse) as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
        remember_settings(connection, read_settings(raw, None, datetime.now(UTC)))
    manifest = _manifest(output)
    nodes = all_they_read(manifest, models, known)
    result = build_nodes(output, "duckdb", manifest, sorted(nodes), lambda *_: None)
    assert result.failures == [], [str(failure) for failure in result.failures]
    return output.warehouse


def all_they_read(manifest: "Manifest", models: Collection[str], known: Collection[str] = ()) -> set[str]:
    """Return the ids of models and of the models and seeds that they read, except the known ones."""
    found: set[str] = set()
    waiting = [f"model.customer_journey.{name}" for name in models]
    while waiting:
        node = waiting.pop()
        if node not in found and manifest.nodes[node].name not in known:
            found.add(node)
            waiting += read_by(manifest, node)
    return found


def read_by(manifest: "Manifest", node: str) -> set[str]:
    """Return the ids of the models and seeds that a node reads directly."""
    names = getattr(manifest.nodes[node].depends_on, "nodes", ())
    return {name for name in names if name in manifest.nodes}


_manifests: list["Manifest"] = []


def _manifest(output: Output) -> "Manifest":
    """The manifest of the project, read once per process."""
    if not _manifests:
        _manifests.append(parse(output, "duckdb"))
    return _manifests[0]
