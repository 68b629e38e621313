"""A mapping.yml with any value at any place is read or refused in words, never with a Python error."""

from pathlib import Path

import pytest
from customer_journey.errors import InputError
from customer_journey.raw.mapping import FILE_NAME, read_mapping

ODD = (
    "null", "true", "-1", "1.5", "1e999", "''", "' '", "text", "[]", "[1]", "[[a]]", "{}", "{a: b}", "{1: [2]}",
    "{[a]: b}", "2026-01-01", "2026-13-45", '"a\\0"', '"\\n"', '"\\ud83d"', "hex", "undefined", "'%'", "'%d %Q'",
    ".nan", "!!binary aGk=", "!!set {a}", "!!python/object:os.system x", "&a [*a]", "? [a]", "*nobody", "'",
)  # fmt: skip
OF_A_TABLE = (
    "source", "files", "delimiter", "encoding", "decimal", "thousands", "date_format", "timezone", "sheet",
    "header_row", "columns", "times", "constants", "values", "id_prefix", "one_row_per", "numbered_per",
)  # fmt: skip
OF_AN_ADAPTER = (
    "folder", "schema", "source", "id_prefix", "variables", "timezone", "encoding", "header_row",
)  # fmt: skip
PLACES = {
    "file": "{}",
    "tables": "tables: {}",
    "adapters": "adapters: {}",
    "same_records": "same_records: {}",
    "entry": "tables:\n  crm/contacts: {}",
    "name of a table": "tables:\n  {}: a",
    "name of a key": "tables:\n  crm/contacts:\n    {}: a",
    "adapter": "adapters:\n  - {}",
    "records": "same_records:\n  orders/orders: {}",
    "key of records": "same_records:\n  orders/orders:\n    a: {}\n    b: order_id",
    "name of a column": "tables:\n  crm/contacts:\n    columns:\n      {}: email",
    "column": "tables:\n  crm/contacts:\n    columns:\n      email: {}",
    "values of a column": "tables:\n  crm/contacts:\n    values:\n      email: {}",
    "value of a column": "tables:\n  crm/contacts:\n    values:\n      email:\n        {}: a",
    **{f"{key} of a table": f"tables:\n  crm/contacts:\n    {key}: {{}}" for key in OF_A_TABLE},
    **{f"{key} of an adapter": f"adapters:\n  - {key}: {{}}\n    adapter: shopify" for key in OF_AN_ADAPTER},
    "adapter of an adapter": "adapters:\n  - adapter: {}\n    folder: .",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_any_value_is_read_or_refused(place: str, tmp_path: Path) -> None:
    refused = 0
    for value in ODD:
        (tmp_path / FILE_NAME).write_text(place.replace("{}", value), encoding="utf-8")
        try:
            read_mapping(tmp_path)
        except InputError as error:
            assert FILE_NAME in str(error)
            refused += 1
    # the test would prove nothing if the file was not read
    assert refused > 0
