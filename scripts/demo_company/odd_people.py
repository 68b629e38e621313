"""Misleading identifiers (kiosks, shared phones, placeholders), and rows that metrics exclude (tests, bots)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_company.columns import Ints, anonymous_ids, build, ids, join, take
from demo_company.contacts import Contacts
from demo_company.dirt import Dirt, row_keys
from demo_company.people import (
    DEVICES_PER_PERSON,
    People,
    international,
    national_phones,
    spell_phones,
)
from demo_company.sessions import BY_NOTHING, CRAWL, Sessions
from demo_company.world import DAY, END, PEOPLE_PER_BATCH

FIRST_ODD = 9_000
"""First position of a batch reserved for the people and devices that this module makes up."""
KIOSKS, _VISITORS_PER_KIOSK = 2, 9
_THIRDS = (4, 9)
"""Positions of the third members when the members of families of two, three, two and three are listed in a row."""
_SHARED, _FAMILIES, _PLACEHOLDERS, _INTERNAL, _TESTS = 8, 4, 6, 3, 5


def _odd(dirt: Dirt, first: int, count: int) -> Ints:
    return dirt.batch * PEOPLE_PER_BATCH + FIRST_ODD + first + np.arange(count, dtype=np.int64)


def odd_contacts(dirt: Dirt) -> pa.Table:
    """Contacts of distinct people who share a phone, or have a placeholder e-mail and phone; and internal contacts."""
    parts = []
    relatives = np.arange(_FAMILIES).repeat([2, 3, 2, 3])
    groups = (
        ("shared_phone", 0, national_phones(_odd(dirt, 0, 1)).take(pa.array(np.zeros(_SHARED, np.int64)))),
        ("family_phone", 100, take(national_phones(_odd(dirt, 100, _FAMILIES)), relatives)),
    )
    for kind, first, phones in groups:
        number = _odd(dirt, first, len(phones))
        # The third member has no e-mail: with three e-mails, identity resolution would block the phone as shared.
        with_email = np.where(np.isin(np.arange(len(phones)), _THIRDS if kind == "family_phone" else ()), -1, number)
        email = join(kind[:6], ".", ids("", with_email), "@gmail.com")
        parts.append(_contacts(number, email, spell_phones(dirt.rng, phones), dirt))
        _note(dirt, kind, parts[-1], number)
        dirt.truth.identifiers(number, "email", email)
        if kind == "family_phone":
            dirt.truth.identifiers(number, "phone", international(phones))
    number = _odd(dirt, 200, _PLACEHOLDERS)
    emails, phones = (
        ("noemail@gocheck.vn", "test@test.com", " NoEmail@Gocheck.vn"),
        ("0000000000", "000 000 0000"),
    )
    placed = (
        pa.array([emails[i % 3] for i in range(_PLACEHOLDERS)]),
        pa.array([phones[i % 2] for i in range(_PLACEHOLDERS)]),
    )
    parts.append(_contacts(number, *placed, dirt))
    _note(dirt, "placeholder_email_and_phone", parts[-1], number)
    number = _odd(dirt, 300, _INTERNAL)
    email = join("nhanvien", ids("", number), "@gocheck.vn")
    internal = _contacts(number, email, pa.nulls(_INTERNAL, pa.string()), dirt)
    position = internal.schema.get_field_index("is_internal")
    parts.append(internal.set_column(position, internal.schema.field(position), pa.array([True] * _INTERNAL)))
    _note(dirt, "internal_contact", parts[-1], number)
    dirt.truth.identifiers(number, "email", email)
    return pa.concat_tables(parts)


def _contacts(number: Ints, email: pa.Array, phone: pa.Array, dirt: Dirt) -> pa.Table:
    created = END - dirt.rng.integers(60 * DAY, 500 * DAY, len(number))
    return build(
        "crm/contacts",
        {
            "contact_id": ids("C", number, 7),
            "email": email,
            "phone": phone,
            "country": "VN",
            "created_at": created,
            "updated_at": created + DAY,
        },
    )


def _note(dirt: Dirt, kind: str, contacts: pa.Table, number: Ints) -> None:
    dirt.truth.planted("crm/contacts", kind, row_keys("crm/contacts", contacts), "accepted")
    dirt.truth.identifiers(number, "contact_id", contacts["contact_id"].combine_chunks())


def odd_orders(dirt: Dirt) -> pa.Table:
    """Orders that are no sales (tests, purchases by employees), and sales whose identifiers are placeholders."""
    internal, number = _odd(dirt, 300, _INTERNAL), dirt.few(_TESTS)
    time = END - dirt.rng.integers(30 * DAY, 400 * DAY, _TESTS)
    common = {
        "status": "completed",
        "sales_channel": "online_store",
        "currency": "VND",
        "ordered_at": time,
        "tax_amount": np.zeros(_TESTS),
        "shipping_amount": np.zeros(_TESTS),
        "updated_at": time + DAY,
    }
    tests = build(
        "orders/orders",
        {
            **common,
            "order_id": ids("GX", number),
            "email": "qa@gocheck.vn",
            "total_amount": np.full(_TESTS, 10_000.0),
            "is_test": np.ones(_TESTS, dtype=np.bool_),
        },
    )
    own = build(
        "orders/orders",
        {
            **common,
            "order_id": ids("GI", number),
            "contact_id": ids("C", internal[number % _INTERNAL], 7),
            "total_amount": np.full(_TESTS, 445_000.0),
        },
    )
    nobody = build(
        "orders/orders",
        {
            **common,
            "order_id": ids("GP", number),
            "email": "NoEmail@gocheck.vn",
            "phone": "0000000000",
            "total_amount": np.full(_TESTS, 590_000.0),
        },
    )
    for kind, rows in (
        ("test_order", tests),
        ("internal_order", own),
        ("placeholder_email_and_phone", nobody),
    ):
        dirt.truth.planted("orders/orders", kind, row_keys("orders/orders", rows), "accepted")
    return pa.concat_tables([tests, own, nobody])


def kiosk_cookies(dirt: Dirt) -> Ints:
    """Cookies of the shared tablets in stores."""
    return _odd(dirt, 400, KIOSKS) * DEVICES_PER_PERSON


def kiosk_identities(dirt: Dirt, people: People, contacts: Contacts) -> pa.Table:
    """Web identities of many people who typed their e-mail into the same tablet."""
    known = np.flatnonzero(contacts.has & contacts.shows_email & (contacts.created < END - 60 * DAY))
    who = dirt.rng.choice(known, min(len(known), KIOSKS * _VISITORS_PER_KIOSK), replace=False)
    cookie = kiosk_cookies(dirt)[np.arange(len(who)) % KIOSKS]
    rows = build(
        "web/identities",
        {
            "anonymous_id": anonymous_ids(cookie),
            "identifier_type": "email",
            "identifier_value": take(people.email, who),
            "identified_at": contacts.created[who] + dirt.rng.integers(DAY, 50 * DAY, len(who)),
        },
    )
    dirt.truth.planted("web/identities", "kiosk_device", row_keys("web/identities", rows), "accepted")
    return rows


def kiosk_sessions(dirt: Dirt, count: int) -> Sessions:
    """Anonymous web sessions on those tablets."""
    kiosk = np.arange(count) % KIOSKS
    zero, none = np.zeros(count, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    return Sessions(
        person=none,
        cookie=kiosk_cookies(dirt)[kiosk],
        device_type=zero + 2,
        start=END - (1 + np.arange(count) // KIOSKS) * DAY - 10 * 3_600,
        channel=zero,
        arrival=zero,
        phase=zero + 1,
        ending=zero,
        purchase=none,
        identify=zero + BY_NOTHING,
    )


def crawls(dirt: Dirt, count: int) -> Sessions:
    """Web sessions of bots that name themselves in their user agent."""
    bots = max(count // 6, 1)
    cookie = _odd(dirt, 500, bots)[dirt.rng.integers(0, bots, count)] * DEVICES_PER_PERSON
    zero, none = np.zeros(count, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    dirt.truth.planted("web/events", "bot_cookie", anonymous_ids(np.unique(cookie)), "accepted")
    return Sessions(
        person=none,
        cookie=cookie,
        device_type=zero + 1,
        start=END - dirt.rng.integers(DAY, 540 * DAY, count),
        channel=zero,
        arrival=zero,
        phase=zero,
        ending=zero + CRAWL,
        purchase=none,
        identify=zero + BY_NOTHING,
    )


def leaked_addresses(dirt: Dirt) -> pa.Table:
    """Visits whose UTM content contains an e-mail address, as badly built links have."""
    number = dirt.few(3)
    rows = build(
        "web/events",
        {
            "event_id": ids("eu", number),
            "anonymous_id": ids("u", number),
            "event_name": "page_view",
            "occurred_at": END - (20 + number % 30) * DAY,
            "page_url": "https://gocheck.vn/",
            "utm_source": "newsletter",
            "utm_medium": "email",
            "utm_campaign": "newsletter",
            "utm_content": join("khach", ids("", number), "@gmail.com"),
            "content_group": "home",
            "device_type": "mobile",
        },
    )
    dirt.truth.planted("web/events", "email_in_utm", row_keys("web/events", rows), "accepted")
    return rows
