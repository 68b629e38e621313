"""The traffic-source evidence on the first event of a visit: UTM values, click id, referrer, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demo_company.campaigns import CAMPAIGNS
from demo_company.channels import CHANNELS, CODE, DIRECT, EMAIL, REFERRAL
from demo_company.columns import Floats, Ints
from demo_company.world import DAYS


@dataclass(frozen=True)
class Arrival:
    """One way of arriving: the UTM values, click id and referrer that it leaves on the first event of a visit."""

    channel: int
    weight: float
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    referrer: str = ""
    click_id: str = ""
    paid: int = -1
    """Position in CAMPAIGNS, -1 for unpaid traffic."""
    columns_filled: bool = True
    """False: the UTM values are only in the page URL, and the utm_ columns are empty."""


def _paid() -> list[Arrival]:
    arrivals: list[Arrival] = []
    for position, c in enumerate(CAMPAIGNS):
        if c.weight == 0:
            continue
        code, term = CODE[c.channel], "micro khong day" if c.channel == "paid_search" else ""
        tagged = Arrival(
            code,
            c.weight * 0.06,
            source=c.source,
            medium=c.medium,
            campaign=c.key,
            referrer=c.referrer,
            click_id=c.click_id,
            paid=position,
        )
        arrivals += [
            *(
                replace(tagged, weight=c.weight * share, content=content, term=term)
                for content, share in (("video_a", 0.55), ("anh_b", 0.33))
            ),
            replace(tagged, source=c.source.title(), medium=f" {c.medium.upper()}", term=term),
            replace(tagged, columns_filled=False),
        ]
        if c.click_id and c.channel == "paid_search":
            # Auto-tagging: the click id is the only evidence of the campaign.
            arrivals.append(Arrival(code, c.weight * 0.2, referrer=c.referrer, click_id=c.click_id, paid=position))
    return arrivals


_REFERRERS: dict[str, dict[str, float]] = {
    "organic_search": {
        "https://www.google.com/": 10,
        "https://www.google.com.vn/": 6,
        "https://coccoc.com/search": 1.5,
        "https://www.bing.com/": 1,
        "https://duckduckgo.com/": 0.4,
    },
    "organic_social": {
        "https://l.facebook.com/": 4,
        "https://www.tiktok.com/": 5,
        "https://www.instagram.com/": 2,
        "https://m.facebook.com/": 2,
    },
    "organic_video": {"https://www.youtube.com/": 5, "https://m.youtube.com/": 2},
    "organic_shopping": {"https://shopee.vn/gocheck.official": 3},
    "referral": {
        "https://tinhte.vn/": 4,
        "https://voz.vn/": 3,
        "https://genk.vn/": 1,
        "https://podcastviet.vn/": 1,
    },
}
# Direct visits: without a referrer, or returning from the company's own site or a payment page, which are no channels.
_OWN = {"": 30.0, "https://gocheck.vn/": 0.8, "https://pay.vnpay.vn/": 0.6, "https://payment.momo.vn/": 0.3}

ARRIVALS: tuple[Arrival, ...] = (
    *(Arrival(DIRECT, weight, referrer=referrer) for referrer, weight in _OWN.items()),
    *(
        Arrival(CODE[channel], weight, referrer=referrer)
        for channel, referrers in _REFERRERS.items()
        for referrer, weight in referrers.items()
    ),
    Arrival(
        CODE["organic_search"],
        1.0,
        "google",
        "organic",
        "google_business_profile",
        referrer="https://www.google.com/",
    ),
    Arrival(CODE["organic_social"], 1.0, "facebook", "social", "fanpage", referrer="https://m.facebook.com/"),
    Arrival(EMAIL, 6.0, "newsletter", "email", "newsletter"),
    Arrival(EMAIL, 1.0, "newsletter", "Email", "newsletter"),
    Arrival(EMAIL, 3.0, "automation", "email", "care_flow"),
    Arrival(REFERRAL, 2.0, "friend", "referral", "refer_a_friend"),
    Arrival(CODE["sms"], 1.0, "brandname", "sms", "sms_uu_dai"),
    Arrival(CODE["mobile_push"], 1.0, "app", "push", "app_push"),
    Arrival(CODE["organic_social"], 2.0, "zalo", "social", "zalo_oa", referrer="https://zalo.me/"),
    Arrival(CODE["unassigned"], 1.0, "qr_hop_san_pham", "qr_code", "qr_2025"),
    Arrival(CODE["unassigned"], 1.0, "(not set)", "(none set)"),
    *_paid(),
)

ARRIVAL_CAMPAIGN = np.array([arrival.paid for arrival in ARRIVALS], dtype=np.int64)
NEWSLETTER_ARRIVAL = next(i for i, arrival in enumerate(ARRIVALS) if arrival.campaign == "newsletter")
_FIRST_DAY = np.array([CAMPAIGNS[a.paid].first_day if a.paid >= 0 else 0 for a in ARRIVALS])
_LAST_DAY = np.array([CAMPAIGNS[a.paid].last_day if a.paid >= 0 else DAYS for a in ARRIVALS])


def draw_arrivals(rng: np.random.Generator, channels: Ints, days: Ints) -> Ints:
    """Draw a way of arriving for each visit; if its campaign is not running that day, take the channel's first one."""
    result = np.zeros(channels.shape, dtype=np.int64)
    chance = rng.random(channels.shape)
    for code in range(len(CHANNELS)):
        ways = np.array([i for i, arrival in enumerate(ARRIVALS) if arrival.channel == code], dtype=np.int64)
        edges: Floats = np.cumsum([ARRIVALS[i].weight for i in ways])
        here = channels == code
        result[here] = ways[np.searchsorted(edges, chance[here] * edges[-1], side="right")]
        idle = here & ((days < _FIRST_DAY[result]) | (days > _LAST_DAY[result]))
        result[idle] = ways[0]
    return result
