"""Customers whose parameters are known: BG/NBD and Gamma-Gamma acted out, purchase by purchase."""

from datetime import date, timedelta

import numpy as np
from customer_journey.clv.likelihood import Vector

BG_NBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "v": 15.44}


def purchases(customers: int, seed: int, stay: bool = False) -> tuple[Vector, Vector, Vector]:
    """Return repeat purchases, weeks from first to last, and age in weeks (26 to 104) of each customer.

    Each has a rate, waits for every next purchase an exponential time, and after each repeat purchase drops out with
    the customer's own probability, or never if they `stay`.
    """
    chance = np.random.default_rng(seed)
    rate = chance.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"], customers)
    dropout = np.zeros(customers) if stay else chance.beta(BG_NBD["a"], BG_NBD["b"], customers)
    age = chance.integers(26 * 7, 104 * 7, customers) / 7
    count, recency, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    is_alive = np.ones(customers, dtype=bool)
    while is_alive.any():
        now = np.where(is_alive, now + chance.exponential(1 / rate), now)
        buys = is_alive & (now <= age)
        count += buys
        recency = np.where(buys, now, recency)
        is_alive = buys & (chance.random(customers) >= dropout)
    return count, recency, age


def values(repeats: Vector, seed: int) -> tuple[Vector, Vector]:
    """Return the repeat days (> 0) and the mean value of one of each customer who has any."""
    chance = np.random.default_rng(seed)
    days = repeats[repeats > 0]
    nu = chance.gamma(GAMMA_GAMMA["q"], 1 / GAMMA_GAMMA["v"], len(days))
    return days, chance.gamma(GAMMA_GAMMA["p"] * days, 1 / nu) / days


def purchase_days(customers: int, as_of: date, seed: int) -> list[list[tuple[date, int]]]:
    """Return the days and whole amounts of each customer's orders, the first of them within two years before `as_of`.

    The same company acted out by the day; orders of one day are kept apart, as in a shop.
    """
    chance = np.random.default_rng(seed)
    histories = []
    for _ in range(customers):
        rate = chance.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"])
        dropout = chance.beta(BG_NBD["a"], BG_NBD["b"])
        nu = chance.gamma(GAMMA_GAMMA["q"], 1 / GAMMA_GAMMA["v"])
        day = as_of - timedelta(days=int(chance.integers(10, 700)))
        history = []
        while day <= as_of:
            history.append((day, 1 + round(chance.gamma(GAMMA_GAMMA["p"]) / nu)))
            if len(history) > 1 and chance.random() < dropout:
                break
            day += timedelta(days=min(round(7 * chance.exponential(1 / rate)), 9999))
        histories.append(history)
    return histories
