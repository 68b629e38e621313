"""The macros of macros/statistics.sql against scipy, over more values than a table of cases holds."""

import duckdb
import pytest
from scipy import stats

from tests.support.macros import Macros

# 0 to 12 in hundredths: beyond the seam at 7.07, where the approximation becomes another one
GRID = "select number / 100e0 as x from range(0, 1201) as numbers (number)"


def test_the_normal_tail_is_true_to_twelve_digits() -> None:
    """A p-value that is a little wrong would be seen by nobody, and the smallest ones are those that decide."""
    tail = Macros("duckdb").render("{{ normal_upper_tail('x') }}")
    rows = duckdb.execute(f"select x, {tail} from ({GRID}) as grid").fetchall()
    assert len(rows) == 1201
    for x, found in rows:
        assert found == pytest.approx(stats.norm.sf(x), rel=1e-12)


@pytest.mark.parametrize("degrees", range(1, 10))
def test_the_chi_square_tail_is_true_to_twelve_digits(degrees: int) -> None:
    """The sums of even and odd degrees are different ones, so each degree must be looked at."""
    tail = Macros("duckdb").render("{{ chi_square_upper_tail('x', 'degrees') }}")
    for scaled in (1, 10):
        rows = duckdb.execute(
            f"select x, {tail} from (select {scaled} * x as x, {degrees} as degrees from ({GRID}) as grid) as scaled"
        ).fetchall()
        for x, found in rows:
            assert found == pytest.approx(stats.chi2.sf(x, degrees), rel=1e-12)


def test_ten_degrees_have_no_answer() -> None:
    """An experiment of eleven variants would be told the chance of another number of them."""
    tail = Macros("duckdb").render("{{ chi_square_upper_tail('1e0', '10') }}")
    assert duckdb.execute(f"select {tail}").fetchall() == [(None,)]
