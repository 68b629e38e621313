"""Two checks on audit_freshness: raw tables that are stale, and raw tables with an unusual number of rows.

They are not dbt tests, because a setting decides whether they warn or fail, and their message names table and numbers.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from customer_journey.checks.result import CheckResult

MART = "audit_freshness"

Query = Callable[[str], Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class _Alarm:
    """A check: the rows of the mart that it finds, the figures of each, and how its line names them."""

    name: str
    setting: str
    condition: str
    figures: str
    line: Callable[..., str]


def _stale(label: str, hours: float, usual: float) -> str:
    return f"{label}: nothing for {hours / 24:.1f} days, usually {usual:,.0f} rows in seven days"


def _unusual(label: str, count: int, day: date, usual: float, low: float, high: float) -> str:
    return f"{label}: {count:,} rows on {day:%A} {day:%Y-%m-%d}, usually {usual:,.0f} ({low:,.0f} to {high:,.0f})"


_ALARMS = (
    _Alarm("raw tables are fresh", "stale_alarm", "is_stale", "hours_since_latest, usual_rows_7_days", _stale),
    _Alarm(
        "raw tables have their usual volume",
        "volume_alarm",
        "volume in ('low', 'high')",
        "rows_last_day, last_day, usual_rows_last_day, usual_rows_low, usual_rows_high",
        _unusual,
    ),
)


def judge_sources(query: Query, schema: str, settings: Mapping[str, Any]) -> list[CheckResult]:
    """Return the results of those of the two checks that the settings do not switch off.

    `query` runs SQL on the models, `schema` is where the marts are built, `settings` are all settings with defaults.
    """
    return [
        _judge(query, schema, alarm, settings[alarm.setting]) for alarm in _ALARMS if settings[alarm.setting] != "off"
    ]


def _judge(query: Query, schema: str, alarm: _Alarm, severity: str) -> CheckResult:
    started = time.monotonic()
    rows = query(
        f"select source_table, source, {alarm.figures} from {schema}.{MART} where {alarm.condition}"
        # the longest silence comes first
        " order by hours_since_latest desc, source_table, source"
    )
    lines = [alarm.line(_label(table, source), *figures) for table, source, *figures in rows]
    return CheckResult(
        name=alarm.name,
        kind="expectation",
        target=MART,
        success=not lines,
        severity="error" if severity == "fail" else "warn",
        failed_rows=len(lines),
        seconds=time.monotonic() - started,
        detail="; ".join(lines),
    )


def _label(table: str, source: str) -> str:
    name = table.replace(".", "/", 1)
    return name if source == "all" else f"{name} of {source}"
