"""`journey map-value` adds one line to mapping.yml and leaves all others unchanged."""

from pathlib import Path

import pytest
import yaml
from customer_journey.errors import InputError
from customer_journey.raw.mapping import read_mapping
from onboarding.map_value import add_value

from tests.onboarding.files import write

ONE = """\
# a comment at the top
tables:
  orders/orders:
    # 3 rows
    files: ["a.csv"]   # mine
    columns:
      order_id: Mã  # sure: by its name
{values}    # status: these are not in the seed; map them with
    #   journey map-value DIR orders/orders status "Bay mất" ???   (2 rows)
    # columns that are not read:

  crm/contacts:
    files: ["b.csv"]
"""

LIST = """\
tables:
  orders/orders:
    - files: ["a.csv"]
      # first
      values:
        status:
          Xong: completed  # known before
    - files: ["c.csv"]
      # second
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    for name in ("a.csv", "b.csv", "c.csv"):
        write(tmp_path, name, "x\n")
    write(tmp_path, "mapping.yml", text)
    return tmp_path


def values_in(folder: Path) -> list[dict[str, dict[str, str]]]:
    return [
        {column: dict(pairs) for column, pairs in entry.values.items()}
        for entry in read_mapping(folder).tables
        if entry.label == "orders/orders"
    ]


@pytest.mark.parametrize(
    ("values", "before"),
    [
        ("", {}),
        ("    values:\n      status:\n        Xong: completed   # mine\n", {"status": {"Xong": "completed"}}),
        ("    values:\n      sales_channel:\n        Web: online_store\n", {"sales_channel": {"Web": "online_store"}}),
        ("    values:\n      status:\n        Bay mất: paid\n", {}),
    ],
)
def test_a_value_is_added_and_every_other_line_stays(
    tmp_path: Path, values: str, before: dict[str, dict[str, str]]
) -> None:
    folder = folder_with(tmp_path, ONE.format(values=values))
    add_value(folder, "orders/orders", "status", "Bay mất", "cancelled")
    (found,) = values_in(folder)
    assert found == {**before, "status": {**before.get("status", {}), "Bay mất": "cancelled"}}
    text = (folder / "mapping.yml").read_text(encoding="utf-8")
    for line in (
        "# a comment at the top",
        'files: ["a.csv"]   # mine',
        "order_id: Mã  # sure: by its name",
        "# columns that",
    ):
        assert line in text
    # the comment that asked for the value is gone
    assert "map-value" not in text
    assert "map them with" not in text


def test_every_source_of_a_table_gets_the_value(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, LIST)
    add_value(folder, "orders/orders", "status", "no: way", "cancelled")
    assert values_in(folder) == [
        {"status": {"no: way": "cancelled", "Xong": "completed"}},
        {"status": {"no: way": "cancelled"}},
    ]
    text = (folder / "mapping.yml").read_text(encoding="utf-8")
    assert "Xong: completed  # known before" in text
    assert "# second" in text


@pytest.mark.parametrize(
    "text", [None, "", "tables: {}\n", "# nothing yet\ntables:\n", "tables:\n  crm/contacts:\n    files: [b.csv]\n"]
)
def test_a_table_that_is_read_as_it_stands_gets_an_entry(tmp_path: Path, text: str | None) -> None:
    folder = folder_with(tmp_path, text or "")
    if text is None:
        (folder / "mapping.yml").unlink()
    add_value(folder, "orders/orders", "status", "Xong", "completed")
    assert values_in(folder) == [{"status": {"Xong": "completed"}}]


def test_the_same_value_twice_changes_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, LIST)
    add_value(folder, "orders/orders", "status", "Bay", "cancelled")
    text = (folder / "mapping.yml").read_text(encoding="utf-8")
    assert add_value(folder, "orders/orders", "status", "Bay", "cancelled")[1].strip() == "kept"
    assert (folder / "mapping.yml").read_text(encoding="utf-8") == text


def test_what_a_seed_takes_for_a_meaning_serves_where_it_does_not_know_the_word_itself(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    # seeds/crm_lead_sources.csv has no raw value `store`, but values that mean it
    add_value(folder, "crm/contacts", "lead_source", "Tiệm", "store")
    document = yaml.safe_load((folder / "mapping.yml").read_text(encoding="utf-8"))
    assert list(document["tables"]["crm/contacts"]["values"]["lead_source"]) == ["Tiệm"]


@pytest.mark.parametrize(
    ("table", "column", "ours", "said"),
    [
        ("order/orders", "status", "paid", "Did you mean orders/orders?"),
        ("orders/orders", "statuss", "paid", "Did you mean status?"),
        ("orders/orders", "status", "complted", "Did you mean completed?"),
        ("orders/orders", "sales_channel", "stores", "Did you mean store?"),
    ],
)
def test_what_nobody_knows_is_refused_with_what_was_meant(
    tmp_path: Path, table: str, column: str, ours: str, said: str
) -> None:
    folder = folder_with(tmp_path, LIST)
    with pytest.raises(InputError, match=said.replace("?", "[?]")):
        add_value(folder, table, column, "Bay", ours)
    assert (folder / "mapping.yml").read_text(encoding="utf-8") == LIST


@pytest.mark.parametrize(
    "text",
    [
        "tables: {orders/orders: {files: [a.csv]}}\n",
        "tables:\n  orders/orders: {files: [a.csv]}\n",
        "tables:\n  orders/orders:\n    files: [a.csv]\n    values: {status: {Xong: paid}}\n",
    ],
)
def test_a_form_that_no_line_fits_into_is_left_to_its_owner(tmp_path: Path, text: str) -> None:
    folder = folder_with(tmp_path, text)
    with pytest.raises(InputError, match="by hand"):
        add_value(folder, "orders/orders", "status", "Bay", "paid")
    assert (folder / "mapping.yml").read_text(encoding="utf-8") == text


def test_a_table_that_an_adapter_makes_is_mapped_in_the_seed(tmp_path: Path) -> None:
    write(tmp_path, "export/orders.csv", "Name,Financial Status,Lineitem name\n#1,flown,a\n")
    write(tmp_path, "mapping.yml", "adapters:\n  - adapter: shopify\n    folder: export\n")
    with pytest.raises(InputError, match="Add the row flown,paid to seeds/order_status_map"):
        add_value(tmp_path, "orders/orders", "status", "flown", "paid")
