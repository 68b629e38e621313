"""The paid campaigns that the company ran, as `campaigns.csv` lists them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Campaign:
    """A paid campaign. The spend rows of an untagged one have no UTM; if mapped, `seeds/campaign_map.csv` names it."""

    key: str
    channel: str
    platform: str
    account_id: str
    campaign_id: str
    source: str
    medium: str
    cost_per_click: float
    click_rate: float
    weight: float
    """Relative frequency of this campaign among the visits of its channel."""
    currency: str
    tagged: bool
    first_day: int
    last_day: int
    click_id: str
    referrer: str
    mapped: bool


def _campaign(row: dict[str, str]) -> Campaign:
    return Campaign(
        key=row["key"],
        channel=row["channel"],
        platform=row["platform"],
        account_id=row["account_id"],
        campaign_id=row["campaign_id"],
        source=row["source"],
        medium=row["medium"],
        cost_per_click=float(row["cost_per_click"]),
        click_rate=float(row["click_rate"]),
        weight=float(row["weight"]),
        currency=row["currency"],
        tagged=row["tagged"] == "true",
        first_day=int(row["first_day"]),
        last_day=int(row["last_day"]),
        click_id=row["click_id"],
        referrer=row["referrer"],
        mapped=row["mapped"] == "true",
    )


def _read() -> tuple[Campaign, ...]:
    with Path(__file__).with_name("campaigns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_campaign(row) for row in csv.DictReader(file))


CAMPAIGNS = _read()
