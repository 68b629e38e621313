"""Reviews, e-mail, carts and referrals, recalculated from the demo's raw files in plain Python."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

import duckdb
import pytest

from tests.support.demo_rows import AS_OF, RawOrder, RawRows, assert_share, person_of, seen
from tests.support.raw_rows import Row, Rules, accepted_rows, local_day

REVIEWS = Rules(
    key=("review_id",), required=("review_id", "rating", "reviewed_at"), business_time="reviewed_at",
    times=("reviewed_at", "replied_at"), numbers=("rating",), names=("platform",),
)  # fmt: skip
EMAIL_EVENTS = Rules(
    key=("email_event_id",), required=("email_event_id", "email", "event_type", "occurred_at"),
    business_time="occurred_at", times=("occurred_at",), flags=("is_machine",), names=("event_type",),
)  # fmt: skip
PRODUCTS = Rules(key=("product_id",), required=("product_id", "product_name"))
REFERRALS = Rules(
    key=("referral_id",), required=("referral_id", "referrer_contact_id", "referred_at"), business_time="referred_at",
    times=("referred_at",), names=("status",),
)  # fmt: skip

# dbt_project.yml
SESSION_TIMEOUT = timedelta(minutes=30)
ENDLESS = timedelta(hours=12)
CART_RECOVERY = timedelta(days=7)
REFERRAL_WINDOW = timedelta(days=90)
LAPSE = timedelta(days=180)
BOTS = re.compile("bot|crawl|spider|slurp|headless|python-requests|curl/|monitoring")

AS_OF_DAY = local_day(AS_OF)


def _month(moment: datetime) -> date:
    return local_day(moment).replace(day=1)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


# Reviews


def test_reviews_of_every_month(raw: RawRows, marts: duckdb.DuckDBPyConnection) -> None:
    """Ratings and replies of each month."""
    # a text that is no number is quarantined for that reason first
    rows = [
        row
        for row in raw.left("feedback/reviews")
        if not str(row["rating"]).isdecimal() or 1 <= int(row["rating"]) <= 5
    ]
    categories = {
        row["product_id"]: row["category"] for row in accepted_rows(raw.left("orders/products"), PRODUCTS, AS_OF)
    }
    cells: defaultdict[tuple[date, str, str], list[Row]] = defaultdict(list)
    for row in accepted_rows(rows, REVIEWS, AS_OF):
        month = _month(row["reviewed_at"])
        cells[month, "all", "all"].append(row)
        cells[month, "platform", row["platform"] or "unknown"].append(row)
        cells[month, "product_category", categories.get(row["product_id"]) or "unknown"].append(row)

    published = marts.execute(
        "select month_start, dimension, dimension_value, reviews, positive, neutral, negative, replied, mean_rating,"
        " replied_rate, median_reply_hours, positive_rate, positive_rate_low, positive_rate_high from marts.kpi_reviews"
        " where dimension in ('all', 'platform', 'product_category')"
    ).fetchall()

    assert {row[:3] for row in published} == set(cells)
    for month, dimension, value, *counts in published:
        found = cells[month, dimension, value]
        replies = [reply - row["reviewed_at"] for row in found if (reply := seen(row["replied_at"]))]
        assert all(wait >= timedelta(0) for wait in replies)
        stars = Counter("+" if row["rating"] >= 4 else "-" if row["rating"] <= 2 else "0" for row in found)
        assert counts[:5] == [len(found), stars["+"], stars["0"], stars["-"], len(replies)]
        assert counts[5] == pytest.approx(float(sum(row["rating"] for row in found)) / len(found))
        assert counts[6] == pytest.approx(len(replies) / len(found))
        assert counts[7] == (pytest.approx(median(replies) / timedelta(hours=1)) if replies else None)
        assert_share(stars["+"], len(found), *counts[8:])


# E-mail


def test_email_of_every_month_and_campaign(raw: RawRows, marts: duckdb.DuckDBPyConnection) -> None:
    """E-mail rates by month of sending and campaign, without opens by machines."""
    messages: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in accepted_rows(raw.left("marketing/email_events"), EMAIL_EVENTS, AS_OF):
        messages[row["message_id"], row["email"].lower()].append(row)
    expected: defaultdict[tuple[date, str, str], Counter[str]] = defaultdict(Counter)
    for events in messages.values():
        human = {event["event_type"] for event in events if not event["is_machine"]}
        anybody = {event["event_type"] for event in events}
        assert "sent" in anybody
        month = _month(min(event["occurred_at"] for event in events if event["event_type"] == "sent"))
        (campaign,) = {event["campaign"] for event in events}
        arrived = bool(anybody - {"sent", "bounced"})
        assert not (arrived and "bounced" in anybody)
        for cell in ((month, "all", "all"), (month, "campaign", campaign)):
            expected[cell].update(
                sent=1,
                delivered=arrived,
                bounced="bounced" in anybody,
                opened="opened" in human,
                machine_opened_only="opened" in anybody - human,
                clicked="clicked" in human,
                opened_and_clicked={"opened", "clicked"} <= human,
                unsubscribed="unsubscribed" in anybody,
                complained="complained" in anybody,
            )
    names = list(next(iter(expected.values())))
    published = marts.execute(
        f"select month_start, dimension, dimension_value, {', '.join(names)}, open_rate, open_rate_low,"
        " open_rate_high, click_rate, click_rate_low, click_rate_high, bounce_rate, click_to_open_rate,"
        " unsubscribe_rate, complaint_rate from marts.kpi_email where dimension in ('all', 'campaign')"
    ).fetchall()
    assert {result[:3]: result[3:12] for result in published} == {
        cell: tuple(counts[name] for name in names) for cell, counts in expected.items()
    }
    assert sum(counts["machine_opened_only"] for counts in expected.values()) > 1000
    for result in published:
        counts = expected[result[:3]]
        assert_share(counts["opened"], counts["delivered"], *result[12:15])
        assert_share(counts["clicked"], counts["delivered"], *result[15:18])
        shares = [
            ("bounced", "sent"),
            ("opened_and_clicked", "opened"),
            ("unsubscribed", "delivered"),
            ("complained", "delivered"),
        ]
        for rate, (part, whole) in zip(result[18:], shares, strict=True):
            assert rate == (pytest.approx(counts[part] / counts[whole]) if counts[whole] else None)


# Carts and forms


@dataclass(frozen=True)
class Visit:
    """A web session: start, end, device and events."""

    cookie: str
    started_at: datetime
    ended_at: datetime
    device: str
    is_human: bool
    names: frozenset[str]


def _visits(events: list[Row]) -> list[Visit]:
    by_cookie: defaultdict[str, list[Row]] = defaultdict(list)
    for event in events:
        by_cookie[event["anonymous_id"]].append(event)
    visits = []
    for cookie, found in by_cookie.items():
        found.sort(key=lambda event: (event["occurred_at"], event["event_id"]))
        start = 0
        for end in range(1, len(found) + 1):
            if end == len(found) or found[end]["occurred_at"] - found[end - 1]["occurred_at"] > SESSION_TIMEOUT:
                first, last = found[start], found[end - 1]
                visits.append(
                    Visit(
                        cookie=cookie,
                        started_at=first["occurred_at"],
                        ended_at=last["occurred_at"],
                        device=(first["device_type"] or "unknown").lower(),
                        is_human=not BOTS.search((first["user_agent"] or "").lower())
                        and last["occurred_at"] - first["occurred_at"] <= ENDLESS,
                        names=frozenset(event["event_name"].lower() for event in found[start:end]),
                    )
                )
                start = end
    return visits


def test_carts_checkouts_and_forms_of_every_month(
    raw: RawRows,
    orders: Mapping[str, RawOrder],
    persons: dict[str, str],
    known_at: Callable[[str, datetime], tuple[str, str]],
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """Abandoned carts, checkouts and forms of each month, without bots, by the type known at the session's start."""
    bought: defaultdict[str | None, list[datetime]] = defaultdict(list)
    for order in orders.values():
        if order.is_conversion:
            bought[order.person].append(order.row["ordered_at"])
    expected: defaultdict[tuple[date, str, str], Counter[str]] = defaultdict(Counter)
    visits = _visits(raw.accepted("web/events"))
    for visit in visits:
        if not visit.is_human:
            continue
        month = _month(visit.started_at)
        # every order on the shop's site has its purchase event
        has_order = "purchase" in visit.names
        is_abandoned = "add_to_cart" in visit.names and not has_order
        is_recovered = is_abandoned and any(
            visit.ended_at < moment <= visit.ended_at + CART_RECOVERY
            for moment in bought[persons[f"anonymous_id:{visit.cookie}"]]
        )
        customer_type, _ = known_at(persons[f"anonymous_id:{visit.cookie}"], visit.started_at)
        for cell in (
            (month, "all", "all"),
            (month, "device_type", visit.device),
            (month, "customer_type", customer_type),
        ):
            expected[cell].update(
                sessions=1,
                cart_sessions="add_to_cart" in visit.names,
                checkout_sessions="checkout_started" in visit.names,
                order_sessions=has_order,
                carts_abandoned=is_abandoned,
                checkouts_abandoned="checkout_started" in visit.names and not has_order,
                carts_recovered=is_recovered,
                form_sessions="form_started" in visit.names,
                forms_abandoned="form_started" in visit.names and "form_submitted" not in visit.names,
                form_error_sessions={"form_started", "form_error"} <= visit.names,
            )
    assert not all(visit.is_human for visit in visits)
    names = list(next(iter(expected.values())))
    published = marts.execute(
        f"select month_start, dimension, dimension_value, {', '.join(names)}, recovery_rate, cart_abandonment_rate,"
        " cart_abandonment_rate_low, cart_abandonment_rate_high, checkout_abandonment_rate,"
        " checkout_abandonment_rate_low, checkout_abandonment_rate_high, form_abandonment_rate,"
        " form_abandonment_rate_low, form_abandonment_rate_high from marts.kpi_cart"
        " where dimension in ('all', 'device_type', 'customer_type')"
    ).fetchall()
    assert {row[:3]: row[3:13] for row in published} == {
        cell: tuple(counts[name] for name in names) for cell, counts in expected.items()
    }
    assert sum(counts["carts_recovered"] for counts in expected.values()) > 50
    for row in published:
        counts = expected[row[:3]]
        is_mature = _next_month(row[0]) + CART_RECOVERY <= AS_OF_DAY
        share = counts["carts_recovered"] / counts["carts_abandoned"] if counts["carts_abandoned"] else None
        assert row[13] == (pytest.approx(share) if is_mature and share is not None else None)
        assert_share(counts["carts_abandoned"], counts["cart_sessions"], *row[14:17])
        assert_share(counts["checkouts_abandoned"], counts["checkout_sessions"], *row[17:20])
        assert_share(counts["forms_abandoned"], counts["form_sessions"], *row[20:23])


