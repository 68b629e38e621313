"""The commands for own exports: `journey init DIR`, `journey check DIR` and `journey map-value DIR …`."""

import sys
from collections import Counter
from pathlib import Path

import click
from customer_journey.contract import raw_tables
from customer_journey.errors import ExitCode, InputError
from customer_journey.options import FOLDER
from customer_journey.privacy.masks import masked
from customer_journey.raw.mapping import FILE_NAME
from customer_journey.raw.raw_files import is_archive
from customer_journey.settings import FILE_NAME as SETTINGS_FILE
from customer_journey.settings import default_settings, problem_with
from customer_journey.terminal import PlainConsole
from rich.console import Console
from rich.table import Table

from onboarding.proposal import ORDERS, TEXTS, AdapterUse, Proposal, Source
from onboarding.propose import propose
from onboarding.write import mapping_text, refused_commands, settings_text


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--timezone", help="Time zone of the programs that wrote the files: Asia/Ho_Chi_Minh. Default: guessed.")
@click.option("--currency", help="Currency of amounts without a currency column, such as VND. Default: guessed.")
@click.option("--overwrite", is_flag=True, help=f"Replace an existing {FILE_NAME}.")
def init(folder: Path, timezone: str | None, currency: str | None, overwrite: bool) -> None:
    """Examine the exports in FOLDER and write mapping.yml: the raw table and columns of each, and how it is read."""
    options = {"--timezone": ("reporting_timezone", timezone), "--currency": ("reporting_currency", currency)}
    for option, (setting, value) in options.items():
        if value is not None and (problem := problem_with(setting, value, {})):
            raise InputError(f"{option}{problem.removeprefix(setting)}")
    file = folder / FILE_NAME
    if file.exists() and not overwrite:
        raise InputError(
            f"{file}: exists already and was not changed. Continue with `journey check {folder}`, or replace it with "
            "--overwrite."
        )
    proposal = propose(folder, timezone, currency)
    file.write_text(mapping_text(proposal), encoding="utf-8")
    settings = settings_text(proposal)
    settings_file = folder / SETTINGS_FILE
    writes_settings = settings is not None and not settings_file.exists()
    if writes_settings and settings is not None:
        settings_file.write_text(settings, encoding="utf-8")
    console = console_of_commands()
    _print_files(console, proposal)
    _print_what_to_look_at(console, proposal)
    _print_absent(console, proposal)
    console.print()
    console.print(f"wrote   {file}")
    if writes_settings:
        console.print(f"wrote   {settings_file}: currency and time zone of your company")
    if proposal.lacks_main_table:
        console.print(
            "next    complete the entry of one of these tables in mapping.yml, or put its export into the folder"
        )
        console.print(f"        and run: journey init {folder} --overwrite")
        return
    console.print(f"next    check the lines marked guess or unknown in mapping.yml, then: journey check {folder}")
    console.print(f"        when it reports no problems: scripts/build --raw {folder} --out out")


def console_of_commands() -> PlainConsole:
    """Return a console that never cuts lines."""
    return PlainConsole(width=None if sys.stdout.isatty() else 160, soft_wrap=True)


def print_table(console: Console, columns: list[str], rows: list[list[str]], *, right: tuple[int, ...] = ()) -> None:
    """Print rows as a table; the columns whose numbers are in `right` are right-aligned."""
    table = Table(show_edge=False, pad_edge=False, box=None)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_files(console: Console, proposal: Proposal) -> None:
    rows = [
        [
            _files(proposal, [sheet.path for sheet in source.sheets], source.sheets[0].sheet),
            source.table.label + ("" if source.is_sure else " (guess)"),
            f"{source.row_count:,}{'' if source.is_whole else ' looked at'}",
            str(sum(match.is_sure for match in source.matches)),
            str(sum(not match.is_sure for match in source.matches)),
            ", ".join(source.missing) or "–",
        ]
        for source in proposal.sources
    ]
    for use in proposal.adapters:
        for name, sheets in use.files.items():
            count = sum(sheet.row_count for sheet in sheets)
            files = _files(proposal, [sheet.path for sheet in sheets], sheets[0].sheet)
            rows.append([files, f"{use.adapter.name}: {name}", f"{count:,}", "all", "–", _asked(use)])
    for sheet, why in proposal.unknown:
        rows.append(
            [_files(proposal, [sheet.path], sheet.sheet), f"not read: {why}", f"{sheet.row_count:,}", "", "", ""]
        )
    for path in proposal.unread:
        rows.append(
            [
                _files(proposal, [path], None),
                "not read: is an archive, unpack it here"
                if is_archive(path)
                else f"not read: {path.suffix or 'no suffix'} is not a supported format"
                + (", rename it to end in .csv" if path.suffix.lower() in TEXTS else ""),
                "",
                "",
                "",
                "",
            ]
        )
    print_table(console, ["file", "is", "rows", "columns sure", "guessed", "missing"], rows, right=(2, 3, 4))


def _asked(use: AdapterUse) -> str:
    return "timezone" if use.is_zone_asked and use.timezone is None else "–"


