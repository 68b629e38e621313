"""Raw rows of web sessions: events, web identities, and exposures to experiments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company import sessions as s
from demo_company.arrivals import ARRIVALS
from demo_company.catalog import (
    INTEREST,
    PAGE,
    PAGE_GROUPS,
    PAGE_PRODUCT,
    PAGES,
    PRODUCT_PAGE,
    PRODUCTS,
    SITE,
)
from demo_company.columns import (
    NEVER,
    Floats,
    Ints,
    anonymous_ids,
    build,
    either,
    ids,
    join,
    pick,
    take,
)
from demo_company.journeys import variant_of
from demo_company.people import DEVICE_TYPES, People, international, spell_emails
from demo_company.sessions import Sessions
from demo_company.world import DAY, EXPERIMENTS, ROWS_PER_BATCH, START

EVENT_NAMES = (
    "page_view",
    "product_view",
    "search",
    "form_started",
    "form_submitted",
    "form_error",
    "signup",
    "add_to_cart",
    "checkout_started",
    "purchase",
)
_VIEW, _PRODUCT, _SEARCH, _START, _SUBMIT, _ERROR, _SIGNUP, _CART, _CHECKOUT, _BUY = range(10)
_BUYING = (_CART, _CHECKOUT, _BUY)
_TAILS = {
    s.SIGNUP: (_START, _SUBMIT, _SIGNUP),
    s.SIGNUP_AFTER_ERROR: (_START, _ERROR, _SUBMIT, _SIGNUP),
    s.FORM_LEFT: (_START, _ERROR),
    s.CART: (_CART,),
    s.CHECKOUT: (_CART, _CHECKOUT),
    s.PURCHASE: _BUYING,
    s.SIGNUP_AND_PURCHASE: (_START, _SUBMIT, _SIGNUP, *_BUYING),
    s.REQUEST: (_START, _SUBMIT),
}
_TAIL_LENGTH = np.array([len(_TAILS.get(ending, ())) for ending in range(11)], dtype=np.int64)
_TAIL = np.zeros((11, 6), dtype=np.int64)
for _ending, _names in _TAILS.items():
    _TAIL[_ending, : len(_names)] = _names
_FORM_PAGE, _DEMO_PAGE = PAGE["/dang-ky"], PAGE["/studio/dang-ky-demo"]
_EVENT_PAGE = np.array(
    [
        -1,
        -1,
        -1,
        _FORM_PAGE,
        _FORM_PAGE,
        _FORM_PAGE,
        _FORM_PAGE,
        PAGE["/gio-hang"],
        PAGE["/thanh-toan"],
        PAGE["/cam-on"],
    ],
    dtype=np.int64,
)
_PAGE_EVENT = np.array(
    [{"product": _PRODUCT, "search": _SEARCH}.get(group, _VIEW) for group in PAGE_GROUPS], dtype=np.int64
)
_MOST_PAGES = 24

AGENTS = (
    "Mozilla/5.0 (Linux; Android 14; SM-A556E) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "HeadlessChrome/125.0 (X11; Linux x86_64)",
)
_FIRST_BOT = 5


def _landing_queries() -> pa.Array:
    queries = []
    for way in ARRIVALS:
        named = (
            ("utm_source", way.source),
            ("utm_medium", way.medium),
            ("utm_campaign", way.campaign),
            ("utm_content", way.content),
            ("utm_term", way.term),
        )
        parts = [f"{name}={value.strip().replace(' ', '%20')}" for name, value in named if value]
        parts += [way.click_id] if way.click_id else []
        queries.append("?" + "&".join(parts) if parts else "")
    return pa.array(queries)


_QUERIES = _landing_queries()
_ADDRESSES = pa.array([SITE + page.path for page in PAGES])
_REFERRERS = pa.array([way.referrer or None for way in ARRIVALS])
_UTM = {
    f"utm_{name}": pa.array([(getattr(way, name) or None) if way.columns_filled else None for way in ARRIVALS])
    for name in ("source", "medium", "campaign", "content", "term")
}


@dataclass(frozen=True)
class Web:
    """The events of a batch, and each session's number of events and time of its last event."""

    events: pa.Table
    size: Ints
    end: Ints


