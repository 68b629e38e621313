"""What a build reports of raw tables that are stale or of an unusual size, by its settings."""

from collections.abc import Sequence
from typing import Any

import pytest
from customer_journey.operations.alarms import judge_sources


def _query(sql: str) -> Sequence[Sequence[Any]]:
    assert " building.audit_freshness " in sql
    return [("crm.contacts", "shop", 60, 140)] if "is_stale" in sql else []


@pytest.mark.parametrize(("alarm", "severity"), [("warn", "warn"), ("fail", "error")])
def test_the_setting_says_how_severe_it_is(alarm: str, severity: str) -> None:
    stale, volume = judge_sources(_query, "building", {"stale_alarm": alarm, "volume_alarm": alarm})
    assert (stale.severity, stale.success, stale.failed_rows) == (severity, False, 1)
    assert stale.detail == "crm/contacts of shop: nothing for 2.5 days, usually 140 rows in seven days"
    assert (volume.severity, volume.success, volume.failed_rows, volume.detail) == (severity, True, 0, "")


def test_what_is_off_is_not_looked_for() -> None:
    assert judge_sources(_query, "building", {"stale_alarm": "off", "volume_alarm": "off"}) == []
    (check,) = judge_sources(_query, "building", {"stale_alarm": "off", "volume_alarm": "warn"})
    assert check.name == "raw tables have their usual volume"
