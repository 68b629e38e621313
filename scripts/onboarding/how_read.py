"""Proposes how files are read: decimal signs, date formats, time zone, and what values mean."""

import re
from collections.abc import Sequence

from customer_journey.raw.formulas import parse
from customer_journey.raw.mapping import BUDDHIST, EPOCH

from onboarding.findings import Finding
from onboarding.match import AS_DATES, AS_NUMBERS
from onboarding.names import known_values, plain_name, words_by_meaning
from onboarding.proposal import DEALS, Hints, Match, Source
from onboarding.seeds import as_compared, mapped_values, seed_of
from onboarding.values import CURRENCY_SIGNS, DAY_FIRST, MONTH_FIRST, Dates, compact_form, is_epoch, with_order


def propose_reading(source: Source, hints: Hints) -> None:
    """Add the reading options of the files for mapping.yml, each with its reason."""
    sheet = source.sheets[0]
    reading = source.reading
    if sheet.encoding:
        reading["encoding"] = sheet.encoding, sheet.encoding.value
    if sheet.delimiter:
        reading["delimiter"] = sheet.delimiter, sheet.delimiter.value
    if sheet.sheet:
        reading["sheet"] = Finding(sheet.sheet, True, "the workbook has several"), sheet.sheet
    if sheet.header_row != 1:
        above = f"above it stands {sheet.title[:40]!r}" if sheet.title else "above it stands no row"
        reading["header_row"] = Finding(str(sheet.header_row), bool(sheet.title), above), sheet.header_row
    numbers = [match for match in source.matches if source.table.kind_of(match.column) in AS_NUMBERS]
    for column, formula in source.computed.items():
        numbers += [Match(column, theirs, False, "", source.kinds[theirs]) for theirs in parse(formula).columns()]
    _read_numbers(source, numbers)
    _read_dates(source, [match for match in source.matches if source.table.kind_of(match.column) in AS_DATES], hints)
    named = {match.column for match in source.matches}
    # no currency is needed for refunds, which take that of their order, and for amounts in the reporting currency
    has_none = "currency" in source.table.columns and "currency" not in named and source.table.label != "orders/refunds"
    if has_none and hints.currency and hints.currency.value != hints.reporting_currency:
        source.constants["currency"] = hints.currency
    if has_none:
        _note_several_currencies(source, numbers)
    for match in source.matches:
        _compare_values(source, match)
    _read_stages_as_statuses(source)


def _note_several_currencies(source: Source, matches: Sequence[Match]) -> None:
    """Say that the cells of an amount have several currencies, of which a table without such a column knows one."""
    several = [match for match in matches if match.kind.numbers and len(match.kind.numbers.currencies) > 1]
    if not several or several[0].kind.numbers is None:
        return
    signs = ", ".join(sorted(several[0].kind.numbers.currencies))
    source.notes.append(
        f"{several[0].theirs} has amounts in several currencies ({signs}), and no column names them: all would count "
        "in one. Add a column with the currency of each row"
    )
    if finding := source.constants.get("currency"):
        source.constants["currency"] = Finding(finding.value, False, f"{several[0].theirs} has others too")


def _read_numbers(source: Source, matches: Sequence[Match]) -> None:
    found = [
        match
        for match in matches
        if (numbers := match.kind.numbers) and (numbers.decimal or numbers.thousands or numbers.is_dressed)
    ]
    if not found:
        return
    # columns with certain separators first, of these one with both: they decide for the others
    found.sort(
        key=lambda match: (
            (not match.kind.numbers.is_sure, not match.kind.numbers.thousands) if match.kind.numbers else (True, True)
        )
    )
    numbers = found[0].kind.numbers
    assert numbers is not None
    against = [
        match for match in found
        if match.kind.numbers and match.kind.numbers.is_sure and match.kind.numbers.decimal != numbers.decimal
    ]  # fmt: skip
    is_sure = numbers.is_sure and not against
    dressed = next((match for match in found if match.kind.numbers and match.kind.numbers.is_dressed), None)
    if is_sure and (numbers.decimal or ".", numbers.thousands) == (".", ""):
        if dressed is not None:
            # read_number takes away what stands beside the digits
            why = f"{dressed.theirs} has more than digits, as {dressed.kind.example}"
            source.reading["decimal"] = Finding(".", True, why), "."
        # the notation of the contract needs no option
        return
    why = (
        f"{numbers.evidence} can be read in this way alone"
        if is_sure
        else f"{numbers.evidence} could be read otherwise"
    )
    if against:
        why = f"{found[0].theirs} has {numbers.evidence}, {against[0].theirs} {against[0].kind.example}: look at both"
    for word, sign in (("decimal", numbers.decimal), ("thousands", numbers.thousands)):
        if sign:
            source.reading[word] = Finding(sign, is_sure, why), sign


