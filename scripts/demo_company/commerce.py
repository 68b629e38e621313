"""Orders of consumers with their lines, refunds and delivery times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company import vocabulary as words
from demo_company.catalog import ACCESSORIES, COSTS, MICROPHONES, PRICES, PRODUCTS
from demo_company.columns import (
    NEVER,
    Flags,
    Floats,
    Ints,
    anonymous_ids,
    build,
    choose,
    either,
    hide,
    ids,
    pick,
    take,
    unless,
)
from demo_company.contacts import Contacts
from demo_company.people import People, spell_emails, spell_phones
from demo_company.purchases import MARKETPLACE, ONLINE, SALES_CHANNELS, STORE, Purchases
from demo_company.world import (
    DAY,
    END,
    LATE_BASE,
    LATE_PEAK,
    LATE_REMOTE,
    MONTH_OF_DAY,
    MONTHS,
    PEAK_MONTHS,
    ROWS_PER_BATCH,
    START,
)

STATES = tuple(words.ORDER_STATUS)
COMPLETED, SHIPPED, PAID, PENDING, CANCELLED, RETURNED = range(6)
_PAYMENTS = ("vnpay", "momo", "cod", "bank_transfer", "card", "cash")
_CURRENCIES = ("VND", "USD", "EUR")
_RATES = np.array([1.0, 25_400.0, 27_600.0])
_REASONS = ("Không vừa ý", "Lỗi kỹ thuật", "Giao trễ", "Giao nhầm", "Đổi mẫu")


@dataclass(frozen=True)
class Orders:
    """One row per order of a consumer: purchases first, then abandoned attempts, then walk-ins (person -1)."""

    person: Ints
    number: Ints
    time: Ints
    via: Ints
    state: Ints
    value: Floats
    cookie: Ints
    promised: Ints
    delivered: Ints
    late: Flags
    product: Ints
    foreign: Ints

    @property
    def counts(self) -> Flags:
        """Flag orders of known people that are neither pending nor cancelled."""
        return (self.person >= 0) & np.isin(self.state, (COMPLETED, SHIPPED, PAID, RETURNED))

    def first_at(self, people: int) -> Ints:
        """Time of each person's first order that counts, NEVER if there is none."""
        late = np.iinfo(np.int64).max
        first = np.full(people, late, dtype=np.int64)
        np.minimum.at(first, self.person[self.counts], self.time[self.counts])
        return np.where(first == late, NEVER, first)

    def order_ids(self) -> pa.Array:
        """The ids of the orders."""
        return ids("GC", self.number)


def main_products(rng: np.random.Generator, values: Floats) -> Ints:
    """Choose the microphone whose price fits the order value."""
    prices = PRICES[list(MICROPHONES)]
    fit = np.searchsorted(prices, values * rng.uniform(0.75, 1.2, len(values)), side="right") - 1
    return np.array(MICROPHONES, dtype=np.int64)[np.maximum(fit, 0)]


