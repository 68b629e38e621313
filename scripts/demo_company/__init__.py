"""A made-up company to try everything on: Gocheck, a Vietnamese brand of microphones.

It sells to consumers (online store, stores, a marketplace) and, by subscription, to studios, for eighteen
months. What its people do has known causes, its deliveries have known dirt, and `demo_company.truth`
says what both are. What it makes at scale 1 lies in examples/demo, where a build without --raw reads it.
"""

from demo_company.generator import SEED, GeneratedDemo, generate
from demo_company.world import AS_OF

__all__ = ["AS_OF", "SEED", "GeneratedDemo", "generate"]
