"""Ad spend: one row per day, campaign and ad, derived from the visits that each campaign brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company.arrivals import ARRIVAL_CAMPAIGN
from demo_company.campaigns import CAMPAIGNS
from demo_company.columns import Flags, Floats, Ints, build, ids, join, pick
from demo_company.sessions import Sessions
from demo_company.world import DAY, DAYS, END, FIRST_DATE, START

_EPOCH_DAY = (FIRST_DATE - type(FIRST_DATE)(1970, 1, 1)).days


@dataclass
class Visits:
    """Counts of paid visits by day and campaign: the only data that ad spend needs from the batches."""

    counts: Ints

    @classmethod
    def none(cls) -> Visits:
        """No visits yet."""
        return cls(np.zeros((DAYS, len(CAMPAIGNS)), dtype=np.int64))

    def add(self, sessions: Sessions) -> None:
        """Count the sessions of a batch."""
        campaign = ARRIVAL_CAMPAIGN[sessions.arrival]
        paid = (campaign >= 0) & (sessions.person >= 0)
        np.add.at(self.counts, ((sessions.start[paid] - START) // DAY, campaign[paid]), 1)


def write_spend(rng: np.random.Generator, visits: Visits, scale: float) -> pa.Table:
    """The raw ad spend."""
    running = np.array([[c.first_day <= day <= c.last_day for c in CAMPAIGNS] for day in range(DAYS)])
    # Ads also get clicks that do not become a visit, even on days without any visit.
    clicks = np.round(visits.counts * 1.12 + rng.poisson(0.45 * scale, visits.counts.shape)).astype(np.int64)
    day, campaign = np.nonzero(running & (rng.random(running.shape) < 0.97))
    parts = []
    for ad, share in enumerate((0.62, 0.38)):
        parts.append(_rows(rng, day, campaign, np.round(clicks[day, campaign] * share), ad))
    return pa.concat_tables(parts)


def _rows(rng: np.random.Generator, day: Ints, campaign: Ints, clicks: Floats, ad: int) -> pa.Table:
    rate = np.array([c.click_rate for c in CAMPAIGNS])[campaign]
    impressions = np.round((clicks + rng.random(len(day))) / rate * rng.uniform(0.8, 1.25, len(day)))
    price = np.array([c.cost_per_click for c in CAMPAIGNS])[campaign]
    dollars: Flags = np.array([c.currency == "USD" for c in CAMPAIGNS])[campaign]
    cost = (clicks + 0.3) * price * rng.uniform(0.85, 1.2, len(day))
    cost = np.where(dollars, np.round(cost, 2), np.round(cost, -1))
    tagged = np.array([c.tagged for c in CAMPAIGNS])[campaign]
    campaign_id = pick([c.campaign_id for c in CAMPAIGNS], campaign)
    named = np.where(tagged, campaign, -1)
    return build(
        "marketing/ad_spend",
        {
            "spend_date": _EPOCH_DAY + day,
            "platform": pick([c.platform for c in CAMPAIGNS], campaign),
            "account_id": pick([c.account_id for c in CAMPAIGNS], campaign),
            "campaign_id": campaign_id,
            "ad_group_id": join(campaign_id, "-g1"),
            "ad_id": join(campaign_id, "-", ids("", np.full(len(day), ad + 1))),
            "utm_source": pick([c.source for c in CAMPAIGNS], named),
            "utm_medium": pick([c.medium for c in CAMPAIGNS], named),
            "utm_campaign": pick([c.key for c in CAMPAIGNS], named),
            "cost": cost,
            "currency": pick([c.currency for c in CAMPAIGNS], campaign),
            "impressions": impressions.astype(np.int64),
            "clicks": clicks.astype(np.int64),
            "updated_at": np.minimum(START + (day + 1) * DAY + 6 * 3_600, END - 60),
        },
    )
