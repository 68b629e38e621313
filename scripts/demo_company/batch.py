"""Generates one batch of the demo company: people, their journeys and all resulting raw rows, before dirt is added."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company import (
    activities,
    care,
    commerce,
    feedback,
    loyalty,
    mailing,
    odd_people,
    purchases,
    web,
)
from demo_company import sessions as s
from demo_company.arrivals import NEWSLETTER_ARRIVAL
from demo_company.channels import EMAIL
from demo_company.columns import NEVER, Flags, Ints, build, ids, stream
from demo_company.contacts import Contacts, plan_contacts, settle, write_contacts, write_doubles
from demo_company.dirt import Dirt, row_keys
from demo_company.journeys import Journeys, plan_journeys
from demo_company.people import People, make_people
from demo_company.purchases import Customers, Purchases, plan_purchases
from demo_company.sessions import Sessions
from demo_company.studios import tell_studios
from demo_company.tables import SCHEMAS
from demo_company.world import ROWS_PER_BATCH


@dataclass(frozen=True)
class Batch:
    """The raw rows of a batch, and the generated values that truth and ad spend need."""

    people: People
    journeys: Journeys
    customers: Customers
    orders: commerce.Orders
    contacts: Contacts
    sessions: Sessions
    web: web.Web
    exposed: list[tuple[Ints, Ints, Ints]]
    identified: dict[str, Ints]
    doubles: Ints
    tables: dict[str, pa.Table]


def make_batch(seed: int, number: int, consumers: int, business: int, dirt: Dirt) -> Batch:
    """Simulate the demo's eighteen months for a batch of people."""

    def chance(theme: str) -> np.random.Generator:
        return stream(seed, number, theme)

    people = make_people(chance("people"), number, consumers, business)
    journeys = plan_journeys(chance("journeys"), people)
    customers, bought = plan_purchases(chance("purchases"), people, journeys)
    bought = _on_the_web(people, journeys, bought)
    known = s.known_since(people, journeys, bought)
    contacts = plan_contacts(chance("contacts"), people, journeys, bought, known)
    subscribes: Flags = journeys.signup_visit >= 0
    newsletters = mailing.plan_newsletters(chance("newsletters"), people, contacts, subscribes)
    sessions = _sessions(chance("sessions"), people, journeys, bought, newsletters, known, dirt)

    products = commerce.main_products(chance("products"), bought.value)
    # A visit without a purchase looks mostly at one product, which depends on the cookie alone.
    about = sessions.cookie // 4 % 14
    about[sessions.purchase >= 0] = products[sessions.purchase[sessions.purchase >= 0]]
    order_number = np.where(sessions.purchase >= 0, number * ROWS_PER_BATCH + sessions.purchase, -1)
    web_rows = web.write_events(chance("web"), number, sessions, about, ids("GC", order_number))
    ordered = sessions.purchase >= 0
    bought.time[sessions.purchase[ordered]] = web_rows.end[ordered]
    cookies = np.full(len(bought), -1, dtype=np.int64)
    cookies[sessions.purchase[ordered]] = sessions.cookie[ordered]

    forms = np.isin(sessions.ending, (*s.SIGNUPS, *s.ORDERS, s.REQUEST))
    contacts = settle(contacts, [(sessions.person[forms], web_rows.end[forms])], bought)
    asked = np.full(len(people), NEVER, dtype=np.int64)
    requests = sessions.ending == s.REQUEST
    asked[sessions.person[requests]] = web_rows.end[requests]

    orders = commerce.plan_orders(chance("orders"), people, bought, cookies, products)
    tickets = care.plan_tickets(chance("tickets"), orders)
    lived = care.live_through(chance("experience"), people, orders, tickets)

    parts: dict[str, list[pa.Table]] = defaultdict(list)

    def write(**tables: pa.Table) -> None:
        for name, rows in tables.items():
            parts[name.replace("__", "/")].append(rows)

    order_rows, item_rows, refund_rows = commerce.write_orders(chance("order rows"), people, contacts, orders)
    double_rows, doubles = write_doubles(chance("doubles"), people, contacts)
    ticket_rows, chats = care.write_tickets(chance("ticket rows"), people, contacts, orders, tickets)
    visits, advice = activities.shop_visits(chance("visits"), people, contacts, orders)
    asked_rows, answers = feedback.write_surveys(chance("surveys"), people, contacts, orders, tickets, lived)
    identity_rows, identified = web.identities(
        chance("identities"), people, contacts.contact_id, sessions, web_rows.end
    )
    exposure_rows, exposed = web.exposures(sessions)
    erasures, _ = loyalty.erasure_requests(chance("erasures"), people, contacts)
    by_mail = (sessions.channel == EMAIL) & ~_from_newsletter(sessions, newsletters)
    care_mail = mailing.care_messages(
        chance("care"), sessions.person[by_mail], sessions.start[by_mail], sessions.phase[by_mail] != 0
    )
    write(
        crm__contacts=write_contacts(chance("contact rows"), people, contacts, journeys),
        crm__activities=activities.form_activities(chance("forms"), people, contacts, sessions, web_rows.end),
        crm__lifecycle_changes=activities.stage_changes(chance("stages"), people, contacts, orders),
        crm__tickets=ticket_rows,
        crm__referrals=loyalty.write_referrals(chance("referrals"), people, contacts, journeys, orders, lived),
        crm__loyalty_events=loyalty.write_loyalty(chance("loyalty"), people, contacts, orders),
        web__events=web_rows.events,
        web__identities=identity_rows,
        web__experiment_exposures=exposure_rows,
        marketing__email_events=mailing.write_messages(chance("messages"), people, [newsletters, care_mail]),
        marketing__social_interactions=activities.social_interactions(chance("social"), people, contacts),
        marketing__offline_visits=visits,
        orders__orders=order_rows,
        orders__order_items=item_rows,
        orders__refunds=refund_rows,
        feedback__survey_invitations=asked_rows,
        feedback__survey_responses=answers,
        feedback__reviews=feedback.write_reviews(chance("reviews"), people, contacts, orders, lived),
        privacy__consents=mailing.consents(people, contacts, subscribes, newsletters.left_at(len(people))),
        privacy__erasure_requests=erasures,
    )
    write(crm__contacts=double_rows, crm__activities=pa.concat_tables([chats, advice]))
    dirt.truth.planted("crm/contacts", "merged_contact", row_keys("crm/contacts", double_rows), "accepted")
    for table, rows in tell_studios(seed, people, contacts, journeys, asked, customers.person).items():
        parts[table].append(rows)
    # Add an empty part to every table: a small batch may have no deals at all.
    tables = {table: pa.concat_tables([build(table, {}, rows=0), *parts[table]]) for table in SCHEMAS}
    return Batch(
        people, journeys, customers, orders, contacts, sessions, web_rows, exposed, identified, doubles, tables
    )


