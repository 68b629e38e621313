"""The comparison of two builds as Markdown, for the comment of a pull request."""

from collections.abc import Sequence

from customer_journey.comparison.compare import Comparison

# A comment is read, not searched: the columns with the most changed rows come first, the rest are counted.
_COLUMNS_SHOWN = 6


def as_markdown(marts: int, differences: Sequence[Comparison]) -> str:
    """Return a summary and one table row for each mart that differs.

    It names marts and columns and counts rows. It shows no key and no value, because a comment outlives the build and
    whoever sees the pull request reads it.

    Args:
        marts: How many marts both builds have and were compared.
        differences: The marts that differ; the first build is the base, the second the head.
    """
    if not differences:
        return f"**No published mart changed.** {marts} marts compared.\n"
    lines = [
        f"**{len(differences)} published mart{'s' if len(differences) > 1 else ''} changed**, {marts} compared.",
        "",
        "| mart | rows changed | only in base | only in head | rows equal | columns |",
        "|---|--:|--:|--:|--:|---|",
        *(_row(difference) for difference in sorted(differences, key=lambda difference: difference.mart)),
    ]
    return "\n".join(lines) + "\n"


def _row(difference: Comparison) -> str:
    removed, added = difference.rows_alone
    changed = difference.rows - removed - added if difference.is_shared else 0
    cells = [f"`{difference.mart}`", *(f"{count:,}" for count in (changed, removed, added, difference.equal))]
    return f"| {' | '.join([*cells, _columns(difference)])} |"


def _columns(difference: Comparison) -> str:
    if not difference.is_shared:
        return "mart removed" if difference.is_only_in_first else "mart added"
    removed, added = difference.columns_of_each
    parts = [f"removed: {_named(removed)}"] if removed else []
    parts += [f"added: {_named(added)}"] if added else []
    most = sorted(difference.changed_columns.items(), key=lambda column: (-column[1], column[0]))
    if most:
        shown = ", ".join(f"`{name}` ({rows:,})" for name, rows in most[:_COLUMNS_SHOWN])
        left = len(most) - _COLUMNS_SHOWN
        parts.append(f"changed: {shown}" + (f" and {left} more" if left > 0 else ""))
    return "; ".join(parts)


def _named(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)
