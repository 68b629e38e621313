"""Wrappers that APIs and EL tools put around JSON records are removed; the fields of a record are kept."""

import json
from pathlib import Path

import duckdb
import pytest
from customer_journey.raw.json_records import records_in
from customer_journey.raw.mapping import Reading
from customer_journey.raw.tabular import read_as_text


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param('{"orders": [{"id": 1}, {"id": 2}]}', [("1", 1), ("2", 2)], id="one list"),
        pytest.param(
            '{"object": "list", "data": [{"id": "a"}], "has_more": false, "url": "/v1/x"}', [("a", 1)], id="Stripe"
        ),
        pytest.param('{"results": [{"id": "7"}], "paging": {"next": {"after": "7"}}}', [("7", 1)], id="HubSpot"),
        pytest.param('{"results": [{"id": "7"}]}\n{"results": [{"id": "8"}]}', [("7", 1), ("8", 2)], id="two pages"),
        pytest.param('{"order": {"id": 5, "lines": [{"id": 6}]}}', [("5", 1)], id="one record by its name"),
        pytest.param('{"data": {"orders": [{"id": 3}]}}', [("3", 1)], id="a list in an answer"),
        pytest.param('{"stream": "x", "data": {"id": 4}, "emitted_at": 1}', [("4", 1)], id="Airbyte"),
        pytest.param('{"_airbyte_raw_id": "u", "_airbyte_data": {"id": 4}}', [("4", 1)], id="Airbyte, landed"),
        # a record that contains a list is not a wrapper
        pytest.param('{"id": 9, "lines": [{"id": 1}]}', [("9", 1)], id="a record"),
        pytest.param('[{"id": 9, "lines": []}, {"id": 10}]', [("9", 1), ("10", 2)], id="a list of records"),
    ],
)
def test_records_come_out_of_their_pages(tmp_path: Path, text: str, rows: list[tuple[str, int]]) -> None:
    file = tmp_path / "answer.json"
    file.write_text(text, encoding="utf-8")
    with duckdb.connect() as connection:
        names = read_as_text(connection, file, Reading(), "there")
        assert "id" in names
        assert connection.execute("select id, _row from there order by _row").fetchall() == rows
    # `journey init` and the build read the same records
    parsed = [json.loads(line) for line in text.splitlines()]
    assert [str(record["id"]) for record in records_in(parsed)] == [value for value, _ in rows]


def test_an_empty_page_has_no_records(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text('{"object": "list", "data": [], "has_more": false}', encoding="utf-8")
    with duckdb.connect() as connection:
        assert read_as_text(connection, file, Reading(), "there") == []
        assert connection.execute("select count(*) from there").fetchone() == (0,)
