"""The demo's numbers, recalculated from its raw files in plain Python and compared with the published ones."""

import math
import shutil
from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import NormalDist, median
from typing import Any

import duckdb
import pytest

from tests.support.dbt import change_setting, must_pass, run_dbt
from tests.support.demo import Demo
from tests.support.demo_rows import AS_OF, RULES, RawOrder, RawRows, is_on_scale, person_of
from tests.support.raw_rows import Row, accepted_rows, local_day, path_of, read_rows, sessions_of

# examples/demo/vars.yml
LOOKBACK = timedelta(days=90)
SESSION_TIMEOUT = timedelta(minutes=30)
NPS_MIN_RESPONSES = 30
NORMAL_QUANTILE = NormalDist().inv_cdf(0.975)

# Revenue


@pytest.fixture(scope="module")
def net_revenue(orders: dict[str, RawOrder]) -> dict[str, tuple[date, int]]:
    """Every accepted order with the first day of its month and its net revenue in dong."""
    return {
        order_id: (local_day(order.row["ordered_at"]).replace(day=1), order.net_revenue)
        for order_id, order in orders.items()
    }


def test_net_revenue_of_every_order(marts: duckdb.DuckDBPyConnection, net_revenue: dict[str, tuple[date, int]]) -> None:
    """Net revenue of each order: tax, refunds, exchange rates and internal orders handled as in the contract."""
    published = dict(marts.execute("select order_id, net_revenue from marts.fct_orders").fetchall())
    assert published == {order: revenue for order, (_, revenue) in net_revenue.items()}


def test_net_revenue_of_every_month(marts: duckdb.DuckDBPyConnection, net_revenue: dict[str, tuple[date, int]]) -> None:
    """Net revenue by month in Hanoi's time zone, not in UTC."""
    by_month: Counter[date] = Counter()
    for month, revenue in net_revenue.values():
        by_month[month] += revenue
    expected = {month: revenue for month, revenue in by_month.items() if revenue}
    assert len(expected) >= 18

    audited = dict(
        marts.execute("select month_start, net_revenue from marts.audit_revenue where net_revenue <> 0").fetchall()
    )
    converted = dict(
        marts.execute(
            "select cast(date_trunc('month', converted_date) as date), sum(revenue) from marts.fct_conversions"
            " where conversion_type = 'order' group by all having sum(revenue) <> 0"
        ).fetchall()
    )

    assert audited == expected
    assert converted == expected
    assert sum(audited.values()) == sum(revenue for _, revenue in net_revenue.values())


# Sessions


@pytest.fixture(scope="module")
def events(raw: RawRows) -> list[Row]:
    """The accepted web events."""
    return raw.accepted("web/events")


def test_sessions_and_their_events(events: list[Row], marts: duckdb.DuckDBPyConnection) -> None:
    """Sessions and their events: only a pause ends a session, neither midnight nor a new campaign."""
    expected = Counter(sessions_of(events, SESSION_TIMEOUT))
    published = Counter(marts.execute("select started_at, ended_at, event_count from marts.fct_sessions").fetchall())
    assert sum(published.values()) == sum(expected.values())
    assert published == expected


def test_sessions_under_another_timeout(demo: Demo, events: list[Row], tmp_path: Path) -> None:
    """A pause of exactly the timeout ends no session; tested with a minute, a pause that the demo has often."""
    timeout = timedelta(minutes=1)
    expected = Counter(sessions_of(events, timeout))
    assert expected != Counter(sessions_of(events, timeout - timedelta(microseconds=1)))
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copyfile(demo.warehouse, warehouse)
    models = ("int_session_events", "int_session_entries", "int_sessions")
    change_setting(warehouse, "session_timeout_minutes", 1)
    must_pass(run_dbt(warehouse, tmp_path, "run", "--select", *models))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select started_at, ended_at, event_count from intermediate.int_sessions").fetchall()
    assert Counter(rows) == expected


# NPS


