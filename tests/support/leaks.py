"""Rows of one person whom no published file may show, with addresses in columns that are made for something else."""

from typing import Any

# Whoever is in the raw rows of the small company, as a published file must not show anybody.
PERSON = {
    "contact_id": "CONTACT-SECRET-0001",
    "email": "Bi.Mat@Rieng-Tu.vn",
    "phone": "0912345001",
    "full_name": "Trần Thị Bí Mật",
}
COOKIE = "COOKIE-SECRET-0001"
PERSONAL = {
    "contact_id": "contact-secret",
    "email": "bi.mat@",
    "phone": "912345001",
    "name": "bí mật",
    "anonymous_id": "cookie-secret",
}
# E-mail addresses that slipped into columns made for something else: `leak.<table>.<column>@slip.vn`.
SLIPPED = "@slip.vn"


def rows_of_one(orders: int, price: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of one person, with that many orders, and addresses where tools write them without being asked."""
    page_url = f"https://x.vn/?email={PERSON['email']}&phone={PERSON['phone']}"
    return {
        "crm/contacts": [
            {**PERSON, "created_at": "2026-01-01", "updated_at": "2026-01-02", "owner_id": "sales-1"},
        ],
        "crm/activities": [
            {"activity_id": "a1", "contact_id": PERSON["contact_id"], "activity_type": "call", "direction": "inbound"}
            | {"occurred_at": "2026-01-02", "outcome": f"Gọi {PERSON['full_name']} {PERSON['phone']}"},
        ],
        "web/events": [
            {"event_id": f"e{number}", "anonymous_id": COOKIE, "occurred_at": f"2026-01-03T08:0{number}:00Z"}
            | {"event_name": "page_view" if number == 1 else "purchase", "order_id": "" if number == 1 else "PUBLIC-1"}
            | {"page_url": page_url, "referrer_url": f"https://mail.vn/?to={PERSON['email']}"}
            for number in (1, 2)
        ],
        "web/identities": [
            {"anonymous_id": COOKIE, "identifier_type": "phone", "identifier_value": PERSON["phone"]}
            | {"identified_at": "2026-01-03T08:01:00Z"},
        ],
        "marketing/email_events": [
            {"email_event_id": "m1", "email": PERSON["email"], "event_type": "clicked", "occurred_at": "2026-01-04"},
        ],
        "orders/orders": [
            {"order_id": f"PUBLIC-{number}", "email": PERSON["email"], "phone": PERSON["phone"], "anonymous_id": COOKIE}
            | {"ordered_at": f"2026-01-0{2 + number}T08:02:00Z", "status": "paid", "total_amount": price}
            for number in range(1, orders + 1)
        ],
        "feedback/survey_responses": [
            {"response_id": "q1", "email": PERSON["email"], "survey_type": "nps", "score": "9"}
            | {"responded_at": "2026-02-01", "comment": f"{PERSON['full_name']}: {PERSON['email']}"},
        ],
        "feedback/reviews": [
            {"review_id": "v1", "email": PERSON["email"], "rating": "5", "reviewed_at": "2026-02-01"}
            | {"body": f"Đừng gọi {PERSON['phone']}"},
        ],
    }  # fmt: skip


def slipped_rows() -> dict[str, list[dict[str, Any]]]:
    """The same person, with an address of its own in every text column that is made for something else."""
    rows = rows_of_one(1, "100.10")
    contact_id = PERSON["contact_id"]
    rows["crm/deals"] = [
        {"deal_id": "d1", "contact_id": contact_id, "status": "lost", "created_at": "2026-01-02", "amount": "10"}
        | {"closed_at": "2026-01-05"}
    ]
    rows["crm/tickets"] = [{"ticket_id": "t1", "contact_id": contact_id, "opened_at": "2026-01-10"}]
    rows["crm/subscription_changes"] = [
        {"change_id": "s1", "subscription_id": "s", "contact_id": contact_id, "change_type": "started", "mrr": "5"}
        | {"changed_at": "2026-01-10"}
    ]
    rows["web/experiment_exposures"] = [
        {"anonymous_id": COOKIE, "exposed_at": "2026-01-03T08:01:00Z", "is_control": "true"}
    ]
    rows["marketing/ad_spend"] = [{"spend_date": "2026-01-03", "platform": "google", "cost": "1"}]
    rows["orders/refunds"] = [{"refund_id": "f1", "refunded_at": "2026-02-01", "amount": "3"}]
    slips = {
        "crm/contacts": ("lead_source", "persona", "job_title", "buying_role", "age_band", "gender", "city", "country"),
        "crm/activities": ("channel", "campaign", "outcome"),
        "crm/deals": ("pipeline", "deal_stage", "deal_type", "lost_reason"),
        "crm/tickets": ("channel", "category", "priority"),
        "crm/subscription_changes": ("plan", "reason", "cancel_type"),
        "web/events": (
            "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "user_agent", "content_group",
            "device_type",
        ),
        "web/experiment_exposures": ("experiment", "variant"),
        "marketing/email_events": ("campaign",),
        "marketing/ad_spend": ("utm_source", "utm_medium", "utm_campaign", "campaign_id", "account_id"),
        "orders/orders": ("payment_method", "sales_channel"),
        "orders/refunds": ("reason",),
        "feedback/survey_responses": ("survey_kind", "comment", "touchpoint", "channel"),
        "feedback/reviews": ("body", "platform"),
    }  # fmt: skip
    for label, columns in slips.items():
        name = label.split("/")[1]
        for row in rows[label]:
            row.update({column: f"leak.{name}.{column}{SLIPPED}" for column in columns})
    return rows
