"""Turn the Online Retail II file into raw tables for `scripts/build`; README.md beside this tells the story.

The mapping is mapping.sql. This runs it, writes a file for each raw table and counts that no line is lost.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

MAPPING = Path(__file__).with_name("mapping.sql")

COLUMNS = "Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"

RAW_FILES = {
    "crm/contacts.parquet": "raw_contacts",
    "orders/orders.parquet": "raw_orders",
    "orders/order_items.parquet": "raw_order_items",
    "orders/refunds.parquet": "raw_refunds",
    "orders/products.parquet": "raw_products",
    "web/events.csv": "raw_events",
}

VARS = """\
reporting_currency: GBP
reporting_timezone: Europe/London
default_phone_country: GB
"""


class UnusableFile(Exception):
    """The file cannot be mapped; the message says why."""


@dataclass(frozen=True)
class Account:
    """What one kind of invoice comes to. The amount is the sum of its lines, each rounded to pence."""

    kind: str
    invoices: int
    lines: int
    amount: Decimal


def prepare(file: Path, raw: Path) -> list[Account]:
    """Write the raw tables of the lines in `file` under the folder `raw`, over those of an earlier run.

    Returns:
        One account for each kind of invoice: adjustment, cancellation, sale, stock_movement.

    Raises:
        UnusableFile: The file is missing, is no Parquet, lacks a column, or the mapping would lose a line.
    """
    with duckdb.connect() as connection:
        line_count = _count_lines(connection, file)
        connection.execute("set variable file = ?", [str(file)])
        connection.execute(MAPPING.read_text(encoding="utf-8"))
        accounts = [
            Account(*row)
            for row in connection.execute(
                "select kind, count(distinct invoice), count(*), coalesce(sum(lines.amount), 0)"
                " from lines inner join invoices using (invoice) group by kind order by kind"
            ).fetchall()
        ]
        _reconcile(connection, line_count, accounts)
        for name, table in RAW_FILES.items():
            target = raw / name
            target.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy {table} to ?", [str(target)])
    (raw / "vars.yml").write_text(VARS, encoding="utf-8")
    return accounts


def _count_lines(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    if not file.is_file():
        raise UnusableFile(f"{file}: no such file.")
    try:
        relation = connection.read_parquet(str(file))
        missing = [column for column in COLUMNS if column not in relation.columns]
        if missing:
            raise UnusableFile(f"{file}: lacks the column {missing[0]}. README.md says how to make the file.")
        return len(relation)
    except duckdb.Error as error:
        raise UnusableFile(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]}).") from error


def _reconcile(connection: duckdb.DuckDBPyConnection, line_count: int, accounts: Sequence[Account]) -> None:
    """Hold what was written against what was read, line by line and penny by penny."""
    cancelled = sum(account.lines for account in accounts if account.kind == "cancellation")
    (item_count,) = _only_row(connection, "select count(*) from raw_order_items")
    if item_count + cancelled != line_count:
        raise UnusableFile(f"{line_count} lines in, {item_count + cancelled} out: a line names no invoice.")
    (ordered,) = _only_row(connection, "select coalesce(sum(total_amount), 0) from raw_orders")
    (refunded,) = _only_row(connection, "select coalesce(sum(amount), 0) from raw_refunds")
    expected = sum(account.amount for account in accounts)
    if ordered - refunded != expected:
        raise UnusableFile(f"The lines come to {expected}, orders less refunds to {ordered - refunded}.")


def _only_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line and return the exit code: 0, or 2 for a file that cannot be used."""
    parser = argparse.ArgumentParser(description="Turn the Online Retail II file into raw tables.")
    parser.add_argument("--file", type=Path, required=True, help="the invoice lines, as Parquet")
    parser.add_argument("--raw", type=Path, required=True, help="the folder to write the raw tables to")
    options = parser.parse_args(arguments)
    try:
        accounts = prepare(options.file, options.raw)
    except UnusableFile as error:
        print(error, file=sys.stderr)
        return 2
    _print_accounts(accounts)
    print(f"raw tables: {options.raw}")
    return 0


def _print_accounts(accounts: Sequence[Account]) -> None:
    total = Account(
        "all",
        sum(account.invoices for account in accounts),
        sum(account.lines for account in accounts),
        sum((account.amount for account in accounts), Decimal(0)),
    )
    print(f"{'kind of invoice':<16}{'invoices':>10}{'lines':>10}{'amount':>16}")
    for account in [*accounts, total]:
        print(f"{account.kind:<16}{account.invoices:>10,}{account.lines:>10,}{account.amount:>16,.2f}")


if __name__ == "__main__":
    sys.exit(main())
