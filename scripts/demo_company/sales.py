"""The sales process with studios: from a request through calls, meetings and quotes to a won, lost or open deal."""

from __future__ import annotations

import math
from dataclasses import dataclass

from demo_company import vocabulary as words
from demo_company.book import HOUR, Book
from demo_company.catalog import PRODUCTS
from demo_company.subscriptions import Account, Plan, choose_plan, order_row, run_subscription
from demo_company.world import DAY, END

_REQUESTS = ("demo_request", "quote_request", "consultation_request")
_LOST = ("Giá cao", "Chọn đối thủ", "Không có ngân sách", "Không phản hồi", "Chưa cần")


@dataclass(frozen=True)
class Request:
    """A studio's request to sales: account, time, channel, effect on the log-odds of winning, and colleagues."""

    account: Account
    at: int
    channel: str
    effect: float
    colleagues: tuple[str, ...]


def pursue(book: Book, request: Request) -> None:
    """Write the sales process that follows a request."""
    r, account = book.random, request.account
    kind = r.choices(_REQUESTS, (5, 3, 2))[0]
    book.add(
        "crm/activities",
        request.at,
        activity_id=book.new_id("AB"),
        contact_id=account.contact_id,
        activity_type=kind,
        direction="inbound",
        channel=request.channel,
        outcome="received",
    )
    if r.random() < 0.5:
        book.stage(account.contact_id, "mql", request.at + 60, "automation")
    owner = r.randrange(len(words.OWNERS))
    called = request.at + book.wait(0.25, 1.1)
    fast = called - request.at < 8 * HOUR
    _call(book, account, called, "outbound", "reached" if fast or r.random() < 0.6 else "no_answer")
    if r.random() < (0.82 if fast else 0.52):
        book.stage(account.contact_id, "sql", called + HOUR, words.OWNERS[owner])
        _deal(book, request, called + book.wait(1.0), owner, 0.5 if fast else -0.2, attempt=1)
    else:
        book.stage(account.contact_id, r.choice(("other", "lead")), called + book.wait(25), words.OWNERS[owner])


def _call(book: Book, account: Account, at: int, direction: str, outcome: str, deal_id: str | None = None) -> None:
    book.add(
        "crm/activities",
        at,
        activity_id=book.new_id("AB"),
        contact_id=account.contact_id,
        activity_type="call",
        direction=direction,
        channel="call",
        outcome=outcome,
        deal_id=deal_id,
    )


def _deal(book: Book, request: Request, created: int, owner: int, effect: float, attempt: int) -> None:
    """Write one deal, stage by stage; a lost deal may be followed by another one months later."""
    r, account, by = book.random, request.account, words.OWNERS[owner]
    if created >= END:
        return
    deal_id, plan = book.new_id("DL"), choose_plan(r)
    amount = account.money(plan.mrr * 12)
    meetings = 1 + (r.random() < 0.35)
    odds = -0.35 + effect + words.OWNER_SKILL[owner] + request.effect + 0.45 * (meetings - 1) - 0.3 * (attempt - 1)
    wins = r.random() < 1 / (1 + math.exp(-odds))
    # Some deals skip the meeting, and some lost deals end after the quote without negotiation.
    path = ["qualified", *(["meeting"] if r.random() < 0.85 else []), "proposal"]
    path += ["negotiation"] if wins or r.random() < 0.6 else []
    at, reached = created, "qualified"
    for stage in path:
        if at >= END:
            break
        reached = stage
        book.add(
            "crm/deal_changes",
            at,
            change_id=book.new_id("DC"),
            deal_id=deal_id,
            deal_stage=stage,
            status="open",
            amount=amount,
        )
        if stage == "meeting":
            _meetings(book, request, deal_id, at, meetings, by)
        elif stage == "proposal":
            status = "accepted" if wins else r.choice(("declined", "expired", "sent"))
            book.add(
                "crm/quotes",
                at + 2 * HOUR,
                quote_id=book.new_id("QT"),
                contact_id=account.contact_id,
                company_id=account.company_id,
                deal_id=deal_id,
                amount=amount * r.choice((1.0, 1.0, 1.1)),
                currency=account.currency,
                status=status,
            )
            book.stage(account.contact_id, "quote", at + 2 * HOUR, by)
        elif stage == "negotiation":
            book.stage(account.contact_id, "opportunity", at, by)
            amount = round(amount * r.choice((1.0, 1.0, 0.95, 0.9)), 2)
            _call(book, account, at + HOUR, r.choice(("inbound", "outbound")), "discussed", deal_id)
        at += book.wait(6.0)
    closed = at if at < END else None
    status = "open" if closed is None else ("won" if wins else "lost")
    lost_reason = r.choice(_LOST) if status == "lost" else None
    row = dict(
        deal_id=deal_id,
        contact_id=account.contact_id,
        company_id=account.company_id,
        pipeline="studio",
        deal_type="new",
        amount=amount,
        currency=account.currency,
        owner_id=by,
    )
    book.add(
        "crm/deals",
        created,
        **row,
        deal_stage=reached if closed is None else status,
        status=status,
        lost_reason=lost_reason,
        closed_at=closed,
        updated_at=closed or min(at, END - 60),
    )
    if closed is None:
        return
    book.add(
        "crm/deal_changes",
        closed,
        change_id=book.new_id("DC"),
        deal_id=deal_id,
        deal_stage=status,
        status=status,
        amount=amount,
    )
    if wins:
        _won(book, account, deal_id, plan, closed, by)
        return
    book.stage(account.contact_id, r.choice(("other", "lead", "lead")), closed + HOUR, by)
    if attempt < 3 and r.random() < 0.35:
        again = closed + r.randint(70, 190) * DAY
        _call(book, account, again, "inbound", "back again")
        book.stage(account.contact_id, "sql", again + HOUR, by)
        _deal(book, request, again + DAY, owner, effect, attempt + 1)


def _meetings(book: Book, request: Request, deal_id: str, at: int, meetings: int, by: str) -> None:
    account, r = request.account, book.random
    book.stage(account.contact_id, "meeting", at, by)
    for number in range(meetings):
        for contact_id in (account.contact_id, *request.colleagues[:1]):
            book.add(
                "crm/activities",
                at + number * 2 * DAY + HOUR,
                activity_id=book.new_id("AB"),
                contact_id=contact_id,
                activity_type="meeting",
                direction="outbound",
                channel="meeting",
                deal_id=deal_id,
                outcome=r.choice(("held", "held", "held", "moved")),
            )


def _won(book: Book, account: Account, deal_id: str, plan: Plan, at: int, by: str) -> None:
    """Write what follows a won deal: the subscription, and often an order of hardware."""
    book.stage(account.contact_id, "customer", at + HOUR, by)
    if book.random.random() < 0.5:
        product = PRODUCTS[book.random.choice((11, 12, 13, 14))]
        quantity = book.random.choice((2, 2, 4, 6))
        order_row(
            book,
            account,
            at + 2 * DAY,
            product.product_id,
            quantity,
            float(product.price),
            product.cost,
            deal_id=deal_id,
        )
    run_subscription(book, account, plan, at + DAY, by)
    if book.random.random() < 0.18:
        book.stage(account.contact_id, "evangelist", at + book.random.randint(60, 150) * DAY, by)
