"""Every adapter on its samples: the rows that it makes are held to figures worked out by hand.

`tests/adapters/<tool>/export/` is an export of the tool's form with made-up people, `expected.yml` what comes of it:

    timezone: Asia/Ho_Chi_Minh     # optional, as in mapping.yml, and so are id_prefix and variables
    rows: {orders/orders: 7}       # every table that has rows
    cells:
      - table: orders/orders
        key: {order_id: "1001"}    # finds exactly one row
        expect: {status: paid}     # numbers are compared as numbers, times as moments; null is no value
"""

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from customer_journey.errors import InputError
from customer_journey.raw.adapters import FOLDER, Adapter, adapter_of, export_files, known_adapters, load_adapter, plain
from customer_journey.raw.deliveries import Export, made_deliveries
from customer_journey.raw.mapping import RECORD_NUMBER, AdapterUse, Reading
from customer_journey.raw.tabular import read_as_text

HERE = Path(__file__).parent
SAMPLES = sorted(file.parent.name for file in HERE.glob("*/expected.yml"))
Rows = dict[str, list[dict[str, str | None]]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory whose session is in UTC, as the warehouse's is."""
    with duckdb.connect() as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


def use_of(tool: str, folder: str, expected: dict[str, Any]) -> AdapterUse:
    """Return the entry of a mapping.yml that reads a tool's samples."""
    variables = {name: str(value) for name, value in (expected.get("variables") or {}).items()}
    reading = Reading(timezone=expected.get("timezone"))
    return AdapterUse(tool, folder, None, reading, expected.get("id_prefix") or "", variables)


def made(connection: duckdb.DuckDBPyConnection, use: AdapterUse, raw: Path) -> tuple[Rows, list[str]]:
    """Return the rows that an adapter makes from an export, by raw table, and the files that it does not recognise."""
    adapter = adapter_of(use.adapter, use, raw)
    export = Export(use, adapter, tuple(export_files(use, raw, use.adapter)), use.adapter)
    deliveries, unread = made_deliveries(connection, export, raw, "made")
    rows: Rows = {}
    for table, delivery in deliveries:
        names = [column.name for column in delivery.columns]
        found = connection.execute(f"select {', '.join(names)} from {delivery.relation}").fetchall()
        rows[table.label] = [dict(zip(names, row, strict=True)) for row in found]
    return rows, sorted(unread)


def meant(value: object) -> object:
    """Return what a text stands for: a number, a timestamp or the text itself; None if it is empty."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    # an hour may have one digit
    padded = re.sub(r"([ T])(\d):", r"\g<1>0\2:", text)
    try:
        moment = datetime.fromisoformat(padded)
    except ValueError:
        return text
    # a date without a time must not equal a timestamp
    if len(text) <= len("2024-01-31"):
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def test_every_adapter_has_samples() -> None:
    assert sorted(known_adapters()) == SAMPLES


@pytest.mark.parametrize("tool", SAMPLES)
def test_an_adapter_makes_of_its_samples_what_was_worked_out_by_hand(
    connection: duckdb.DuckDBPyConnection, tool: str
) -> None:
    expected = yaml.safe_load((HERE / tool / "expected.yml").read_text(encoding="utf-8"))
    rows, unread = made(connection, use_of(tool, "export", expected), HERE / tool)
    assert unread == []
    assert {table: len(found) for table, found in rows.items() if found} == expected["rows"]
    wrong = []
    for cell in expected["cells"]:
        keys = {name: meant(value) for name, value in cell["key"].items()}
        found = [row for row in rows[cell["table"]] if all(meant(row[name]) == key for name, key in keys.items())]
        assert len(found) == 1, (cell["table"], cell["key"], f"{len(found)} rows")
        for name, value in cell["expect"].items():
            if meant(found[0][name]) != meant(value):
                wrong.append((cell["table"], cell["key"], name, found[0][name], value))
    assert wrong == []


def rewritten(file: Path, into: Path) -> None:
    """Write a CSV file in another form: columns in reverse order, one more column, semicolons and a byte order mark."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    into.parent.mkdir(parents=True, exist_ok=True)
    with into.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(
            [
                [*line[::-1], more]
                for line, more in [(header, "Column of a later version"), *((row, "x") for row in rows)]
            ]
        )


@pytest.mark.parametrize("tool", SAMPLES)
def test_columns_may_come_in_any_order(connection: duckdb.DuckDBPyConnection, tmp_path: Path, tool: str) -> None:
    if any(one.reading != Reading() for one in load_adapter(FOLDER / tool).inputs):
        pytest.skip("the tool writes files of a form of its own")
    expected = yaml.safe_load((HERE / tool / "expected.yml").read_text(encoding="utf-8"))
    for file in (HERE / tool / "export").rglob("*"):
        into = tmp_path / file.relative_to(HERE / tool)
        if file.suffix == ".csv":
            rewritten(file, into)
        elif file.is_file():
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, into)
    as_it_is, _ = made(connection, use_of(tool, "export", expected), HERE / tool)
    use = use_of(tool, "export", expected)
    otherwise, unread = made(connection, replace(use, reading=replace(use.reading, delimiter=";")), tmp_path)
    assert unread == []
    for table, rows in as_it_is.items():
        assert sorted(map(repr, rows)) == sorted(map(repr, otherwise[table])), table


