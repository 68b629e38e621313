"""A trial of a folder of exports: landed and staged as in a build, but in a temporary warehouse.

Rows are judged by the staging models themselves (onboarding/macros.py); nothing of it is kept.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from customer_journey.contract import RawTable, raw_tables
from customer_journey.landing.land import land
from customer_journey.landing.landed import create_landed_table
from customer_journey.landing.reason_codes import columns_of, explanation_of
from customer_journey.landing.refused import STOPPED_FROM_ROWS
from customer_journey.privacy import masks
from customer_journey.raw.deliveries import MappedFile, plan_of
from customer_journey.raw.mapping import MappedTable, Reading
from customer_journey.raw.origins import Origins
from customer_journey.raw.raw_files import is_json, is_parquet, is_sheet
from customer_journey.scratch import scratch_folder
from customer_journey.settings import default_settings, read_settings
from customer_journey.warehouse import open_warehouse, quoted

from onboarding.lines import line_of_row
from onboarding.macros import Models
from onboarding.names import known_values
from onboarding.seeds import is_refusing, mapped_values, mapping_columns, seed_of
from onboarding.values import ROUNDED, compact_form, dates_of, is_rounded, masked, numbers_of
from onboarding.write import rows_of

_REASONS = 5
_VALUES = 20
_PERSONAL = ("email", "phone", "identifier", "text", "id_list")
# tables that others refer to, the fewest rows without a match that are told, and ids without what zeros do to them
_REFERRED = ("crm/contacts", "crm/companies", "orders/products")
_FEWEST = 3
_ALIKE = "ltrim(regexp_replace(lower(trim({})), '[.]0$', ''), '0')"


@dataclass(frozen=True)
class Refusal:
    """Rows of a table that are refused for one reason, with the first of them."""

    reason: str
    rows: int
    # the place of the first one, counted as an editor or spreadsheet does: `orders.csv, line 12`
    place: str
    # the column by its name in the file, and its value, masked if it is personal data; empty if no column is wrong
    column: str
    value: str
    advice: str


@dataclass(frozen=True)
class Judgement:
    """The results for one raw table: how many rows a build would accept, refuse and so on."""

    table: RawTable
    rows: int
    accepted: int
    duplicate: int
    deferred: int
    refusals: Sequence[Refusal]
    # first and last day of its rows in the reporting time zone; None where nothing is accepted or it has no times
    days: tuple[str, str] | None

    @property
    def refused(self) -> int:
        """The number of refused rows."""
        return self.rows - self.accepted - self.duplicate - self.deferred


@dataclass(frozen=True)
class Unmapped:
    """A value that is in no seed or list of the contract, its number of rows, and whether these are refused."""

    table: RawTable
    column: str
    value: str
    rows: int
    # the seed or list that has the known values
    known_by: str
    is_refused: bool
    # whether mapping.yml can map it; not possible for a table that an adapter makes
    is_mappable: bool


@dataclass
class Verdict:
    """The results of `journey check` for a folder."""

    judgements: list[Judgement] = field(default_factory=list)
    unmapped: list[Unmapped] = field(default_factory=list)
    # accepted orders by the meaning of their status: status, rows, sum of total_amount by currency
    orders: list[tuple[str, int, str]] = field(default_factory=list)
    # columns and files that are not read
    drift: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    # ids and phones that a spreadsheet changed, or that match nothing
    ids: list[str] = field(default_factory=list)
    # amounts that no file names the currency of
    assumed: list[str] = field(default_factory=list)
    absent: list[RawTable] = field(default_factory=list)
    max_quarantined_share: float = 0.5

    def lost(self) -> list[Judgement]:
        """Return the tables of which every row is refused."""
        return [judgement for judgement in self.judgements if judgement.refused and not judgement.accepted]

    def stopped(self) -> list[Judgement]:
        """Return the tables with so many refused rows that a build publishes nothing."""
        return [
            judgement
            for judgement in self.judgements
            if judgement.rows >= STOPPED_FROM_ROWS and judgement.refused > self.max_quarantined_share * judgement.rows
        ]


def judge(raw: Path) -> Verdict:
    """Land a folder into a scratch warehouse and judge every row.

    Raises:
        InputError: a build would stop at this folder: a file cannot be read, a column that is required is missing.
    """
    settings = read_settings(raw, None, datetime.now(UTC))
    with _scratch() as connection:
        report = land(connection, raw, lambda table, share: None)
        for table in raw_tables():
            create_landed_table(connection, table)
        # nothing of this is published, so any hash key will do
        connection.execute("set variable hash_key = 'check'")
        models = Models(connection, settings)
        there = [table for table in raw_tables() if _count(connection, table.relation)]
        verdict = Verdict(
            drift=report.drift,
            doubles=report.doubles,
            ids=[*(line for table in there for line in _rounded(connection, table)), *_unmatched(connection, there)],
            absent=[table for table in raw_tables() if table.label in report.absent_tables],
            max_quarantined_share=float({**default_settings(), **settings}["max_quarantined_share"]),
        )
        files = _landed_files(connection, raw)
        origins = Origins(raw, connection)
        rejects = models.relation("int_integrity_rejects")
        for table in there:
            staged = models.relation(f"stg_{table.source}__{table.name}")
            verdict.judgements.append(_judgement(connection, models, table, staged, rejects, files, origins))
            verdict.unmapped += _unmapped(connection, models, table, is_of_files(raw, table))
            verdict.ids += _unread(connection, models, table)
            if "reporting_currency" not in settings:
                verdict.assumed += _without_currency(connection, models, table)
        verdict.orders = _orders(connection, models, there)
    return verdict


@contextmanager
def _scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    with scratch_folder() as folder, open_warehouse(folder / "check.duckdb") as found:
        yield found


@dataclass(frozen=True)
class _File:
    """A landed file: what it is called, and how it is read; `file` is None for what an adapter made."""

    path: str
    file: Path | None
    entry: MappedTable | None


def _landed_files(connection: duckdb.DuckDBPyConnection, raw: Path) -> dict[int, _File]:
    mapped: dict[str, MappedFile] = {one.path: one for files in plan_of(raw).mapped.values() for one in files}
    found = {}
    for file_id, path in connection.execute("select file_id, path from private.landed_files").fetchall():
        one = mapped.get(path)
        file = one.file if one else raw / path
        found[file_id] = _File(path, file if file.is_file() else None, one.entry if one else None)
    return found


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _judgement(
    connection: duckdb.DuckDBPyConnection,
    models: Models,
    table: RawTable,
    staged: str,
    rejects: str,
    files: Mapping[int, _File],
    origins: Origins,
) -> Judgement:
    """Count the rows of a table by row_status, and describe the first refused row of each reason."""
    connection.execute(
        f"""
        create or replace temp table judged_rows as
        select
            staged._file_id,
            staged._row_number,
            coalesce(rejects.row_status, staged.row_status) as row_status,
            coalesce(rejects.row_reason, staged.row_reason) as row_reason
        from {staged} as staged
        left join {rejects} as rejects
            on rejects.source_table = '{table.source_table}'
            and staged._file_id = rejects._file_id
            and staged._row_number = rejects._row_number
        """
    )
    counts = dict(connection.execute("select row_status, count(*) from judged_rows group by row_status").fetchall())
    first = connection.execute(
        f"""
        select row_reason, refused_rows, _file_id, _row_number
        from (
            select
                *,
                count(*) over (partition by row_reason) as refused_rows,
                row_number() over (partition by row_reason order by _file_id, _row_number) as place
            from judged_rows
            where row_status = 'quarantined'
        )
        where place = 1
        order by refused_rows desc, row_reason
        limit {_REASONS}
        """
    ).fetchall()
    refusals = [
        _refusal(connection, table, str(reason), rows, files[file_id], file_id, row, origins)
        for reason, rows, file_id, row in first
    ]
    return Judgement(
        table,
        sum(counts.values()),
        counts.get("accepted", 0),
        counts.get("duplicate", 0),
        counts.get("deferred", 0),
        refusals,
        _days(connection, models, table, staged),
    )


def _rounded(connection: duckdb.DuckDBPyConnection, table: RawTable) -> list[str]:
    """Return a line on ids that a spreadsheet rounded, such as 1.23E+12: rows of different records look the same."""
    lines = []
    for column in table.columns:
        kind = table.kind_of(column)
        if kind not in ("id", "phone") and not column.endswith("_id"):
            continue
        row = connection.execute(
            f"select count(*), min(trim({column})) from {table.relation} where contains(lower({column}), 'e+')"
            f" and regexp_matches(trim({column}), '{ROUNDED}')"
        ).fetchone()
        if row and row[0]:
            effect = "they are read as no number" if kind == "phone" else "different ones look the same"
            lines.append(
                f"{table.label}: {column} was rounded by a spreadsheet in {rows_of(row[0])}, as {row[1]}: {effect}. "
                "Format the column as text there and save the file again"
            )
    return lines


def _without_currency(connection: duckdb.DuckDBPyConnection, models: Models, table: RawTable) -> list[str]:
    """Return a line on rows without a currency: they count in that of the settings, which nobody has chosen."""
    # refunds and lines take the currency of their order
    if "currency" not in table.columns or table.label == "orders/refunds":
        return []
    staged = models.relation(f"stg_{table.source}__{table.name}")
    row = connection.execute(
        f"select count(*) from {staged} where row_status = 'accepted' and currency is null"
    ).fetchone()
    if not row or not row[0]:
        return []
    currency = default_settings()["reporting_currency"]
    return [
        f"{table.label}: the currency of {rows_of(row[0])} is taken to be {currency}, since no file names it. If it is "
        "another, write reporting_currency in vars.yml"
    ]


def _unread(connection: duckdb.DuckDBPyConnection, models: Models, table: RawTable) -> list[str]:
    """Return a line on each column of addresses or phones with texts that are none, so that they identify nobody."""
    lines = []
    staged = models.relation(f"stg_{table.source}__{table.name}")
    for column in table.columns:
        kind = table.kind_of(column)
        if kind not in ("email", "phone"):
            continue
        landed = f"trim(landed.{column})"
        row = connection.execute(
            f"""
            select count(*), min({landed})
            from {table.relation} as landed
            inner join {staged} as staged
                on landed._file_id = staged._file_id and landed._row_number = staged._row_number
            where staged.row_status = 'accepted' and staged.{column} is null and {landed} <> ''
                and not regexp_matches({landed}, '{ROUNDED}')
                and not {models.call("is_word_for_nothing", landed)}
            """
        ).fetchone()
        if row and row[0]:
            what = "no e-mail address" if kind == "email" else "no phone number"
            lines.append(
                f"{table.label}: {column} is {what} that can be read in {rows_of(row[0])}, as "
                f"{_masked_unread(row[1])}: nobody is known by it"
            )
    return lines


def _masked_unread(value: str) -> str:
    """Return a text that may hold an address or number, with its letters and digits hidden."""
    return repr(re.sub(r"\w", "x", value)[:40])


def _shown(value: str) -> str:
    return masked(value, "email" if "@" in value else "code")


def _unmatched(connection: duckdb.DuckDBPyConnection, there: Sequence[RawTable]) -> list[str]:
    """Return a line on each column of ids of which at least half match no row of the table they refer to.

    The rows count, but not for the customer, company or product that they mean. Order, deal and other ids are left out:
    rows with unknown ones are refused.
    """
    lines = []
    for parent in [table for table in there if table.label in _REFERRED]:
        (key,) = parent.key
        for table in [table for table in there if key in table.columns and table is not parent]:
            row = connection.execute(
                f"""
                with
                ids as (select trim({key}) as id, {_ALIKE.format(key)} as alike from {parent.relation}),
                own as (
                    select trim({key}) as id, {_ALIKE.format(key)} as alike
                    from {table.relation} where trim({key}) <> ''
                )
                select
                    count(*),
                    count(*) filter (where id not in (select id from ids)),
                    count(*) filter (where id not in (select id from ids) and alike in (select alike from ids)),
                    min(id) filter (where id not in (select id from ids)),
                    (select min(id) from ids)
                from own
                """
            ).fetchone()
            if row is None or row[1] < _FEWEST or 2 * row[1] < row[0]:
                continue
            count, unknown, alike, one, other = row
            how = (
                "there they are written otherwise, with other zeros before or behind: export both alike"
                if 2 * alike >= unknown
                else "are they the numbers of another system? Then export those of this one"
            )
            lines.append(
                f"{table.label}: {key} is in no row of {parent.label} in {unknown:,} of {rows_of(count)}, as "
                f"{_shown(one)} ({parent.label} has {_shown(other)}): {how}"
            )
    return lines


def _days(
    connection: duckdb.DuckDBPyConnection, models: Models, table: RawTable, staged: str
) -> tuple[str, str] | None:  # fmt: skip
    column = models.business_time(table)
    if column is None:
        return None
    day = column if table.kind_of(column) == "date" else models.call("reporting_date", column)
    row = connection.execute(
        f"select cast(min({day}) as varchar), cast(max({day}) as varchar) from {staged} where row_status = 'accepted'"
    ).fetchone()
    return (row[0], row[1]) if row and row[0] else None


def _refusal(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    reason: str,
    rows: int,
    file: _File,
    file_id: int,
    row: int,
    origins: Origins,
) -> Refusal:
    columns = columns_of(reason, table)
    if not columns:
        place = _place(file, row) if file.file else _made(connection, table, file, file_id, row, origins, "")[0]
        return Refusal(reason, rows, place, "", "", advice_on(reason))
    found = connection.execute(
        f"select {', '.join(columns)} from {table.relation} where _file_id = ? and _row_number = ?", [file_id, row]
    ).fetchone()
    values = [value for value in found or () if value is not None]
    # an adapter's macro adds this prefix to a text that is no number in the declared notation
    value = str(values[0]).removeprefix("unreadable: ") if values else ""
    kind = table.kind_of(columns[0])
    shown = masked(
        value, "email" if "@" in value else kind if kind == "phone" else "text" if kind in _PERSONAL else "code"
    )
    theirs = " or ".join(_their_name(file, column) for column in columns)
    if file.file:
        place = _place(file, row)
    else:
        place, own = _made(connection, table, file, file_id, row, origins, value)
        theirs = own or theirs
    how = file.entry.reading if file.entry else Reading()
    return Refusal(
        reason, rows, place, theirs, shown, masks.masked(_advice(table, reason, columns[0], value, theirs, how))
    )


def _their_name(file: _File, column: str) -> str:
    if file.entry is None:
        return column
    if formula := file.entry.computed.get(column):
        return " or ".join(formula.columns())
    return file.entry.columns.get(column, column)


def _made(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    file: _File,
    file_id: int,
    row: int,
    origins: Origins,
    value: str,
) -> tuple[str, str]:
    """Return the place of a row from an adapter, and the export's name of the column that holds the refused value.

    The place is the row of the export if it was made of one; else its key, as it may come from several files.
    """
    if origin := origins.of_landed(connection, file.path, table, file_id, row, value):
        return f"{origin.file}, {origin.unit} {origin.number:,}", origin.column
    found = connection.execute(
        f"select {', '.join(table.key)} from {table.relation} where _file_id = ? and _row_number = ?", [file_id, row]
    ).fetchone()
    values = ["blank" if value is None else masked(str(value), "code") for value in found or ()]
    key = ", ".join(f"{column} {value}" for column, value in zip(table.key, values, strict=False))
    return f"{file.path.removeprefix('. through ')}, {key}", ""


def _place(file: _File, row: int) -> str:
    """Return the place of a row, counted as a person who opens the file does."""
    assert file.file is not None
    if is_json(file.file):
        return f"{file.path}, record {row:,}"
    if is_parquet(file.file):
        return f"{file.path}, row {row:,}"
    if is_sheet(file.file):
        return f"{file.path}, row {row + 1:,}"
    line = line_of_row(file.file, file.entry.reading if file.entry else Reading(), row)
    return f"{file.path}, line {line:,}" if line else f"{file.path}, row {row + 1:,}"


def advice_on(reason: str) -> str:
    """Return what docs/reason_codes.md says to do about a reason."""
    return explanation_of(reason).do or "see docs/reason_codes.md"


def _advice(table: RawTable, reason: str, column: str, value: str, theirs: str, how: Reading) -> str:
    """Return the advice for a refused value: from the value itself if possible, else from docs/reason_codes.md."""
    kind = table.kind_of(column)
    if re.fullmatch("#{3,}", value.strip()):
        return "the column was too narrow when a spreadsheet saved the file: widen it and save again"
    if re.fullmatch(r"#(REF|VALUE|NAME|DIV/0|N/A|NULL|NUM)[!?]?", value.strip()):
        return "it is the error of a formula: correct the formula in the spreadsheet and save again"
    if is_rounded(value.strip()):
        return "a spreadsheet rounded it: format the column as text there and save the file again"
    if reason == f"invalid_{column}" and kind in ("timestamp", "planned_timestamp", "date", "planned_date"):
        if re.fullmatch(r"[3-6][0-9]{4}([.,][0-9]+)?", value.strip()):
            day = date(1899, 12, 30) + timedelta(days=int(value.strip()[:5]))
            return f"it is the number by which a spreadsheet stores {day}: format the column as a date and save again"
        if re.fullmatch(
            r"(?i)[0-9]{4}[-/ ]?[qw][0-9]{1,2}|q[1-4][-/ ]*[0-9]{4}|[0-9]{4}[-/][0-9]{1,2}|[0-9]{1,2}[-/][0-9]{4}",
            value.strip(),
        ):
            return "it names no day: export the day of each row"
        if form := compact_form([value.strip()]):
            return f'write date_format: "{form}" for {table.label} in mapping.yml'
        dates = dates_of([value.strip()])
        if dates is not None and dates.formats and dates.formats[0] not in how.date_format:
            either = " (or the other way round)" if dates.order == "" else ""
            return f'write date_format: "{dates.formats[0]}"{either} for {table.label} in mapping.yml'
        if any(map(str.isdigit, value)) and theirs != value.strip():
            return f"{advice_on(reason)}, or write its form as date_format for {table.label} in mapping.yml"
    is_number = kind in ("amount", "rate", "number", "integer")
    if is_number and value.strip().endswith("%"):
        return "it is a share, not an amount: leave the column out of mapping.yml, or export the amount"
    if is_number and reason in (f"invalid_{column}", f"ambiguous_{column}"):
        numbers = numbers_of([value.strip()])
        if numbers is not None and numbers.decimal and how.decimal is None and how.thousands is None:
            thousands = f' and thousands: "{numbers.thousands}"' if numbers.thousands else ""
            return f'write decimal: "{numbers.decimal}"{thousands} for {table.label} in mapping.yml'
    if reason.startswith("unmapped_") or (reason.startswith("unknown_") and not column.endswith("_id")):
        return f"map the value {value!r}, see below"
    if reason == "no_exchange_rate":
        code = value.strip().upper()
        code = code if re.fullmatch("[A-Z]{3}", code) else "…"
        return f"{advice_on(reason)}; if it is your own currency, write reporting_currency: {code} in vars.yml"
    if reason.startswith("missing_") and theirs != column:
        return f"{advice_on(reason)}, or name another column for {column} in mapping.yml"
    return advice_on(reason)


def is_of_files(raw: Path, table: RawTable) -> bool:
    """Return whether a table is read from files, not only from adapters."""
    plan = plan_of(raw)
    return bool(plan.plain.get(table) or plan.mapped.get(table))


def _unmapped(
    connection: duckdb.DuckDBPyConnection, models: Models, table: RawTable, is_mappable: bool
) -> list[Unmapped]:  # fmt: skip
    """Return the values of a table that are missing in its seeds, the most frequent first."""
    found = []
    for column in mapping_columns(table.label):
        known = mapped_values(table.label, column)
        text = models.call("lower_case", models.call("trimmed", column))
        strange = [
            (value, count)
            for compared, value, count in _values_of(connection, table, column, text)
            if compared not in known
        ]
        # a column with a different value in nearly every row is free text
        if not is_refusing(table.label, column) and len(strange) > _VALUES:
            strange = []
        known_by = f"seeds/{seed_of(table.label, column)}.csv"
        found += [
            Unmapped(table, column, value, count, known_by, is_refusing(table.label, column), is_mappable)
            for value, count in strange[:_VALUES]
        ]
    reasons = connection.execute(
        "select distinct row_reason from judged_rows where starts_with(row_reason, 'unknown_')"
    )
    for (reason,) in sorted(reasons.fetchall()):
        column = reason.removeprefix("unknown_")
        # an unknown id refers to an unknown parent, which no mapping can fix
        if column not in table.all_columns or column.endswith("_id"):
            continue
        ours = sorted(set(known_values().get(f"{table.label}.{column}", {}).values()))
        known_by = f"one of {', '.join(ours)}" if ours else "see docs/reason_codes.md"
        text = models.call("lower_case", models.call("trimmed", column))
        rows = _values_of(connection, table, column, text, reason)
        found += [
            Unmapped(table, column, value, count, known_by, True, is_mappable) for _, value, count in rows[:_VALUES]
        ]
    return found


def _values_of(
    connection: duckdb.DuckDBPyConnection, table: RawTable, column: str, text: str, reason: str | None = None
) -> list[tuple[str, str, int]]:
    """Return the values of a column, of rows refused for a reason: as compared, as written, and in how many rows."""
    refused = (
        f"inner join judged_rows using (_file_id, _row_number) where row_reason = '{reason}' and" if reason else "where"
    )
    return connection.execute(
        f"select {text} as compared, min(trim({column})), count(*) as row_count from {table.relation} {refused}"
        f" {text} <> '' group by compared order by row_count desc, compared"
    ).fetchall()


def _orders(
    connection: duckdb.DuckDBPyConnection, models: Models, there: Sequence[RawTable]
) -> list[tuple[str, int, str]]:  # fmt: skip
    """Return the accepted orders by the meaning of their status, so that their owner can compare the sums."""
    if not any(table.label == "orders/orders" for table in there):
        return []
    staged, seed = models.relation("stg_orders__orders"), models.relation("order_status_map")
    rejects = models.relation("int_integrity_rejects")
    reporting = quoted(models.call("setting", "reporting_currency"))
    rows = connection.execute(
        f"""
        with sums as (
            select
                statuses.order_status,
                coalesce(orders.currency, '{reporting}') as currency,
                count(*) as order_count,
                sum(orders.total_amount) as total_amount
            from {staged} as orders
            inner join {seed} as statuses on orders.status = statuses.raw_status
            left join {rejects} as rejects
                on rejects.source_table = 'orders.orders'
                and orders._file_id = rejects._file_id
                and orders._row_number = rejects._row_number
            where orders.row_status = 'accepted' and not orders.is_deleted and rejects.source_table is null
            group by all
        )
        select
            order_status,
            cast(sum(order_count) as bigint) as orders,
            string_agg(
                format('{{:,}} ', cast(total_amount as bigint)) || currency, ' + ' order by order_count desc, currency
            )
        from sums
        group by order_status
        order by orders desc, order_status
        """
    ).fetchall()
    return [(status, count, total) for status, count, total in rows]