def test_nps_of_every_month(raw: RawRows, marts: duckdb.DuckDBPyConnection, persons: dict[str, str]) -> None:
    """NPS of each month: one answer per person, 9 and 10 as promoters, answers off the scale left out."""
    rows = [row for row in raw.left("feedback/survey_responses") if row["score"] is None or is_on_scale(row)]
    latest: dict[tuple[Any, ...], Row] = {}
    for row in accepted_rows(rows, RULES["feedback/survey_responses"], AS_OF):
        if row["survey_type"] != "nps":
            continue
        person = person_of(row, persons, "contact_id", "email") or row["response_id"]
        month = local_day(row["responded_at"]).replace(day=1)
        answer = (person, month, row["survey_kind"])
        other = latest.get(answer)
        if other is None or (row["responded_at"], row["response_id"]) > (other["responded_at"], other["response_id"]):
            latest[answer] = row
    expected: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (_, month, kind), row in latest.items():
        expected[month, kind or "unknown"][0 if row["score"] >= 9 else 2 if row["score"] <= 6 else 1] += 1

    published = marts.execute(
        "select month_start, survey_kind, responses, promoters, passives, detractors, nps, nps_low, nps_high"
        " from marts.kpi_nps"
        " where dimension = 'all' and responses > 0"
    ).fetchall()

    assert {row[:2]: list(row[3:6]) for row in published} == dict(expected)
    assert len(published) >= 12
    # some months have enough responses and some have not
    assert {row[7] is None for row in published} == {True, False}
    for _, _, responses, promoters, passives, detractors, nps, low, high in published:
        assert responses == promoters + passives + detractors
        p, d = promoters / responses, detractors / responses
        assert nps == pytest.approx(100 * (p - d), abs=1e-9)
        if responses < NPS_MIN_RESPONSES:
            assert (low, high) == (None, None)
        else:
            # Rocks (2016): an adjusted Wald interval, of three answers more
            p, d = (promoters + 0.75) / (responses + 3), (detractors + 0.75) / (responses + 3)
            margin = NORMAL_QUANTILE * math.sqrt((p + d - (p - d) ** 2) / (responses + 3))
            assert low == pytest.approx(max(100 * (p - d - margin), -100), abs=1e-9)
            assert high == pytest.approx(min(100 * (p - d + margin), 100), abs=1e-9)


# Attribution


@pytest.fixture(scope="module")
def paths(marts: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, list[str]]]:
    """Every conversion with its type and its touchpoints in order."""
    touches: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for person, touched_at, touchpoint in marts.execute(
        "select person_id, touched_at, touchpoint_id from marts.fct_touchpoints where is_attributable"
    ).fetchall():
        touches[person].append((touched_at, touchpoint))
    for of_person in touches.values():
        of_person.sort()
    conversions = marts.execute(
        "select conversion_id, conversion_type, person_id, converted_at from marts.fct_conversions"
    ).fetchall()
    moments: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for _, kind, person, converted_at in conversions:
        moments[person, kind].append(converted_at)
    found = {}
    for conversion, kind, person, converted_at in conversions:
        earlier = sorted(moments[person, kind])
        position = bisect_left(earlier, converted_at)
        before = earlier[position - 1] if position else None
        of_person = touches[person] if person != "unknown" else []
        found[conversion] = (kind, path_of(of_person, converted_at, before, LOOKBACK))
    return found


@pytest.mark.parametrize(("model", "position"), [("first_touch", 0), ("last_touch", -1)])
def test_one_touch_models_credit_the_right_touch(
    model: str, position: int, marts: duckdb.DuckDBPyConnection, paths: dict[str, tuple[str, list[str]]]
) -> None:
    """First and last touch credit the right touch within the path of the conversion."""
    expected = {(conversion, path[position]) for conversion, (_, path) in paths.items() if path}
    expected_by_type = Counter(kind for kind, path in paths.values() if path)

    credited = marts.execute(
        "select conversion_id, touchpoint_id, credit from marts.fct_attribution"
        " where attribution_model = ? and touchpoint_id is not null",
        [model],
    ).fetchall()
    by_type = dict(
        marts.execute(
            "select conversion_type, cast(sum(credit) as integer) from marts.fct_attribution"
            " inner join marts.fct_conversions using (conversion_id)"
            " where attribution_model = ? and touchpoint_id is not null group by all",
            [model],
        ).fetchall()
    )

    assert {row[2] for row in credited} == {1}
    assert {row[:2] for row in credited} == expected
    assert by_type == expected_by_type
    # the demo has conversions with and without a path
    assert len(expected_by_type) >= 5
    assert any(not path for _, path in paths.values())


