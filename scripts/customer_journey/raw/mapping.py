"""RAW/mapping.yml: how files differ from the contract, and which exports of tools are read through adapters.

docs/mapping.md is the reference of its keys.
"""

import codecs
import difflib
import hashlib
import re
import zoneinfo
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError, first_line
from customer_journey.raw.file_dates import is_name_format
from customer_journey.raw.formulas import Formula, parse
from customer_journey.raw.raw_files import no_file

FILE_NAME = "mapping.yml"
# our own date_format, which strptime lacks: seconds, milliseconds or microseconds since 1970
EPOCH = "epoch"

# kinds of columns
NUMBERS = ("amount", "rate", "number", "integer")
TIMES = ("timestamp", "planned_timestamp")
DAYS = ("date", "planned_date")
# those whose texts cannot be joined
_NOT_JOINED = (*NUMBERS, *TIMES, *DAYS, "boolean")
# our own calendar beside the Gregorian one: years counted as in Thailand, 543 more
BUDDHIST = "buddhist"
# our own word of refund_rows: the rows whose amount is below zero
NEGATIVE = "negative"

_READING = (
    *("delimiter", "encoding", "decimal", "thousands", "date_format", "calendar", "timezone", "sheet", "header_row"),
)
_OF_A_TABLE = (
    *("source", "files", *_READING, "columns", "times", "computed", "constants", "values", "id_prefix"),
    *("one_row_per", "summed_per", "numbered_per", "refund_rows", "left_out_rows", "file_date"),
)
# Tables that a list of sales with refunds among them fills.
_WITH_REFUND_ROWS = ("orders/orders", "orders/order_items", "orders/refunds")
_OF_AN_ADAPTER = (
    *("adapter", "source", "folder", "schema", *(word for word in _READING if word != "calendar")),
    *("id_prefix", "variables"),
)
# Tables whose records two sources may both hold, so that they would count twice. Contacts are joined by their
# identifiers instead.
WITH_SAME_RECORDS = (
    *("orders/orders", "orders/refunds", "crm/activities", "crm/deals", "crm/quotes", "crm/subscription_changes"),
    "crm/tickets",
)
# The column that an adapter's SELECT may add: the number that people see, where the id is another.
RECORD_NUMBER = "record_number"


# codecs of Python for parts of addresses and programs
_OF_NO_FILES = {"idna", "punycode", "raw-unicode-escape", "raw_unicode_escape", "unicode-escape", "unicode_escape"}
# a header further below is an error of typing, and to skip so many lines takes minutes
_LAST_HEADER_ROW = 10_000
# how deep lists and mappings of YAML may stand within each other
_DEEPEST = 50
# the largest mapping.yml or vars.yml: YAML of many megabytes takes minutes to parse
_MOST_BYTES = 4 * 10**6


@dataclass(frozen=True)
class Reading:
    """How a file is to be read; None means the notation of the contract."""

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    # strptime formats; the first that fits is used
    date_format: tuple[str, ...] = ()
    # None: Gregorian
    calendar: str | None = None
    # the time zone of times without an offset
    timezone: str | None = None
    sheet: str | None = None
    # the line of the file, or the row of the sheet, that names the columns; everything above it is ignored
    header_row: int = 1

    def over(self, other: "Reading") -> "Reading":
        """Return this reading, with its unset options taken from another one."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        blank = Reading()
        return Reading(
            **{name: getattr(other, name) if own[name] == getattr(blank, name) else own[name] for name in own}
        )


@dataclass(frozen=True)
class RecordKey:
    """Columns that say which record a row is in all sources, and the rank of its source: the lowest counts."""

    columns: tuple[str, ...]
    rank: int


@dataclass(frozen=True)
class RowsWith:
    """Rows of a list of sales, such as refunds: those below zero, or those with one of the values in a column."""

    # None: the rows whose amount is below zero
    column: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappedTable:
    """One entry under `tables:`: the files of a raw table, how they are read, and the names of their columns."""

    label: str
    # patterns relative to the raw folder; if empty, the files at the usual place
    files: tuple[str, ...]
    reading: Reading
    # contract name: theirs
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    # contract name: {theirs: ours}
    values: Mapping[str, Mapping[str, str]]
    id_prefix: str
    # the name of the source, in same_records and audit_sources
    source: str = ""
    record_key: RecordKey | None = None
    # contract name: their column with the time of day, where the column of the day has none
    times: Mapping[str, str] = field(default_factory=dict)
    # contract name: their columns, whose texts are joined with blanks; the first also stands under columns
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # contract name of a number: how it is worked out from their columns
    computed: Mapping[str, Formula] = field(default_factory=dict)
    # a column of the contract: of the rows with the same value only the first is read
    one_row_per: str = ""
    # a column of the contract: the rows with the same value are one, with the sums of their amounts
    summed_per: str = ""
    # a column of the contract: the rows with the same value are numbered, in line_number
    numbered_per: str = ""
    # orders and their items are read without these rows, refunds from these rows alone
    refund_rows: RowsWith | None = None
    # rows that are not read, such as payments in a list of invoices
    left_out_rows: tuple[RowsWith, ...] = ()
    # the format of the date in the names of the files, the updated_at of their rows
    file_date: str = ""

    def fingerprint(self) -> str:
        """Return a digest of the entry; if it changes, its files must be read again."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass(frozen=True)
