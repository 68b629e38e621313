"""Reference data: products and exchange rates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_company.catalog import COSTS, PRODUCTS
from demo_company.columns import build, pick
from demo_company.subscriptions import SERVICES
from demo_company.world import DAYS, FIRST_DATE

_DAYS_BEFORE = 10
"""Rates start this many days before the first order, so that every order finds a rate on or before its day."""


def products() -> pa.Table:
    """The raw products, including the subscription plans."""
    return build(
        "orders/products",
        {
            "product_id": pa.array([p.product_id for p in PRODUCTS] + [service_id for service_id, _ in SERVICES]),
            "product_name": pa.array([p.name for p in PRODUCTS] + [name for _, name in SERVICES]),
            "category": pa.array([p.category for p in PRODUCTS] + ["subscription"] * len(SERVICES)),
            "unit_cost": np.concatenate([COSTS, np.full(len(SERVICES), np.nan)]),
        },
    )


def exchange_rates(rng: np.random.Generator) -> pa.Table:
    """VND per USD and EUR on working days only; on weekends the latest rate applies."""
    days = np.arange(-_DAYS_BEFORE, DAYS)
    epoch = (FIRST_DATE - type(FIRST_DATE)(1970, 1, 1)).days + days
    working = epoch[(epoch + 3) % 7 < 5]
    parts = [
        build(
            "finance/exchange_rates",
            {
                "rate_date": working,
                "currency": pick(["VND"], np.zeros(len(working), np.int64)),
                "rate_to_reporting": np.ones(len(working)),
            },
        )
    ]
    for currency, start, step in (("USD", 25_400.0, 18.0), ("EUR", 27_600.0, 45.0)):
        walk = start + np.cumsum(rng.normal(0, step, len(working)))
        parts.append(
            build(
                "finance/exchange_rates",
                {
                    "rate_date": working,
                    "currency": pick([currency], np.zeros(len(working), np.int64)),
                    "rate_to_reporting": np.round(walk, 1),
                },
            )
        )
    return pa.concat_tables(parts)