def _on_the_web(people: People, journeys: Journeys, bought: Purchases) -> Purchases:
    """Give online first purchases the start time of their visit; the exact second follows when events are web_rows."""
    first = (bought.nth == 0) & (bought.via == purchases.ONLINE)
    start = journeys.at(journeys.decisive_visit, journeys.start)[bought.person]
    bought.time[first] = start[first]
    return bought


def _sessions(
    rng: np.random.Generator,
    people: People,
    journeys: Journeys,
    bought: Purchases,
    newsletters: mailing.Mailing,
    known: Ints,
    dirt: Dirt,
) -> Sessions:
    clicked = newsletters.clicked != NEVER
    parts = [
        s.of_journeys(rng, people, journeys, bought),
        s.of_customers(rng, people, bought),
        s.of_clicks(rng, people, newsletters.person[clicked], newsletters.clicked[clicked], NEWSLETTER_ARRIVAL),
    ]
    sessions = s.enforce_spacing(s.tell_who(rng, s.stack(parts), known))
    return s.stack(
        [
            sessions,
            odd_people.crawls(dirt, 1 + len(people) // 120),
            odd_people.kiosk_sessions(dirt, 4 + len(people) // 200),
        ]
    )


def _from_newsletter(sessions: Sessions, newsletters: mailing.Mailing) -> Flags:
    """Flag sessions started by a newsletter click: at most five seconds after a click of the same person."""
    clicked = newsletters.clicked != NEVER
    clicks = np.sort(newsletters.person[clicked] * 2**34 + newsletters.clicked[clicked])
    session = sessions.person * 2**34 + sessions.start
    if not len(clicks):
        return np.zeros(len(sessions), dtype=np.bool_)
    before = clicks[np.maximum(np.searchsorted(clicks, session, side="right") - 1, 0)]
    found: Flags = (session - before >= 0) & (session - before <= 5)
    return found
