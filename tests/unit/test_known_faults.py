"""The tests named in docs/known_faults.md exist."""

import re

from customer_journey.paths import PROJECT

_ROW = re.compile(r"^\| (?!fault|example|---).* \| (?P<tests>[^|]+) \|$", re.MULTILINE)


def test_each_fault_is_held_off_by_a_test_that_exists() -> None:
    """Each fault and each example of untidy data names an existing test."""
    text = (PROJECT / "docs" / "known_faults.md").read_text(encoding="utf-8")
    rows = [row["tests"] for row in _ROW.finditer(text)]
    assert len(rows) >= 50
    for row in rows:
        names = re.findall(r"`(tests/[^`]+)`", row)
        assert names, row
        for name in names:
            path, _, function = name.partition("::")
            assert (PROJECT / path).is_file(), name
            assert f"def {function}(" in (PROJECT / path).read_text(encoding="utf-8") or not function, name
