"""Every number of the first screen's sentences, computed again from other marts than the page asks."""

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from report.words import figure

from tests.support.demo import Demo

Row = dict[str, Any]
# of the page, the whole journey of everybody
ALL = "period = 'all' and customer_type = 'all' and persona = 'all'"
PRIMARY = "framework in (select framework from marts.dim_frameworks where is_primary)"


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def sentences(data: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Each sentence in English, and how sure it is."""
    return {
        sentence["sentence"]: (
            sentence["text"]["en"].replace("\u00a0", " "),
            sentence["sure"]["en"].replace("\u00a0", " "),
        )
        for sentence in data["sentences"]
    }


def rows(marts: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    found: list[Row] = marts.sql(sql).to_arrow_table().to_pylist()
    return found


def said(value: float, kind: str) -> str:
    return figure(value, kind, "en", "VND")


def wilson(hits: int, n: int) -> tuple[float, float]:
    z = 1.959964
    middle, half = hits + z * z / 2, z * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return (middle - half) / (n + z * z), (middle + half) / (n + z * z)


def test_where_most_is_to_be_gained(marts: duckdb.DuckDBPyConnection, sentences: dict[str, tuple[str, str]]) -> None:
    worth: dict[str, float] = {}
    for item in rows(marts, f"from marts.journey_map_items where item_type = 'opportunity' and {ALL} and {PRIMARY}"):
        worth[item["stage"]] = worth.get(item["stage"], 0) + float(item["value"] or 0)
    stage = max(worth, key=lambda each: worth[each])
    [entries] = rows(
        marts,
        "select label_en, count(*) as entered, count(*) filter (where outcome = 'converted') as converted"
        " from marts.fct_stage_entries join marts.dim_framework_stages using (framework, stage)"
        f" where {PRIMARY} and stage = '{stage}' and outcome is not null"
        # months of which everybody had the 90 days of funnel_window_days before 2026-07-01
        " and entered_date < date '2026-04-01' group by all",
    )
    dropped = entries["entered"] - entries["converted"]
    low, high = wilson(dropped, entries["entered"])
    text, sure = sentences["greatest_loss"]
    assert text.startswith(f"Most is to be gained in {entries['label_en']}: {dropped} of {entries['entered']} persons")
    assert f"did not go on ({said(dropped / entries['entered'], 'rate')}), and keeping 10 % of" in text
    assert text.endswith(f"is worth {said(worth[stage], 'money')}.")
    assert f"{said(low, 'rate')} to {said(high, 'rate')};" in sure


def test_which_channel_pays(marts: duckdb.DuckDBPyConnection, sentences: dict[str, tuple[str, str]]) -> None:
    """Spend and credit are those of the facts, both up to the last month of touches whose lookback is over."""
    spend = {
        row["channel"]: float(row["spend"])
        for row in rows(
            marts,
            "select channel, sum(cost) as spend from marts.fct_ad_spend where date_trunc('month', spend_date) in"
            " (select month_start from marts.attribution_performance where is_mature and month_basis = 'touch_month')"
            " and channel in (select channel from marts.dim_channels where ownership = 'paid')"
            " group by channel having sum(cost) > 0",
        )
    }
    credits = rows(
        marts,
        "select attribution_model, fct_attribution.channel, sum(credit) as conversions,"
        " sum(attributed_revenue) as revenue"
        " from marts.fct_attribution join marts.fct_conversions using (conversion_id)"
        " left join marts.fct_touchpoints using (touchpoint_id)"
        " where conversion_type in ('order', 'deal_won', 'subscription_started')"
        " and date_trunc('month', coalesce(touched_date, converted_date)) in"
        " (select month_start from marts.attribution_performance where is_mature and month_basis = 'touch_month')"
        " group by all having sum(credit) >= 30",
    )
    labels = {row["channel"]: row["label_en"] for row in rows(marts, "from marts.dim_channels")}
    models = {row["attribution_model"]: row["label_en"] for row in rows(marts, "from marts.dim_attribution_models")}
    del models["unknown"]
    pays: dict[str, dict[str, float]] = {model: {} for model in models}
    counts = {}
    for row in credits:
        if row["channel"] in spend:
            pays[row["attribution_model"]][row["channel"]] = float(row["revenue"]) / spend[row["channel"]]
            counts[row["attribution_model"], row["channel"]] = float(row["conversions"])
    first = {model: max(channels, key=lambda each: channels[each]) for model, channels in pays.items()}
    best = first["last_touch"]
    ratios = [channels[best] for channels in pays.values() if best in channels]
    three = {model: first[model] for model in ("first_touch", "last_touch", "markov")}
    agree = "First touch, last touch and Markov chain agree."
    verdict = "The models disagree." if len(set(three.values())) > 1 else agree
    text, sure = sentences["best_channel"]
    assert text == (
        f"Of paid channels {labels[best]} pays best by the model {models['last_touch']}:"
        f" {said(pays['last_touch'][best], 'ratio')} back for each 1 spent"
        f" ({said(counts['last_touch', best], 'number')} conversions). {verdict}"
    )
    by_model = ", ".join(f"{models[model]}: {labels[channel]}" for model, channel in three.items())
    assert sure.startswith(
        f"Best by {by_model}; {list(first.values()).count(best)} of {len(models)} models put {labels[best]} first, with"
        f" {said(min(ratios), 'ratio')} to {said(max(ratios), 'ratio')}."
    )


def test_how_customers_feel(marts: duckdb.DuckDBPyConnection, sentences: dict[str, tuple[str, str]]) -> None:
    [nps] = rows(
        marts,
        "select count(*) as n, count(*) filter (where nps_group = 'promoter') as promoters,"
        " count(*) filter (where nps_group = 'detractor') as detractors from marts.fct_survey_responses"
        " where survey_type = 'nps' and survey_kind = 'relational' and is_latest_of_month"
        " and responded_date between date '2026-06-01' and date '2026-06-30'",
    )
    low = rows(
        marts,
        "select touchpoint, count(*) as n, count(*) filter (where not is_satisfied) as unsatisfied"
        " from marts.fct_survey_responses where survey_type = 'csat' and survey_kind = 'transactional'"
        " group by touchpoint having count(*) >= 30 order by unsatisfied desc limit 1",
    )[0]
    label = rows(marts, f"from marts.dim_labels where kind = 'touchpoint_type' and value = '{low['touchpoint']}'")
    text, sure = sentences["feeling"]
    assert text == (
        f"Customers give an NPS of {said(100 * (nps['promoters'] - nps['detractors']) / nps['n'], 'nps')};"
        f" {label[0]['label_en']} is the touchpoint with the most dissatisfied answers"
        f" ({low['unsatisfied']} of {low['n']}, {said(low['unsatisfied'] / low['n'], 'rate')})."
    )
    # adjusted Wald (Rocks 2016)
    n = nps["n"] + 3
    up, down = (nps["promoters"] + 0.75) / n, (nps["detractors"] + 0.75) / n
    half = 1.959964 * math.sqrt((up + down - (up - down) ** 2) / n)
    assert sure == (
        f"NPS of {nps['n']} answers in the last whole month, 95 % interval"
        f" {said(100 * (up - down - half), 'nps')} to {said(100 * (up - down + half), 'nps')}"
    )


def test_what_to_do_first(marts: duckdb.DuckDBPyConnection, sentences: dict[str, tuple[str, str]]) -> None:
    pains = [
        row
        for row in rows(
            marts,
            "select items.*, label_en from marts.journey_map_items as items"
            " join marts.dim_framework_stages using (framework, stage)"
            f" where item_type = 'opportunity' and {ALL} and {PRIMARY}",
        )
        if row["persons"] >= 5 and row["value"]
    ]
    first = max(pains, key=lambda row: row["value"])
    assert sentences["first_thing"][0] == (
        f"Look first at “{first['item_en']}” in {first['label_en']}: {first['persons']} of those lost there met it, and"
        f" keeping 10 % of them is worth about {said(float(first['value']), 'money')}."
    )


def test_which_persona_differs(marts: duckdb.DuckDBPyConnection, sentences: dict[str, tuple[str, str]]) -> None:
    cells = rows(
        marts,
        "select stage, label_en as label, dimension_value as persona, entered, converted from marts.kpi_funnel"
        f" where cohort = 'all' and dimension = 'persona' and dimension_value <> 'unknown' and {PRIMARY}"
        " and conversion_rate is not null",
    )
    compared = []
    for cell in cells:
        others = [row for row in cells if row["stage"] == cell["stage"] and row["persona"] != cell["persona"]]
        n, hits = (sum(row[column] for row in others) for column in ("entered", "converted"))
        if cell["entered"] < 30 or n < 30:
            continue
        pooled = (hits + cell["converted"]) / (n + cell["entered"])
        error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / cell["entered"]))
        (low, high), (others_low, others_high) = wilson(cell["converted"], cell["entered"]), wilson(hits, n)
        is_clear = low > others_high or high < others_low
        compared.append((is_clear, abs(cell["converted"] / cell["entered"] - hits / n) / error, cell, hits, n))
    is_clear, _, cell, hits, n = max(compared, key=lambda each: each[:2])
    [label] = rows(marts, f"from marts.dim_personas where persona = '{cell['persona']}'")
    text, sure = sentences["persona"]
    assert text == (
        f"{label['label_en']} differs most from the other personas: in {cell['label']}"
        f" {said(cell['converted'] / cell['entered'], 'rate')} go on, against {said(hits / n, 'rate')}."
        f" {'Chance does not explain it.' if is_clear else 'It may be chance.'}"
    )
    low, high = wilson(cell["converted"], cell["entered"])
    others_low, others_high = wilson(hits, n)
    assert sure == (
        f"{cell['entered']} persons, 95 % interval {said(low, 'rate')} to {said(high, 'rate')};"
        f" the {n} others {said(others_low, 'rate')} to {said(others_high, 'rate')}"
    )
