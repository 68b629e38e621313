"""Handmade rows that a warehouse must refuse or put off, each kind a few times a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from customer_journey.demo.book import Row
from customer_journey.demo.columns import from_rows
from customer_journey.demo.dirt import Dirt, row_keys
from customer_journey.demo.tables import text_schema
from customer_journey.demo.world import DAY, END

_PAST, _FUTURE = END - 100 * DAY, END + 12 * 3_600
_MONEY = {"total_amount": 590_000.0, "tax_amount": 0.0, "shipping_amount": 0.0}


def _line(order_id: str, number: int = 1, price: float = 590_000.0) -> Row:
    return {"order_id": order_id, "line_number": number, "product_id": "GM-001", "quantity": 1, "unit_price": price}


def _order(order_id: str, at: int | None = _PAST, **more: object) -> Row:
    return {"order_id": order_id, "email": f"{order_id.lower()}@gmail.com", "ordered_at": at, "status": "completed", **_MONEY, **more}


def _refused(n: int, order_id: str, deal_id: str) -> Iterable[tuple[str, str, Row]]:
    """Rows to be quarantined: table, kind, row. Each takes an id of its own from n; good parents are given."""
    mail = f"ban{n}@gmail.com"
    yield "orders/orders", "negative_amount", _order(f"GN{n}", total_amount=-590_000.0)
    yield "orders/order_items", "child_of_quarantined", _line(f"GN{n}")
    yield "orders/orders", "unknown_currency", _order(f"GU{n}", currency="XXX")
    yield "orders/order_items", "child_of_quarantined", _line(f"GU{n}")
    yield "orders/orders", "unknown_status", _order(f"GS{n}", status="Đang xử lý lại")
    yield "orders/orders", "missing_required", _order(f"GM{n}", at=None)
    yield "orders/order_items", "broken_reference", _line(f"KHONG-CO-{n}")
    yield "orders/order_items", "negative_amount", _line(order_id, 1_000 + 2 * n, -1_000.0)
    yield "orders/order_items", "missing_required", {**_line(order_id, 1_001 + 2 * n), "product_id": None}
    yield "orders/refunds", "broken_reference", {
        "refund_id": f"RB{n}", "order_id": f"KHONG-CO-{n}", "refunded_at": _PAST, "amount": 100_000.0}
    yield "orders/refunds", "negative_amount", {
        "refund_id": f"RN{n}", "order_id": order_id, "refunded_at": END - 60, "amount": -100_000.0}
    yield "crm/contacts", "missing_required", {"contact_id": None, "email": mail, "created_at": _PAST}
    yield "crm/contacts", "missing_required", {"contact_id": f"CM{n}", "email": mail, "created_at": None}
    yield "crm/activities", "missing_required", {"activity_id": f"AM{n}", "email": mail, "occurred_at": _PAST}
    yield "crm/activities", "missing_required", {"activity_id": f"AN{n}", "activity_type": "call", "occurred_at": _PAST}
    yield "crm/lifecycle_changes", "unknown_stage", {
        "change_id": f"LU{n}", "contact_id": "C0000000", "stage": "Đang ngủ đông", "changed_at": _PAST}
    yield "crm/deal_changes", "broken_reference", {
        "change_id": f"DB{n}", "deal_id": f"KHONG-CO-{n}", "deal_stage": "qualified", "changed_at": _PAST}
    yield "crm/deals", "unknown_status", {
        "deal_id": f"DU{n}", "company_id": "CO00000", "status": "frozen", "amount": 1.0, "created_at": _PAST}
    yield "crm/deals", "negative_amount", {
        "deal_id": f"DN{n}", "company_id": "CO00000", "status": "open", "amount": -1.0, "created_at": _PAST}
    yield "crm/deal_changes", "negative_amount", {
        "change_id": f"DM{n}", "deal_id": deal_id, "deal_stage": "qualified", "amount": -1.0, "changed_at": END - 60}
    yield "crm/subscription_changes", "unknown_change_type", {
        "change_id": f"SU{n}", "subscription_id": f"SUBX{n}", "company_id": "CO00000", "change_type": "renamed", "mrr": 1.0,
        "changed_at": _PAST}
    yield "crm/tickets", "missing_required", {"ticket_id": f"TM{n}", "opened_at": _PAST}
    yield "crm/referrals", "missing_required", {"referral_id": f"RFM{n}", "referred_email": mail, "referred_at": _PAST}
    yield "web/events", "missing_required", {"event_id": f"em{n}", "event_name": "page_view", "occurred_at": _PAST}
    yield "web/events", "missing_required", {"event_id": f"en{n}", "anonymous_id": f"x{n}", "occurred_at": _PAST}
    yield "web/identities", "missing_required", {"anonymous_id": f"x{n}", "identifier_type": "email", "identified_at": _PAST}
    yield "marketing/email_events", "missing_required", {"email_event_id": f"mm{n}", "event_type": "sent", "occurred_at": _PAST}
    yield "marketing/social_interactions", "out_of_range", {
        "interaction_id": f"SO{n}", "platform": "facebook", "interaction_type": "comment", "sentiment": 3.0, "occurred_at": _PAST}
    yield "feedback/survey_responses", "missing_required", {
        "response_id": f"QM{n}", "email": mail, "survey_type": "nps", "responded_at": _PAST}
    yield "feedback/survey_responses", "out_of_range", {
        "response_id": f"QO{n}", "email": mail, "survey_type": "nps", "score": 11.0, "responded_at": _PAST}
    yield "feedback/reviews", "out_of_range", {"review_id": f"RVO{n}", "rating": 6, "reviewed_at": _PAST}
    yield "privacy/consents", "unknown_status", {
        "consent_id": f"cu{n}", "identifier_type": "email", "identifier_value": mail, "purpose": "analytics", "status": "maybe",
        "changed_at": _PAST}


def _put_off(n: int) -> Iterable[tuple[str, str, Row]]:
    """Rows whose time lies after the demo's now."""
    mail = f"mai{n}@gmail.com"
    yield "web/events", "after_as_of", {
        "event_id": f"ef{n}", "anonymous_id": f"f{n}", "event_name": "page_view", "page_url": "https://gocheck.vn/", "occurred_at": _FUTURE}
    yield "orders/orders", "after_as_of", _order(f"GF{n}", at=_FUTURE)
    yield "orders/order_items", "child_of_deferred", _line(f"GF{n}")
    yield "crm/contacts", "after_as_of", {"contact_id": f"CL{n}", "email": mail, "created_at": _FUTURE}
    yield "crm/activities", "after_as_of", {
        "activity_id": f"AZ{n}", "email": mail, "activity_type": "call", "occurred_at": _FUTURE}
    yield "crm/deals", "after_as_of", {
        "deal_id": f"DF{n}", "company_id": "CO00000", "status": "open", "amount": 1.0, "created_at": _FUTURE}
    yield "crm/deal_changes", "after_as_of", {
        "change_id": f"DG{n}", "deal_id": f"DF{n}", "deal_stage": "qualified", "changed_at": _FUTURE}
    yield "crm/quotes", "after_as_of", {
        "quote_id": f"QF{n}", "company_id": "CO00000", "amount": 1.0, "quoted_at": _FUTURE}
    yield "marketing/email_events", "after_as_of", {
        "email_event_id": f"mf{n}", "email": mail, "event_type": "sent", "occurred_at": _FUTURE}
    yield "marketing/offline_visits", "after_as_of", {
        "visit_id": f"VF{n}", "identifier_type": "email", "identifier_value": mail, "place_type": "store", "visited_at": _FUTURE}
    yield "feedback/reviews", "after_as_of", {"review_id": f"RVF{n}", "rating": 5, "reviewed_at": _FUTURE}