def write_events(rng: np.random.Generator, batch: int, sessions: Sessions, products: Ints, order_ids: pa.Array) -> Web:
    """Write the events of sessions; `products` (the product mostly viewed) and `order_ids` are given per session."""
    browse = np.minimum(1 + rng.geometric(0.18, len(sessions)), _MOST_PAGES)
    browse = np.where(sessions.ending == s.BOUNCED, 1, browse)
    browse = np.where(sessions.ending == s.CRAWL, 8 + rng.integers(0, 30, len(sessions)), browse)
    size = browse + _TAIL_LENGTH[sessions.ending]
    total = int(size.sum())
    of = np.repeat(np.arange(len(sessions)), size)
    opening = np.repeat(np.cumsum(size) - size, size)
    position = np.arange(total) - opening
    in_tail = position >= browse[of]

    page = _draw_pages(rng, sessions.phase[of])
    # Half of the product views show the session's main product.
    about = (PAGE_PRODUCT[page] >= 0) & (rng.random(total) < 0.5) & (products[of] >= 0)
    page = np.where(about, PRODUCT_PAGE[products[of]], page)
    name = np.where(in_tail, _TAIL[sessions.ending[of], np.where(in_tail, position - browse[of], 0)], _PAGE_EVENT[page])
    page = np.where(in_tail, np.where(sessions.ending[of] == s.REQUEST, _DEMO_PAGE, _EVENT_PAGE[name]), page)

    lands = position == 0
    gap = np.where(lands, 0.0, np.minimum(1 + rng.exponential(48, total), 900)).astype(np.int64)
    passed = np.cumsum(gap)
    time = sessions.start[of] + passed - passed[opening]
    stay = np.empty(total, dtype=np.int64)
    stay[:-1] = gap[1:]
    stay[-1:] = 0
    stay = np.where(stay == 0, rng.integers(2, 30, total), stay)
    bounced = sessions.ending[of] == s.BOUNCED
    engagement = np.where(bounced, rng.integers(300, 9_000, total), (stay * rng.integers(550, 950, total)))
    engagement = np.where(rng.random(total) < 0.08, NEVER, engagement)
    # Pages load more slowly on phones, and visitors who wait long leave.
    load = (
        rng.lognormal(7.0, 0.45, total)
        * np.where(sessions.device_type[of] == 0, 1.35, 1.0)
        * np.where(bounced, 1.5, 1.0)
    )
    viewed = np.where(np.isin(name, _BUYING[:1]), products[of], np.where(in_tail, -1, PAGE_PRODUCT[page]))

    arrival = np.where(lands, sessions.arrival[of], -1)
    before = np.where(lands, -1, np.roll(page, 1))
    address = _ADDRESSES.take(pa.array(page))
    events = build(
        "web/events",
        {
            "event_id": ids("e", batch * ROWS_PER_BATCH + np.arange(total)),
            "anonymous_id": take(anonymous_ids(sessions.cookie), of),
            "occurred_at": time,
            "event_name": pick(EVENT_NAMES, name),
            "page_url": either(lands, join(address, pick(_QUERIES, sessions.arrival[of])), address),
            "referrer_url": either(lands, pick(_REFERRERS, arrival), pick(_ADDRESSES, before)),
            **{column: pick(values, arrival) for column, values in _UTM.items()},
            "content_group": pick(PAGE_GROUPS, page),
            "product_id": pick([product.product_id for product in PRODUCTS], viewed),
            "order_id": take(order_ids, np.where(name == _BUY, of, -1)),
            "device_type": pick(DEVICE_TYPES, sessions.device_type[of]),
            "user_agent": pick(AGENTS, _agents(sessions)[of]),
            "engagement_ms": engagement,
            "page_load_ms": np.where(in_tail, NEVER, load.astype(np.int64)),
        },
    )
    end = time[np.cumsum(size) - 1] if total else np.zeros(0, np.int64)
    return Web(events, size, end)