# Referrals


def _buyer_of(order: RawOrder) -> str:
    """Return the person of an order; an order without identifiers is a person of its own."""
    return order.person or f"order {order.row['order_id']}"


@pytest.fixture(scope="module")
def customer_periods(
    raw: RawRows, orders: Mapping[str, RawOrder], persons: dict[str, str]
) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """When each person was a customer: for some time after a purchase, and while a subscription runs."""
    periods: defaultdict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for order in orders.values():
        if order.is_conversion:
            periods[_buyer_of(order)].append((order.row["ordered_at"], order.row["ordered_at"] + LAPSE))
    for deal in raw.accepted("crm/deals"):
        person = persons.get(f"contact_id:{deal['contact_id']}")
        closed_at = seen(deal["closed_at"])
        if deal["status"] == "won" and person and closed_at:
            periods[person].append((closed_at, closed_at + LAPSE))
    changes = sorted(
        raw.accepted("crm/subscription_changes"), key=lambda change: (change["changed_at"], change["change_id"])
    )
    for number, change in enumerate(changes):
        person = persons.get(f"contact_id:{change['contact_id']}")
        if change["change_type"] == "started" and person:
            ends = [
                later["changed_at"]
                for later in changes[number + 1 :]
                if later["subscription_id"] == change["subscription_id"] and later["change_type"] == "cancelled"
            ]
            periods[person].append((change["changed_at"], ends[0] if ends else None))
    return dict(periods)