def _unreadable(n: int) -> Iterable[tuple[str, str, dict[str, str]]]:
    """Rows of CSV tables with values that are no number or no time, or rates that cannot be."""
    bad = "unreadable_value"
    yield "crm/quotes", bad, {
        "quote_id": f"QX{n}", "company_id": "CO00000", "amount": "liên hệ", "quoted_at": "2025-08-01T09:00:00+07:00"}
    yield "crm/quotes", bad, {"quote_id": f"QY{n}", "company_id": "CO00000", "amount": "1200000", "quoted_at": "sớm thôi"}
    yield "marketing/offline_visits", bad, {
        "visit_id": f"VX{n}", "identifier_type": "email", "identifier_value": "a@b.vn", "place_type": "store", "visited_at": "32/13/2025"}
    yield "feedback/reviews", bad, {"review_id": f"RVX{n}", "rating": "năm sao", "reviewed_at": "2025-08-01 09:00:00"}
    yield "privacy/erasure_requests", bad, {
        "request_id": f"ERX{n}", "identifier_type": "email", "identifier_value": "nham@b.vn", "requested_at": "hôm qua"}
    if n == 0:
        yield "orders/products", bad, {
            "product_id": "GM-900", "product_name": "Gocheck Mystery", "category": "usb", "unit_cost": "chưa rõ"}
        yield "finance/exchange_rates", bad, {"rate_date": "2025-05-17", "currency": "USD", "rate_to_reporting": "n/a"}
        yield "finance/exchange_rates", "negative_amount", {
            "rate_date": "2025-05-18", "currency": "EUR", "rate_to_reporting": "-27600"}


def broken_rows(dirt: Dirt, order_id: str, deal_id: str | None) -> dict[str, pa.Table]:
    """Typed rows to be quarantined or deferred; the parents given are good ones."""
    rows: dict[str, list[Row]] = {}
    for number in dirt.few(2).tolist():
        for kinds, disposition in ((_refused(number, order_id, deal_id or ""), "quarantined"), (_put_off(number), "deferred")):
            for table, kind, row in kinds:
                rows.setdefault(table, []).append(row)
                dirt.truth.planted(table, kind, row_keys(table, from_rows(table, [row])), disposition)
    return {table: from_rows(table, found) for table, found in rows.items()}


def unreadable_rows(dirt: Dirt) -> dict[str, pa.Table]:
    """Rows of CSV tables that cannot be read."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for number in dirt.few(2).tolist():
        for table, kind, row in _unreadable(number):
            found.setdefault(table, []).append(row)
            key = row_keys(table, pa.Table.from_pylist([row], schema=text_schema(table)))
            dirt.truth.planted(table, kind, key, "quarantined")
    return {table: pa.Table.from_pylist(rows, schema=text_schema(table)) for table, rows in found.items()}


def first_of(table: pa.Table, column: str) -> str | None:
    """The first value of a column, for a row that needs a parent."""
    return str(table[column][0].as_py()) if len(table) else None

