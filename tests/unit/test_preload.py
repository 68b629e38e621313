"""Great Expectations loads without rarely used modules, and loads them when they are needed."""

import subprocess
import sys

SCRIPT = """
import sys
from customer_journey.checks import preload
preload.load_great_expectations()
print([name for name in preload.SELDOM_USED if len([m for m in sys.modules if m.startswith(name + ".")])])
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as kind
print(kind.stats.entropy([0.5, 0.5], [0.5, 0.5]), kind.alt.Chart.__name__)
import scipy.stats
print(scipy.stats.norm.cdf(0))
"""


def test_seldom_used_modules_are_loaded_when_they_are_used() -> None:
    """Rarely used modules such as scipy are loaded when a suite needs them, and not before."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["[]", "0.0 Chart", "0.5"], done.stderr[-2000:]
