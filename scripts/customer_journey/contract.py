"""The contract of the raw tables, read from the same dbt sources that the staging models use."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from customer_journey.paths import PROJECT
from customer_journey.project_files import read_yaml

EVERY_TABLE_MAY_CARRY = ("updated_at", "is_deleted")


@dataclass(frozen=True)
class RawTable:
    """One raw table: its columns in order, the required ones, and groups of columns of which one is required."""

    source: str
    name: str
    # one of the main tables, of which every company must deliver at least one
    is_main: bool
    # the questions that cannot be answered without this table
    answers: str
    columns: tuple[str, ...]
    # the kind of values of each column (such as id or amount), in the order of `columns`
    kinds: tuple[str, ...]
    key: tuple[str, ...]
    required_columns: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]
    # the column that is summed over all rows of a key, so that a row delivered twice counts twice
    adds_up: str | None

    @property
    def label(self) -> str:
        """The name shown to users, `crm/contacts`."""
        return f"{self.source}/{self.name}"

    @property
    def source_table(self) -> str:
        """The name in the audit marts, `crm.contacts`."""
        return f"{self.source}.{self.name}"

    @property
    def relation(self) -> str:
        """The landed table in the warehouse."""
        return f"raw_{self.source}.{self.name}"

    @property
    def all_columns(self) -> tuple[str, ...]:
        """The columns of the contract and the optional ones that every table may have."""
        return (*self.columns, *EVERY_TABLE_MAY_CARRY)

    def kind_of(self, column: str) -> str:
        """Return the kind of a column's values, such as `id`, `amount` or `timestamp`."""
        own = dict(zip(self.columns, self.kinds, strict=True))
        return {**own, "updated_at": "timestamp", "is_deleted": "boolean"}[column]


@cache
def raw_tables(project: Path = PROJECT) -> tuple[RawTable, ...]:
    """Return the raw tables of the contract, sorted by source and name."""
    tables = []
    for file in sorted(project.glob("models/staging/*/_*__sources.yml")):
        for source in read_yaml(file)["sources"]:
            tables += [_raw_table(source["name"], table) for table in source["tables"]]
    return tuple(sorted(tables, key=lambda table: (table.source, table.name)))


def _raw_table(source: str, table: dict[str, Any]) -> RawTable:
    meta = table["config"]["meta"]
    columns = table["columns"]
    return RawTable(
        source=source,
        name=table["name"],
        is_main=meta["main"],
        answers=meta["answers"],
        columns=tuple(column["name"] for column in columns),
        kinds=tuple(column["config"]["meta"]["kind"] for column in columns),
        key=tuple(column["name"] for column in columns if column["config"]["meta"].get("key")),
        required_columns=tuple(column["name"] for column in columns if column["config"]["meta"].get("required")),
        one_of=tuple(tuple(group) for group in meta.get("one_of", [])),
        adds_up=meta.get("adds_up"),
    )
