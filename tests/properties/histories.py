"""Random histories of people as raw rows, drawn by hypothesis; ids are disjoint, so one build serves all."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.draws import independent_of_what_is_imported

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
DAYS = 600
Rows = dict[str, list[dict[str, Any]]]

_ACTIVITIES = (
    "newsletter_signup", "content_download", "form_submission", "free_trial_signup", "demo_request", "quote_request",
    "consultation_request", "call", "meeting", "chat", "onboarding", "product_usage",
)  # fmt: skip
_CRM_STAGES = ("subscriber", "lead", "mql", "sql", "meeting", "quote", "opportunity", "customer", "evangelist", "other")
_KINDS = (
    *_ACTIVITIES, *(f"crm:{stage}" for stage in _CRM_STAGES), "visit", "long_visit", "cart", "unsubscribe", "store",
    "follow", "share", "open_deal", "won_deal", "lost_deal", "quote", "order", "returned_order", "subscription",
    "ticket", "survey", "review", "referral", "points_redeemed",
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """An event of a person: type, time, and duration in days if it has an end."""

    kind: str
    day: int
    hour: int
    days: int


@dataclass(frozen=True)
class History:
    """The events of a person; an unknown person has only a cookie."""

    is_known: bool
    events: list[Event]


# few hours a day, so that moments coincide
_EVENTS = st.builds(
    Event, st.sampled_from(_KINDS), st.integers(0, DAYS - 1), st.sampled_from((8, 9, 20)), st.integers(0, 200)
)
_HISTORIES = st.builds(History, st.booleans(), st.lists(_EVENTS, min_size=1, max_size=10))


def draw_histories(count: int) -> list[History]:
    """Draw histories, the same ones in every run."""
    drawn: list[History] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_HISTORIES)
    def draw(history: History) -> None:
        drawn.append(history)

    with independent_of_what_is_imported():
        draw()
    return drawn


def raw_rows(histories: Iterable[History]) -> Rows:
    """Return the histories as raw rows; person n has the cookie `p<n>` or the contact of that name."""
    rows: Rows = defaultdict(list)
    for number, history in enumerate(histories):
        who = f"p{number:04d}"
        if history.is_known:
            first = min(_moment(event) for event in history.events)
            rows["crm/contacts"].append({"contact_id": who, "email": f"{who}@example.com", "created_at": _text(first)})
            rows["web/identities"].append(
                {
                    "anonymous_id": who,
                    "identifier_type": "contact_id",
                    "identifier_value": who,
                    "identified_at": _text(first),
                }
            )
        for place, event in enumerate(history.events):
            _tell(rows, who, f"{who}-{place}", event, history.is_known)
    return rows


def _tell(rows: Rows, who: str, key: str, event: Event, is_known: bool) -> None:
    at = _moment(event)
    ended = at + timedelta(days=event.days)
    until = _text(ended) if ended <= AS_OF else None
    if event.kind in ("visit", "long_visit", "cart") or not is_known:
        names = {"visit": ["page_view"], "cart": ["product_view", "add_to_cart"]}.get(
            event.kind, ["page_view", "product_view", "product_view"]
        )
        for step, name in enumerate(names):
            moment = _text(at + timedelta(minutes=5 * step))
            rows["web/events"].append(
                {"event_id": f"{key}-{step}", "anonymous_id": who, "occurred_at": moment, "event_name": name}
            )
    elif event.kind in _ACTIVITIES:
        rows["crm/activities"].append(
            {"activity_id": key, "contact_id": who, "activity_type": event.kind, "occurred_at": _text(at)}
        )
    elif event.kind.startswith("crm:"):
        stage = event.kind.removeprefix("crm:")
        rows["crm/lifecycle_changes"].append(
            {"change_id": key, "contact_id": who, "stage": stage, "changed_at": _text(at)}
        )
    elif event.kind == "unsubscribe":
        rows["marketing/email_events"].append(
            {
                "email_event_id": key,
                "email": f"{who}@example.com",
                "event_type": "unsubscribed",
                "occurred_at": _text(at),
            }
        )
    elif event.kind in ("follow", "share"):
        rows["marketing/social_interactions"].append(
            {"interaction_id": key, "platform": "tiktok", "interaction_type": event.kind, "sentiment": 0.5,
             "identifier_type": "contact_id", "identifier_value": who, "occurred_at": _text(at)}
        )  # fmt: skip
    elif event.kind == "store":
        rows["marketing/offline_visits"].append(
            {"visit_id": key, "identifier_type": "contact_id", "identifier_value": who, "place_type": "store",
             "visited_at": _text(at)}
        )  # fmt: skip
    elif event.kind.endswith("_deal"):
        status = event.kind.removesuffix("_deal") if until else "open"
        rows["crm/deals"].append(
            {"deal_id": key, "contact_id": who, "amount": 100, "status": status, "created_at": _text(at),
             "closed_at": until if status != "open" else None}
        )  # fmt: skip
    elif event.kind == "quote":
        rows["crm/quotes"].append(
            {"quote_id": key, "contact_id": who, "amount": 100, "status": "sent", "quoted_at": _text(at)}
        )
    elif event.kind.endswith("order"):
        status = "returned" if event.kind == "returned_order" else "paid"
        delivered = at + timedelta(days=event.days % 10)
        rows["orders/orders"].append(
            {"order_id": key, "contact_id": who, "ordered_at": _text(at), "status": status, "total_amount": 10,
             "delivered_at": _text(delivered) if event.days % 3 else None}
        )  # fmt: skip
    elif event.kind == "subscription":
        change = {"subscription_id": key, "contact_id": who, "plan": "pro", "mrr": 5}
        rows["crm/subscription_changes"].append(
            {**change, "change_id": f"{key}-1", "change_type": "started", "changed_at": _text(at)}
        )
        if until:
            rows["crm/subscription_changes"].append(
                {**change, "change_id": f"{key}-2", "change_type": "cancelled", "mrr": 0, "changed_at": until}
            )
    elif event.kind == "ticket":
        rows["crm/tickets"].append({"ticket_id": key, "contact_id": who, "opened_at": _text(at), "resolved_at": until})
    elif event.kind == "survey":
        rows["feedback/survey_responses"].append(
            {"response_id": key, "contact_id": who, "survey_type": "nps", "score": event.days % 11,
             "responded_at": _text(at)}
        )  # fmt: skip
    elif event.kind == "review":
        rows["feedback/reviews"].append(
            {"review_id": key, "contact_id": who, "rating": 1 + event.days % 5, "reviewed_at": _text(at)}
        )
    elif event.kind == "referral":
        rows["crm/referrals"].append(
            {"referral_id": key, "referrer_contact_id": who, "referred_email": f"friend-of-{key}@example.com",
             "referred_at": _text(at)}
        )  # fmt: skip
    elif event.kind == "points_redeemed":
        rows["crm/loyalty_events"].append(
            {"loyalty_event_id": key, "contact_id": who, "event_type": "redeemed", "occurred_at": _text(at)}
        )
    else:
        raise ValueError(f"no rows tell of {event.kind}")


def _moment(event: Event) -> datetime:
    return AS_OF - timedelta(days=DAYS - event.day) + timedelta(hours=event.hour)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