def _read_dates(source: Source, matches: Sequence[Match], hints: Hints) -> None:
    dated = [(match, match.kind.dates) for match in matches if match.kind.dates]
    since_1970 = next(
        (match for match in matches if is_epoch(match.kind.example) and match.kind.name == "number"), None
    )
    orders = {dates.order for _, dates in dated if dates.order}
    decided = orders.pop() if len(orders) == 1 else None
    formats: list[str] = []
    findings: list[Finding] = []
    for match, dates in dated:
        chosen, finding = _order_of(match, dates, decided, hints)
        formats += [text for text in chosen.formats if text not in formats]
        if chosen.formats:
            findings.append(finding)
    if since_1970 is not None:
        formats.append(EPOCH)
        why = f"{since_1970.theirs} has seconds or less since 1970, as {since_1970.kind.example}"
        findings.append(Finding("", False, why))
    for match in matches:
        texts = _texts_of(source, match) if match.kind.name in ("number", "phone") else []
        if texts and (form := compact_form(texts)):
            formats.append(form)
            findings.append(Finding("", True, f"{match.theirs}: {match.kind.example}"))
    if buddhist := next((match for match, dates in dated if dates.is_buddhist), None):
        why = f"{buddhist.theirs} counts years as in Thailand, as {buddhist.kind.example}"
        source.reading["calendar"] = Finding(BUDDHIST, True, why), BUDDHIST
    if formats:
        doubtful = next((finding for finding in findings if not finding.is_sure), findings[0])
        source.reading["date_format"] = doubtful, formats[0] if len(formats) == 1 else formats
    local = next((match for match, dates in dated if dates.has_local_times and match.column.endswith("_at")), None)
    # columns with the contract's own names are taken to be in UTC, as in the contract
    is_utc = all(match.theirs == match.column for match in source.matches)
    is_given = hints.timezone is not None and hints.timezone.is_sure
    if local is not None and re.search(r"\((?:UTC|GMT)\)\s*$", local.theirs):
        return
    if local is not None and (is_given or not is_utc):
        source.reading["timezone"] = hints.timezone, hints.timezone.value if hints.timezone else None
    elif is_given and local is None and any(dates.has_times for _, dates in dated):
        source.notes.append("its times have offsets of their own: --timezone makes no difference to them")


def _texts_of(source: Source, match: Match) -> list[str]:
    return [text for sheet in source.sheets for text in sheet.values(sheet.columns.index(match.theirs))]


def _order_of(match: Match, dates: Dates, decided: str | None, hints: Hints) -> tuple[Dates, Finding]:
    if dates.is_mixed:
        why = f"{match.theirs} has {dates.evidence}: two orders of day and month, what both fit is read as the first"
        return dates, Finding("", False, why)
    if dates.order is None:
        return dates, Finding("", True, f"{match.theirs}: {match.kind.example}")
    if dates.order:
        return dates, Finding("", True, f"{dates.evidence} can only be {dates.order}")
    if decided is not None:
        return with_order(dates, decided), Finding("", True, f"another column of the file is {decided}")
    is_american = not (hints.country or (hints.timezone and not hints.timezone.value.startswith("America"))) and any(
        "%p" in text for text in dates.formats
    )
    order = MONTH_FIRST if is_american else DAY_FIRST
    why = f"{dates.evidence} may be day first or month first, no value decides: {order} is taken"
    return with_order(dates, order), Finding("", False, why)


def _read_stages_as_statuses(source: Source) -> None:
    """Propose the status of deals whose stage says it alone, as in `Closed Won`: all other stages are open."""
    theirs = {match.column: match.theirs for match in source.matches}
    if source.table.label == DEALS and "status" in theirs and theirs["status"] == theirs.get("deal_stage"):
        words = {value: set(plain_name(value).split()) for value in source.values.get("status", {})}
        source.values["status"] = {
            value: (ours or ("won" if "won" in words[value] else "lost" if "lost" in words[value] else "open"), count)
            for value, (ours, count) in source.values.get("status", {}).items()
        }


_YES_OR_NO = {*("true", "t", "yes", "y", "1"), *("false", "f", "no", "n", "0")}


def _meaning_of(kind: str, value: str) -> str | None:
    """Return a yes, no or currency in the contract's words: in lower case if it is one; None if it is unknown."""
    text = value.strip().lower()
    if kind == "boolean":
        return text if text in _YES_OR_NO else words_by_meaning("yes_or_no").get(plain_name(value) or text)
    code = CURRENCY_SIGNS.get(text) or words_by_meaning("currency_names").get(plain_name(value))
    return text if re.fullmatch("[a-z]{3}", text) and code in (None, text.upper()) else code


def _compare_values(source: Source, match: Match) -> None:
    """Compare the values of a column with its seed or with the contract's list."""
    label, counts = source.table.label, match.kind.counts
    kind = source.table.kind_of(match.column)
    if kind in ("boolean", "currency"):
        meanings = {value: _meaning_of(kind, value) for value in counts}
        if other := {value: (ours, counts[value]) for value, ours in meanings.items() if ours != value.lower()}:
            source.values[match.column] = other
        return
    names = known_values().get(f"{label}.{match.column}")
    if seed_of(label, match.column):
        known, likely = mapped_values(label, match.column), names or {}
        source.known_values[match.column] = [value for value in counts if as_compared(value) in known]
        unknown = {value: count for value, count in counts.items() if as_compared(value) not in known}
        if unknown:
            # HOAN THANH, as a program without accents writes it
            likely = {**{plain_name(value): ours for value, ours in known.items()}, **likely}
            # Overdue 3 days, Due in 5 days
            plainly = {value: " ".join(re.sub("[0-9]+", "", plain_name(value)).split()) for value in unknown}
            source.values[match.column] = {
                value: (likely.get(plain_name(value), likely.get(plainly[value])), count)
                for value, count in unknown.items()
            }
        return
    if names is None:
        return
    ours = set(names.values())
    other = {
        value: (names.get(plain_name(value)), count)
        for value, count in counts.items()
        if as_compared(value) not in ours
    }
    if other:
        source.values[match.column] = other