class AdapterUse:
    """One export of a tool that is read through an adapter: files in a folder, or tables in a schema."""

    adapter: str
    folder: str | None
    schema: str | None
    reading: Reading
    id_prefix: str
    variables: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    # by the label of the raw table
    record_keys: Mapping[str, RecordKey] = field(default_factory=dict)


@dataclass(frozen=True)
class MappingFile:
    """The entries of a mapping.yml in their order; empty if there is no file."""

    tables: tuple[MappedTable, ...] = ()
    adapters: tuple[AdapterUse, ...] = ()


def read_mapping(raw: Path) -> MappingFile:
    """Return the entries of RAW/mapping.yml.

    Raises:
        InputError: it cannot be read, or an entry is not valid; the message names the entry.
    """
    file = raw / FILE_NAME
    if not is_there(file):
        return MappingFile()
    try:
        given = load_yaml(file.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable as YAML ({what_yaml_says(error)}).") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Check its permissions.") from error
    if not isinstance(given, dict):
        raise InputError(f"{file}: must hold `tables:` or `adapters:`. See docs/mapping.md.")
    _check_words(str(file), given, ("tables", "adapters", "same_records"))
    tables = given.get("tables") or {}
    if not isinstance(tables, dict):
        raise InputError(f"{file}: tables: must hold lines of the form `<source>/<table>:`. See docs/mapping.md.")
    known = {table.label: table for table in raw_tables()}
    found = []
    for label, entries in tables.items():
        if label not in known:
            raise InputError(f"{file}: tables: there is no raw table {label}{did_you_mean(str(label), known)}")
        for entry in entries if isinstance(entries, list) else [entries]:
            found.append(_mapped_table(f"{file}: {label}", known[label], entry or {}))
    used = given.get("adapters") or []
    if not isinstance(used, list):
        raise InputError(f"{file}: adapters: must be a list of entries `- adapter: <tool>`. See docs/mapping.md.")
    uses = [_adapter_use(f"{file}: adapters", entry) for entry in used]
    return _with_record_keys(f"{file}: same_records", found, uses, given.get("same_records"))


