"""Customer A, the microphone buyer of the source text "Hành trình khách hàng là gì?", step by step with fixed ids.

A searches on Google, reads five articles and watches ten videos, subscribes, comes back through TikTok reviews, compares,
visits the store, is advised and buys there, cannot connect the microphone, is helped within minutes, uses it, gives a ten,
and tells friend B, who buys as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from customer_journey.demo.book import Row
from customer_journey.demo.catalog import PAGE, PAGES, PRODUCTS, SITE
from customer_journey.demo.columns import from_rows
from customer_journey.demo.truth import Truth
from customer_journey.demo.world import local_time

CONTACT, EMAIL, PHONE = "A", "customer.a@example.com", "+84912345678"
FRIEND, FRIEND_EMAIL, FRIEND_PHONE = "B", "customer.b@example.com", "+84913456789"
MOBILE, LAPTOP, FRIEND_MOBILE = "customer-a-mobile", "customer-a-laptop", "customer-b-mobile"
PERSON, FRIEND_PERSON = 99_999_999_001, 99_999_999_002
"""Person numbers that no batch reaches."""

_GOOGLE, _TIKTOK = "https://www.google.com/", "https://www.tiktok.com/"
_ARTICLES = tuple(page.path for page in PAGES if page.group == "blog")[:5]
_VIDEOS = tuple(page.path for page in PAGES if page.group == "video")
_MICROPHONE = PRODUCTS[4]
_MICROPHONE_PAGE = f"/san-pham/{_MICROPHONE.slug}"
_AGENT = "Mozilla/5.0 (Linux; Android 14; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36"


@dataclass
class _Story:
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    steps: list[Mapping[str, str]] = field(default_factory=list)

    def step(self, at: str, what: str) -> None:
        """Note a step of the journey, at a local time."""
        self.steps.append({"at": at, "step": what})

    def add(self, table: str, **row: object) -> None:
        """Write a raw row."""
        self.rows[table].append(row)

    def visit(self, cookie: str, at: str, pages: Sequence[str], referrer: str | None = None, tail: Sequence[str] = (), **first: str) -> int:
        """Write a web session, a page every minute, then the events of its tail; the moment of the last one."""
        start, events = local_time(at), self.rows["web/events"]
        for number, path in enumerate((*pages, *([pages[-1]] * len(tail)))):
            page = PAGES[PAGE[path]]
            name = tail[number - len(pages)] if number >= len(pages) else ("product_view" if page.product >= 0 else "page_view")
            events.append({
                "event_id": f"{cookie}-{len(events) + 1:03d}", "anonymous_id": cookie, "occurred_at": start + 60 * number,
                "event_name": name, "page_url": SITE + path, "content_group": page.group,
                "referrer_url": referrer if number == 0 else SITE + pages[min(number, len(pages)) - 1],
                "product_id": PRODUCTS[page.product].product_id if page.product >= 0 else None,
                "device_type": "desktop" if cookie == LAPTOP else "mobile", "user_agent": _AGENT, "engagement_ms": 48_000,
                "page_load_ms": 1_400, **(first if number == 0 else {}),
            })
        return start + 60 * (len(pages) + len(tail) - 1)


def _learns(s: _Story) -> None:
    s.step("2025-03-01 20:15", "searches on Google; reads three articles, watches three videos")
    s.visit(MOBILE, "2025-03-01 20:15", (*_ARTICLES[:3], *_VIDEOS[:3]), _GOOGLE)
    s.step("2025-03-02 21:05", "searches again; two more articles, four more videos")
    s.visit(MOBILE, "2025-03-02 21:05", (*_ARTICLES[3:], *_VIDEOS[3:7]), _GOOGLE)
    s.step("2025-03-03 20:30", "watches three more videos and subscribes to the newsletter")
    signed = s.visit(MOBILE, "2025-03-03 20:30", (*_VIDEOS[7:], "/", "/dang-ky"), _GOOGLE, ("form_started", "form_submitted", "signup"))
    s.add("web/identities", anonymous_id=MOBILE, identifier_type="email", identifier_value=EMAIL, identified_at=signed)
    s.add("crm/contacts", contact_id=CONTACT, email=EMAIL, full_name="Khách hàng A", lead_source="Google", persona="content_creator",
          country="VN", city="Hà Nội", created_at=signed, updated_at=signed)
    s.add("crm/activities", activity_id="A-newsletter", contact_id=CONTACT, activity_type="newsletter_signup", direction="inbound",
          occurred_at=signed, channel="organic_search", outcome="submitted")
    s.add("privacy/consents", consent_id="A-consent", identifier_type="email", identifier_value=EMAIL, purpose="email_marketing",
          status="granted", changed_at=signed)
    for event, at in (("sent", "09:00"), ("delivered", "09:01"), ("opened", "12:10")):
        s.add("marketing/email_events", email_event_id=f"A-{event}", email=EMAIL, message_id="A-newsletter-03",
              campaign="newsletter_2025_03", event_type=event, is_machine=False, occurred_at=local_time(f"2025-03-05 {at}"))


def _compares(s: _Story) -> None:
    s.step("2025-03-08 19:40", "comes back from TikTok reviews and follows the brand there")
    s.visit(MOBILE, "2025-03-08 19:40", ("/danh-gia/tiktoker", _MICROPHONE_PAGE), _TIKTOK)
    s.visit(MOBILE, "2025-03-10 20:10", ("/danh-gia/tiktoker", "/danh-gia/nguoi-dung", _MICROPHONE_PAGE), _TIKTOK)
    for number, (kind, at) in enumerate((("follow", "2025-03-08 20:00"), ("like", "2025-03-08 20:02"), ("comment", "2025-03-10 20:30"))):
        s.add("marketing/social_interactions", interaction_id=f"A-social-{number}", platform="tiktok", interaction_type=kind,
              identifier_type="email", identifier_value=EMAIL, sentiment=0.8 if kind == "comment" else None,
              occurred_at=local_time(at))
    s.step("2025-03-14 21:00", "reads reviews and the ranking")
    s.visit(LAPTOP, "2025-03-14 21:00", ("/bang-xep-hang/micro-2025", "/danh-gia/chuyen-gia", _MICROPHONE_PAGE))
    s.step("2025-03-18 20:45", "compares models and looks for a store; logs in on the laptop")
    end = s.visit(LAPTOP, "2025-03-18 20:45", ("/tai-khoan", "/so-sanh/air-vs-air-pro", "/so-sanh/gocheck-va-doi-thu", _MICROPHONE_PAGE, "/cua-hang"))
    s.add("web/identities", anonymous_id=LAPTOP, identifier_type="email", identifier_value=f" {EMAIL.title()}", identified_at=end)


def _buys(s: _Story) -> None:
    s.step("2025-03-20 10:30", "visits the store, is advised, tries the microphone")
    s.add("marketing/offline_visits", visit_id="A-store", identifier_type="phone", identifier_value="0912 345 678", place_type="store",
          visited_at=local_time("2025-03-20 10:30"))
    s.add("crm/activities", activity_id="A-consultation", contact_id=CONTACT, activity_type="consultation_request", direction="inbound",
          occurred_at=local_time("2025-03-20 10:35"), channel="store", outcome="advised")
    s.add("crm/contacts", contact_id=CONTACT, email=EMAIL, phone="0912345678", full_name="Khách hàng A", lead_source="Google",
          persona="content_creator", country="VN", city="Hà Nội", created_at=local_time("2025-03-03 20:37"),
          updated_at=local_time("2025-03-20 10:40"))
    s.step("2025-03-20 11:05", "buys the microphone in the store")
    s.add("orders/orders", order_id="A-1", phone="+84 912 345 678", ordered_at=local_time("2025-03-20 11:05"), status="completed",
          sales_channel="store", currency="VND", total_amount=2_689_200.0, tax_amount=199_200.0, shipping_amount=0.0,
          discount_amount=0.0, payment_method="cash", updated_at=local_time("2025-03-20 11:06"))
    s.add("orders/order_items", order_id="A-1", line_number=1, product_id=_MICROPHONE.product_id, quantity=1,
          unit_price=float(_MICROPHONE.price), discount_amount=0.0, unit_cost=float(_MICROPHONE.cost or 0))
    for kind, points in (("joined", None), ("earned", 249)):
        s.add("crm/loyalty_events", loyalty_event_id=f"A-{kind}", contact_id=CONTACT, event_type=kind, points=points, tier="member",
              occurred_at=local_time("2025-03-20 11:10"))


def _uses(s: _Story) -> None:
    s.step("2025-03-21 20:10", "cannot connect the microphone to the phone; the chat answers in eight minutes")
    s.visit(MOBILE, "2025-03-21 20:02", ("/ho-tro/ket-noi-dien-thoai",))
    opened, solved = local_time("2025-03-21 20:10"), local_time("2025-03-21 20:45")
    s.add("crm/tickets", ticket_id="A-ticket", contact_id=CONTACT, channel="chat", category="connection", priority="normal",
          order_id="A-1", opened_at=opened, first_response_at=local_time("2025-03-21 20:18"), resolved_at=solved, updated_at=solved)
    uses = ("2025-03-22 08:00", "2025-03-25 19:00", "2025-03-30 09:00", "2025-04-12 18:00")
    activities = (("chat", "2025-03-21 20:10", "chatbot"), ("onboarding", "2025-03-21 20:40", "chat"),
                  *(("product_usage", at, "product") for at in uses))
    for number, (kind, at, channel) in enumerate(activities):
        s.add("crm/activities", activity_id=f"A-{kind}-{number}", contact_id=CONTACT, activity_type=kind, direction="inbound",
              occurred_at=local_time(at), channel=channel, outcome="done")
    s.step("2025-03-22 08:00", "uses it")


def _recommends(s: _Story) -> None:
    s.step("2025-04-21 09:00", "gives a ten, and five stars")
    asked = (("csat", "transactional", "support", 5.0, "2025-03-21 21:45"), ("ces", "transactional", "support", 7.0, "2025-03-21 22:00"),
             ("nps", "relational", "relationship", 10.0, "2025-04-21 09:00"))
    for survey, kind, touchpoint, score, at in asked:
        common = dict(invitation_id=f"A-{survey}", contact_id=CONTACT, survey_type=survey, survey_kind=kind, touchpoint=touchpoint,
                      channel="email")
        s.add("feedback/survey_invitations", **common, sent_at=local_time(at) - 3_600)
        s.add("feedback/survey_responses", **common, response_id=f"A-{survey}", score=score, responded_at=local_time(at))
    s.add("feedback/reviews", review_id="A-review", contact_id=CONTACT, order_id="A-1", product_id=_MICROPHONE.product_id, rating=5,
          body="Tư vấn nhiệt tình, hỗ trợ rất nhanh.", platform="website", reviewed_at=local_time("2025-04-25 20:00"))
    s.step("2025-05-02 12:00", "tells friend B, who subscribes on 3 May and buys on 10 May")
    s.add("crm/referrals", referral_id="A-referral", referrer_contact_id=CONTACT, referred_contact_id=FRIEND, referred_email=FRIEND_EMAIL,
          status="converted", referred_at=local_time("2025-05-02 12:00"))
    signed = s.visit(FRIEND_MOBILE, "2025-05-03 20:00", ("/", _MICROPHONE_PAGE, "/dang-ky"), None, ("form_started", "form_submitted", "signup"),
                     utm_source="friend", utm_medium="referral", utm_campaign="refer_a_friend")
    s.add("web/identities", anonymous_id=FRIEND_MOBILE, identifier_type="email", identifier_value=FRIEND_EMAIL, identified_at=signed)
    s.add("crm/contacts", contact_id=FRIEND, email=FRIEND_EMAIL, phone="0913456789", full_name="Khách hàng B", lead_source="Giới thiệu",
          country="VN", created_at=signed, updated_at=signed)
    s.add("crm/activities", activity_id="B-newsletter", contact_id=FRIEND, activity_type="newsletter_signup", direction="inbound",
          occurred_at=signed, channel="referral", outcome="submitted")
    bought = s.visit(FRIEND_MOBILE, "2025-05-10 20:00", (_MICROPHONE_PAGE, "/gio-hang"), None, ("add_to_cart", "checkout_started", "purchase"))
    s.rows["web/events"][-1]["order_id"] = "B-1"
    s.add("orders/orders", order_id="B-1", email=FRIEND_EMAIL, contact_id=FRIEND, anonymous_id=FRIEND_MOBILE, ordered_at=bought,
          status="completed", sales_channel="online_store", currency="VND", total_amount=2_689_200.0, tax_amount=199_200.0,
          shipping_amount=0.0, discount_amount=0.0, payment_method="momo", promised_delivery_at=bought + 3 * 86_400,
          delivered_at=bought + 2 * 86_400, updated_at=bought + 2 * 86_400)
    s.add("orders/order_items", order_id="B-1", line_number=1, product_id=_MICROPHONE.product_id, quantity=1,
          unit_price=float(_MICROPHONE.price), discount_amount=0.0, unit_cost=float(_MICROPHONE.cost or 0))


def customer_a(truth: Truth) -> dict[str, pa.Table]:
    """The raw rows of A and B."""
    story = _Story()
    for chapter in (_learns, _compares, _buys, _uses, _recommends):
        chapter(story)
    truth.scenario = story.steps
    one = np.ones(1, dtype=np.bool_)
    for person, identifiers in (
        (PERSON, (("contact_id", CONTACT), ("email", EMAIL), ("phone", PHONE), ("anonymous_id", MOBILE), ("anonymous_id", LAPTOP))),
        (FRIEND_PERSON, (("contact_id", FRIEND), ("email", FRIEND_EMAIL), ("phone", FRIEND_PHONE), ("anonymous_id", FRIEND_MOBILE))),
    ):
        for kind, value in identifiers:
            truth.identifiers(np.array([person]), kind, pa.array([value]), one)
    truth.planted("crm/contacts", "superseded_version", [CONTACT], "duplicate")
    return {table: from_rows(table, rows) for table, rows in story.rows.items()}
