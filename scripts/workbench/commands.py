"""The commands of the workbench: `journey new …`, `journey check` and `journey dry-run`."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from click.core import ParameterSource
from customer_journey.errors import ExitCode, InputError
from customer_journey.options import FOLDER
from customer_journey.paths import INSTALLED_PROJECT, PROJECT, Output
from customer_journey.progress import Progress
from customer_journey.terminal import PlainConsole
from rich.console import Console
from rich.table import Table

from workbench.check import check_tree
from workbench.dry_run import (
    DryRun,
    MoveExample,
    PersonsDryRun,
    compare_persons,
    compare_stages,
    require_published,
)
from workbench.events import lines_on_events
from workbench.project import ATTRIBUTION_MODELS, NameList
from workbench.scaffold import (
    Place,
    Scaffold,
    new_attribution_model,
    new_channel_rule,
    new_framework,
    new_stage,
)
from workbench.seeds import SeedFile
from workbench.trial import ANOTHER_BUILD, BuiltInputs, Trial, try_out

_OUT = click.option(
    "--out",
    type=FOLDER,
    default=Path("out"),
    show_default=True,
    help="Output folder of the build whose persons and events are used.",
)
_NOWHERE = "–"
# Person_ids of an example of a merge or split.
_SHOWN = 3


@click.group()
def new() -> None:
    """Create a stage, framework, channel rule or attribution model: write all its files and seed rows."""
    # the next upgrade of the package would overwrite them
    if PROJECT.is_relative_to(INSTALLED_PROJECT.resolve()):
        raise InputError(
            "journey new changes the project, and this one belongs to an installed package. Clone the repository and"
            " run its journey, or name your own copy of the project in the environment variable JOURNEY_PROJECT."
        )


@new.command()
@click.argument("name")
@click.option("--label-en", help="Default: made of the name.")
@click.option("--label-vi", help="Default: the English label.")
@click.option("--signal", "signals", multiple=True, help="Event type that puts a person into the stage; repeatable.")
@click.option("--framework", help="Framework that uses the definition.")
@click.option("--framework-stage", help="Stage of that framework. Default: the stage named NAME.")
@click.option("--above", help="Create the framework's stage, directly above this existing one.")
@click.option("--outside-funnel", is_flag=True, help="With --above: the new stage is not a step of the funnel.")
@_OUT
@click.pass_context
def stage(
    context: click.Context,
    name: str,
    label_en: str | None,
    label_vi: str | None,
    signals: Sequence[str],
    framework: str | None,
    framework_stage: str | None,
    above: str | None,
    outside_funnel: bool,
    out: Path,
) -> None:
    """Create a stage definition: models/stages/NAME.sql, its description, labels and place in a framework."""
    if framework is None and (framework_stage or above):
        raise InputError("--framework-stage and --above need --framework. Add it.")
    if outside_funnel and above is None:
        raise InputError("--outside-funnel needs --above, which creates a new stage of the framework. Add it.")
    place = Place(framework, framework_stage or name, above, not outside_funnel) if framework else None
    scaffold = new_stage(PROJECT, name, label_en, label_vi, signals, place)
    is_named = context.get_parameter_source("out") is not ParameterSource.DEFAULT
    # report a wrong --out before anything is written
    lines = lines_on_events(Output(out.resolve()), signals or [name], is_named)
    _write(scaffold)
    for line in lines:
        _console().print(line)


@new.command()
@click.argument("name")
@click.option(
    "--stages",
    required=True,
    help="Stages from first to last: a,b,c. Each uses the definition of its own name, or those given: warm=lead+mql.",
)
@click.option("--label-en", help="Default: made of the name.")
@click.option("--label-vi", help="Default: the English label.")
def framework(name: str, stages: str, label_en: str | None, label_vi: str | None) -> None:
    """Create a framework: its stages in order, and the definitions that put a person into each."""
    given: dict[str, list[str]] = {}
    for part in stages.split(","):
        key, _, definitions = (text.strip() for text in part.partition("="))
        if key in given:
            raise InputError(f"--stages: names {key} twice. Remove one.")
        given[key] = [definition.strip() for definition in definitions.split("+") if definition.strip()]
    _write(new_framework(PROJECT, name, given, label_en, label_vi))


@new.command("channel-rule")
@click.argument("rule_id")
@click.option("--channel", required=True, help="Channel of the sessions that match the rule.")
@click.option("--before", help="Rule that is tried after this one. Default: the last one, which matches every session.")
@click.option("--source", default="", help="Regular expression that the source must match.")
@click.option("--medium", default="", help="Regular expression that the medium must match.")
@click.option("--campaign", default="", help="Regular expression that the campaign must match.")
@click.option("--source-category", default="", help="Category of the source in seeds/channel_sources.csv.")
def channel_rule(
    rule_id: str, channel: str, before: str | None, source: str, medium: str, campaign: str, source_category: str
) -> None:  # fmt: skip
    """Create a rule in seeds/channel_rules.csv that assigns matching sessions to a channel."""
    conditions = {
        "source_pattern": source,
        "medium_pattern": medium,
        "campaign_pattern": campaign,
        "source_category": source_category,
    }
    scaffold = new_channel_rule(PROJECT, rule_id, channel, before, conditions)
    _write(
        scaffold, "journey check, then a build into another folder to compare with: docs/adapt/add_a_channel_rule.md"
    )


@new.command("attribution-model")
@click.argument("name")
@click.option("--label-en", help="Default: made of the name.")
@click.option("--label-vi", help="Default: the English label.")
def attribution_model(name: str, label_en: str | None, label_vi: str | None) -> None:
    """Create an attribution model: models/intermediate/attribution/NAME.sql, its description and labels."""
    scaffold = new_attribution_model(PROJECT, name, label_en, label_vi)
    _write(
        scaffold,
        "journey check, then a build into another folder to compare with: docs/adapt/add_an_attribution_model.md",
    )


def _write(scaffold: Scaffold, next_step: str = "journey check, then journey dry-run") -> None:
    scaffold.write(PROJECT)
    console = _console()
    for path, what in scaffold.done.items():
        console.print(f"wrote   {path}: {what}")
    for text in scaffold.left_to_do:
        console.print(f"to do   {text}")
    console.print(f"next    {next_step}")


@click.command()
@click.argument("folder", type=FOLDER, required=False)
@_OUT
@click.pass_context
def check(context: click.Context, folder: Path | None, out: Path) -> None:
    """Check the exports in FOLDER, or without FOLDER the stage definitions, frameworks, rules and attribution models.

    With FOLDER: check the exports as a build would; exit with 1 if a build would publish nothing. Without FOLDER: list
    the problems of the project's files; exit with 1 if there are any.
    """
    if folder is not None:
        from onboarding.commands import check_folder

        check_folder(folder)
        return
    console, output = _console(), Output(out.resolve())
    tree = check_tree(PROJECT)
    problems, build = list(tree.problems), None
    why_no_rows = None
    if not tree.is_buildable:
        why_no_rows = "dbt cannot read the project until these problems are corrected"
    elif context.get_parameter_source("out") is ParameterSource.DEFAULT and not output.warehouse.exists():
        why_no_rows = f"there is no build in {output.root}; run scripts/build, or name another build with --out"
    try:
        if why_no_rows is None:
            with try_out(output, Progress(console), with_entries=False) as trial:
                problems += trial.problems
                build = trial.build
    finally:
        _print_problems(console, problems)
    if why_no_rows is not None:
        console.print(f"The rows of definitions and models were not checked: {why_no_rows}.")
    if problems:
        sys.exit(ExitCode.CHECK_FAILED)
    console.print(
        f"{len(NameList(PROJECT).names)} stage definitions, {len(SeedFile(PROJECT, 'frameworks').rows)} frameworks,"
        f" {len(SeedFile(PROJECT, 'channel_rules').rows)} channel rules,"
        f" {len(NameList(PROJECT, ATTRIBUTION_MODELS).names)} attribution models: no problems."
    )
    if build is not None:
        console.print(f"Also checked the rows that they return for the build in {output.root}, {_as_of(build)}.")


@click.command("dry-run")
@_OUT
@click.option(
    "--examples", type=click.IntRange(min=0), default=3, show_default=True, help="Examples shown of each kind."
)
@click.option(
    "--identity-max-links",
    "max_links",
    type=click.IntRange(min=1),
    help="Value of the setting identity_max_links to try. Default: the value of the build.",
)
def dry_run(out: Path, examples: int, max_links: int | None) -> None:
    """Show what the changed files would change in the published marts, without publishing anything.

    Changed definitions and frameworks move persons between stages. Changed identity rules (the seeds identifier_types
    and identifier_placeholders, and the setting identity_max_links) merge or split persons.
    """
    started = time.monotonic()
    console, output = _console(), Output(out.resolve())
    tree = check_tree(PROJECT)
    if not tree.is_buildable:
        _print_problems(console, tree.problems)
        sys.exit(ExitCode.CHECK_FAILED)
    require_published(output)
    with try_out(output, Progress(console), with_entries=True, max_links=max_links) as trial:
        problems = [*tree.problems, *trial.problems]
        if problems:
            _print_problems(console, problems)
            sys.exit(ExitCode.CHECK_FAILED)
        result = compare_stages(output, trial.warehouse, examples)
        persons = compare_persons(output, trial.persons.warehouse, examples) if trial.persons else None
    _print_dry_run(console, output, trial, result)
    if persons is not None:
        _print_persons(console, persons)
    console.print(f"Took {time.monotonic() - started:.1f} s. Nothing was published; scripts/build does that.")


def _console() -> PlainConsole:
    # without a terminal, a table gets the width that it needs; lines are never cut
    return PlainConsole(width=None if sys.stdout.isatty() else 160, soft_wrap=True)


def _print_problems(console: Console, problems: Sequence[str]) -> None:
    for problem in problems:
        console.print(problem)
    if problems:
        console.print(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'} to correct.")


def _as_of(build: BuiltInputs) -> str:
    return f"as of {build.as_of:%Y-%m-%d %H:%M:%S} UTC"


def _print_dry_run(console: Console, output: Output, trial: Trial, result: DryRun) -> None:
    console.print(f"Compared with the published marts in {output.root}, {_as_of(trial.build)}.")
    if not trial.build.is_published:
        console.print("The last build there was not published, so changes by its new rows are included below.")
    if trial.not_tried:
        console.print(
            f"Not included, although changed: {', '.join(trial.not_tried)}. {ANOTHER_BUILD.format(output.root)}"
        )
    if not result.definitions and not any(framework.changed_histories for framework in result.frameworks):
        console.print()
        console.print("No person would move to another stage, and no history would change.")
        return
    _print_table(
        console,
        ("definition", "episodes", "would be", "new", "removed", "persons"),
        [
            (change.definition, change.before, change.after, change.new, change.removed, change.persons)
            for change in result.definitions
        ],
    )
    for episode in result.episodes:
        console.print(
            f"  {'new' if episode.is_new else 'removed'} {episode.definition}: {episode.person_id}"
            f" {_moment(episode.entered_at)} to {_moment(episode.left_at)} ({episode.evidence})"
        )
    _print_table(
        console,
        ("framework", "persons", "another history", "would move now"),
        [
            (change.framework, change.persons, change.changed_histories, change.moved)
            for change in result.frameworks
            if change.changed_histories
        ],
    )
    _print_table(
        console,
        ("framework", "from", "to", "persons"),
        [
            (move.framework, move.from_stage or _NOWHERE, move.to_stage or _NOWHERE, move.persons)
            for move in result.moves
        ],
        texts=3,
    )
    for mover in result.movers:
        console.print(f"  {mover.framework}: {_line_on(mover)}")


def _print_persons(console: Console, result: PersonsDryRun) -> None:
    _print_table(
        console,
        ("persons", "now", "would be"),
        [("all", result.before[0], result.after[0]), ("known", result.before[1], result.after[1])],
    )
    if not result.regroupings:
        console.print()
        console.print("No persons would be merged or split.")
    _print_table(
        console,
        ("change", "persons", "would be"),
        [(change.kind, change.before, change.after) for change in result.regroupings],
    )
    for example in result.examples:
        arrow = "←" if example.kind == "merge" else "→"
        more = f" and {len(example.others) - _SHOWN} more" if len(example.others) > _SHOWN else ""
        console.print(f"  {example.kind}: {example.person_id} {arrow} {', '.join(example.others[:_SHOWN])}{more}")
    _print_table(
        console,
        ("identifier", "not used for links now", "would not be used", "identifiers"),
        [
            (change.identifier_type, change.before or _NOWHERE, change.after or _NOWHERE, change.identifiers)
            for change in result.skipped
        ],
        texts=3,
    )
    console.print()
    console.print("The changes of stages above use the persons as published, not these.")


def _line_on(mover: MoveExample) -> str:
    moved = f"{mover.person_id} {mover.from_stage or _NOWHERE} → {mover.to_stage or _NOWHERE}"
    return moved if mover.since is None else f"{moved} since {_moment(mover.since)} ({mover.evidence})"


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "now"


def _print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str | int]], texts: int = 1) -> None:
    if not rows:
        return
    console.print()
    table = Table(show_edge=False, pad_edge=False, box=None)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < texts else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for cell in row))
    console.print(table)
