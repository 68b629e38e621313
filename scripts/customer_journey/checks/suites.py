"""Expectation suites as data: reads the YAML files and validates them against the existing tables."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from customer_journey.checks.engine import Catalog, Reader
from customer_journey.checks.result import Severity
from customer_journey.errors import InputError
from customer_journey.settings import personal_data_patterns

Layer = Literal["landed", "marts"]
LAYERS: tuple[Layer, ...] = ("landed", "marts")

SQL_EXPECTATION = "unexpected_rows_expectation"
BATCH = "{batch}"
AS_OF = "{as_of}"
TEXT_COLUMNS = "{text_columns}"
TEXT_COLUMNS_WITHOUT_IDS = "{text_columns_without_ids}"
COLUMN_NAMES = "{column_names}"
PERSONAL_DATA = "{{personal_data.{kind}}}"
# types of columns, on either engine, in which an address or a phone number cannot be; numbers and times as text would
# double the cost of a search for them
_HOLDS_NO_TEXT = re.compile(r"u?(big|huge|small|tiny)?int|bool|date|time|decimal|double|float", re.IGNORECASE)
_ID_ENDINGS = ("_id", "_key", "_hash")
_COLUMN_KEYS = ("column", "column_A", "column_B")


class SuiteError(InputError):
    """A suite file cannot be used; the text names the file, the line and the entry."""


@dataclass(frozen=True)
class Entry:
    """One expectation of a suite file; `table` is None if it applies to every table of the schema."""

    file: str
    line: int
    schema: str
    table: str | None
    name: str
    expect: str
    severity: Severity
    kwargs: dict[str, Any]
    exceptions: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The table that it checks, `schema.table`."""
        return f"{self.schema}.{self.table}"

    def error(self, reason: str) -> SuiteError:
        """Return an error with the reason and the place of this entry."""
        table = self.table or "every_table"
        return SuiteError(f"{self.file} line {self.line}: {self.schema}.{table}: {self.name}: {reason}")


class _Loader(yaml.SafeLoader):
    """SafeLoader that records the line of each mapping and rejects duplicate keys."""


class _Mapping(dict[str, Any]):
    line: int = 0


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> _Mapping:
    mapping = _Mapping()
    mapping.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in mapping:
            # PyYAML keeps the last of two equal keys: a table named twice would silently lose its first list.
            problem = f"{key!r} is there twice" if isinstance(key, str) else f"{key!r} is not a name"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def load_suites(suites: Path, layers: Iterable[Layer]) -> list[Entry]:
    """Read every `<layer>/*.yml` below `suites`.

    Raises:
        SuiteError: a folder is missing, or a file does not follow the format.
    """
    entries = []
    for layer in layers:
        folder = suites / layer
        if not folder.is_dir():
            raise SuiteError(f"{folder}: no such folder of expectation suites.")
        for file in sorted(folder.glob("*.yml")):
            entries += list(_entries_of(file, f"{layer}/{file.name}"))
    return entries