def _draw_pages(rng: np.random.Generator, phase: Ints) -> Ints:
    edges: Floats = np.cumsum(INTEREST, axis=1)
    chance = rng.random(len(phase))
    page = np.zeros(len(phase), dtype=np.int64)
    for number in range(len(INTEREST)):
        here = phase == number
        page[here] = np.searchsorted(edges[number], chance[here] * edges[number, -1], side="right")
    return page


def _agents(sessions: Sessions) -> Ints:
    # A cookie always has the same user agent: two for phones, two for desktops, one for tablets, one for bots.
    odd = sessions.cookie // 4 % 2
    usual = np.choose(sessions.device_type, (np.where(odd, 3, 0), np.where(odd, 4, 1), np.full(len(sessions), 2)))
    return np.where(sessions.ending == s.CRAWL, _FIRST_BOT + sessions.cookie % (len(AGENTS) - _FIRST_BOT), usual)


def identities(
    rng: np.random.Generator, people: People, contact_ids: pa.Array, sessions: Sessions, end: Ints
) -> tuple[pa.Table, dict[str, Ints]]:
    """Return web identities of sessions that identify their visitor; for truth, also these sessions by identifier."""
    kinds = sessions.identify
    uses_second = (rng.random(len(sessions)) < 0.3) & (kinds == s.BY_EMAIL)
    parts, identified = [build("web/identities", {}, rows=0)], {}
    for name, values, which in (
        ("email", people.email, np.isin(kinds, (s.BY_EMAIL, s.BY_EMAIL_AND_PHONE)) & ~uses_second),
        ("second_email", people.second_email, uses_second),
        ("phone", international(people.phone), kinds == s.BY_EMAIL_AND_PHONE),
        ("contact_id", contact_ids, kinds == s.BY_CONTACT),
    ):
        rows = np.flatnonzero(which)
        value = take(values, sessions.person[rows])
        rows, value = rows[value.is_valid().to_numpy(zero_copy_only=False)], value.drop_null()
        identified[name] = rows
        kind = "email" if name == "second_email" else name
        parts.append(
            build(
                "web/identities",
                {
                    "anonymous_id": anonymous_ids(sessions.cookie[rows]),
                    "identifier_type": kind,
                    "identifier_value": spell_emails(rng, value, 0.02) if kind == "email" else value,
                    "identified_at": end[rows],
                },
                rows=len(rows),
            )
        )
    return pa.concat_tables(parts), identified


def exposures(sessions: Sessions) -> tuple[pa.Table, list[tuple[Ints, Ints, Ints]]]:
    """Exposures at each cookie's first session while an experiment runs; also person, variant and time of each."""
    parts, seen = [], []
    order = np.lexsort((sessions.start, sessions.cookie))
    people_only = order[(sessions.person[order] >= 0) & (sessions.phase[order] != 2)]
    day = (sessions.start - START) // DAY
    for number, experiment in enumerate(EXPERIMENTS):
        running = people_only[(day[people_only] >= experiment.first_day) & (day[people_only] <= experiment.last_day)]
        _, first = np.unique(sessions.cookie[running], return_index=True)
        rows = running[first]
        variant = variant_of(sessions.cookie[rows], number)
        seen.append((sessions.person[rows], variant, sessions.start[rows] + 1))
        parts.append(
            build(
                "web/experiment_exposures",
                {
                    "experiment": pick([experiment.key], np.zeros(len(rows), np.int64)),
                    "variant": pick(experiment.variants, variant),
                    "is_control": variant == 0,
                    "anonymous_id": anonymous_ids(sessions.cookie[rows]),
                    "exposed_at": sessions.start[rows] + 1,
                },
            )
        )
    return pa.concat_tables(parts), seen