def _with_record_keys(
    where: str, tables: Sequence[MappedTable], uses: Sequence[AdapterUse], given: object
) -> MappingFile:  # fmt: skip
    """Return the entries with the keys of the records that several sources hold."""
    form = (
        "must hold lines of the form `<source>/<table>: {source: column, other source: column}`. See docs/mapping.md."
    )
    if given is not None and not isinstance(given, dict):
        raise InputError(f"{where}: {form}")
    found, used = list(tables), list(uses)
    for label, sources in (given or {}).items():
        if label not in WITH_SAME_RECORDS:
            raise InputError(
                f"{where}: {label} cannot stand here, only {', '.join(WITH_SAME_RECORDS)}. Contacts of several "
                "sources are joined by e-mail and phone."
            )
        if not isinstance(sources, dict) or len(sources) < 2:
            raise InputError(f"{where}: {label}: {form}")
        prefixes: dict[str, str] = {}
        for rank, (name, columns) in enumerate(sources.items(), 1):
            key = RecordKey(_list(f"{where}: {label}: {name}", columns), rank)
            if not key.columns:
                raise InputError(f"{where}: {label}: {name}: names no column. Write the column of the shared number.")
            entries = [place for place, entry in enumerate(found) if (entry.label, entry.source) == (label, name)]
            exports = [place for place, use in enumerate(used) if name in (use.source, use.source or use.adapter)]
            if not entries and not exports:
                names = {entry.source for entry in found if entry.label == label} - {""}
                names |= {use.source or use.adapter for use in used}
                hint = f" There are: {', '.join(sorted(names))}." if names else ""
                raise InputError(
                    f"{where}: {label}: no entry is the source {name}. Write `source: {name}` in the entry.{hint}"
                )
            for place in entries:
                found[place] = replace(found[place], record_key=key)
            for place in exports:
                used[place] = replace(used[place], record_keys={**used[place].record_keys, label: key})
            for prefix in {
                *(found[place].id_prefix for place in entries),
                *(used[place].id_prefix for place in exports),
            }:
                if prefix in prefixes and prefixes[prefix] != name:
                    raise InputError(
                        f"{where}: {label}: the ids of {prefixes[prefix]} and {name} may be the same, so that a row "
                        f'would pass for a version of another. Write `id_prefix: "{name}-"` in the entries of {name}.'
                    )
                prefixes[prefix] = str(name)
    return MappingFile(tuple(found), tuple(used))


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would keep the last one and drop the other without a word.

    A key that is a list, and a text with a NUL or half an emoji, are refused too: no name or file can be one.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a list or mapping stands where a name belongs", key.start_mark
                )
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} stands here for the second time; join both or remove one", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        text = str(super().construct_scalar(node))
        if re.search("[\0\ud800-\udfff]", text):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                "a text holds a NUL or half an emoji, as \\uD83D alone is: write the whole character",
                node.start_mark,
            )
        return text