def _entries_of(file: Path, shown: str) -> Iterator[Entry]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SuiteError(f"{shown} line {line}: not readable as YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SuiteError(f"{shown}: not readable as UTF-8 YAML") from error
    if not isinstance(content, _Mapping) or not isinstance(content.get("schema"), str):
        raise SuiteError(f"{shown}: must start with `schema: <name>`, then `tables:` or `every_table:`")
    if unknown := set(content) - {"schema", "tables", "every_table"}:
        raise SuiteError(f"{shown}: unknown key {min(unknown)!r}; known are schema, tables, every_table")
    tables = content.get("tables") or {}
    if not isinstance(tables, dict):
        raise SuiteError(f"{shown}: `tables:` must hold names of tables, each with a list of expectations")
    for table, items in tables.items():
        yield from _entries(shown, content["schema"], table, items or [])
    yield from _entries(shown, content["schema"], None, content.get("every_table") or [])


def _entries(shown: str, schema: str, table: str | None, items: object) -> Iterator[Entry]:
    if not isinstance(items, list):
        raise SuiteError(f"{shown}: {schema}.{table or 'every_table'}: must hold a list of expectations")
    for number, item in enumerate(items, start=1):
        if not isinstance(item, _Mapping):
            raise SuiteError(
                f"{shown}: {schema}.{table or 'every_table'}: entry {number} must hold lines of the form `key: value`"
            )
        yield _entry(shown, schema, table, item)


def _entry(shown: str, schema: str, table: str | None, item: _Mapping) -> Entry:
    rest = dict(item)
    expect = rest.pop("expect", None)
    name = rest.pop("name", None)
    severity = rest.pop("severity", None)
    exceptions = rest.pop("except", []) if table is None else []
    entry = Entry(
        file=shown,
        line=item.line,
        schema=schema,
        table=table,
        name=str(name or _default_name(str(expect), rest)),
        expect=str(expect),
        severity=severity,
        kwargs=rest,
        exceptions=tuple(exceptions) if isinstance(exceptions, list) else (str(exceptions),),
    )
    if expect is None:
        raise entry.error("lacks `expect:`. Add the name of an expectation")
    if severity not in get_args(Severity):
        raise entry.error("needs `severity: error` or `severity: warn`")
    if expect == SQL_EXPECTATION:
        if name is None:
            raise entry.error("needs a `name:` that names the rule that the rows break")
        if BATCH not in str(rest.get("unexpected_rows_query", "")):
            raise entry.error(f"needs an `unexpected_rows_query:` that reads from {BATCH}")
    return entry


def _default_name(expect: str, kwargs: dict[str, Any]) -> str:
    columns = [str(kwargs[key]) for key in _COLUMN_KEYS if key in kwargs]
    columns += [str(column) for column in kwargs.get("column_list", [])]
    return f"{expect}({', '.join(columns)})" if columns else expect


def parse_as_of(value: str) -> datetime:
    """Parse the as-of in the format of the build's settings."""
    moment = datetime.fromisoformat(json.loads(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment


def resolve(entries: Sequence[Entry], warehouse: Reader) -> list[Entry]:
    """Validate the entries against the open warehouse; return one entry per table, with its query ready to run.

    Raises:
        SuiteError: an entry names a table or column that does not exist, has a query that the engine rejects, or
            has the same name as another entry of its table.
    """
    catalog = warehouse.catalog({entry.schema for entry in entries})
    resolved: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        for single in _spread(entry, catalog):
            single = _filled_in(single, catalog, warehouse)
            _check(single, catalog, warehouse)
            if other := resolved.get((single.target, single.name)):
                raise single.error(f"{other.file} line {other.line} has the same name; give one of them a `name:`")
            resolved[single.target, single.name] = single
    return list(resolved.values())


def _spread(entry: Entry, catalog: Catalog) -> list[Entry]:
    if entry.table is not None:
        return [entry]
    tables = catalog.tables_of(entry.schema)
    wanted = _named_columns(entry)
    fitting = [
        table
        for table in tables
        if table not in entry.exceptions and set(wanted) <= set(catalog.columns[entry.schema, table])
    ]
    if not fitting:
        missing = f"has {', '.join(wanted)}" if wanted else "is there"
        raise entry.error(f"no table of {entry.schema} {missing}")
    return [replace(entry, table=table) for table in fitting]


def _filled_in(entry: Entry, catalog: Catalog, warehouse: Reader) -> Entry:
    """Replace the placeholders of a query, except {batch}, which is replaced when it runs."""
    if entry.expect != SQL_EXPECTATION:
        return entry
    query = str(entry.kwargs["unexpected_rows_query"])
    if AS_OF in query:
        if catalog.as_of is None:
            raise entry.error(f"reads {AS_OF}, but this warehouse has no as-of. Run scripts/build, which sets it")
        query = query.replace(AS_OF, f"timestamp '{catalog.as_of:%Y-%m-%d %H:%M:%S.%f}'")
    columns = catalog.columns.get((entry.schema, str(entry.table)), {})
    texts = [column for column, data_type in columns.items() if not _HOLDS_NO_TEXT.match(data_type)]
    without_ids = [column for column in texts if not column.endswith(_ID_ENDINGS)]
    for placeholder, listed in ((TEXT_COLUMNS, texts), (TEXT_COLUMNS_WITHOUT_IDS, without_ids)):
        # A table without such columns: the placeholder becomes null.
        query = query.replace(placeholder, ", ".join(map(warehouse.quoted, listed)) or "null")
    query = query.replace(COLUMN_NAMES, " ".join(columns))
    for kind, pattern in personal_data_patterns().items():
        query = query.replace(PERSONAL_DATA.format(kind=kind), pattern)
    return replace(entry, kwargs={**entry.kwargs, "unexpected_rows_query": query})


def _named_columns(entry: Entry) -> list[str]:
    if entry.expect == "expect_column_to_exist":
        return []
    named = [entry.kwargs[key] for key in _COLUMN_KEYS if key in entry.kwargs]
    listed = entry.kwargs.get("column_list", [])
    return [str(column) for column in (*named, *(listed if isinstance(listed, list) else []))]


def _check(entry: Entry, catalog: Catalog, warehouse: Reader) -> None:
    assert entry.table is not None
    columns = catalog.columns.get((entry.schema, entry.table))
    if columns is None:
        tables = catalog.tables_of(entry.schema)
        raise entry.error(f"there is no table {entry.target}" + did_you_mean(entry.table, tables))
    for column in _named_columns(entry):
        if column not in columns:
            raise entry.error(f"{entry.target} has no column {column}" + did_you_mean(column, columns))
    if entry.expect == SQL_EXPECTATION:
        query = str(entry.kwargs["unexpected_rows_query"]).rstrip("; \n")
        if problem := warehouse.problem_with(query, entry.schema, entry.table):
            raise entry.error(f"{warehouse.engine} refuses its query: {problem}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text that is not empty."""
    return next((line for line in str(error).splitlines() if line), type(error).__name__)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the most similar known word, or an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
