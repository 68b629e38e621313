"""Two checks on audit_freshness: raw tables that are stale, and raw tables with an unusual number of rows.

They are not dbt tests, because a setting decides whether they warn or fail, and their message names table and numbers.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from customer_journey.checks.result import CheckResult

MART = "audit_freshness"
_STALE = "raw tables are fresh"
_VOLUME = "raw tables have their usual volume"

Query = Callable[[str], Sequence[Sequence[Any]]]


def judge_sources(query: Query, schema: str, settings: Mapping[str, Any]) -> list[CheckResult]:
    """Return the results of those of the two checks that the settings do not switch off.

    `query` runs SQL on the models, `schema` is where the marts are built, `settings` are all settings with defaults.
    """
    wanted = ((_STALE, settings["stale_alarm"], _stale), (_VOLUME, settings["volume_alarm"], _unusual))
    checks = []
    for name, alarm, find in wanted:
        if alarm == "off":
            continue
        started = time.monotonic()
        lines = find(query, schema)
        checks.append(
            CheckResult(
                name=name,
                kind="expectation",
                target=MART,
                success=not lines,
                severity="error" if alarm == "fail" else "warn",
                failed_rows=len(lines),
                seconds=time.monotonic() - started,
                detail="; ".join(lines),
            )
        )
    return checks


def _stale(query: Query, schema: str) -> list[str]:
    rows = query(
        "select source_table, source, hours_since_latest, usual_rows_7_days"
        f" from {schema}.{MART} where is_stale order by hours_since_latest desc, source_table, source"
    )
    return [
        f"{_label(table, source)}: nothing for {hours / 24:.1f} days, usually {usual:,.0f} rows in seven days"
        for table, source, hours, usual in rows
    ]


def _unusual(query: Query, schema: str) -> list[str]:
    rows = query(
        "select source_table, source, last_day, rows_last_day, usual_rows_last_day, usual_rows_low, usual_rows_high"
        f" from {schema}.{MART} where volume in ('low', 'high') order by source_table, source"
    )
    return [
        f"{_label(table, source)}: {count:,} rows on {_day(day)}, usually {usual:,.0f} ({low:,.0f} to {high:,.0f})"
        for table, source, day, count, usual, low, high in rows
    ]


def _day(day: date) -> str:
    return f"{day:%A} {day:%Y-%m-%d}"


def _label(table: str, source: str) -> str:
    name = table.replace(".", "/", 1)
    return name if source == "all" else f"{name} of {source}"