def plan_orders(
    rng: np.random.Generator, people: People, purchases: Purchases, cookies: Ints, products: Ints
) -> Orders:
    """Orders for the purchases, for attempts abandoned shortly before them, and for anonymous walk-ins."""
    tries = np.flatnonzero((purchases.via == ONLINE) & (rng.random(len(purchases)) < 0.07))
    given_up = purchases.time[tries] - rng.integers(DAY // 2, 2 * DAY, len(tries))
    walk_ins = round(0.012 * len(purchases))
    walked = START + rng.integers(0, (END - START) // DAY, walk_ins) * DAY + 15 * 3_600
    gift = rng.random(walk_ins) < 0.15
    person = np.concatenate([purchases.person, purchases.person[tries], np.full(walk_ins, -1)])
    time = np.concatenate([purchases.time, given_up, walked])
    via = np.concatenate([purchases.via, purchases.via[tries], np.full(walk_ins, STORE)])
    value = np.concatenate([purchases.value, purchases.value[tries], np.where(gift, 0.0, 590_000.0)])
    product = np.concatenate([products, products[tries], np.zeros(walk_ins, dtype=np.int64)])
    n, attempts = len(person), slice(len(purchases), len(purchases) + len(tries))

    city = np.where(person >= 0, people.city[person], 0)
    remote = np.isin(city, words.REMOTE_CITIES)
    month = np.array(MONTH_OF_DAY)[np.clip((time - START) // DAY, 0, len(MONTH_OF_DAY) - 1)]
    peak = np.isin(month, [MONTHS.index(name) for name in PEAK_MONTHS])
    ships = via != STORE
    promised = unless(~ships, time + np.where(remote, 5, 3) * DAY)
    late = ships & (rng.random(n) < LATE_BASE + LATE_REMOTE * remote + LATE_PEAK * peak)
    delay = np.where(late, 3 * 3_600 + rng.exponential(2.5 * DAY, n), -rng.uniform(3_600, 1.6 * DAY, n)).astype(
        np.int64
    )
    delivered = np.where(ships, promised + delay, NEVER)
    waiting = ships & (delivered >= END)
    state = np.where(waiting, np.where(time > END - DAY, PAID, SHIPPED), COMPLETED)
    sent_back = ~waiting & (time < END - 40 * DAY) & (rng.random(n) < 0.02) & (person >= 0)
    state = np.where(sent_back, RETURNED, state)
    state[attempts] = np.where(rng.random(len(tries)) < 0.8, CANCELLED, PENDING)
    never_came = np.isin(state, (PAID, SHIPPED, PENDING, CANCELLED))
    return Orders(
        person=person,
        number=people.batch * ROWS_PER_BATCH + np.arange(n),
        time=time,
        via=via,
        state=state,
        value=value,
        cookie=np.concatenate([cookies, cookies[tries], np.full(walk_ins, -1)]),
        promised=promised,
        delivered=unless(never_came, delivered),
        late=late & ~never_came,
        product=product,
        foreign=np.where(
            np.isin(city, words.FOREIGN_CITIES) & (via == ONLINE), 1 + (city == words.FOREIGN_CITIES[1]), 0
        ),
    )


def write_orders(
    rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """The raw orders, order items and refunds."""
    n, via, known = len(orders.person), orders.via, orders.person >= 0
    rate = _RATES[orders.foreign]
    gross, discount = orders.value.copy(), np.where(rng.random(n) < 0.2, np.round(orders.value / 9, -3), 0.0)
    gross += discount
    extra = np.array(ACCESSORIES, dtype=np.int64)[rng.integers(0, len(ACCESSORIES), n)]
    has_extra = (rng.random(n) < 0.38) & (PRICES[extra] < 0.3 * gross)
    extra_price = np.where(has_extra, PRICES[extra], 0.0)
    # Quantities 2 and 4 divide whole thousands evenly, so that the lines add up to the order.
    quantity = np.choose(np.searchsorted((1.6, 3.2), (gross - extra_price) / PRICES[orders.product]), (1, 2, 4))
    unit_price = np.round((gross - extra_price) / quantity / rate, 2)
    extra_price, discount = np.round(extra_price / rate, 2), np.round(discount / rate, 2)
    net = np.round(unit_price * quantity + extra_price - discount, 2)
    tax = np.where(orders.foreign > 0, 0.0, np.round(net * 0.08))
    shipping = np.round(
        np.where((via == STORE) | (orders.value >= 1_000_000), 0, np.where(via == MARKETPLACE, 25_000, 32_000)) / rate,
        2,
    )
    total = net + tax + shipping

    chance = rng.random((6, n))
    gives_email = known & np.choose(via, (chance[0] < 1, chance[0] < 0.15, chance[0] < 0, chance[0] < 0.8))
    gives_phone = known & np.choose(via, (chance[1] < 0.8, chance[1] < 0.95, chance[1] < 0.92, chance[1] < 1))
    logged_in = (
        known & contacts.known_at(orders.person, orders.time) & (chance[2] < np.array((0.45, 0.35, 0.0, 0.9))[via])
    )
    other = chance[3] < 0.12
    second = take(people.second_email, orders.person)
    email = either(other & second.is_valid().to_numpy(zero_copy_only=False), second, take(people.email, orders.person))
    touched = np.where(orders.delivered == NEVER, orders.time + 900, orders.delivered)
    names = [words.ORDER_STATUS[state] for state in STATES]
    flat = [name for state in names for name in state]
    first = np.cumsum([0] + [len(state) for state in names])[:-1]
    variant = np.minimum(
        (chance[4] ** 3 * 4).astype(np.int64), np.array([len(state) for state in names])[orders.state] - 1
    )
    table = build(
        "orders/orders",
        {
            "order_id": orders.order_ids(),
            "email": hide(spell_emails(rng, email, 0.04), ~gives_email),
            "phone": hide(spell_phones(rng, take(people.phone, orders.person)), ~gives_phone),
            "contact_id": hide(take(contacts.contact_id, orders.person), ~logged_in),
            "anonymous_id": hide(anonymous_ids(orders.cookie), (orders.cookie < 0) | (chance[5] > 0.9)),
            "ordered_at": orders.time,
            "status": pick(flat, first[orders.state] + variant),
            "sales_channel": pick(SALES_CHANNELS, via),
            "currency": pick(_CURRENCIES, np.where((orders.foreign == 0) & (chance[3] > 0.95), -1, orders.foreign)),
            "total_amount": total,
            "tax_amount": tax,
            "shipping_amount": shipping,
            "discount_amount": discount,
            "payment_method": pick(
                _PAYMENTS,
                np.where(via == STORE, 3 + rng.integers(0, 3, n), choose(rng, (40, 20, 25, 10, 5, 0), n)),
            ),
            "promised_delivery_at": orders.promised,
            "delivered_at": orders.delivered,
            "updated_at": np.minimum(touched, END - 60),
        },
    )
    line_orders = np.concatenate([np.arange(n), np.flatnonzero(has_extra)])
    main = np.arange(len(line_orders)) < n
    product = np.where(main, orders.product[line_orders], extra[line_orders])
    cost = np.round(COSTS[product] * rng.uniform(0.97, 1.03, len(product)), -2) / rate[line_orders]
    items = build(
        "orders/order_items",
        {
            "order_id": take(orders.order_ids(), line_orders),
            "line_number": np.where(main, 1, 2),
            "product_id": pick([p.product_id for p in PRODUCTS], product),
            "quantity": np.where(main, quantity[line_orders], 1),
            "unit_price": np.where(main, unit_price[line_orders], extra_price[line_orders]),
            "discount_amount": np.where(main, discount[line_orders], 0.0),
            "unit_cost": np.where(rng.random(len(product)) < 0.12, np.nan, np.round(cost, 2)),
        },
    )
    return table, items, _refunds(rng, orders, total)


def _refunds(rng: np.random.Generator, orders: Orders, total: Floats) -> pa.Table:
    """Refunds: returned orders in full, a few completed ones in part."""
    n = len(orders.person)
    received = np.where(orders.delivered == NEVER, orders.time, orders.delivered)
    partial = (orders.state == COMPLETED) & (rng.random(n) < 0.02 + 0.06 * orders.late) & (received < END - 20 * DAY)
    rows = np.flatnonzero((orders.state == RETURNED) | partial)
    share = np.where(partial[rows], np.round(rng.uniform(0.1, 0.5, len(rows)), 1), 1.0)
    return build(
        "orders/refunds",
        {
            "refund_id": ids("R", orders.number[rows]),
            "order_id": take(orders.order_ids(), rows),
            "refunded_at": np.minimum(received[rows] + rng.integers(2 * DAY, 18 * DAY, len(rows)), END - 3_600),
            "amount": np.where(
                orders.foreign[rows] > 0, np.round(total[rows] * share, 2), np.round(total[rows] * share)
            ),
            "reason": pick(_REASONS, np.where(orders.late[rows], 2, rng.integers(0, len(_REASONS), len(rows)))),
        },
    )