def test_linear_model_credits_every_touch_alike(
    marts: duckdb.DuckDBPyConnection, paths: dict[str, tuple[str, list[str]]]
) -> None:
    """Linear credit is equal for all touches of a path and adds up after rounding."""
    credits: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for conversion, touchpoint, credit in marts.execute(
        "select conversion_id, touchpoint_id, credit from marts.fct_attribution"
        " where attribution_model = 'linear' and touchpoint_id is not null"
    ).fetchall():
        credits[conversion][touchpoint] = credit
    assert {conversion: set(of) for conversion, of in credits.items()} == {
        conversion: set(path) for conversion, (_, path) in paths.items() if path
    }
    unit = Decimal("1e-12")
    for of in credits.values():
        share = (1 / Decimal(len(of))).quantize(unit, rounding="ROUND_FLOOR")
        assert set(of.values()) <= {share, share + unit}
        assert sum(of.values()) == 1


def test_common_paths(marts: duckdb.DuckDBPyConnection, paths: dict[str, tuple[str, list[str]]]) -> None:
    """The listed paths are the most common ones, each with its share, revenue and median days."""
    touches = {
        row[0]: row[1:]
        for row in marts.execute("select touchpoint_id, channel, touched_at from marts.fct_touchpoints").fetchall()
    }
    found: defaultdict[tuple[str, str], list[tuple[float | None, Decimal]]] = defaultdict(list)
    for conversion, converted_at, revenue in marts.execute(
        "select conversion_id, converted_at, revenue from marts.fct_conversions"
    ).fetchall():
        kind, path = paths[conversion]
        channels = [touches[touchpoint][0] for touchpoint in path]
        # a long path is shown by its first ten channels
        name = " > ".join([*channels[:10], *(["…"] if len(channels) > 10 else [])]) or "(no touch)"
        days = (converted_at - touches[path[0]][1]).total_seconds() / 86400 if path else None
        found[kind, name].append((days, revenue))
    totals: Counter[str] = Counter()
    for (kind, _), conversions in found.items():
        totals[kind] += len(conversions)

    published = marts.execute(
        "select conversion_type, path, conversions, share, revenue, median_days from marts.attribution_paths"
        " order by conversion_type, rank"
    ).fetchall()

    assert len(published) > 500
    for kind, name, count, share, revenue, median_days in published:
        conversions = found[kind, name]
        assert (count, revenue) == (len(conversions), sum(amount for _, amount in conversions)), name
        assert share == pytest.approx(count / totals[kind]), name
        waits = [days for days, _ in conversions if days is not None]
        assert median_days == (pytest.approx(median(waits)) if waits else None), name
    for kind in totals:
        counts = [row[2] for row in published if row[0] == kind]
        assert counts == sorted((len(of) for (one, _), of in found.items() if one == kind), reverse=True)[: len(counts)]


# What became of the rows


@pytest.mark.parametrize("label", ["web/events", "crm/contacts", "privacy/erasure_requests"])
def test_accepted_and_erased_rows(label: str, raw: RawRows, marts: duckdb.DuckDBPyConnection) -> None:
    """The accepted rows are exactly those that the contract accepts, without erased persons."""
    landed = read_rows(raw.demo.raw_files(label))
    left = raw.left(label)
    # tombstones are accepted and yield nothing
    accepted = accepted_rows([{**row, "is_deleted": None} for row in left], RULES[label], AS_OF)
    row = marts.execute(
        "select rows_in, accepted, erased from marts.audit_reconciliation where source_table = ?",
        [label.replace("/", ".")],
    ).fetchone()
    assert row == (len(landed), len(accepted), len(landed) - len(left))
    assert len(landed) > len(left)