@pytest.mark.parametrize("tool", SAMPLES)
def test_an_adapter_makes_no_rows_of_files_without_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, tool: str
) -> None:
    """An export with a header but no rows gives no rows, also if it has only the columns it is recognised by."""
    adapter = load_adapter(FOLDER / tool)
    (tmp_path / "export").mkdir()
    for one in adapter.inputs:
        delimiter = one.reading.delimiter or ","
        header = delimiter.join(f'"{name}"' for name in one.recognised_by) + "\n"
        lines = "\n" * (one.reading.header_row - 1) + header
        (tmp_path / "export" / f"{one.name}.csv").write_text(lines, encoding=one.reading.encoding or "utf-8")
    rows, _ = made(connection, use_of(tool, "export", {"timezone": "Asia/Ho_Chi_Minh"}), tmp_path)
    assert {table: found for table, found in rows.items() if found} == {}


@pytest.mark.parametrize("tool", SAMPLES)
def test_selects_read_declared_inputs_and_columns_alone(connection: duckdb.DuckDBPyConnection, tool: str) -> None:
    """The SELECTs run on views with the declared columns only, so reading an undeclared column is an error."""
    adapter = load_adapter(FOLDER / tool)
    bind_inputs(connection, adapter)
    for view in adapter.views:
        connection.execute(f"create temp view {view.stem} as {view.read_text(encoding='utf-8')}")
    for table, select in adapter.selects.items():
        names = [row[0] for row in connection.execute(f"describe {select.read_text(encoding='utf-8')}").fetchall()]
        assert set(names) <= {*table.all_columns, RECORD_NUMBER}, select
        assert len(names) == len(set(names)), select
        # rows without a key do not count
        assert set(table.key) <= set(names), select


def bind_inputs(connection: duckdb.DuckDBPyConnection, adapter: Adapter) -> None:
    """Create everything that the SELECTs of an adapter may read, without rows: inputs, values, macros and variables."""
    connection.execute((FOLDER / "macros.sql").read_text(encoding="utf-8"))
    for one in adapter.inputs:
        columns = ", ".join(f'cast(null as varchar) as "{name}"' for name in (*one.columns, "_file"))
        connection.execute(f'create view "{one.name}" as select {columns}, cast(null as bigint) as _row where false')
    for file in (adapter.folder / "values").glob("*.csv"):
        connection.execute(f'create table "{file.stem}" (theirs varchar, ours varchar)')
    for name in (*adapter.variables, "timezone"):
        connection.execute(f"set variable {name} = null")


@pytest.mark.parametrize("tool", SAMPLES)
def test_what_a_description_declares_is_used(tool: str) -> None:
    """A declared input, column, variable or value table that no SELECT uses is a mistake or a leftover."""
    adapter = load_adapter(FOLDER / tool)
    text = "\n".join(select.read_text(encoding="utf-8") for select in (*adapter.views, *adapter.selects.values()))
    code = re.sub(r"--[^\n]*", "", text)
    words = set(re.findall(r"\w+", code))
    # columns that follow one pattern, such as an amount in each currency
    patterns = [re.compile(one) for one in re.findall(r"columns\('([^']+)'\)", code)]
    unused = [view.stem for view in adapter.views if view.stem not in words]
    unused += [name for name in adapter.variables if f"'{name}'" not in code]
    unused += [file.stem for file in (adapter.folder / "values").glob("*.csv") if file.stem not in words]
    for one in adapter.inputs:
        unused += [] if one.name in words else [one.name]
        for name in one.columns:
            if name not in words and f'"{name}"' not in code and not any(form.search(name) for form in patterns):
                unused.append(f"{one.name}: {name}")
    assert unused == []