def test_referrals_of_every_month(
    raw: RawRows,
    orders: Mapping[str, RawOrder],
    persons: dict[str, str],
    customer_periods: dict[str, list[tuple[datetime, datetime | None]]],
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """Referrals that became customers, each counted once, whatever status the CRM has."""
    internal = {
        person_of(contact, persons, "contact_id") for contact in raw.accepted("crm/contacts") if contact["is_internal"]
    }
    customers = {person: min(start for start, _ in found) for person, found in customer_periods.items()}
    invitations: dict[str, tuple[datetime, str | None, str | None]] = {}
    for row in accepted_rows(raw.left("crm/referrals"), REFERRALS, AS_OF):
        referred = {"contact_id": row["referred_contact_id"], "email": row["referred_email"]}
        invitations[row["referral_id"]] = (
            row["referred_at"],
            persons.get(f"contact_id:{row['referrer_contact_id']}"),
            person_of(referred, persons, "contact_id", "email"),
        )
    last: dict[str, tuple[datetime, str]] = {}
    for referral_id, (referred_at, referrer, invited) in invitations.items():
        if invited in customers and invited != referrer and referred_at <= customers[invited]:
            last[invited] = max(last.get(invited, (datetime.min, "")), (referred_at, referral_id))
    won = {
        referral_id: person
        for person, (referred_at, referral_id) in last.items()
        if customers[person] <= referred_at + REFERRAL_WINDOW
    }
    revenue: Counter[str] = Counter()
    for order in orders.values():
        revenue[_buyer_of(order)] += order.net_revenue

    published = marts.execute(
        "select month_start, invitations, referrers, converted, active_customers, referred_customers, other_customers,"
        " referred_revenue, other_revenue, conversion_rate, conversion_rate_low, conversion_rate_high, k_factor,"
        " revenue_per_referred_customer, revenue_per_other_customer from marts.kpi_referrals where dimension = 'all'"
    ).fetchall()

    assert sum(row[1] for row in published) == len(invitations)
    assert sum(row[5] for row in published) == len(won) > 30
    for month, *counts in published:
        made = {name: found for name, found in invitations.items() if _month(found[0]) == month}
        converted = len(won.keys() & made.keys())
        active = {
            person
            for person, periods in customer_periods.items()
            for start, end in periods
            if person not in internal
            and _month(start) <= month
            and (end is None or end > AS_OF or local_day(end) >= month)
        }
        new = {person for person, since in customers.items() if _month(since) == month and person not in internal}
        brought = new & set(won.values())
        assert counts[:6] == [
            len(made), len({referrer for _, referrer, _ in made.values()}), converted, len(active), len(brought),
            len(new - brought),
        ]  # fmt: skip
        totals = [sum(revenue[person] for person in group) for group in (brought, new - brought)]
        assert [int(amount) for amount in counts[6:8]] == totals
        if _next_month(month) + REFERRAL_WINDOW <= AS_OF_DAY:
            assert_share(converted, len(made), *counts[8:11])
            assert counts[11] == pytest.approx(len(made) / len(active) * (converted / len(made)))
        else:
            assert counts[8:12] == [None] * 4
        for total, group, mean in zip(totals, (brought, new - brought), counts[12:], strict=True):
            assert mean == (pytest.approx(total / len(group)) if group else None)