def _date_or_time(loader: _Loader, node: yaml.ScalarNode) -> object:
    """Return the date or time that a text has the form of; YAML would not say where the one is that does not exist."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is not a date or time that exists ({error})", node.start_mark
        ) from error


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_or_time)


def load_yaml(text: str) -> object:
    """Return what a YAML text holds.

    Raises:
        yaml.YAMLError: it is malformed or nested too deeply, or a key stands twice in one mapping.
    """
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            assert isinstance(event.start_mark, yaml.Mark)
            raise yaml.constructor.ConstructorError(
                None, None, f"more than {_DEEPEST} lists and mappings stand within each other", event.start_mark
            )
    return yaml.load(text, _Loader)


def is_there(file: Path) -> bool:
    """Return whether a raw folder has this file of settings.

    Raises:
        InputError: it would be ignored, because it is a folder, a pipe or a broken link, or is called mapping.yaml.
    """
    if kind := no_file(file):
        raise InputError(f"{file}: is {kind}, but must be a file. Rename or remove it.")
    if file.is_file():
        if (size := file.stat().st_size) > _MOST_BYTES:
            raise InputError(f"{file}: has {size / 10**6:,.0f} MB, which is no file of settings. Correct or remove it.")
        return True
    for near in sorted(file.parent.glob("*")) if file.parent.is_dir() else ():
        if near.name.lower() in (file.name, f"{file.stem}.yaml", f"{file.name}.txt") and near.is_file():
            raise InputError(f"{near}: would not be read under this name. Rename it to {file.name}.")
    return False


def what_yaml_says(error: Exception) -> str:
    """Return in one line why a file is not valid YAML, with the line of the error and what to do."""
    if isinstance(error, UnicodeDecodeError):
        return f"{first_line(error)}. Save it as UTF-8"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        hint = ": indent with spaces, not tabs" if "\\t" in str(error.problem) else ""
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}{hint}. Correct that line"
    return first_line(error)


def did_you_mean(wrong: str, names: Iterable[str]) -> str:
    """Return the end of a sentence: the name that was probably meant, else all the names."""
    known = sorted(names)
    if not known:
        return "."
    by_case = {name.casefold(): name for name in known}
    close = [by_case[name] for name in difflib.get_close_matches(wrong.casefold(), by_case, n=1, cutoff=0.6)]
    return f". Did you mean {close[0]}?" if close else f". There are: {', '.join(known)}."


def did_you_mean_one(wrong: str, names: Iterable[str]) -> str:
    """Return the end of a line with the name that was probably meant; empty if none is similar."""
    close = difflib.get_close_matches(wrong.casefold(), sorted(names), n=1, cutoff=0.75)
    return f". Did you mean {close[0]}?" if close else ""


def _mapped_table(where: str, table: RawTable, entry: object) -> MappedTable:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must hold lines of the form `key: value`. See docs/mapping.md.")
    _check_words(where, entry, _OF_A_TABLE)
    named = entry.get("columns") or {}
    columns, joined = _columns(f"{where}: columns", named)
    if name := next((name for name, theirs in named.items() if isinstance(theirs, bool)), None):
        raise InputError(
            f"{where}: columns: {name}: YAML reads No, Yes, On and Off as no or yes. Put the name between "
            "quotation marks."
        )
    times = _texts(f"{where}: times", entry.get("times"))
    computed = _computed(f"{where}: computed", entry.get("computed"))
    constants = _texts(f"{where}: constants", entry.get("constants"))
    values = entry.get("values") or {}
    if not isinstance(values, dict):
        raise InputError(
            f"{where}: values: must have the form `column: {{their value: our value}}`, for example "
            "`status: {Giao xong: completed}`."
        )
    of_columns = {str(name): _texts(f"{where}: values: {name}", pairs) for name, pairs in values.items()}
    named_by_us: tuple[tuple[str, Mapping[str, object]], ...] = (
        *(("columns", columns), ("times", times), ("computed", computed)),
        *(("constants", constants), ("values", of_columns)),
    )
    for word, names in named_by_us:
        for name in names:
            theirs = names[name]
            if name not in table.all_columns and isinstance(theirs, str) and theirs in table.all_columns:
                raise InputError(
                    f"{where}: {word}: {name} and {theirs} are swapped. Write our name first: `{theirs}: {name}`."
                )
            if name not in table.all_columns:
                raise InputError(
                    f"{where}: {word}: {table.label} has no column {name}{did_you_mean(name, table.all_columns)}"
                )
    if wrong := next((name for name in times if table.kind_of(name) not in TIMES), None):
        raise InputError(f"{where}: times: {wrong} is no time. Name the column under columns.")
    if wrong := next((name for name in joined if table.kind_of(name) in _NOT_JOINED), None):
        hint = "the column of the time under times" if table.kind_of(wrong) in TIMES else "a formula under computed"
        raise InputError(f"{where}: columns: {wrong} can have only one column. Name {hint}.")
    if wrong := next((name for name in computed if table.kind_of(name) not in NUMBERS), None):
        raise InputError(f"{where}: computed: {wrong} is no number. Name its column under columns.")
    for one, other, first, second in (
        (columns, constants, "columns", "constants"),
        (computed, columns, "computed", "columns"),
        (computed, constants, "computed", "constants"),
    ):
        if both := sorted(set(one) & set(other)):
            raise InputError(f"{where}: {both[0]} is both in {first} and in {second}. Remove one of them.")
    return MappedTable(
        table.label,
        _list(f"{where}: files", entry.get("files")),
        _reading(where, entry),
        columns,
        constants,
        of_columns,
        _one_text(where, entry, "id_prefix"),
        _one_text(where, entry, "source"),
        times=times,
        joined=joined,
        computed=computed,
        one_row_per=_own_column(where, table, entry, "one_row_per"),
        summed_per=_own_column(where, table, entry, "summed_per"),
        numbered_per=_own_column(where, table, entry, "numbered_per"),
        refund_rows=_refund_rows(where, table, entry),
        left_out_rows=_rows_with(f"{where}: left_out_rows", entry.get("left_out_rows")),
        file_date=_file_date(where, entry, {*columns, *constants}),
    )


def _file_date(where: str, entry: Mapping[Any, Any], named: Collection[str]) -> str:
    form = _one_text(where, entry, "file_date")
    if form and not is_name_format(form):
        raise InputError(
            f"{where}: file_date {form!r} is not understood. Write the form of the date in the names of the files, for "
            'example "%Y-%m-%d": %Y year, %m month, %d day, %H hour, %M minute, %S second.'
        )
    if form and "updated_at" in named:
        raise InputError(f"{where}: file_date and a column updated_at exclude each other. Remove one of them.")
    return form


def _columns(where: str, given: object) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return the column of each contract name, the first if there are several, and the lists of several."""
    if not isinstance(given, dict):
        return _texts(where, given), {}
    lists = {name: theirs for name, theirs in given.items() if isinstance(theirs, list)}
    joined = {str(name): _list(f"{where}: {name}", theirs) for name, theirs in lists.items()}
    if empty := next((name for name, theirs in joined.items() if not theirs), None):
        raise InputError(f"{where}: {empty}: names no column. Write one, or a list of them.")
    firsts = {name: theirs[0] if isinstance(theirs, list) else theirs for name, theirs in given.items()}
    return _texts(where, firsts), {name: theirs for name, theirs in joined.items() if len(theirs) > 1}


