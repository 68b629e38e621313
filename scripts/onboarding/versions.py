"""Finds rows that stand in several exports of one list, and which of these exports is the newer."""

from collections.abc import Sequence

from customer_journey.raw.file_dates import date_in_name

from onboarding.proposal import Source

# how exports write the day, and often the time, into the names of their files; the longer forms first
_FORMS = (
    *("%Y-%m-%d_%H-%M-%S", "%Y%m%d_%H%M%S", "%Y%m%d-%H%M%S", "%d%m%Y-%H%M%S", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y_%m_%d"),
    *("%Y.%m.%d", "%Y%m%d", "%d-%m-%Y", "%d_%m_%Y", "%d.%m.%Y", "%d%m%Y"),
)


def find_file_date(source: Source) -> None:
    """Propose file_date where files hold other rows of the same keys, and say so: without it any of them counts."""
    own = {match.column: match.theirs for match in source.matches}
    keys = [own[column] for column in source.table.key if column in own]
    if source.table.adds_up or not keys or len(source.sheets) < 2 or "updated_at" in own:
        return
    changed = _changed(source, keys, list(own.values()))
    if not changed:
        return
    what = f"{changed:,} values of {' and '.join(keys)} stand in several files, with other values in the other columns"
    forms = [form for form in _FORMS if all(date_in_name(sheet.path.name, form) for sheet in source.sheets)]
    if forms:
        source.file_date = forms[0]
        source.notes.append(f"{what}: the file with the latest date in its name counts")
    else:
        source.notes.append(
            f"{what}, and nothing says which are the newer: any of them counts. Put the date of the export into the "
            "names of the files, as orders_2026-01-31.csv, or keep one file only"
        )


def _changed(source: Source, keys: Sequence[str], columns: Sequence[str]) -> int:
    """Return how many keys stand in several files, not with the same rows in all."""
    seen: dict[tuple[str, ...], set[tuple[tuple[str, ...], ...]]] = {}
    for sheet in source.sheets:
        places = [sheet.columns.index(name) for name in columns]
        of_key = [sheet.columns.index(name) for name in keys]
        in_file: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for row in sheet.rows:
            key = tuple(row[place].strip() for place in of_key)
            if all(key):
                in_file.setdefault(key, []).append(tuple(row[place].strip() for place in places))
        for key, rows in in_file.items():
            seen.setdefault(key, set()).add(tuple(rows))
    return sum(len(versions) > 1 for versions in seen.values())
