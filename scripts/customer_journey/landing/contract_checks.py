"""Checks of what is landed: the main tables, the columns of the contract, and files that hold the same rows."""

from collections.abc import Callable, Collection, Sequence

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.raw.adapters import plain
from customer_journey.raw.broken_lines import MARK
from customer_journey.raw.file_columns import Column
from customer_journey.raw.mapping import did_you_mean_one

# the most columns that a message lists
_NAMED = 12
# the most unknown columns of a file that have a line of their own
_SINGLY = 3
# the most characters of a column's name that a message shows
_SHOWN = 100


def check_main_tables(
    where: str,
    delivered: Collection[RawTable],
    landed: Collection[str],
    *,
    has_mapping: bool = False,
    misplaced: str = "",
) -> None:
    """Check that at least one main table is delivered, and that none delivered before is missing.

    `delivered` are the tables with files now, `landed` the labels of the tables that earlier builds landed.
    `where` begins the error message; `misplaced` is a line on a file that lies in the wrong folder.

    Raises:
        InputError: no main table is delivered, or one of an earlier build is missing.
    """
    main = [table for table in raw_tables() if table.is_main]
    if not any(table in delivered for table in main):
        others = _first_of(sorted(table.label for table in delivered), str)
        remedy = (
            f"{misplaced}."
            if misplaced
            else "Put its export there and run `journey init` with --overwrite, or complete its entry in mapping.yml."
            if has_mapping
            else "Add for example orders/orders.csv; for exports of tools, `journey init` writes a mapping.yml."
        )
        raise InputError(
            f"{where}none of the tables {', '.join(table.label for table in main)} is there"
            f"{f', only {others}' if others else ''}; a build needs one of them. {remedy}"
        )
    lost = sorted(table.label for table in main if table.label in landed and table not in delivered)
    if lost:
        raise InputError(
            f"{where}required table {lost[0]} is missing, although an earlier build of this output folder read it. "
            "Put its export back. If the table is no longer wanted, deliver a file with only the header."
        )


def check_columns(
    table: RawTable, where: str, short_name: str, columns: Sequence[Column], *, is_file: bool = True
) -> list[str]:
    """Return a line on each unknown column; `where` names the file, or the table of an EL tool, in errors.

    Raises:
        InputError: a required column is missing.
    """
    names = {plain(column.name) for column in columns}
    has = [column.name for column in columns if column.name and plain(column.name) not in table.all_columns]
    for name in table.required_columns:
        if name not in names:
            raise InputError(
                f"{where}: table {table.label} lacks the required column {name}. {_add_it([name], has, is_file)}"
            )
    for group in table.one_of:
        if not set(group) & names:
            raise InputError(
                f"{where}: table {table.label} lacks the columns {' and '.join(group)}. {_add_it(group, has, is_file)}"
            )
    unknown = [column.name for column in columns if plain(column.name) not in table.all_columns]
    meant = {name: did_you_mean_one(name, table.all_columns) for name in unknown[:_NAMED]}
    # an export of a tool has dozens: a line each would hide the others
    together = [name for name in unknown if name and not meant.get(name)]
    together = together if len(together) > _SINGLY else []
    lines = [
        f"{table.label}: {f'unknown column {_shortened(name)}' if name else 'a column without a name'} "
        f"({short_name}), not read{meant.get(name, '')}"
        for name in unknown
        if name not in together
    ]
    if together:
        lines.append(f"{table.label}: {len(together)} unknown columns ({short_name}), not read: {_first_of(together)}")
    return lines


def _shortened(name: str) -> str:
    return f"{name[:_SHOWN]}…" if len(name) > _SHOWN else name


def _add_it(lacking: Sequence[str], has: Sequence[str], is_file: bool) -> str:
    """Return what to do about a file, or a table of an EL tool, that has only these unknown columns in their place."""
    it, names = "it" if len(lacking) == 1 else "one of them", " or ".join(lacking)
    if not has:
        return f"Add {it} to the export."
    if not is_file:
        return f"It has these unknown columns: {_first_of(has)}. If one of them is {names}, rename it; else add {it}."
    return (
        f"The file has these unknown columns: {_first_of(has)}. If one of them is {names}, write "
        f"`columns: {{{lacking[0]}: <that column>}}` for this table in mapping.yml (`journey init` proposes it); "
        f"else add {it} to the export."
    )


def _first_of(names: Sequence[str], shown: Callable[[str], str] = repr) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(shown(_shortened(name)) for name in names[:_NAMED]) + more


def double_deliveries(connection: duckdb.DuckDBPyConnection, table: RawTable) -> list[str]:
    """Return a line on each two files of one table, such as spend, where half or more of the smaller one is the same.

    This is only a warning: equal rows can be right, as of two hours with the same spend, and so can a file that was
    delivered again under another name. Rows whose amount is 0 are ignored: they add nothing and are often equal.
    """
    columns = ", ".join(f"coalesce(trim({name}), '')" for name in table.all_columns)
    rows = connection.execute(
        f"""
        with counted as (
            select _file_id, md5(concat_ws('|', {columns})) as content, count(*) as row_count
            from {table.relation}
            where try_cast({table.adds_up} as double) is distinct from 0 and is_deleted is distinct from '{MARK}'
            group by all
        ),
        totals as (select _file_id, sum(row_count) as row_count from counted group by all),
        shared as (
            select one._file_id as first_id, other._file_id as second_id,
                sum(least(one.row_count, other.row_count)) as row_count
            from counted as one
            inner join counted as other on one.content = other.content and one._file_id < other._file_id
            group by all
        )
        select shared.row_count, least(one_total.row_count, other_total.row_count), first_file.path, second_file.path
        from shared
        inner join totals as one_total on shared.first_id = one_total._file_id
        inner join totals as other_total on shared.second_id = other_total._file_id
        inner join private.landed_files as first_file on shared.first_id = first_file.file_id
        inner join private.landed_files as second_file on shared.second_id = second_file.file_id
        where 2 * shared.row_count >= least(one_total.row_count, other_total.row_count)
        order by first_file.path, second_file.path
        """
    ).fetchall()
    return [
        f"{table.label}: {count:,} of {total:,} rows are the same in {first} and {second}, and count twice. "
        "If they were delivered twice, leave only the header in one of the files"
        for count, total, first, second in rows
    ]