def _computed(where: str, given: object) -> dict[str, Formula]:
    found = {}
    for name, text in _texts(where, given).items():
        try:
            found[name] = parse(text)
        except ValueError as error:
            raise InputError(f'{where}: {name}: {error}. Write for example "[Quantity] * [Price]".') from error
    return found


def _refund_rows(where: str, table: RawTable, entry: Mapping[Any, Any]) -> RowsWith | None:
    given = entry.get("refund_rows")
    if given is None:
        return None
    where = f"{where}: refund_rows"
    if table.label not in _WITH_REFUND_ROWS:
        raise InputError(f"{where}: cannot stand here, only in {', '.join(_WITH_REFUND_ROWS)}. Remove this line.")
    if given == NEGATIVE:
        return RowsWith()
    if not isinstance(given, dict) or len(given) != 1:
        raise InputError(f"{where}: must be `{NEGATIVE}` or a column with values, such as {{Type: [Credit note]}}.")
    return _rows_with(where, given)[0]


def _rows_with(where: str, given: object) -> tuple[RowsWith, ...]:
    if given is None:
        return ()
    if not isinstance(given, dict):
        raise InputError(f"{where}: must be columns with values, such as {{Type: [Payment]}}.")
    found = tuple(RowsWith(str(column), _list(f"{where}: {column}", values)) for column, values in given.items())
    if empty := next((rows for rows in found if not rows.values), None):
        raise InputError(f"{where}: {empty.column}: names no value. Write those of these rows, such as [Credit note].")
    return found


def _own_column(where: str, table: RawTable, entry: Mapping[Any, Any], word: str) -> str:
    name = _one_text(where, entry, word)
    if name and name not in table.all_columns:
        raise InputError(f"{where}: {word}: {table.label} has no column {name}{did_you_mean(name, table.all_columns)}")
    if name and word == "numbered_per" and "line_number" not in table.columns:
        raise InputError(f"{where}: {word}: {table.label} has no line_number. Remove this line.")
    return name


def _adapter_use(where: str, entry: object) -> AdapterUse:
    if not isinstance(entry, dict) or not entry.get("adapter"):
        raise InputError(f"{where}: each entry must have the form `- adapter: <tool>`, with `folder:` or `schema:`.")
    where = f"{where}: {entry['adapter']}"
    _check_words(where, entry, _OF_AN_ADAPTER)
    folder, schema = entry.get("folder"), entry.get("schema")
    if (folder is None) == (schema is None):
        raise InputError(
            f"{where}: give exactly one of `folder:`, where the export is, and `schema:`, where an EL tool landed it."
        )
    return AdapterUse(
        str(entry["adapter"]),
        None if folder is None else str(folder),
        None if schema is None else str(schema),
        _reading(where, entry),
        _one_text(where, entry, "id_prefix"),
        _texts(f"{where}: variables", entry.get("variables")),
        _one_text(where, entry, "source"),
    )


def reading_of(where: str, entry: Mapping[str, Any]) -> Reading:
    """Return the reading options that an adapter gives for one of its inputs.

    Raises:
        InputError: an option is unknown or has no valid value.
    """
    _check_words(where, entry, _READING)
    return _reading(where, entry)


