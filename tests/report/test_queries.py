"""Queries of the report that compare and judge, on a few rows with results worked out by hand."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from report.tables import Limits, query, read_table


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("""
            create table marts.dim_channels as
            select *
            from (
                values
                ('ads', 'Ads', 'Quảng cáo', 'paid'), ('mail', 'Mail', 'Thư', 'paid'),
                ('shop', 'Shop', 'Cửa hàng', 'paid'), ('unassigned', 'Unassigned', 'Chưa phân kênh', 'unknown')
            ) as channels (channel, label_en, label_vi, ownership)
        """)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(query(name)).to_arrow_table().to_pylist()
    return found


def test_early_and_late_are_the_first_and_last_quarter_of_a_path(marts: duckdb.DuckDBPyConnection) -> None:
    """Of nine touches three are early (9 / 4, rounded up), three late; of two one each; a single touch is late."""
    paths = {"nine": ["ads"] * 3 + ["mail"] * 3 + ["shop"] * 3, "two": ["mail", "shop"], "one": ["shop"]}
    touches = [(conversion, place, channel) for conversion, path in paths.items() for place, channel in enumerate(path)]
    # mail needs five touches to be listed
    touches += [("three", place, "mail") for place in range(3)]
    marts.execute("create table touches (conversion_id varchar, place integer, channel varchar)")
    marts.executemany("insert into touches values (?, ?, ?)", touches)
    marts.execute("""
        create table marts.fct_attribution as
        select
            conversion_id, conversion_id || place as touchpoint_id, attribution_model, channel,
            case attribution_model
                when 'linear' then 1 / count(*) over (partition by conversion_id, attribution_model)
                else (place = max(place) over (partition by conversion_id, attribution_model))::integer
            end as credit
        from touches, (values ('linear'), ('last_touch')) as models (attribution_model);
        create table marts.fct_touchpoints as
        select conversion_id || place as touchpoint_id, timestamp '2026-01-01' + interval (place) day as touched_at
        from touches;
        create table marts.fct_conversions as
        select distinct conversion_id, 'order' as conversion_type from touches
    """)
    found = {
        (row["attribution_model"], row["channel"]): [
            pytest.approx(row[f"{part}_credit"]) for part in ("early", "middle", "late")
        ]
        for row in rows(marts, "credit_by_position")
    }
    # ads and shop have three and five touches: three are too few to be shown
    assert set(found) == {(model, channel) for model in ("linear", "last_touch") for channel in ("mail", "shop")}
    # mail: 3/9 in the middle of nine, the first of two, and one of three at each place
    assert found["linear", "mail"] == [1 / 2 + 1 / 3, 3 / 9 + 1 / 3, 1 / 3]
    assert found["linear", "shop"] == [0, 0, 3 / 9 + 1 / 2 + 1]
    assert found["last_touch", "mail"] == [0, 0, 1]
    assert found["last_touch", "shop"] == [0, 0, 3]


@pytest.mark.parametrize(("markov_of_mail", "verdict"), [(200, "agree"), (900, "disagree")])
def test_the_best_channel_says_whether_the_models_agree(
    marts: duckdb.DuckDBPyConnection, markov_of_mail: int, verdict: str
) -> None:
    marts.execute(f"""
        create table marts.dim_attribution_models as
        select *
        from (values ('first_touch', 'First', 'Đầu'), ('last_touch', 'Last', 'Cuối'), ('markov', 'Markov', 'Markov'))
            as models (attribution_model, label_en, label_vi);
        create table marts.attribution_performance as
        select 'touch_month' as month_basis, true as is_mature, 'order' as conversion_type, *, 100 as spend
        from (
            values
            ('first_touch', 'ads', 40, 300), ('first_touch', 'mail', 40, 200),
            ('last_touch', 'ads', 40, 500), ('last_touch', 'mail', 40, 200), ('last_touch', 'shop', 29, 9000),
            ('last_touch', 'unassigned', 40, 9000),
            ('markov', 'ads', 40, 400), ('markov', 'mail', 40, {markov_of_mail})
        ) as rows (attribution_model, channel, conversions, revenue)
    """)
    [row] = rows(marts, "sentences/best_channel")
    # shop pays more, but of 29 conversions; what is in no channel is no paid channel
    assert (row["label_en"], row["model_en"], row["roas"]) == ("Ads", "Last", 5)
    assert (row["models_verdict"], row["roas_low"], row["roas_high"]) == (verdict, 3, 5)
    assert row["models_first"] == (3 if verdict == "agree" else 2)
    assert row["by_model_en"] == f"First: Ads, Last: Ads, Markov: {'Ads' if verdict == 'agree' else 'Mail'}"
    # a company that leaves two models out hears what the remaining one says, and of no agreement
    marts.execute("delete from marts.attribution_performance where attribution_model <> 'first_touch'")
    [row] = rows(marts, "sentences/best_channel")
    assert (row["label_en"], row["model_en"], row["roas"], row["models"]) == ("Ads", "First", 3, 1)
    assert (row["models_verdict"], row["by_model_en"]) == ("few", "First: Ads")


def test_steps_of_an_email_are_one_touchpoint_and_feelings_stand_beside_the_stage(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    marts.execute("""
        create table marts.journey_map as
        select
            'f' as framework, 'all' as customer_type, 'all' as persona, 'all' as period, 's' as stage,
            0.5 as emotion_score, 40 as persons;
        create table marts.journey_map_touchpoints as
        select
            journey_map.* exclude (emotion_score, persons), rows.*, touchpoint_type as touchpoint_type_label_en,
            0 as responses, 0 as attributed_conversions
        from marts.journey_map, (
            values
            ('email_sent', 90, 30, null), ('email_opened', 20, 15, null), ('store', 40, 40, 0.52),
            ('call', 5, 5, 0.9), ('chat', 9, 8, 0.1), ('delivery', 0, 0, 0.2)
        ) as rows (touchpoint_type, touches, persons, emotion_score)
    """)
    found = {row["touchpoint_type"]: row for row in rows(marts, "map_touchpoints")}
    # by persons: store 40, the e-mail 30, chat 8; call is the fourth
    assert {kind: row["leading"] for kind, row in found.items() if row["leading"]} == {
        "store": 1,
        "email": 2,
        "chat": 3,
    }
    assert (found["email"]["persons"], found["email"]["sent"], found["email"]["opened"]) == (30, 90, 20)
    assert {kind: row["above"] for kind, row in found.items() if row["above"]} == {"call": 1, "store": 2}
    assert {kind: row["below"] for kind, row in found.items() if row["below"]} == {"chat": 1, "delivery": 2}
    # store is 0.02 above the stage, below the 0.05 from which it counts as better
    assert {kind: row["tone"] for kind, row in found.items() if row["tone"]} == {
        "call": "good", "store": "neutral", "chat": "bad", "delivery": "bad",
    }  # fmt: skip
    # the page holds what a cell shows, and the most frequent one for its table: not email_opened, the third
    limits = Limits(months=0, quarters=0, personas=0, items=1)
    kept = {row["touchpoint_type"] for row in read_table(marts, "map_touchpoints", limits, "2026-03").to_pylist()}
    assert set(found) - kept == {"email_opened"}


def test_long_histories_and_many_personas_are_cut(marts: duckdb.DuckDBPyConnection) -> None:
    """The page holds the flow of the periods that the map offers, and the personas of most persons."""
    marts.execute("""
        create table marts.journey_map as
        select 'all' as period, 'all' as customer_type, 'p' || place as persona, 100 - place as persons
        from range(50) as places (place);
        create table marts.kpi_funnel as
        select
            'f' as framework, 's' as stage, 1 as rank, 'S' as label_en, 'S' as label_vi, 'persona' as dimension,
            persona as dimension_value, 'all' as cohort, persons as entered, 9 as converted, 0.5 as conversion_rate,
            0.4 as rate_low, 0.6 as rate_high
        from marts.journey_map;
        create table marts.journey_flow as
        select
            'f' as framework, period, 's' as from_stage, 1 as from_rank, 'S' as from_label_en, 'S' as from_label_vi,
            't' as to_stage, 2 as to_rank, 'T' as to_label_en, 'T' as to_label_vi, 'forward' as direction,
            1 as transitions, 1 as persons, 1.0 as median_hours, 'all' as dimension
        from (values ('all'), ('2026-03'), ('2026-02'), ('2026-01'), ('2026-Q1'), ('2025-Q4'), ('2016-Q1'))
            as times (period);
        create table marts.dim_framework_stages as
        select 'f' as framework, 's' as stage, 1 as rank, 'S' as label_en, 'S' as label_vi;
        create table marts.fct_stage_population_daily as
        select
            'f' as framework, 's' as stage, true as is_known, 7 as persons,
            last_day(date '2026-03-01' - to_months(back::integer)) as date_day
        from range(120) as months (back)
    """)
    limits = Limits(months=2, quarters=1, personas=3, items=1)
    found = {
        name: read_table(marts, name, limits, "2026-03").to_pylist()
        for name in ("flow", "go_on_by_persona", "population")
    }
    assert {row["period"] for row in found["flow"]} == {"all", "2026-03", "2026-02", "2026-Q1"}
    assert [row["persona"] for row in found["go_on_by_persona"]] == ["p0", "p1", "p2"]
    assert [row["date_day"] for row in found["population"]][::35] == ["2023-04-30", "2026-03-31"]
    assert len(found["population"]) == 36
