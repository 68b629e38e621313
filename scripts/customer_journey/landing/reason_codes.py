"""The meaning of each reason code and what to do about it, read from docs/reason_codes.md, the only source of these."""

import re
from dataclasses import dataclass
from functools import cache

from customer_journey.contract import RawTable
from customer_journey.paths import DOCS
from customer_journey.raw.broken_lines import text_column

_FILE = DOCS / "reason_codes.md"
# codes that do not contain the name of the column that they are about
_COLUMN_OF = {
    "no_exchange_rate": "currency",
    "score_out_of_scale": "score",
    "rating_out_of_range": "rating",
    "sentiment_out_of_range": "sentiment",
}
_OF_A_PARENT = ("quarantined_parent", "deleted_parent")
# the ids by which rows refer to a parent row
_PARENTS = ("order_id", "deal_id")


@dataclass(frozen=True)
class Explanation:
    """The meaning of a code and what to do about it, as documented."""

    means: str
    do: str


def explanation_of(reason: str) -> Explanation:
    """Return the explanation of a reason; empty texts for an undocumented code."""
    for pattern, explanation in _table():
        match = pattern.fullmatch(reason)
        if match:
            return explanation
    return Explanation("", "")


@cache
def _table() -> tuple[tuple[re.Pattern[str], Explanation], ...]:
    """Return each code of the table as a pattern, the most specific first."""
    found = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| `") or len(cells) != 3:
            continue
        explanation = Explanation(_plain(cells[1]), _plain(cells[2]))
        for code in re.findall(r"`([^`]+)`", cells[0]):
            found.append((re.compile(re.sub(r"<\w+>", r"\\w+", code)), explanation))
    return tuple(sorted(found, key=lambda pair: ("\\w" in pair[0].pattern, -len(pair[0].pattern))))


def _plain(text: str) -> str:
    """Return a Markdown cell as plain text for a terminal."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "")


def columns_of(reason: str, table: RawTable) -> tuple[str, ...]:
    """Return the columns that a row of this table was refused for; several if any one of them would suffice."""
    if reason == "amount_out_of_range":
        return tuple(name for name, kind in zip(table.columns, table.kinds, strict=True) if kind == "amount")[:1]
    if reason == "broken_line":
        return (text_column(table),)
    if reason in _COLUMN_OF:
        return (_COLUMN_OF[reason],)
    if reason in _OF_A_PARENT:
        return tuple(name for name in _PARENTS if name in table.columns)[:1]
    _, _, named = reason.partition("_")
    names = named.removeprefix("large_").removeprefix("early_") if reason.startswith("too_") else named
    if names in table.all_columns:
        return (names,)
    for group in table.one_of:
        if names == "_or_".join(group):
            return tuple(group)
    # unmapped_stage is about a column with a longer name, such as lifecycle_stage
    return tuple(name for name in table.all_columns if name.endswith(f"_{names}"))[:1]