def _reading(where: str, entry: Mapping[str, Any]) -> Reading:
    encoding, zone = entry.get("encoding"), entry.get("timezone")
    if encoding is not None:
        try:
            # unlike codecs.lookup this refuses codecs that are no encodings of text, such as hex
            "".encode(str(encoding))
            is_of_files = codecs.lookup(str(encoding)).name not in _OF_NO_FILES
        except (LookupError, UnicodeError, ValueError):
            is_of_files = False
        if not is_of_files:
            raise InputError(
                f"{where}: encoding {encoding!r} is unknown. Write one of text files, such as utf-8 or cp1258."
            )
    if zone is not None and str(zone) not in zoneinfo.available_timezones():
        raise InputError(
            f"{where}: timezone {zone!r} is not an IANA time zone"
            f"{did_you_mean(str(zone), zoneinfo.available_timezones())}"
            if difflib.get_close_matches(str(zone), zoneinfo.available_timezones(), n=1)
            else f"{where}: timezone {zone!r} is not an IANA time zone. Write for example Asia/Ho_Chi_Minh."
        )
    signs = {word: entry.get(word) for word in ("delimiter", "decimal", "thousands")}
    for word, sign in signs.items():
        if sign is not None and (not isinstance(sign, str) or len(sign) > 1 or (not sign and word != "thousands")):
            raise InputError(f"{where}: {word} {sign!r} is not one character. Write one, between quotation marks.")
    if signs["delimiter"] is not None and signs["delimiter"] in '"\r\n':
        raise InputError(f"{where}: delimiter {signs['delimiter']!r} cannot separate columns. Write another character.")
    if signs["decimal"] is not None and signs["decimal"] == signs["thousands"]:
        raise InputError(f"{where}: decimal and thousands are both {signs['decimal']!r}. Correct one of them.")
    header_row = entry.get("header_row", 1)
    if not isinstance(header_row, int) or isinstance(header_row, bool) or header_row < 1:
        raise InputError(f"{where}: header_row {header_row!r} is not the number of a line. The first line is 1.")
    if header_row > _LAST_HEADER_ROW:
        raise InputError(f"{where}: header_row {header_row:,} is more than {_LAST_HEADER_ROW:,}, the most. Correct it.")
    formats = _list(f"{where}: date_format", entry.get("date_format"))
    for text in formats:
        if text != EPOCH and not _is_date_format(text):
            raise InputError(
                f"{where}: date_format {text!r} is not understood. Write a format of strptime, for example "
                '"%d/%m/%Y %H:%M": %d day, %m month, %Y year, %H hour, %M minute.'
            )
    calendar = entry.get("calendar")
    if calendar not in (None, BUDDHIST):
        raise InputError(f"{where}: calendar {calendar!r} is unknown. Write {BUDDHIST}, or remove the line.")
    sheet = entry.get("sheet")
    return Reading(
        signs["delimiter"],
        None if encoding is None else str(encoding),
        signs["decimal"],
        signs["thousands"],
        formats,
        calendar,
        None if zone is None else str(zone),
        None if sheet is None else str(sheet),
        header_row,
    )


def _is_date_format(text: str) -> bool:
    """Return whether a text names a part of a date, and DuckDB reads it as a format of strptime."""
    if re.search(r"%[djmYyG]|%-[dm]", text) is None:
        return False
    try:
        with duckdb.connect() as connection:
            connection.execute("select try_strptime('', ?)", [text])
    except duckdb.InvalidInputException:
        return False
    return True


def _check_words(where: str, entry: Mapping[Any, Any], known: Sequence[str]) -> None:
    for word in entry:
        if word not in known:
            raise InputError(f"{where}: {word} is not a key of the mapping{did_you_mean(str(word), known)}")


def _list(where: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(text, str) and text for text in values):
        raise InputError(f"{where}: must be a text, or a list of texts. Put a number between quotation marks.")
    return tuple(values)


def _one_text(where: str, entry: Mapping[Any, Any], word: str) -> str:
    value = entry.get(word)
    if isinstance(value, (dict, list, bool)):
        raise InputError(f"{where}: {word} {value!r} is not a text. Write one, between quotation marks.")
    return "" if value is None else str(value)


def _texts(where: str, value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or any(isinstance(text, (dict, list)) or text is None for text in value.values()):
        raise InputError(f"{where}: must hold lines of the form `name: text`.")
    return {str(name): _text(text) for name, text in value.items()}


def _text(value: object) -> str:
    # YAML reads `is_test: no` as a boolean
    return str(value).lower() if isinstance(value, bool) else str(value)