@pytest.mark.parametrize("tool", SAMPLES)
def test_inputs_are_told_apart(tool: str) -> None:
    """A file with exactly the columns of one input is recognised as that input."""
    adapter = load_adapter(FOLDER / tool)
    for one in adapter.inputs:
        names = {plain(name) for name in (*one.recognised_by, *one.columns)}
        found = adapter.input_of([*one.recognised_by, *one.columns])
        assert found is not None and found.name == one.name, (one.name, found and found.name)
        assert not names & {plain(name) for name in one.not_with}, one.name


@pytest.mark.parametrize("tool", SAMPLES)
def test_values_say_one_thing_and_are_found(tool: str) -> None:
    """Words in value tables are trimmed, in lower case and unique, because SELECTs join on them."""
    for file in (FOLDER / tool / "values").glob("*.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "theirs,ours", file
        theirs = [line.rsplit(",", 1)[0].strip('"') for line in lines[1:]]
        assert theirs == [word.strip().lower() for word in theirs], file
        assert len(theirs) == len(set(theirs)), file


def test_local_times_without_a_zone_are_refused(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "export" / "all-contacts.csv"
    file.parent.mkdir()
    file.write_text(
        "Record ID,First Name,Last Name,Email,Create Date\n1,An,Mẫu,an@example.com,2024-03-12 09:14\n", "utf-8"
    )
    with pytest.raises(InputError, match=r"local times .*timezone: Europe/Paris"):
        made(connection, use_of("hubspot", "export", {}), tmp_path)


def test_an_export_that_another_excel_saved(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """German Excel writes the numbers and times of Shopify's export in its own way; mapping.yml says how."""
    file = tmp_path / "export" / "orders.csv"
    file.parent.mkdir()
    file.write_text(
        "Name;Email;Financial Status;Fulfillment Status;Currency;Subtotal;Shipping;Taxes;Total;Discount Amount;"
        "Created at;Lineitem quantity;Lineitem name;Lineitem price;Lineitem sku;Id\n"
        "#1001;mai@example.com;paid;fulfilled;EUR;1.249,50;0;199,50;1.249,50;0,00;01.02.2026 09:00;2;Lamp 1,5;624,75;"
        "L-1.500;5001\n",
        "utf-8",
    )
    use = replace(
        use_of("shopify", "export", {}),
        reading=Reading(
            delimiter=";", decimal=",", thousands=".", date_format=("%d.%m.%Y %H:%M",), timezone="Europe/Berlin"
        ),
    )
    rows, _ = made(connection, use, tmp_path)
    (order,), (item,) = rows["orders/orders"], rows["orders/order_items"]
    assert [meant(order[name]) for name in ("order_id", "total_amount", "tax_amount", "ordered_at")] == [
        *(5001, Decimal("1249.5"), Decimal("199.5")),
        datetime(2026, 2, 1, 8, tzinfo=UTC),
    ]
    # texts with such signs stay texts
    assert (item["product_id"], meant(item["unit_price"]), meant(item["quantity"])) == ("L-1.500", Decimal("624.75"), 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.csv", 'Id,Note\n1,"source: a\u200b\tb\nmedium: c"\n'),
        ("notes.json", '[{"Id": 1, "Note": "source: a\u200b\\tb\\nmedium: c"}]'),
    ],
)
@pytest.mark.parametrize(
    ("keeps_lines", "expected"), [(True, "source: a b\nmedium: c"), (False, "source: a b medium: c")]
)
def test_an_adapter_reads_the_lines_of_a_cell(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: str, keeps_lines: bool, expected: str
) -> None:
    """Shops write a label and value on each line of a cell; other control characters are gone before a SELECT."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    read_as_text(connection, tmp_path / name, Reading(), "notes", keeps_lines=keeps_lines)
    assert connection.execute('select "Note" from notes').fetchall() == [(expected,)]
