"""The mutations in scripts/tools/slips.yml can be applied; tests/soak runs all of them."""

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
    """Each slip's text still occurs in its model; otherwise the slip would silently drop out of the soak test."""
    assert workshop.mutated(slip)


@pytest.mark.parametrize(
    ("name", "noticed_by"),
    [
        ("AOV is divided by buyers, not by orders", "sales_recounted"),
        ("carts are recovered by orders of any later time", "carts_recounted"),
    ],
)
def test_slip_is_noticed(name: str, noticed_by: str, workshop: Workshop) -> None:
    """A wrong denominator of the average order value is detected by a test that counts it in another way."""
    (slip,) = (slip for slip in slips() if slip.name == name)
    assert noticed_by in workshop.noticed_by(slip)


def test_slip_that_cannot_be_made_is_an_error(workshop: Workshop) -> None:
    """A slip whose text does not occur is an error, not an undetected mutation."""
    with pytest.raises(SlipError, match="does not hold"):
        workshop.noticed_by(Slip("gone", "kpi_sales", "a text that is not there", ""))
    with pytest.raises(SlipError, match="there is no model"):
        workshop.noticed_by(Slip("gone", "kpi_nothing", "select", "select"))


def test_slip_that_changes_nothing_is_an_error(workshop: Workshop) -> None:
    """A slip that changes no row is an error, because no test could detect it."""
    with pytest.raises(SlipError, match="the same rows"):
        workshop.noticed_by(Slip("idle", "kpi_reviews", "count(*)", "count(1)"))
