"""The list of slips that a build must notice (scripts/tools/slips.yml); tests/soak makes all of them."""

import shutil
from collections.abc import Iterator

import pytest
from tools.slips import Slip, SlipError, Workshop, slips

from tests.support.demo import built_demo


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A copy of the demo's warehouse."""
    folder = tmp_path_factory.mktemp("slips")
    yield Workshop(built_demo(tmp_path_factory).warehouse, folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("slip", slips(), ids=lambda slip: slip.name)
def test_slip_can_still_be_made(slip: Slip, workshop: Workshop) -> None:
    """A text that a model no longer holds would drop its slip from the soak, and the test that notices it with it."""
    assert workshop.mutated(slip)


@pytest.mark.parametrize(
    ("name", "noticed_by"),
    [("AOV is by person", "sales_recounted"), ("carts are recovered without a window", "carts_recounted")],
)
def test_slip_is_noticed(name: str, noticed_by: str, workshop: Workshop) -> None:
    """Sums and bounds hold whatever AOV is divided by; only counting it another way tells."""
    (slip,) = (slip for slip in slips() if slip.name == name)
    assert noticed_by in workshop.noticed_by(slip)


def test_slip_that_cannot_be_made_is_an_error(workshop: Workshop) -> None:
    """It would seem that nothing notices it, or that everything is well."""
    with pytest.raises(SlipError, match="does not hold"):
        workshop.noticed_by(Slip("gone", "kpi_sales", "a text that is not there", ""))
    with pytest.raises(SlipError, match="there is no model"):
        workshop.noticed_by(Slip("gone", "kpi_nothing", "select", "select"))


def test_slip_that_changes_nothing_is_an_error(workshop: Workshop) -> None:
    """No test can notice it."""
    with pytest.raises(SlipError, match="the same rows"):
        workshop.noticed_by(Slip("idle", "kpi_reviews", "count(*)", "count(1)"))