def _files(proposal: Proposal, paths: list[Path], sheet: str | None) -> str:
    name = paths[0].relative_to(proposal.folder).as_posix()
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return masked(f"{name}{f' [{sheet}]' if sheet else ''}{more}")


def _print_what_to_look_at(console: Console, proposal: Proposal) -> None:
    several = Counter(source.table.label for source in proposal.sources)
    lines = [f"{_called(proposal, source, several)}: {line}" for source in proposal.sources for line in _doubts(source)]
    if zoneless := [source for source in proposal.sources if source.reading.get("timezone", (True,))[0] is None]:
        tables = ", ".join(dict.fromkeys(source.table.label for source in zoneless))
        lines.append(
            f"the time zone of {tables} is unknown, so their times are read as UTC. Write it in {FILE_NAME}, or run: "
            f"journey init {proposal.folder} --overwrite --timezone Europe/Paris (or yours)"
        )
    nameless = any(_has_no_currency(source) for source in proposal.sources) or any(map(_makes_none, proposal.adapters))
    if proposal.hints.currency is None and nameless:
        lines.append(
            "no file names the currency of its amounts, so they are read as "
            f"{default_settings()['reporting_currency']}. Run: journey init {proposal.folder} --overwrite --currency "
            "EUR (or yours)"
        )
    for use in proposal.adapters:
        if use.is_zone_asked and (use.timezone is None or not use.timezone.is_sure):
            guess = f"{use.timezone.value}, guess: {use.timezone.why}" if use.timezone else "unknown"
            lines.append(f"{use.adapter.name}: timezone of times without an offset, {guess}")
        lines += [f"{use.adapter.name}: {note}" for note in use.notes]
    if proposal.lacks_main_table:
        names = ", ".join(table.label for table in raw_tables() if table.is_main)
        lines.append(f"none of {names} can be read: a build needs at least one of them")
    if lines:
        console.print()
        console.print("Please check:")
        for line in lines:
            console.print(f"  {masked(line) if str(proposal.folder) not in line else line}")
    refused = refused_commands(proposal.sources)
    if refused:
        console.print(f"  {refused} unknown statuses or stages: mapping.yml lists the commands to map them")


def _has_no_currency(source: Source) -> bool:
    """Return whether a source has amounts of a currency that no column and no constant names."""
    named = {match.column for match in source.matches} | source.constants.keys()
    return "currency" in source.table.columns and not source.missing and "currency" not in named


def _makes_none(use: AdapterUse) -> bool:
    """Return whether an adapter makes orders without a currency, as the tool's export has none."""
    made = [
        select.read_text(encoding="utf-8") for table, select in use.adapter.selects.items() if table.label == ORDERS
    ]
    is_asked = use.adapter.variables.get("currency", "") is None
    return bool(made) and (is_asked or "currency" not in made[0])


def _called(proposal: Proposal, source: Source, several: Counter[str]) -> str:
    """Return the table of a source; with its first file, if the table has several sources."""
    if several[source.table.label] == 1:
        return source.table.label
    return f"{source.table.label} of {_files(proposal, [source.sheets[0].path], source.sheets[0].sheet)}"


def _doubts(source: Source) -> list[str]:
    """Return a line on each part of a source that is a guess, unknown or missing."""
    lines = []
    for word, (finding, value) in source.reading.items():
        # an unknown time zone has a line for all tables
        if finding is not None and not finding.is_sure:
            lines.append(f"{word} {value}, guess: {finding.why}")
    for match in source.matches:
        if not match.is_sure:
            lines.append(f"{match.column} is {' with '.join((match.theirs, *match.others))}, guess: {match.why}")
    for column, finding in source.constants.items():
        if not finding.is_sure:
            lines.append(f"{column} {finding.value} for all rows, guess: {finding.why}")
    if source.is_of_nobody:
        lines.append(
            "no column says who bought (e-mail, phone, number of the customer): each order counts as a person of its "
            "own. Export it with such a column"
        )
    if source.missing:
        lines.append(
            f"left out, because no column was found for {' and '.join(source.missing)}; "
            f"complete its entry in {FILE_NAME}"
        )
    return lines + source.notes


def _print_absent(console: Console, proposal: Proposal) -> None:
    if not proposal.absent:
        return
    console.print()
    console.print("Raw tables that were not found, and the questions that they would answer:")
    for table in proposal.absent:
        console.print(f"  {table.label:<28} {table.answers}")


@click.command("map-value")
@click.argument("folder", type=FOLDER)
@click.argument("table")
@click.argument("column")
@click.argument("theirs")
@click.argument("ours")
def map_value(folder: Path, table: str, column: str, theirs: str, ours: str) -> None:
    """Write to FOLDER/mapping.yml that the value THEIRS in COLUMN of TABLE means OURS."""
    from onboarding.map_value import add_value

    file, done = add_value(folder, table, column, theirs, ours)
    console_of_commands().print(f"{done}   {file}: {table} {column}: {theirs} is {ours}")


def check_folder(folder: Path) -> None:
    """Check what a build would land from FOLDER; exit with 1 if rows are refused or something must be corrected."""
    from onboarding.judge import judge
    from onboarding.report import print_report

    if not print_report(console_of_commands(), folder, judge(folder)):
        sys.exit(ExitCode.CHECK_FAILED)
