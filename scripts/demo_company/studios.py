"""The companies of a batch, the sales process of those that made a request, and single creators who subscribe."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_company import vocabulary as words
from demo_company.book import Book
from demo_company.channels import CHANNELS
from demo_company.columns import NEVER, Ints, from_rows
from demo_company.contacts import Contacts
from demo_company.journeys import Journeys
from demo_company.people import People, company_numbers
from demo_company.sales import Request, pursue
from demo_company.subscriptions import Account, creator_plan, run_subscription
from demo_company.world import DAY, END, START


def tell_studios(
    seed: int, people: People, contacts: Contacts, journeys: Journeys, asked: Ints, buyers: Ints
) -> dict[str, pa.Table]:
    """The raw rows of business with studios and subscribers; `asked` is the time of each person's request."""
    book = Book(seed, people.batch, "studios")
    r = book.random
    contact_ids, emails = contacts.contact_id.to_pylist(), people.email.to_pylist()
    first = int(people.is_business.argmax()) if people.is_business.any() else len(people)
    members: dict[int, list[int]] = {}
    for person in range(first, len(people)):
        members.setdefault(int(people.company[person]), []).append(person)
    numbers = company_numbers(people.batch, np.array(list(members), dtype=np.int64)).tolist()
    companies = []
    for number, staff in zip(numbers, members.values(), strict=True):
        company_id, foreign = f"CO{number:05d}", r.random() < 0.06
        entered = min(
            (int(contacts.created[p]) for p in staff if contacts.has[p]),
            default=START + int(people.first_day[staff[0]]) * DAY,
        )
        size = r.choice((3, 5, 8, 12, 20, 45, 120))
        name = f"{r.choice(words.COMPANY_FIRST)} {r.choice(words.COMPANY_LAST)} {number}"
        companies.append(
            dict(
                company_id=company_id,
                company_name=name,
                industry=r.choice(words.INDUSTRIES),
                employee_count=size,
                customer_type="b2b",
                country="SG" if foreign else "VN",
                created_at=entered,
                updated_at=min(entered + 5 * DAY, END - 60),
            )
        )
        askers = sorted((int(asked[p]), p) for p in staff if asked[p] != NEVER and contacts.has[p])
        if not askers:
            _go_cold(book, contacts, contact_ids, staff)
            continue
        at, person = askers[0]
        channel = CHANNELS[int(journeys.channel[person, journeys.decisive_visit[person]])]
        account = Account(contact_ids[person], company_id, emails[person], "USD" if foreign else "VND")
        colleagues = tuple(contact_ids[p] for p in staff if contacts.has[p] and p != person)
        pursue(
            book,
            Request(account, at, channel.key, 0.6 * channel.effect + (0.3 if size > 10 else 0.0), colleagues),
        )
    _creators(book, people, contacts, contact_ids, emails, buyers)
    return {"crm/companies": from_rows("crm/companies", companies), **book.tables()}


def _go_cold(book: Book, contacts: Contacts, contact_ids: list[str], staff: list[int]) -> None:
    """Studios that never made a request: sales contacts some of them and gives up."""
    for person in staff:
        if contacts.has[person] and book.random.random() < 0.3:
            called = int(contacts.created[person]) + book.wait(4)
            book.add(
                "crm/activities",
                called,
                activity_id=book.new_id("AB"),
                contact_id=contact_ids[person],
                activity_type="call",
                direction="outbound",
                channel="call",
                outcome="no_answer",
            )
            book.stage(contact_ids[person], book.random.choice(("lead", "mql")), called + 600, "automation")
            book.stage(contact_ids[person], "other", called + book.wait(45), "own-mai")


def _creators(
    book: Book, people: People, contacts: Contacts, contact_ids: list[str], emails: list[str], buyers: Ints
) -> None:
    """Subscribers of the creator plan; none of them buys microphones, so the known BG/NBD process is unaffected."""
    able = np.flatnonzero(
        contacts.has & ~people.is_business & (people.interest > 0.8) & (contacts.created < END - 30 * DAY)
    )
    for person in np.setdiff1d(able, buyers).tolist():
        if book.random.random() < 0.12:
            account = Account(contact_ids[person], None, emails[person])
            run_subscription(book, account, creator_plan(), int(contacts.created[person]) + book.wait(12), "automation")
