"""Customer types and unit economics of the demo, recalculated in plain Python.

Orders and spend come from the raw files. Persons, touchpoints and attribution credit come from the marts, since other
tests check them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

import pytest

from tests.support.demo_rows import AS_OF, RawRows
from tests.support.demo_sales import RULES, WINDOW, Key, Marts, Person, Sale, differences, month_of, ratio, wilson
from tests.support.raw_rows import Rates, accepted_rows, local_day, read_rows, rounded

# Customer types


def test_customer_types_of_every_month(
    sales: list[Sale],
    persons_of_orders: dict[str, str],
    people: dict[str, Person],
    company_types: dict[str, str],
    touches: dict[str, list[tuple[datetime, str]]],
    known_at: Callable[[str, datetime], tuple[str, str]],
    first_evidence: Callable[[str], dict[str, datetime]],
    marts: Marts,
) -> None:
    """Comparison of customer types by month: touches up to the purchase, per company or person, within the window."""
    rows: defaultdict[Key, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))

    def note(what: str, customer_type: str, at: datetime, value: object) -> None:
        for period in (local_day(at).isoformat()[:7], "all"):
            rows[period, customer_type][what].append(value)

    known = {name: person for name, person in people.items() if not person.is_internal and name != "unknown"}
    bought_on: defaultdict[str, set[date]] = defaultdict(set)
    for sale in sales:
        person = persons_of_orders[sale.order_id]
        bought_on[person].add(local_day(sale.at))
        note("orders", people[person].customer_type, sale.at, sale.order.net_revenue)
    revenue = dict(
        marts.execute("select person_id, sum(revenue) from marts.fct_conversions group by person_id").fetchall()
    )
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, known_person in known.items():
        since = known_person.customer_since
        if known_person.company != "unknown":
            groups[known_person.company].append(name)
        if since is None:
            continue
        way = touches.get(name, [])[: bisect_right(touches.get(name, []), since, key=lambda touch: touch[0])]
        note("customers", known_person.customer_type, since, revenue[name])
        note("days", known_person.customer_type, since, len(bought_on[name]))
        if way:
            note("cycles", known_person.customer_type, since, (since - way[0][0]) / timedelta(days=1))
            note("touches", known_person.customer_type, since, len(way))
            note("channels", known_person.customer_type, since, len({channel for _, channel in way}))
    for company, members in groups.items():
        starts = [since for name in members if (since := known[name].customer_since) is not None]
        if starts:
            involved = sum(
                known[name].customer_since == min(starts) or any(at <= min(starts) for at, _ in touches.get(name, []))
                for name in members
            )
            note("groups", company_types[company], min(starts), involved)
    for name, at in first_evidence("lead").items():
        since = people[name].customer_since
        if name in known:
            is_mature = at + WINDOW <= AS_OF and (since is None or since >= at)
            note("leads", known_at(name, at)[0], at, (is_mature, since is not None and since <= at + WINDOW))

    expected: dict[Key, list[Any]] = {}
    for key, found in rows.items():
        mature = [is_converted for is_mature, is_converted in found["leads"] if is_mature]
        buyers, repeats = sum(days > 0 for days in found["days"]), sum(days > 1 for days in found["days"])
        net, value = sum(found["orders"]), sum(found["customers"])
        expected[key] = [
            len(found["leads"]), len(mature), sum(mature), ratio(sum(mature), len(mature)),
            *wilson(sum(mature), len(mature)), len(found["customers"]), len(found["cycles"]),
            *(median(found[what]) if found[what] else None for what in ("cycles", "touches", "channels")),
            len(found["groups"]), sum(found["groups"]), ratio(sum(found["groups"]), len(found["groups"])),
            len(found["orders"]), net, ratio(net, len(found["orders"])), buyers, repeats, ratio(repeats, buyers),
            *wilson(repeats, buyers), value, ratio(value, len(found["customers"])),
        ]  # fmt: skip
    assert {key[1] for key in expected} == {"b2b", "b2c", "unknown"}
    query = """
        select period, customer_type, leads, mature_leads, converted_leads, conversion_rate,
        conversion_rate_low, conversion_rate_high, customers, customers_with_touches, median_cycle_days,
        median_touches, median_channels, buying_groups, persons_involved, persons_per_buying_group, orders,
        net_revenue, average_order_value, buyers, repeat_buyers, repeat_rate, repeat_rate_low,
        repeat_rate_high, customer_revenue, average_customer_revenue from marts.kpi_customer_types
    """
    assert differences(marts, query, 2, expected) == []


# Unit economics


def test_unit_economics_of_every_cohort(
    raw: RawRows, sales: list[Sale], persons_of_orders: dict[str, str], marts: Marts
) -> None:
    """Unit economics of each cohort: all later revenue, against the spend of the same month."""
    with_channel = marts.execute("select spend_date, channel, cost from marts.fct_ad_spend").fetchall()
    spend: defaultdict[tuple[date, str], Fraction] = defaultdict(Fraction)
    for day, channel, cost in with_channel:
        spend[month_of(day), channel] += Fraction(cost)
    paid = {
        row[0] for row in marts.execute("select channel from marts.dim_channels where ownership = 'paid'").fetchall()
    }
    earned: defaultdict[str, defaultdict[date, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for sale in sales:
        sums = earned[persons_of_orders[sale.order_id]][sale.month]
        covered = rounded(sale.covered)
        sums[0] += sale.order.net_revenue
        sums[1] += covered
        sums[2] += (sale.margin or 0) + sale.order.net_revenue - covered
    predicted = dict(marts.execute("select person_id, predicted_clv_12m from marts.kpi_clv").fetchall())
    credits = marts.execute(
        """
            select conversions.person_id, conversions.converted_date, attribution_model, channel, sum(credit)
            from marts.fct_attribution inner join marts.fct_conversions as conversions using (conversion_id)
            where conversion_type = 'customer' and attribution_model in ('linear', 'time_decay', 'shapley')
            group by all
        """
    ).fetchall()

    for model in ("linear", "time_decay", "shapley"):
        customers: defaultdict[Key, Fraction] = defaultdict(Fraction)
        of_paid: defaultdict[Key, Fraction] = defaultdict(Fraction)
        expectations: defaultdict[Key, float] = defaultdict(float)
        flows: defaultdict[Key, defaultdict[int, list[Fraction]]] = defaultdict(
            lambda: defaultdict(lambda: [Fraction(0)] * 3)
        )
        for person, day, of_model, channel, credit in credits:
            if of_model != model:
                continue
            cohort, share = month_of(day), Fraction(credit)
            for key in ((cohort, "all", "all"), (cohort, "channel", channel)):
                customers[key] += share
                of_paid[key] += share if channel in paid else Fraction(0)
                expectations[key] += float(share) * (predicted.get(person) or 0)
                for month, sums in earned[person].items():
                    since = max(0, (month.year - cohort.year) * 12 + month.month - cohort.month)
                    flows[key][since] = [
                        so_far + share * value for so_far, value in zip(flows[key][since], sums, strict=True)
                    ]
        costs: defaultdict[Key, Fraction] = defaultdict(Fraction)
        for (month, channel), cost in spend.items():
            costs[month, "all", "all"] += cost
            costs[month, "channel", channel] += cost

        published = marts.execute(
            """
                select cohort_month, dimension, dimension_value, customers, paid_customers, spend,
                blended_cac, paid_cac, revenue, contribution, cost_coverage, clv_to_date, clv_to_date_to_cac,
                coalesce(predicted_clv_12m, 0), payback_months from marts.kpi_unit_economics where
                attribution_model = ?
            """,
            [model],
        ).fetchall()
        assert {row[:3] for row in published} == customers.keys() | costs.keys()
        assert len(published) > 200
        paybacks = set()
        for row in published:
            key, figures = row[:3], row[3:]
            revenue, with_cost, left = (sum(flow[place] for flow in flows[key].values()) for place in range(3))
            payback, so_far = None, Fraction(0)
            for since in sorted(flows[key]):
                so_far += flows[key][since][2]
                # shares are rounded to 0.0001 dong, and no cohort of the demo is that close
                assert not costs[key] or abs(so_far - costs[key]) > Fraction(1, 10)
                if costs[key] and payback is None and so_far >= costs[key]:
                    payback = since
            paybacks.add(payback)
            cost, number = costs[key], customers[key]
            expected = [
                number, of_paid[key], cost, ratio(cost, number), ratio(cost, of_paid[key]), revenue, left,
                ratio(with_cost, revenue), ratio(left, number), ratio(left, cost), expectations[key],
            ]  # fmt: skip
            for actual, worked_out in zip(figures[:-1], expected, strict=True):
                if worked_out is None:
                    assert actual is None, key
                else:
                    assert float(actual) == pytest.approx(float(worked_out), rel=1e-6, abs=0.1), key
            assert figures[-1] == payback, key
        assert len(paybacks) > 3


def test_spend_of_unit_economics_is_what_was_landed(raw: RawRows, marts: Marts) -> None:
    """Spend equals the landed spend, converted, with superseded rows left out."""
    rates = Rates(raw.accepted("finance/exchange_rates"))
    key = (
        "spend_date", "platform", "account_id", "campaign_id", "ad_group_id", "ad_id",
        "utm_source", "utm_medium", "utm_campaign",
    )  # fmt: skip
    latest: dict[Key, datetime] = {}
    rows = []
    # each row is accepted by itself here; those with the latest version of a key add up
    for raw_row in read_rows(raw.demo.raw_files("marketing/ad_spend")):
        for row in accepted_rows([raw_row], RULES["marketing/ad_spend"], AS_OF):
            rate = rates.on(row["currency"], row["spend_date"])
            if rate is not None and row["spend_date"] <= local_day(AS_OF):
                version = row["updated_at"] or datetime.min
                name = tuple(row[column] for column in key)
                latest[name] = max(latest.get(name, datetime.min), version)
                rows.append((name, version, month_of(row["spend_date"]), rounded(Fraction(row["cost"]) * rate)))
    expected: defaultdict[Key, int] = defaultdict(int)
    for name, version, month, cost in rows:
        if version == latest[name]:
            expected[month,] += cost
    query = """
        select cohort_month, spend from marts.kpi_unit_economics where dimension = 'all' and attribution_model
        = 'markov' and spend > 0
    """
    assert differences(marts, query, 1, {key: [cost] for key, cost in expected.items()}) == []
