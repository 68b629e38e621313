"""Random raw rows: each column holds any value that its kind accepts, especially extreme ones.

Ids come from small pools, so that rows refer to each other. Texts contain marked personal data that must not appear in
any published byte. Some values of every column hold control characters.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from customer_journey.paths import PROJECT

from tests.support.builds import write_rows

# personal data that belongs to nobody, in every form that people and links use
PLANTS = (
    "plant.one@example.com",
    "Plant.Two\uff20example.com",
    "plant.three%40example.com",
    "plant.four%2540example.com",
    "+84 987 111 222",
    "+84987111333",
    "0987 111 444",
    "0987.111.555",
    "0987-111-666",
    "(0987) 111 777",
    "0987%20111%20888",
    "%2B84987111999",
    "cGxhbnQuZml2ZUBleGFtcGxlLmNvbQ==",
    "cGxhbnQuc2l4QGV4YW1wbGUuY29t",
    "84987111222-sale",
    "sdt0987111223",
    "0987_111_224",
    "0987\u200b111\u200b225",
    "\u202e0987111226\u202c",
)
# free text and page URLs are never published, so any marked text may be in them
FREE_TEXT = "plant-in-free-text"
FREE = frozenset(
    {"full_name", "job_title", "outcome", "comment", "body", "page_url", "user_agent", "changed_by", "owner_id"}
)

# a name matches no pattern: it is only masked because four rows, so at most four persons, have it
NAME = "Planted Tran Van"
PLANTED_ROWS = 4
# names that the company gives, such as campaigns, are published as they are or masked
_THE_COMPANYS = frozenset(
    {
        "crm/companies.company_name", "orders/products.product_name", "orders/products.category",
        "crm/activities.campaign", "marketing/ad_spend.platform", "marketing/email_events.campaign",
        "web/experiment_exposures.experiment", "web/experiment_exposures.variant",
    }
)  # fmt: skip
_TAGS = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"})
_TYPED = frozenset({"text", "label", "code"})

_ORDER_STATUSES = ("paid", "completed", "returned", "pending", "cancelled")
# values that a column needs for its row to be accepted; other values are drawn now and then
_WORDS = {
    "crm/deals.status": ("open", "won", "lost"),
    "crm/deal_changes.status": ("open", "won", "lost"),
    "crm/lifecycle_changes.stage": ("lead", "mql", "sql", "opportunity", "customer"),
    "crm/subscription_changes.change_type": ("started", "renewed", "upgraded", "downgraded", "paused", "cancelled"),
    "crm/quotes.status": ("sent", "accepted", "declined"),
    "orders/orders.status": _ORDER_STATUSES,
    "web/events.event_name": ("page_view", "add_to_cart", "begin_checkout", "purchase", "search", "form_start"),
    "marketing/email_events.event_type": ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed"),
    "feedback/survey_responses.survey_type": ("nps", "csat", "ces"),
    "feedback/survey_invitations.survey_type": ("nps", "csat", "ces"),
    "privacy/consents.status": ("granted", "withdrawn"),
    "privacy/consents.purpose": ("marketing", "analytics"),
}
# characters that no text keeps when it lands; the share of values that hold one, and of those with blanks around them
UNSEEN = "\0\x01\x07\x08\x0e\x1b\x1f\x7f\x80\x9b\x9f\u00ad\u200b\u202e\u2066\ufeff"
_SOILED = 0.2
_BLANK = "\t\n\r\x0b\x0c\x85\u2028"
_PERSONS = range(12)
_ERASED = 11


def _identifiers(person: int) -> dict[str, str]:
    return {
        "email": f"buyer{person}@shop.example",
        "phone": f"+849120000{person:02}",
        "contact_id": f"contact-{person}",
        "anonymous_id": f"cookie-{person}",
    }


_VALUES: dict[str, Sequence[str]] = {
    # a price may be anything below 10^13
    "amount": ("0", "0.0001", "1", "100000", "84912345678", "9999999999999", "9999999999999.9999", "10000000000000"),
    "rate": ("1", "0.000000000001", "25000", "9.999999999999", "9999999.999999999999"),
    "number": ("0", "1", "5", "0.5", "-1", "99999999999999.9999", "-99999999999999.9999"),
    "integer": ("0", "1", "2147483648", "9223372036854775807"),
    "boolean": ("true", "false"),
    "currency": ("VND", "USD", "EUR", "KWD", ""),
    "timestamp": (
        "1990-01-01T12:00:00Z", "2024-02-29T23:59:59.999999Z", "2025-12-31T17:00:00Z", "2026-01-15T08:00:00Z",
        "2026-03-01T08:00:00Z", "2026-05-05T09:00:00Z", "2026-06-30T16:59:59Z", "2026-06-30T17:00:01Z",
        "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    ),
    "date": ("1990-01-02", "2024-02-29", "2025-12-31", "2026-01-15", "2026-06-30", "9999-12-31", "0001-01-01"),
}  # fmt: skip
_KINDS = {"planned_timestamp": "timestamp", "planned_date": "date"}


def write_any_rows(
    raw: Path, seed: int, rows: int, besides: Mapping[str, Sequence[Mapping[str, object]]] | None = None
) -> dict[str, int]:
    """Write this many rows of each raw table, drawn by a seed, plus the given ones; return the rows per table."""
    # two draws, so that the rows are the same as without unseen characters, which mean nothing
    draw, soil = random.Random(seed), random.Random(seed)
    counts = {}
    for file in sorted(PROJECT.glob("models/staging/*/_*__sources.yml")):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                label = f"{source['name']}/{table['name']}"
                if not (raw / label).with_suffix(".csv").exists() and "main" in table["config"]["meta"]:
                    kinds = {column["name"]: column["config"]["meta"] for column in table["columns"]}
                    drawn = [_row(draw, label, kinds) for _ in range(rows)]
                    _plant_names(draw, label, kinds, drawn)
                    of_table = [*drawn, *(besides or {}).get(label, ())]
                    write_rows(raw, label, [_soiled(soil, row) for row in of_table])
                    counts[label.replace("/", ".")] = len(of_table)
    return counts


def _soiled(draw: random.Random, row: Mapping[str, object]) -> dict[str, object]:
    """Return a row with unseen characters and line breaks in some of its values."""
    soiled = dict(row)
    for name, value in row.items():
        if value and draw.random() < _SOILED:
            text, place = str(value), draw.randrange(len(str(value)) + 1)
            soiled[name] = (
                f"{draw.choice(_BLANK)}{text[:place]}{draw.choice(UNSEEN)}{text[place:]}{draw.choice(_BLANK)}"
            )
    return soiled


def _plant_names(
    draw: random.Random, label: str, columns: dict[str, dict[str, object]], rows: list[dict[str, str]]
) -> None:
    """Write a name, marked with its column, into a few rows of each free text column."""
    for name, meta in columns.items():
        is_typed = meta["kind"] in _TYPED and not name.endswith("_id") and name not in _TAGS
        if is_typed and f"{label}.{name}" not in _THE_COMPANYS:
            for row in draw.sample(rows, PLANTED_ROWS):
                row[name] = f"{NAME} {label}.{name}"


def _row(draw: random.Random, label: str, columns: dict[str, dict[str, object]]) -> dict[str, str]:
    own = _identifiers(_ERASED if label == "privacy/erasure_requests" else draw.choice(_PERSONS))
    row: dict[str, str] = {}
    for name, meta in columns.items():
        if not meta.get("required") and draw.random() < 0.15:
            row[name] = ""
        elif name == "identifier_value":
            row[name] = own[row["identifier_type"] or "email"]
        else:
            row[name] = _value(draw, label, name, str(meta["kind"]), own)
    return row


def _value(draw: random.Random, label: str, name: str, kind: str, own: dict[str, str]) -> str:
    if words := _WORDS.get(f"{label}.{name}"):
        return draw.choice(words)
    if name == "identifier_type":
        return draw.choice(("email", "phone", "contact_id"))
    if name in ("score", "rating"):
        return draw.choice(("1", "3", "5"))
    if name in ("scale_min", "scale_max", "merged_contact_ids", "merged_into_contact_id"):
        return ""
    if kind in own or name in own:
        return own[kind if kind in own else name]
    if name == "referred_contact_id":
        return own["contact_id"]
    if name in FREE:
        return f"{FREE_TEXT} {draw.choice(PLANTS)}"
    if name.endswith("contact_id"):
        return _identifiers(draw.choice(_PERSONS))["contact_id"]
    if kind == "id":
        # now and then an id is an e-mail address
        return draw.choice((*(f"{name}-{number}" for number in range(40)), "unknown", *PLANTS[:6]))
    if values := _VALUES.get(_KINDS.get(kind, kind)):
        return draw.choice(values)
    return draw.choice(("plain", "Thường", "<b>", "=1+1", "all", "unknown", "x" * 300, "nul\0 \x1b[2J", *PLANTS))
