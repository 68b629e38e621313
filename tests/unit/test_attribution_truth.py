"""The comparison of attribution models with the true effects of the demo's channels."""

import pytest
from tools.attribution_truth import mean_error, true_shares


def _effect(without: float) -> dict[str, float]:
    return {"expected_conversions": 100.0, "expected_conversions_without": without}


def test_shares_of_what_would_be_lost() -> None:
    """A channel with a negative effect has share 0: without email 30 of 100 conversions are lost, without search 10."""
    effects = {"email": _effect(70), "search": _effect(90), "display": _effect(104), "direct": _effect(100)}
    assert true_shares(effects) == pytest.approx({"email": 0.75, "search": 0.25, "display": 0, "direct": 0})


def test_mean_error_of_shares() -> None:
    """Credit of channels without a known truth is left out of the shares.

    Of the known ones email has 2 of 4 and direct 2 of 4, against 3/4 and none; search has none, against 1/4.
    """
    truth = {"email": 0.75, "search": 0.25, "direct": 0.0, "display": 0.0}
    credit = {"email": 2.0, "direct": 2.0, "store": 6.0}
    assert mean_error(truth, credit) == pytest.approx((0.25 + 0.25 + 0.5 + 0) / 4)
    assert mean_error(truth, truth) == 0
