"""The seeds that map values of the raw tables: the raw values that each one knows, and what it maps them to."""

import csv
import unicodedata
from collections.abc import Mapping
from functools import cache

from customer_journey.paths import PROJECT

# column of a raw table: the seed, its columns of raw values and of ours, whether rows of unknown values are refused
_SEEDS = {
    "orders/orders.status": ("order_status_map", "raw_status", "order_status", True),
    "crm/lifecycle_changes.stage": ("crm_stage_map", "crm_stage", "stage", True),
    "crm/contacts.lead_source": ("crm_lead_sources", "crm_lead_source", "lead_source", False),
    "crm/subscription_changes.reason": ("churn_reason_map", "raw_reason", "reason", False),
    "crm/deals.lost_reason": ("crm_lost_reasons", "crm_lost_reason", "lost_reason", False),
}


def seed_of(label: str, column: str) -> str | None:
    """Return the name of the seed that maps the values of a column; None where no seed does."""
    found = _SEEDS.get(f"{label}.{column}")
    return found[0] if found else None


def mapping_columns(label: str) -> list[str]:
    """Return the columns of a raw table whose values a seed maps."""
    return [place.removeprefix(f"{label}.") for place in _SEEDS if place.startswith(f"{label}.")]


def is_refusing(label: str, column: str) -> bool:
    """Return whether rows with a value that the seed does not know are quarantined."""
    return _SEEDS[f"{label}.{column}"][3]


def as_compared(value: str) -> str:
    """Return a value as staging compares it with the seeds: trimmed, in lower case and NFC."""
    return unicodedata.normalize("NFC", value).strip().lower()


@cache
def mapped_values(label: str, column: str) -> Mapping[str, str]:
    """Return the mapping in the seed of a column: normalized raw value: ours."""
    name, raw, ours, _ = _SEEDS[f"{label}.{column}"]
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {as_compared(row[raw]): row[ours] for row in csv.DictReader(stream)}
