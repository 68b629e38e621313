"""The privacy class of each column: `meta: {privacy: …}` of sources and marts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from customer_journey.paths import PROJECT


def source_columns() -> dict[str, str | None]:
    """Return the privacy class of each source column, by source, table and column; None if it has none."""
    return _columns("models/staging/**/_*__sources.yml")


def published_columns() -> dict[str, str | None]:
    """Return the privacy class of each published column, by mart and column, also of tables that the build writes."""
    return _columns("models/marts/**/*.yml")


def _columns(pattern: str) -> dict[str, str | None]:
    return {
        name: column.get("config", {}).get("meta", {}).get("privacy")
        for file in sorted(PROJECT.glob(pattern))
        for name, column in _described(yaml.safe_load(file.read_text(encoding="utf-8")), file)
    }


def _described(document: dict[str, Any], file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    is_mart = "marts" in file.parts
    for source in document.get("sources", []):
        for table in source["tables"]:
            place = table["name"] if is_mart else f"{source['name']}.{table['name']}"
            yield from ((f"{place}.{column['name']}", column) for column in table["columns"])
    for model in document.get("models", []):
        yield from ((f"{model['name']}.{column['name']}", column) for column in model["columns"])
