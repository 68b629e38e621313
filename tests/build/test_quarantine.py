"""`journey quarantine`: refused rows by file and line, with their counts and the explanation of each reason."""

import csv
import re
import stat
from collections.abc import Sequence
from pathlib import Path

import click.testing
import duckdb
import pytest
from customer_journey import cli
from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.quarantine import RefusedRow, lines, refused_rows
from customer_journey.landing.reason_codes import columns_of, explanation_of
from customer_journey.landing.refused import examples_in, landed_files, place_of, refusals
from customer_journey.paths import PROJECT, Output
from customer_journey.privacy import erasure
from customer_journey.warehouse import open_warehouse

from tests.support.builds import table_named


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output folder whose last build judged rows and published nothing."""
    folder = tmp_path / "out"
    folder.mkdir()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        for schema in ("private", "staging", "intermediate", "raw_crm"):
            warehouse.execute(f"create schema {schema}")
        warehouse.execute(
            "create table private.landed_files as from (values (1, 'crm/deals.csv'), (2, 'crm/deals/b.parquet'),"
            " (3, 'crm/deals/c.json')) as files (file_id, path)"
        )
        warehouse.execute(
            "create table staging.stg_crm__deals as from (values"
            " (1, 3, 'quarantined', 'invalid_amount'), (2, 1, 'quarantined', 'invalid_amount'),"
            " (3, 7, 'quarantined', 'missing_contact_id_or_company_id'), (1, 1, 'accepted', null),"
            " (1, 2, 'accepted', null)) as rows (_file_id, _row_number, row_status, row_reason)"
        )
        warehouse.execute(
            "create table intermediate.int_integrity_rejects as from (values"
            " ('crm.deals', 1, 2, 'quarantined', 'no_exchange_rate'), ('crm.deals', 1, 9, 'deferred', null))"
            " as rows (source_table, _file_id, _row_number, row_status, row_reason)"
        )
        columns = ", ".join(f"{name} varchar" for name in table_named("crm/deals").all_columns)
        warehouse.execute(f"create table raw_crm.deals ({columns}, _file_id bigint, _row_number bigint)")
        for values in (
            {"amount": "=1+1", "_file_id": 1, "_row_number": 3},
            {"amount": "liên hệ", "_file_id": 2, "_row_number": 1},
            {"contact_id": " ", "_file_id": 3, "_row_number": 7},
            {"amount": "5", "currency": "XXX", "_file_id": 1, "_row_number": 2},
        ):
            names, given = ", ".join(values), ", ".join("?" * len(values))
            warehouse.execute(f"insert into raw_crm.deals ({names}) values ({given})", list(values.values()))
    return folder


def test_each_row_with_file_line_column_and_value(out: Path) -> None:
    """Each row is shown with file, line, column and value, also if nothing was published."""
    # in a text file the header is line 1; Parquet and JSON have no header
    assert [str(row) for row in refused_rows(Output(out))] == [
        "crm/deals.csv row 4: amount is “=1+1”",
        "crm/deals/b.parquet row 1: amount is “liên hệ”",
        "crm/deals/c.json record 7: contact_id is empty, company_id is empty",
        "crm/deals.csv row 3: currency is “XXX”",
    ]
    assert [row.reason for row in refused_rows(Output(out), "crm/deals", "no_exchange_rate")] == ["no_exchange_rate"]
    assert refused_rows(Output(out), "crm.deals")[0].table == "crm/deals"


def test_a_row_of_each_reason_comes_first(out: Path) -> None:
    """One row of each reason is listed first, so that a frequent reason does not hide the others."""
    shown = list(lines(refused_rows(Output(out)), 3))
    assert [line.split(":")[0] for line in shown] == [
        "crm/deals invalid_amount 2",
        "    crm/deals.csv row 4",
        "crm/deals missing_contact_id_or_company_id 1",
        "    crm/deals/c.json record 7",
        "crm/deals no_exchange_rate 1",
        "    crm/deals.csv row 3",
        "3 of 4 rows are shown",
    ]
    assert "Do: add the rate to finance/exchange_rates" in shown[4]


@pytest.mark.parametrize(
    ("table", "reason", "words"),
    [
        ("crm/deal", None, "there is no raw table crm/deal. Did you mean crm/deals?"),
        (None, "invalid_amuont", "no row was refused for it. Did you mean invalid_amount?"),
        ("crm/tickets", None, "no build here got as far as checking rows"),
    ],
)
def test_what_is_not_there(table: str | None, reason: str | None, words: str, out: Path) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        refused_rows(Output(out), table, reason)


def test_the_file_is_private_and_safe(out: Path, tmp_path: Path) -> None:
    """The CSV file is readable by its owner alone and safe for spreadsheets."""
    file = tmp_path / "refused.csv"
    done = click.testing.CliRunner().invoke(
        cli.app, ["quarantine", "--out", str(out), "--limit", "1", "--to", str(file)]
    )
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["table", "file", "row", "reason", "column", "value", "means", "do"]
    assert rows[1][:6] == ["crm/deals", "crm/deals.csv", "4", "invalid_amount", "amount", "'=1+1"]
    assert len(rows) == 5


def test_no_refused_row_says_so() -> None:
    assert list(lines([], 20)) == ["No row is refused."]
    assert str(RefusedRow("crm/deals", "hubspot.deals", None, "", "x", (), ())) == "hubspot.deals"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("crm/deals.csv.gz", "row 6 of crm/deals.csv.gz"),
        ("crm/deals.xlsx", "row 6 of crm/deals.xlsx"),
        ("crm/deals.PARQUET", "row 5 of crm/deals.PARQUET"),
        ("crm/deals.ndjson", "record 5 of crm/deals.ndjson"),
        ("invoices.json as crm/contacts", "record 5 of invoices.json"),
        ("invoices as is.csv as orders/order_items", "row 6 of invoices as is.csv"),
        ("shop through shopify/orders/orders.sql", "row 5 of the result of shopify/orders/orders.sql for shop"),
    ],
)
def test_rows_count_as_whoever_opens_the_file_counts(path: str, place: str) -> None:
    assert str(place_of(path, 5)) == place


def _reasons() -> list[tuple[RawTable, str]]:
    """Return the reason codes that occur in the models, each with a table that it applies to."""
    found = []
    for table in raw_tables():
        text = (PROJECT / "models" / "staging" / table.source / f"stg_{table.source}__{table.name}.sql").read_text(
            encoding="utf-8"
        )
        found += [(table, reason) for reason in re.findall(r"'((?:un|negative_|\w+_out_of_)\w+)':", text)]
        found += [(table, f"missing_{column}") for column in table.required_columns]
        found += [(table, f"{word}_{'_or_'.join(group)}") for group in table.one_of for word in ("missing", "invalid")]
        for column, kind in zip(table.columns, table.kinds, strict=True):
            if kind == "amount":
                found += [(table, f"{word}_{column}") for word in ("invalid", "negative", "too_large", "ambiguous")]
    children = {"orders/order_items": "order_id", "orders/refunds": "order_id", "crm/deal_changes": "deal_id"}
    for label, parent in children.items():
        found += [
            (table_named(label), reason) for reason in (f"unknown_{parent}", "quarantined_parent", "deleted_parent")
        ]
    for label in ("orders/orders", "crm/deals", "crm/quotes", "crm/subscription_changes", "marketing/ad_spend"):
        found += [(table_named(label), reason) for reason in ("no_exchange_rate", "amount_out_of_range")]
    return [
        *found,
        (table_named("orders/orders"), "too_early_ordered_at"),
        (table_named("crm/deals"), "invalid_updated_at"),
    ]


def test_every_reason_is_explained_and_has_a_column() -> None:
    """Every reason code is explained in the documentation and names a column."""
    reasons = _reasons()
    assert len(reasons) > 100
    for table, reason in reasons:
        explanation = explanation_of(reason)
        assert explanation.means and explanation.do, reason
        columns = columns_of(reason, table)
        assert columns and all(column in table.all_columns for column in columns), (table.label, reason)


@pytest.mark.parametrize(
    ("label", "reason", "columns"),
    [
        ("orders/orders", "unmapped_status", ("status",)),
        ("orders/orders", "amount_out_of_range", ("total_amount",)),
        ("crm/subscription_changes", "amount_out_of_range", ("mrr",)),
        ("marketing/ad_spend", "amount_out_of_range", ("cost",)),
        ("orders/order_items", "deleted_parent", ("order_id",)),
        ("feedback/survey_responses", "missing_email_or_contact_id", ("email", "contact_id")),
        ("orders/orders", "too_large_total_amount", ("total_amount",)),
        ("crm/contacts", "reason_of_another_release", ()),
    ],
)
def test_the_column_that_a_row_was_refused_for(label: str, reason: str, columns: tuple[str, ...]) -> None:
    assert columns_of(reason, table_named(label)) == columns


def _made_by_an_adapter(tmp_path: Path) -> tuple[Path, Path]:
    """Return a raw folder with a tool's export, and a warehouse where its second row is refused."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    for file, text in {
        "tool/adapter.yml": "name: Tool\ninputs:\n  buys:\n    recognised_by: [Nr, Sum]\n    columns: [Nr, Day, Sum]\n",
        "tool/orders/orders.sql": "select Nr as order_id, Day as ordered_at, 'paid' as status, Sum as total_amount"
        " from buys",
        "export/buys.csv": "Nr,Day,Sum\n12,2026-01-01,5\n11,2026-01-01,a lot\n",
        "mapping.yml": "adapters:\n  - {adapter: tool, folder: export, id_prefix: t-}\n",
    }.items():
        (raw / file).parent.mkdir(parents=True, exist_ok=True)
        (raw / file).write_text(text, encoding="utf-8")
    out.mkdir()
    with duckdb.connect(str(out / "warehouse.duckdb")) as warehouse:
        erasure.prepare(warehouse)
        land(warehouse, raw, lambda table, share: None)
        warehouse.execute("create schema staging")
        warehouse.execute(
            "create table staging.stg_orders__orders as select _file_id, _row_number, 'quarantined' as row_status,"
            " 'invalid_total_amount' as row_reason from raw_orders.orders where order_id = 't-11'"
        )
    return raw, out / "warehouse.duckdb"


