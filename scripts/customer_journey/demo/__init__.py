"""A made-up company to try everything on: Gocheck, a Vietnamese brand of microphones.

It sells to consumers (online store, stores, a marketplace) and, by subscription, to studios, for eighteen
months. What its people do has known causes, its deliveries have known dirt, and `customer_journey.demo.truth`
says what both are.
"""

from customer_journey.demo.generator import GeneratedDemo, generate
from customer_journey.demo.world import AS_OF

__all__ = ["AS_OF", "GeneratedDemo", "generate"]
