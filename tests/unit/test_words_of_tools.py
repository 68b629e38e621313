"""Statuses and stages of shops and CRMs, as their manuals list them, and their mapping."""

import csv

import pytest
from customer_journey.paths import PROJECT

ORDERS = {
    "WooCommerce": {
        "pending": "pending",
        "on-hold": "pending",
        "checkout-draft": "pending",
        "processing": "paid",
        "completed": "completed",
        "cancelled": "cancelled",
        "failed": "cancelled",
        "trash": "cancelled",
        "refunded": "returned",
        "wc-pending": "pending",
        "wc-on-hold": "pending",
        "wc-processing": "paid",
        "wc-completed": "completed",
        "wc-cancelled": "cancelled",
        "wc-failed": "cancelled",
        "wc-refunded": "returned",
    },
    "Shopify": {
        "pending": "pending",
        "authorized": "pending",
        "partially_paid": "pending",
        "paid": "paid",
        "partially_refunded": "paid",
        "refunded": "returned",
        "voided": "cancelled",
        "expired": "cancelled",
        "unfulfilled": "paid",
        "partial": "paid",
        "fulfilled": "shipped",
        "restocked": "returned",
        "cancelled": "cancelled",
    },
    "Magento": {
        "pending": "pending",
        "pending_payment": "pending",
        "pending_paypal": "pending",
        "payment_review": "pending",
        "fraud": "pending",
        "holded": "pending",
        "paypal_reversed": "pending",
        "processing": "paid",
        "paypal_canceled_reversal": "paid",
        "complete": "completed",
        "closed": "returned",
        "canceled": "cancelled",
    },
    "Haravan": {
        "pending": "pending",
        "authorized": "pending",
        "partially_paid": "pending",
        "paid": "paid",
        "partially_refunded": "paid",
        "refunded": "returned",
        "voided": "cancelled",
        "notfulfilled": "paid",
        "readytopick": "shipped",
        "delivering": "shipped",
        "delivered": "completed",
        "return": "returned",
        "chưa thanh toán": "pending",
        "đã thanh toán": "paid",
        "đã hoàn tiền": "returned",
        "chưa giao hàng": "paid",
    },
    "Sapo": {
        "đặt hàng": "pending",
        "chờ duyệt": "pending",
        "draft": "pending",
        "đã duyệt": "paid",
        "finalized": "paid",
        "chờ đóng gói": "paid",
        "đang giao dịch": "paid",
        "chờ lấy hàng": "shipped",
        "đang giao hàng": "shipped",
        "đã giao hàng": "completed",
        "hoàn thành": "completed",
        "đã hoàn thành": "completed",
        "completed": "completed",
        "kết thúc": "completed",
        "finished": "completed",
        "đã hủy": "cancelled",
        "đã hoàn hàng": "returned",
    },
    "KiotViet": {
        "phiếu tạm": "pending",
        "đã xác nhận": "paid",
        "đang xử lý": "paid",
        "đang giao hàng": "shipped",
        "hoàn thành": "completed",
        "đã hủy": "cancelled",
        "không giao được": "returned",
        "đang chuyển hoàn": "shipped",
        "đã chuyển hoàn": "returned",
    },
}

STAGES = {
    "HubSpot": {
        "subscriber": "subscriber",
        "lead": "lead",
        "marketingqualifiedlead": "mql",
        "salesqualifiedlead": "sql",
        "opportunity": "opportunity",
        "customer": "customer",
        "evangelist": "evangelist",
        "other": "other",
        "new": "lead",
        "open": "lead",
        "in_progress": "lead",
        "attempted_to_contact": "lead",
        "connected": "sql",
        "open_deal": "opportunity",
        "unqualified": "other",
        "bad_timing": "lead",
        "appointmentscheduled": "meeting",
        "qualifiedtobuy": "opportunity",
        "presentationscheduled": "meeting",
        "decisionmakerboughtin": "opportunity",
        "contractsent": "opportunity",
        "closedwon": "customer",
        "closedlost": "other",
    },
    "Salesforce": {
        "open - not contacted": "lead",
        "working - contacted": "lead",
        "nurturing": "lead",
        "qualified": "sql",
        "closed - converted": "sql",
        "closed - not converted": "other",
        "unqualified": "other",
        "prospecting": "opportunity",
        "qualification": "opportunity",
        "needs analysis": "opportunity",
        "value proposition": "opportunity",
        "id. decision makers": "opportunity",
        "perception analysis": "opportunity",
        "proposal/price quote": "quote",
        "negotiation/review": "opportunity",
        "closed won": "customer",
        "closed lost": "other",
    },
}


def _seed(name: str) -> dict[str, str]:
    with (PROJECT / f"seeds/{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len({word for word, _ in rows}) == len(rows), "a word stands twice"
    assert all(word == word.strip().lower() for word, _ in rows), "words compare in lower case"
    return dict(rows)


@pytest.mark.parametrize("tool", ORDERS)
def test_order_statuses(tool: str) -> None:
    seed = _seed("order_status_map")
    assert {word: seed.get(word) for word in ORDERS[tool]} == ORDERS[tool]


@pytest.mark.parametrize("tool", STAGES)
def test_crm_stages(tool: str) -> None:
    seed = _seed("crm_stage_map")
    assert {word: seed.get(word) for word in STAGES[tool]} == STAGES[tool]
