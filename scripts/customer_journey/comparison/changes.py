"""Differences between this build and the marts published last: rows of each raw table, and the main figures."""

from collections.abc import Callable, Sequence
from typing import Any

Query = Callable[[str], Sequence[Sequence[Any]]]

# Figures that the company knows: whoever runs the build sees a wrong one here, before anybody opens a report.
_FIGURES = """
    select 'known persons' as figure, cast(count(*) as double) as value from {marts}.dim_persons where is_known
    union all
    select 'orders that count', cast(count(*) as double) from {marts}.fct_orders where is_conversion
    union all
    select 'net revenue', cast(sum(net_revenue) as double) from {marts}.fct_orders where is_conversion
    union all
    select concat('conversions: ', conversion_type), cast(count(*) as double)
    from {marts}.fct_conversions group by conversion_type
    union all
    select 'web sessions', cast(count(*) as double) from {marts}.fct_sessions
    union all
    select 'ad spend', cast(sum(cost) as double) from {marts}.fct_ad_spend
    union all
    select 'running MRR', cast(sum(mrr_change) as double) from {marts}.fct_mrr_movements
    union all
    select 'churn events', cast(count(*) as double) from {marts}.fct_churn_events
    union all
    select 'survey answers', cast(count(*) as double) from {marts}.fct_survey_responses
"""
_ROWS = "select source_table, rows_in, duplicates_superseded, quarantined from {marts}.audit_reconciliation"
_MOST = 5


def changes(building: Query, schema: str, published: Query) -> list[str]:
    """Return one line for each raw table whose rows changed, and for the figures that changed most, largest first.

    `building` queries the marts of this build, which lie in `schema`; `published` queries the published ones, in
    `marts`. Returns nothing if those were built by a release with other columns.
    """
    try:
        rows_before, figures_before = published(_ROWS.format(marts="marts")), published(_FIGURES.format(marts="marts"))
    except Exception:
        # an earlier release lacks a column: each engine raises its own error, and none should stop the build
        return []
    rows_now, figures_now = building(_ROWS.format(marts=schema)), building(_FIGURES.format(marts=schema))
    return _changed_rows(rows_before, rows_now) + _moved(_by_name(figures_before), _by_name(figures_now))


def _by_name(rows: Sequence[Sequence[Any]]) -> dict[str, float | None]:
    return {str(name): value for name, value in rows}


def _changed_rows(before: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]]) -> list[str]:
    known = {row[0]: row[1:] for row in before}
    lines = []
    for table, *counts in sorted(now, key=lambda row: str(row[0])):
        new, corrected, refused = (one - other for one, other in zip(counts, known.get(table, (0, 0, 0)), strict=True))
        rows = "row" if abs(new) == 1 else "rows"
        differences = [
            f"{abs(count):,} {word if count > 0 else less}"
            for count, word, less in (
                (new, f"{rows} new", f"{rows} fewer"),
                (corrected, "corrected", "corrections fewer"),
                (refused, "more refused", "fewer refused"),
            )
            if count
        ]
        if differences:
            lines.append(f"{table.replace('.', '/')}: {', '.join(differences)}")
    return lines


def _moved(before: dict[str, float | None], now: dict[str, float | None]) -> list[str]:
    moved = []
    for figure, value in now.items():
        was, value = before.get(figure) or 0.0, value or 0.0
        if value != was:
            moved.append((abs(value - was) / max(abs(was), abs(value)), figure, was, value))
    moved.sort(key=lambda one: (-one[0], one[1]))
    return [
        f"{figure}: {was:,.0f} before, {value:,.0f} now{_share(was, value)}" for _, figure, was, value in moved[:_MOST]
    ]


def _share(was: float, value: float) -> str:
    return f" ({100 * (value - was) / abs(was):+.1f} %)" if was else ""
