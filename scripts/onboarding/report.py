"""The output of `journey check`: the raw tables, the most frequent reasons, values to map, and the next step."""

from pathlib import Path

from customer_journey.privacy.masks import looks_personal, masked
from rich.console import Console

from onboarding.commands import print_table
from onboarding.judge import Judgement, Verdict
from onboarding.write import rows_of


def print_report(console: Console, folder: Path, verdict: Verdict) -> bool:
    """Print a verdict; return whether a build would publish, with accepted rows in every table that has rows."""
    print_table(
        console,
        ["table", "rows", "accepted", "duplicate", "later", "refused", "from", "to"],
        [_row(judgement) for judgement in verdict.judgements],
        right=(1, 2, 3, 4, 5),
    )
    if verdict.orders:
        console.print()
        console.print("Orders by the meaning of their status, with the sum of total_amount:")
        rows = [[name, f"{count:,}", total] for name, count, total in verdict.orders]
        print_table(console, ["status", "orders", "total"], rows, right=(1, 2))
    for judgement in verdict.judgements:
        if judgement.refusals:
            console.print()
            console.print(f"{judgement.table.label}: {judgement.refused:,} of {judgement.rows:,} rows are refused")
        for refusal in judgement.refusals:
            what = (
                f", {masked(refusal.column)} is {refusal.value!r}"
                if refusal.value
                else f", {masked(refusal.column)}"
                if refusal.column
                else ""
            )
            console.print(f"  {refusal.reason}, {rows_of(refusal.rows)}, first in {masked(refusal.place)}{what}")
            console.print(f"    {refusal.advice}")
    if verdict.unmapped:
        console.print()
        console.print("Unknown values; run these commands with the meaning in place of ???:")
        for value in verdict.unmapped:
            fate = "refused" if value.is_refused else "accepted without a meaning"
            comment = f"{rows_of(value.rows)}, {fate}"
            if looks_personal(value.value):
                place = f"{value.table.label}.{value.column}"
                console.print(f"  {place} holds an e-mail address or phone number: name another column   # {comment}")
            elif value.is_mappable:
                command = f"journey map-value {folder} {value.table.label} {value.column} {_shell(value.value)} ???"
                console.print(f"  {command}   # {comment}; {value.known_by}")
            else:
                row = f"{value.value.lower()},???"
                console.print(f"  add the row {row} to {value.known_by}   # {comment}; the table comes from an adapter")
    if verdict.ids:
        console.print()
        console.print("Ids and phones to look at:")
        for note in verdict.ids:
            console.print(f"  {masked(note)}")
    if verdict.assumed:
        console.print()
        console.print("Assumed:")
        for note in verdict.assumed:
            console.print(f"  {masked(note)}")
    notes = [*verdict.doubles, *verdict.drift]
    if notes:
        console.print()
        console.print("Not read, or counted twice:")
        for note in notes:
            console.print(f"  {masked(note)}")
    if verdict.absent:
        console.print()
        console.print(f"Not there: {', '.join(table.label for table in verdict.absent)}")
    console.print()
    stopped = verdict.stopped()
    if stopped:
        console.print(
            f"A build would publish nothing, because more than {verdict.max_quarantined_share:.0%} of the rows of "
            f"{', '.join(judgement.table.label for judgement in stopped)} are refused. Correct the problems above, "
            "then check again."
        )
        return False
    if verdict.lost():
        console.print(
            f"All rows of {', '.join(judgement.table.label for judgement in verdict.lost())} would be refused. "
            "Correct the problems above, then check again."
        )
        return False
    if not verdict.judgements:
        console.print("No table has a row: a build would publish empty marts. Export with rows, then check again.")
        return False
    refused = sum(judgement.refused for judgement in verdict.judgements)
    console.print(f"Refused: {rows_of(refused)}. The others are used." if refused else "No problems.")
    console.print(f"next    scripts/build --raw {folder} --out out")
    return True


def _row(judgement: Judgement) -> list[str]:
    counts = (judgement.rows, judgement.accepted, judgement.duplicate, judgement.deferred, judgement.refused)
    return [
        judgement.table.label,
        *(f"{count:,}" if count else "·" for count in counts),
        *(judgement.days or ("–", "–")),
    ]


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
