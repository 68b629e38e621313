"""The report as a file: which data of the marts it holds, what it leaves out, and that a build survives its failure."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.paths import Output
from customer_journey.publishing.published import open_marts
from report import page
from report.tables import LIMITS, QUERIES, Limits, query, read_table

from tests.report.conftest import unpacked
from tests.support.builds import run_build, run_journey
from tests.support.demo import Demo

FRUGAL = Limits(months=1, quarters=1, personas=1, items=1)


def rows(table: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a table of the page, decoded here by hand."""
    columns = []
    for name in table["columns"]:
        column = table["data"][name]
        if isinstance(column, dict):
            column = [None if place < 0 else column["d"][place] for place in column["i"]]
        columns.append(column)
    return list(zip(*columns, strict=True))


def test_a_build_writes_the_page(demo: Demo) -> None:
    assert (demo.out / "report" / "index.html").is_file()


def test_the_page_is_the_same_for_the_same_marts(report: Path, demo: Demo) -> None:
    with open_marts(Output(demo.out)) as connection:
        assert page.render(connection) == report.read_text(encoding="utf-8")


def test_the_page_is_one_file_of_three_megabytes_that_asks_for_nothing(report: Path) -> None:
    html = report.read_text(encoding="utf-8")
    assert len(html.encode()) <= 3_000_000
    assert "default-src 'none'" in html
    without_script = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:)([^"]*)"', without_script) == []
    assert re.findall(r'\son\w+="', without_script) == []


def test_no_person_stands_in_the_page(report: Path, data: dict[str, Any], demo: Demo) -> None:
    text = report.read_text(encoding="utf-8") + json.dumps(data)
    assert "person_id" not in {name for table in data["tables"].values() for name in table["columns"]}
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        persons = {row[0] for row in connection.execute("select person_id from marts.dim_persons").fetchall()}
    assert persons & set(re.findall(r"\b[0-9a-f]{32}\b", text)) == set()


def test_groups_of_fewer_than_five_persons_are_left_out(data: dict[str, Any]) -> None:
    for name in ("map", "map_items", "map_touchpoints", "map_emotions"):
        table = data["tables"][name]
        at = table["columns"].index
        groups = [row for row in rows(table) if row[at("persona")] != "all" or row[at("customer_type")] != "all"]
        assert groups
        assert min(row[at("persons")] for row in groups) >= 5


def test_what_fewer_than_five_say_is_left_out(data: dict[str, Any], demo: Demo) -> None:
    """A KPI of a persona's three answers, or the time of its two who went on, is not in the page."""
    table = data["tables"]["map"]
    at = table["columns"].index
    key = ("framework", "customer_type", "persona", "period", "stage")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        few = {
            row[:5]: row[5:]
            for row in connection.sql(
                f"select {', '.join(key)}, kpi_denominator < 5 and kpi_name <> 'Persons who entered', converted < 5"
                " from marts.journey_map where (customer_type <> 'all' or persona <> 'all') and persons >= 5"
            ).fetchall()
        }
    groups = [row for row in rows(table) if row[at("persona")] != "all" or row[at("customer_type")] != "all"]
    for column, which in (("kpi_value", 0), ("median_hours_to_next", 1)):
        hidden = [row[at(column)] for row in groups if few[tuple(row[at(name)] for name in key)][which]]
        assert hidden and set(hidden) == {None}
        assert any(row[at(column)] is not None for row in groups)


def test_the_rate_of_a_cell_is_of_the_persons_named_beside_it(data: dict[str, Any]) -> None:
    """The rate of the whole period leaves out who entered too recently, so `entered` is not its n."""
    table = data["tables"]["map"]
    at = table["columns"].index
    rated = [row for row in rows(table) if row[at("conversion_rate")] is not None]
    assert {row[at("period")][4:6] for row in rated} == {"", "-0", "-1", "-Q"}
    for row in rated:
        rate = row[at("mature_converted")] / row[at("mature_entered")]
        assert row[at("conversion_rate")] == pytest.approx(rate, rel=1e-5)
    assert any(row[at("mature_entered")] < row[at("entered")] for row in rated)
    groups = [row for row in rated if row[at("persona")] != "all" or row[at("customer_type")] != "all"]
    assert min(row[at("mature_entered")] for row in groups) >= 5


@pytest.mark.parametrize("name", sorted(file.stem for file in QUERIES.glob("*.sql")))
def test_every_query_runs_and_keeps_its_order(name: str, demo: Demo) -> None:
    with open_marts(Output(demo.out)) as connection:
        whole = connection.sql(query(name)).fetchall()
        # tied rows would change order without an explicit sort
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set threads = 3")
        again = connection.sql(query(name)).fetchall()
        table = read_table(connection, name, LIMITS[0], "2026-06")
    assert whole == again, "the order leaves two rows alike"
    assert table.num_rows <= len(whole)
    assert whole, "a figure of the demo is empty"


def test_a_frugal_page_keeps_the_whole_and_cuts_the_months(demo: Demo) -> None:
    with open_marts(Output(demo.out)) as connection:
        table = read_table(connection, "map", FRUGAL, "2026-06")
        largest = connection.sql(
            "select persona from marts.journey_map where period = 'all' and customer_type = 'all' and persona <> 'all'"
            " group by persona order by max(persons) desc, persona limit 1"
        ).fetchall()[0][0]
        whole = connection.sql(
            "select count(*) from marts.journey_map where rank > 0 and period = 'all' and customer_type = 'all'"
            " and persona = 'all'"
        ).fetchall()[0][0]
    kept = table.to_pylist()
    assert {row["period"] for row in kept} == {"all", "2026-Q2", "2026-06"}
    assert {row["persona"] for row in kept} == {"all", largest}
    assert {row["period"] for row in kept if row["persona"] != "all"} == {"all", "2026-Q2"}
    assert sum(row["period"] == row["customer_type"] == row["persona"] == "all" for row in kept) == whole


def test_a_page_that_would_be_too_large_is_cut(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_marts(Output(demo.out)) as connection:
        usual = page.render(connection)
        monkeypatch.setattr(page, "MOST_BYTES", len(usual.encode()) - 1)
        cut = page.render(connection)
    assert len(cut.encode()) < len(usual.encode())
    assert unpacked(cut)["meta"]["personas"] < unpacked(usual)["meta"]["personas"]


def test_tiles_say_what_the_marts_say(data: dict[str, Any], demo: Demo) -> None:
    """The tiles equal figures computed from the facts, not from the marts of sums that the page uses."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        june, may = (
            connection.sql(
                f"select sum(net_revenue) from marts.audit_revenue where month_start = date '{month}'"
            ).fetchall()[0][0]
            for month in ("2026-06-01", "2026-05-01")
        )
        standing = connection.sql(
            "select count(*) from marts.journey_positions as positions"
            " inner join marts.dim_framework_stages as stages using (framework, stage)"
            " inner join marts.dim_persons as persons using (person_id)"
            " where framework = 'adahub_crm' and is_in_funnel and persons.is_known"
        ).fetchall()[0][0]
    tiles = {tile["tile"]: tile for tile in data["tiles"]}
    assert set(tiles) == {"persons", "new_customers", "net_revenue", "cac", "nps", "mrr"}
    assert tiles["persons"]["value"] == standing
    assert tiles["net_revenue"]["moment"] == "2026-06"
    assert tiles["net_revenue"]["value"] == pytest.approx(float(june))
    assert tiles["net_revenue"]["change"] == pytest.approx(float(june) / float(may) - 1)


def test_sentences_are_filled_in_both_languages(data: dict[str, Any]) -> None:
    for sentence in data["sentences"]:
        texts = [*sentence["text"].values(), *(sentence["sure"] or {}).values()]
        assert len(texts) in (2, 4)
        assert not [text for text in texts if re.search(r"[{}|]|None|nan", text)]


def test_a_company_without_feedback_ads_and_deals_has_a_page(tmp_path: Path) -> None:
    """With orders alone the page is written, and its first screen lists what is missing."""
    raw = tmp_path / "raw" / "orders"
    raw.mkdir(parents=True)
    (raw / "orders.csv").write_text(
        "order_id,email,ordered_at,status,total_amount\n1,a@example.com,2026-01-05T10:00:00Z,completed,100\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    done = run_build(raw.parent, out, "--pages", "--as-of", "2026-03-01T00:00:00Z")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"report         {out / 'report' / 'index.html'}"
    unknown = unpacked((out / "report" / "index.html").read_text(encoding="utf-8"))["sentences"]
    assert {sentence["sentence"] for sentence in unknown if sentence["sure"] is None} == {
        "greatest_loss", "best_channel", "feeling", "first_thing", "persona",
    }  # fmt: skip


def test_a_report_that_fails_leaves_the_build_published(demo: Demo, tmp_path: Path) -> None:
    """If the report fails, the build stays published, no old page remains, and one line reports it."""
    output = Output(tmp_path)
    output.report.parent.mkdir()
    output.report.write_text("of an older build", encoding="utf-8")
    with duckdb.connect(str(output.published)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.build_info as select 'b' as build_id")
    said = page.report_of_build(output)
    assert said.startswith("not written (") and "what is published stands" in said
    assert not output.report.exists()


def test_nothing_published_is_said_in_one_line(tmp_path: Path) -> None:
    done = run_journey("report", "--out", str(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "no published marts here" in done.stderr
