"""Generator of the demo company: Gocheck, a made-up Vietnamese brand of microphones, for demos and tests.

Over eighteen months it sells to consumers (online store, stores, a marketplace) and, by subscription, to studios.
The causes of people's behaviour and the dirt in the deliveries are known: `demo_company.truth` writes them down, and
tests compare a build with them. The output at scale 1 is in examples/demo; a build without --raw reads it.
"""

from demo_company.generator import SEED, GeneratedDemo, generate
from demo_company.world import AS_OF

__all__ = ["AS_OF", "SEED", "GeneratedDemo", "generate"]