def test_a_row_of_an_adapter_is_named_by_the_row_of_the_export(tmp_path: Path) -> None:
    """Who mends the export does not see the result of the SELECT, let alone its order."""
    raw, warehouse = _made_by_an_adapter(tmp_path)
    out = warehouse.parent
    (row,) = refused_rows(Output(out))
    assert (row.file, row.row) == ("the result of tool/orders/orders.sql for export", 1)
    (row,) = refused_rows(Output(out), raw=raw)
    assert str(row) == "export/buys.csv row 3: total_amount is “a lot”"


def test_the_message_of_a_build_names_the_row_of_the_export(tmp_path: Path) -> None:
    """The example of a reason is the row of the export, without its value, and with the file's name as it is stored."""
    raw, warehouse = _made_by_an_adapter(tmp_path)
    with open_warehouse(warehouse) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_integrity_rejects as select 'orders.orders' as source_table, *"
            " from staging.stg_orders__orders where false"
        )
        files = landed_files(connection)

        def reasons(raw: Path | None) -> Sequence[str]:
            with examples_in(files, raw, warehouse, lambda name: name.replace("buys", "(masked)")) as place:
                (found,) = refusals(lambda text: connection.execute(text).fetchall(), place, [("orders.orders", 2, 1)])
            return found.reasons

        assert reasons(raw) == ["invalid_total_amount 1 (such as row 3 of export/(masked).csv)"]
        of_the_select = ["invalid_total_amount 1 (such as row 1 of the result of tool/orders/orders.sql for export)"]
        assert reasons(None) == of_the_select
        # an export that changed since does not fail the build
        (raw / "export/buys.csv").unlink()
        assert reasons(raw) == of_the_select
