"""Parameters of the demo: its calendar, its size, and the true effects that the marts should recover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

AS_OF = "2026-06-30T17:00:00Z"
"""The as-of moment of the demo: 1 July 2026, 00:00 in Asia/Ho_Chi_Minh."""

DAY = 86_400
LOCAL_OFFSET = 7 * 3_600
FIRST_DATE = date(2025, 1, 1)
DAYS = 546
START = int(datetime(2024, 12, 31, 17, tzinfo=UTC).timestamp())
END = START + DAYS * DAY

CONSUMERS = 6_900
BUSINESS_PEOPLE = 460
PEOPLE_PER_BATCH = 10_000
"""Person numbers reserved for one batch: a person's number is batch * PEOPLE_PER_BATCH + position."""
ROWS_PER_BATCH = 10_000_000
"""Row numbers reserved for one batch; row ids are made from them."""

MAX_VISITS = 10
"""Maximum number of planned visits before a first purchase."""


@dataclass(frozen=True)
class PurchaseProcess:
    """BG/NBD purchases (time in weeks) and Gamma-Gamma spend (VND) of customers without a subscription."""

    r: float = 0.60
    alpha: float = 13.0
    a: float = 0.90
    b: float = 2.60
    p: float = 6.0
    q: float = 4.5
    v: float = 840_000.0


@dataclass(frozen=True)
class Hazards:
    """Log-odds, for each visit, of signing up, of a first purchase and of a studio's request to sales."""

    signup: float = -1.75
    purchase: float = -3.35
    request: float = -2.05
    interest: float = 0.70
    signed_up: float = 0.50
    carry_over: float = 0.35
    """Share of a channel's effect that an earlier visit through it still has on later visits."""


@dataclass(frozen=True)
class Experience:
    """Effect of service on survey answers: base means, and points that bad service adds to them."""

    nps_base: float = 8.3
    nps_late_delivery: float = -2.9
    nps_slow_support: float = -2.4
    csat_base: float = 4.5
    csat_late_delivery: float = -1.7
    csat_slow_support: float = -1.5
    ces_base: float = 5.9
    ces_slow_support: float = -2.0
    slow_support_hours: float = 24.0


@dataclass(frozen=True)
class Experiment:
    """One web experiment; a lift is the relative change of the chance that a visit ends in a first purchase."""

    key: str
    variants: tuple[str, ...]
    shares: tuple[float, ...]
    lifts: tuple[float, ...]
    first_day: int
    last_day: int


PURCHASES = PurchaseProcess()
HAZARDS = Hazards()
EXPERIENCE = Experience()
EXPERIMENTS = (
    Experiment("product_page_video", ("control", "video"), (0.5, 0.5), (0.0, 0.60), 200, 440),
    Experiment(
        "free_shipping_banner",
        ("control", "banner_a", "banner_b"),
        (0.34, 0.33, 0.33),
        (0.0, 0.0, 0.0),
        380,
        545,
    ),
    # Assignment is broken on purpose (sample ratio mismatch): equal shares were planned.
    Experiment("cart_reminder", ("control", "reminder"), (0.58, 0.42), (0.0, 0.10), 60, 180),
)

LATE_BASE = 0.07
LATE_REMOTE = 0.16
LATE_PEAK = 0.18
PEAK_MONTHS = ("2025-11", "2026-01", "2026-02")


def local_date(day: int) -> date:
    """The calendar day of a day number, in the reporting time zone."""
    return FIRST_DATE + timedelta(days=day)


def local_time(text: str) -> int:
    """Seconds since the epoch of a local time such as `2025-03-02 20:15`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - LOCAL_OFFSET


MONTHS = tuple(f"{2025 + m // 12}-{m % 12 + 1:02d}" for m in range(18))
MONTH_OF_DAY = tuple(MONTHS.index(local_date(d).isoformat()[:7]) for d in range(DAYS))
