"""Simulated customers with known parameters of the models (M)BG/NBD, Gamma-Gamma and sBG."""

from datetime import date, timedelta

import numpy as np
from customer_journey.clv.beta_geometric import BG_NBD, BetaGeometric
from customer_journey.clv.likelihood import Vector

PURCHASES = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "v": 15.44}

SBG = {"alpha": 0.8, "beta": 6.0}


def purchases(
    customers: int, seed: int, stay: bool = False, model: BetaGeometric = BG_NBD, weeks_after: float = 0
) -> tuple[Vector, Vector, Vector, Vector]:
    """Return per customer: repeat purchases, weeks from first to last, age in weeks (26 to 104), later purchases.

    Each customer has an own purchase rate with exponential waiting times, and drops out with an own probability after
    each repeat purchase, and after the first one too if `model` says so; never with `stay`. The last number counts the
    `weeks_after` the age.
    """
    chance = np.random.default_rng(seed)
    rate = chance.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"], customers)
    dropout = np.zeros(customers) if stay else chance.beta(PURCHASES["a"], PURCHASES["b"], customers)
    age = chance.integers(26 * 7, 104 * 7, customers) / 7
    count, recency, now, after = (np.zeros(customers) for _ in range(4))
    is_alive = np.ones(customers, dtype=bool)
    if model.chances_at_first:
        is_alive = chance.random(customers) >= dropout
    while is_alive.any():
        now = np.where(is_alive, now + chance.exponential(1 / rate), now)
        buys = is_alive & (now <= age)
        count += buys
        recency = np.where(buys, now, recency)
        buys_after = is_alive & (age < now) & (now <= age + weeks_after)
        after += buys_after
        is_alive = (buys | buys_after) & (chance.random(customers) >= dropout)
    return count, recency, age, after


def values(repeats: Vector, seed: int) -> tuple[Vector, Vector]:
    """Return the number of repeat days (> 0) and their mean value, for each customer with any."""
    chance = np.random.default_rng(seed)
    days = repeats[repeats > 0]
    nu = chance.gamma(GAMMA_GAMMA["q"], 1 / GAMMA_GAMMA["v"], len(days))
    return days, chance.gamma(GAMMA_GAMMA["p"] * days, 1 / nu) / days


def purchase_days(customers: int, as_of: date, seed: int) -> list[list[tuple[date, int]]]:
    """Return the days and whole amounts of each customer's orders; the first is within two years before `as_of`.

    The same customers simulated by the day; orders of one day stay separate, as in a shop.
    """
    chance = np.random.default_rng(seed)
    histories = []
    for _ in range(customers):
        rate = chance.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"])
        dropout = chance.beta(PURCHASES["a"], PURCHASES["b"])
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


def lifetimes(subscriptions: int, seed: int) -> tuple[Vector, Vector, Vector]:
    """Return per subscription: its month, whether it ended in that month, and the months paid in the year after.

    Each began 0 to 23 months ago, and its holder cancels at the end of every month with an own probability.
    """
    chance = np.random.default_rng(seed)
    renewed = chance.geometric(chance.beta(SBG["alpha"], SBG["beta"], subscriptions)) - 1
    age = chance.integers(0, 24, subscriptions)
    is_ended = renewed < age
    return (
        np.where(is_ended, renewed + 1, age).astype(float),
        is_ended.astype(float),
        np.where(is_ended, 0, np.minimum(renewed - age, 12)).astype(float),
    )
