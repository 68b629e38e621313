"""Every mutation of scripts/tools/slips.yml, applied to the demo, is detected by a test of the build."""

import shutil
from collections.abc import Iterator

import pytest
from tools.slips import Slip, Workshop, slips

from tests.support.demo import built_demo


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A copy of the demo's warehouse."""
    folder = tmp_path_factory.mktemp("slips")
    yield Workshop(built_demo(tmp_path_factory).warehouse, folder)
    shutil.rmtree(folder)


def test_nothing_fails_without_a_slip(workshop: Workshop) -> None:
    """No test fails without a mutation; otherwise its failure would prove nothing."""
    assert workshop.failing() == []


@pytest.mark.parametrize("slip", slips(), ids=lambda slip: slip.name)
def test_slip_is_noticed(slip: Slip, workshop: Workshop) -> None:
    """Each mutation is detected; otherwise such an error would be published."""
    assert workshop.noticed_by(slip) != []
