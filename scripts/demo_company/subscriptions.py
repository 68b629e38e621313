"""The lifecycle of a subscription: started, used, renewed, upgraded, paused, cancelled, perhaps started again."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Protocol

from demo_company.book import HOUR, Book
from demo_company.world import DAY, END, LOCAL_OFFSET

MONTH = 30 * DAY
_USD = 25_400.0
_WHY = ("Ít sử dụng", "Giá cao", "Chuyển sang đối thủ", "Đóng studio")


@dataclass(frozen=True)
class Account:
    """The payer: a company through its contact, or a single creator."""

    contact_id: str
    company_id: str | None
    email: str
    currency: str = "VND"

    def money(self, amount: float) -> float:
        """Convert an amount of VND to the account's currency, rounded to its minor unit."""
        return round(amount / _USD, 2) if self.currency == "USD" else float(round(amount))


@dataclass(frozen=True)
class Plan:
    """A plan with its monthly price in VND and its term in months."""

    name: str
    mrr: float
    term: int
    product_id: str


class _Change(Protocol):
    """Writes a subscription change."""

    def __call__(self, kind: str, when: int, amount: float, **more: object) -> None: ...


_PLANS = (
    ("studio_s", 1_200_000.0, "GS-001"),
    ("studio_m", 3_000_000.0, "GS-002"),
    ("studio_l", 8_000_000.0, "GS-003"),
)
SERVICES = (
    ("GS-001", "Gocheck Studio S"),
    ("GS-002", "Gocheck Studio M"),
    ("GS-003", "Gocheck Studio L"),
    ("GS-000", "Gocheck Creator"),
)


def choose_plan(r: random.Random) -> Plan:
    """Draw a studio's plan: its size, and a yearly or monthly term."""
    name, price, product_id = r.choices(_PLANS, (5, 4, 1.5))[0]
    return Plan(name, price * r.choice((1, 1, 2, 3)), r.choice((1, 12, 12)), product_id)


def creator_plan() -> Plan:
    """The plan for a single creator."""
    return Plan("creator", 199_000.0, 1, "GS-000")


def order_row(
    book: Book,
    account: Account,
    at: int,
    product_id: str,
    quantity: int,
    price: float,
    cost: int | None,
    **links: str,
) -> None:
    """An order taken by a sales representative, with its one line."""
    price = account.money(price)
    order_id, net = book.new_id("GB"), round(price * quantity, 2)
    tax = float(round(net * 0.08)) if account.currency == "VND" else 0.0
    if at >= END:
        return
    book.add(
        "orders/orders",
        at,
        order_id=order_id,
        email=account.email,
        contact_id=account.contact_id,
        company_id=account.company_id,
        status="completed",
        sales_channel="sales_rep",
        currency=account.currency,
        total_amount=net + tax,
        tax_amount=tax,
        shipping_amount=0.0,
        discount_amount=0.0,
        payment_method="bank_transfer",
        updated_at=at,
        **links,
    )
    book.line(order_id, product_id, quantity, price, None if cost is None else account.money(cost))


def run_subscription(book: Book, account: Account, plan: Plan, at: int, by: str, again: int = 0) -> None:
    """Simulate a subscription month by month until it ends or the demo's as-of moment is reached."""
    r, subscription_id, mrr = book.random, book.new_id("SUB"), plan.mrr

    def change(kind: str, when: int, amount: float, **more: object) -> None:
        ends = when + plan.term * MONTH if amount else None
        book.add(
            "crm/subscription_changes",
            when,
            change_id=book.new_id("SC"),
            subscription_id=subscription_id,
            contact_id=account.contact_id,
            company_id=account.company_id,
            change_type=kind,
            plan=plan.name,
            mrr=account.money(amount),
            currency=account.currency,
            term_end=_local_day(ends) if ends else None,
            **more,
        )

    def invoice(when: int) -> None:
        if account.company_id:
            order_row(
                book,
                account,
                when + HOUR,
                plan.product_id,
                plan.term,
                mrr,
                None,
                subscription_id=subscription_id,
            )

    change("started", at, mrr)
    invoice(at)
    onboarded = r.random() < 0.78
    if onboarded:
        book.add(
            "crm/activities",
            at + book.wait(3),
            activity_id=book.new_id("AB"),
            contact_id=account.contact_id,
            activity_type="onboarding",
            direction="outbound",
            channel="meeting",
            outcome="held",
        )
    # Customers without onboarding use the product less and cancel sooner.
    habit, month = (5.0 if onboarded else 2.0) * r.lognormvariate(0, 0.4), 0
    while at + month * MONTH < END:
        now = at + month * MONTH
        _use(book, account, now, habit)
        month += 1
        now += MONTH
        due = month % plan.term == 0
        leaves = (0.05 if plan.term == 1 else 0.22) * (1.0 if onboarded else 2.4)
        chance = r.random()
        if due and chance < leaves:
            change("cancelled", now, 0.0, cancel_type="voluntary", reason=r.choice(_WHY))
            break
        if chance > 0.992:
            change("cancelled", now, 0.0, cancel_type="involuntary", reason="Thanh toán thất bại")
            break
        if due:
            mrr = _renew(book, account, mrr, now, change, by, plan.term)
            invoice(now)
        elif chance > 0.955 and habit > 3:
            mrr *= 1.5
            change("upgraded", now, mrr)
        elif chance > 0.94:
            mrr *= 0.7
            change("downgraded", now, mrr)
        elif chance > 0.925:
            change("paused", now, 0.0, reason="Tạm ngừng dự án")
            month += 2
            change("renewed", at + month * MONTH, mrr)
        habit *= r.uniform(0.85, 1.12)
    else:
        return
    if again < 2 and r.random() < 0.25:
        run_subscription(book, account, replace(plan, mrr=mrr), now + r.randint(40, 150) * DAY, by, again + 1)


def _renew(book: Book, account: Account, mrr: float, at: int, change: _Change, by: str, term: int) -> float:
    """Write a renewal and return the new MRR; a yearly renewal is a deal of its own and may raise the MRR."""
    grows = book.random.random() < 0.2
    mrr = mrr * 1.25 if grows and term > 1 else mrr
    change("renewed", at, mrr)
    if term > 1 and at < END:
        deal_id, value = book.new_id("DL"), account.money(mrr * 12)
        book.add(
            "crm/deals",
            at - 20 * DAY,
            deal_id=deal_id,
            contact_id=account.contact_id,
            company_id=account.company_id,
            pipeline="studio",
            deal_stage="won",
            deal_type="expansion" if grows else "renewal",
            amount=value,
            currency=account.currency,
            status="won",
            owner_id=by,
            closed_at=at,
            updated_at=at,
        )
        book.add(
            "crm/deal_changes",
            at,
            change_id=book.new_id("DC"),
            deal_id=deal_id,
            deal_stage="won",
            status="won",
            amount=value,
        )
    return mrr


def _use(book: Book, account: Account, since: int, habit: float) -> None:
    """Write the days of a month on which the product was used, as CRM activities reported by the product."""
    for _ in range(min(int(habit * book.random.random() * 2), 12)):
        book.add(
            "crm/activities",
            since + book.random.randrange(MONTH),
            activity_id=book.new_id("AB"),
            contact_id=account.contact_id,
            activity_type="product_usage",
            direction="inbound",
            channel="product",
            outcome="session",
        )


def _local_day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds + LOCAL_OFFSET, UTC).date()
