"""Scaffolds: the files and seed rows of a new stage, framework, channel rule or attribution model.

All changes are planned and checked before the first file is written, so a refused command changes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from customer_journey.errors import InputError

from workbench.channels import CONDITIONS, pattern_problem
from workbench.project import (
    ATTRIBUTION,
    ATTRIBUTION_MODELS,
    PROJECT_FILE,
    RESERVED,
    STAGES,
    NameList,
    attribution_model_file,
    closest,
    definition_file,
    files_by_name,
    is_name,
    stages_of,
)
from workbench.seeds import SeedFile, SeedRow

_DEFINITION = """\
{{# The signals: events that put a person in this stage. int_person_events has all events of all persons. #}}
with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{{{ ref('int_person_events') }}}}
    where event_type in ({signals})

)

{{# An episode starts at the first signal and ends this many days after the last one. Without `days` it never ends. #}}
{{{{ episodes('signals', days=setting('lead_cold_days')) }}}}
"""

_DESCRIPTION = """\
version: 2

models:
  - name: {name}
    description: >
      One row per episode of a person in this stage ({label}): from the first signal until `lead_cold_days` after
      the last one.
    columns:
      - name: person_key
        description: Join key of the person (int_persons).
      - name: entered_at
        description: Start of the episode, UTC.
      - name: left_at
        description: End of the episode, UTC, exclusive; null while it lasts.
      - name: evidence
        description: Event or signal that opened the episode.
"""

_MODEL = """\
{{# The weight of each touchpoint. An example to replace: the nth one of a path weighs n, so later ones get more. #}}
select
    conversion_number,
    touch_number,
    touch_number as weight
from {{{{ ref('int_paths') }}}}
"""

_MODEL_DESCRIPTION = """\
version: 2

models:
  - name: {name}
    description: >
      One row per conversion and touchpoint of its path: the nth touchpoint has weight n.
    data_tests:
      - rules:
          name: {name}_rules
          arguments:
            key: [conversion_number, touch_number]
    columns:
      - name: conversion_number
        description: Number of the conversion in int_paths.
      - name: touch_number
        description: Number of the touchpoint in its path (int_paths).
      - name: weight
        description: Weight of the touchpoint relative to the others of its conversion. Weights need not add up to 1.
"""


@dataclass
class Scaffold:
    """Planned changes: each file with its new text, a line on each change, and the steps left to do by hand."""

    files: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    left_to_do: list[str] = field(default_factory=list)

    def put(self, path: str, text: str, what: str) -> None:
        """Plan to write a file."""
        self.files[path] = text
        self.done[path] = what

    def write(self, project: Path) -> None:
        """Write all planned files."""
        for path, text in self.files.items():
            (project / path).write_bytes(text.encode("utf-8"))


@dataclass(frozen=True)
class Place:
    """The stage of a framework that a new definition belongs to.

    If `above` names another stage, the stage is new and is inserted right above that one.
    """

    framework: str
    stage: str
    above: str | None = None
    is_in_funnel: bool = True


def new_stage(
    project: Path, name: str, label_en: str | None, label_vi: str | None, signals: Sequence[str], place: Place | None
) -> Scaffold:
    """Plan a stage definition.

    Labels default to the name in words, and the signals to one event type with the name of the stage.

    Raises:
        InputError: the name is not allowed or taken, or the framework or stage of the place does not exist.
    """
    stages, labels = NameList(project), SeedFile(project, "stage_labels")
    _refuse_name(project, name, stages, labels)
    for signal in signals:
        if not is_name(signal):
            raise InputError(f"--signal {signal!r}: event types are snake_case, for example consultation_request.")
    label_en = label_en or _label(name)
    label_vi = label_vi or label_en
    scaffold = Scaffold()
    literals = ", ".join(f"'{signal}'" for signal in signals or [name])
    scaffold.put(
        definition_file(name), _DEFINITION.format(signals=literals), "the definition, a SELECT that runs as it is"
    )
    description = _DESCRIPTION.format(name=name, label=label_en.lower())
    scaffold.put(f"{STAGES}/{name}.yml", description, "its description and columns")
    scaffold.put(PROJECT_FILE, stages.with_name(name), "its name under stage_definitions")
    labels.append({"stage": name, "label_en": label_en, "label_vi": label_vi, "is_position": "true"})
    scaffold.put(labels.path, labels.text(), "its labels")
    if place is not None:
        _put_in_place(project, scaffold, name, place, label_en, label_vi)
    else:
        scaffold.left_to_do.append("add a row to seeds/framework_stage_definitions.csv for each framework that uses it")
    if not signals:
        scaffold.left_to_do.append(
            f"replace the event type {name} in {definition_file(name)} with the events that are the evidence"
        )
    return scaffold


def _refuse_name(project: Path, name: str, stages: NameList, labels: SeedFile) -> None:
    if not is_name(name):
        raise InputError(f"{name!r}: a stage is named in snake_case, for example {_snake_case(name)}.")
    if name in RESERVED:
        raise InputError(f"{name}: is {RESERVED[name]}. Choose another name.")
    _refuse_taken(project, name, STAGES)
    for listed in stages.listed:
        if listed.name == name:
            raise InputError(f"{name}: is listed already: {PROJECT_FILE}:{listed.line}. Remove the name there first.")
    for row in labels.rows:
        if row["stage"] == name:
            raise InputError(f"{name}: has labels already: {labels.path}:{row.line}. Remove that row first.")


def _refuse_taken(project: Path, name: str, folder: str) -> None:
    taken = files_by_name(project).get(name)
    if taken is not None and taken.startswith(folder):
        raise InputError(f"{name}: exists already: {taken}. Change that file.")
    if taken is not None:
        raise InputError(f"{name}: is the name of another model or seed: {taken}. Choose another name.")


def _put_in_place(project: Path, scaffold: Scaffold, name: str, place: Place, label_en: str, label_vi: str) -> None:
    framework_stages, mapping = SeedFile(project, "framework_stages"), SeedFile(project, "framework_stage_definitions")
    frameworks = stages_of(framework_stages)
    if place.framework not in frameworks:
        raise InputError(
            f"--framework {place.framework}: there is no such framework in {framework_stages.path}"
            f" ({closest(place.framework, frameworks)})."
        )
    stages = frameworks[place.framework]
    if place.above is not None:
        if place.stage in stages:
            raise InputError(f"--framework-stage {place.stage}: {place.framework} has it already; remove --above.")
        if place.above not in [*stages, "none"]:
            raise InputError(f"--above {place.above}: no stage of {place.framework} ({closest(place.above, stages)}).")
        if not is_name(place.stage):
            raise InputError(
                f"--framework-stage {place.stage!r}: must be in snake_case, for example {_snake_case(place.stage)}."
            )
        moved = _insert_stage(framework_stages, place, label_en, label_vi)
        room = f"; ranks moved up by one: {', '.join(moved)}" if moved else ""
        scaffold.put(
            framework_stages.path, framework_stages.text(), f"the stage {place.stage} above {place.above}{room}"
        )
        scaffold.left_to_do.append(
            f"fill in the optional cells of {place.stage} in {framework_stages.path}, if you use them"
        )
    elif place.stage not in stages:
        raise InputError(
            f"--framework-stage {place.stage}: {place.framework} has no such stage ({closest(place.stage, stages)})."
            " To add it, name the stage below it with --above."
        )
    _map(mapping, place.framework, place.stage, [name])
    scaffold.put(mapping.path, mapping.text(), f"it puts persons in the stage {place.stage} of {place.framework}")


def _insert_stage(framework_stages: SeedFile, place: Place, label_en: str, label_vi: str) -> list[str]:
    """Insert a stage right above another; return the stages whose rank moved up by one to make room.

    Stages of the funnel have consecutive whole ranks, because transitions compare ranks to tell a step from a skip. A
    stage outside the funnel gets a rank between two of them.
    """
    rows = [row for row in framework_stages.rows if row["framework"] == place.framework]
    ranks = {row["stage"]: _number(framework_stages, row, "rank") for row in rows}
    below = ranks.get(str(place.above), Decimal(0))
    above = sorted((row for row in rows if ranks[row["stage"]] > below), key=lambda row: ranks[row["stage"]])
    moved: list[str] = []
    if place.is_in_funnel:
        rank = Decimal(int(below) + 1)
        taken = rank
        for row in above:
            if ranks[row["stage"]] > taken:
                break
            if ranks[row["stage"]] == taken:
                taken += 1
                framework_stages.change(row, "rank", taken)
                moved.append(row["stage"])
    else:
        rank = below + Decimal("0.1")
        if above and ranks[above[0]["stage"]] <= rank:
            raise InputError(
                f"--above {place.above}: {above[0]['stage']} follows too closely (rank {above[0]['rank']})."
                f" Choose another stage, or change ranks in {framework_stages.path}."
            )
    framework_stages.insert(
        framework_stages.rows.index(above[0]) if above else framework_stages.rows.index(rows[-1]) + 1,
        {
            "framework": place.framework, "stage": place.stage, "rank": rank,
            "is_in_funnel": str(place.is_in_funnel).lower(), "label_en": label_en, "label_vi": label_vi,
        },
    )  # fmt: skip
    return moved


def _number(seed: SeedFile, row: SeedRow, column: str) -> Decimal:
    try:
        return Decimal(row[column])
    except InvalidOperation as error:
        raise InputError(
            f"{seed.path}:{row.line}: {column} {row[column]!r} is not a number. Correct it first."
        ) from error


def _map(mapping: SeedFile, framework: str, stage: str, definitions: Sequence[str]) -> None:
    of_framework = [position for position, row in enumerate(mapping.rows) if row["framework"] == framework]
    place = of_framework[-1] + 1 if of_framework else len(mapping.rows)
    for position, definition in enumerate(definitions):
        mapping.insert(place + position, {"framework": framework, "stage": stage, "definition": definition})


def new_framework(
    project: Path, name: str, stages: Mapping[str, Sequence[str]], label_en: str | None, label_vi: str | None
) -> Scaffold:
    """Plan a framework: its stages in order, each with the definitions that put a person in it.

    A stage given without definitions gets the one of the same name, if there is one. Labels default to the names in
    words.

    Raises:
        InputError: a name cannot be used or is taken, or a definition does not exist.
    """
    framework_stages, mapping = SeedFile(project, "framework_stages"), SeedFile(project, "framework_stage_definitions")
    frameworks = SeedFile(project, "frameworks")
    known = NameList(project).names
    if not is_name(name):
        raise InputError(f"{name!r}: a framework is named in snake_case, for example {_snake_case(name)}.")
    for seed in (frameworks, framework_stages):
        for row in seed.rows:
            if row["framework"] == name:
                raise InputError(f"{name}: exists already: {seed.path}:{row.line}. Change those rows.")
    scaffold = Scaffold()
    without_definition = []
    for rank, (stage, given) in enumerate(stages.items(), 1):
        if not is_name(stage):
            raise InputError(f"--stages: {stage!r} must be in snake_case, for example {_snake_case(stage)}.")
        if stage in RESERVED:
            raise InputError(f"--stages: {stage} is {RESERVED[stage]}. Choose another name.")
        for definition in given:
            if definition not in known:
                raise InputError(f"--stages: there is no definition {definition!r} ({closest(definition, known)}).")
        definitions = given or ([stage] if stage in known else [])
        if not definitions:
            without_definition.append(stage)
        label = _label(stage)
        labels = {"label_en": label, "label_vi": label}
        framework_stages.append({"framework": name, "stage": stage, "rank": rank, "is_in_funnel": "true", **labels})
        _map(mapping, name, stage, definitions)
    label = label_en or _label(name)
    frameworks.append({"framework": name, "label_en": label, "label_vi": label_vi or label})
    scaffold.put(frameworks.path, frameworks.text(), "its name and labels")
    what = f"{len(stages)} stages, ranked in the given order"
    scaffold.put(framework_stages.path, framework_stages.text(), what)
    scaffold.put(mapping.path, mapping.text(), "the definitions that put a person in each stage")
    for stage in without_definition:
        scaffold.left_to_do.append(f"add a row to {mapping.path} with a definition that puts persons in {stage}")
    scaffold.left_to_do.append(
        f"check the labels and fill in the optional cells in {frameworks.path} and {framework_stages.path}"
    )
    return scaffold


def new_channel_rule(
    project: Path, rule_id: str, channel: str, before: str | None, conditions: Mapping[str, str]
) -> Scaffold:
    """Plan a channel rule that is tried before another one: by default the last, which matches every session.

    Raises:
        InputError: the id or channel cannot be used, a pattern is not a regular expression, or there is no condition.
    """
    rules = SeedFile(project, "channel_rules")
    if not is_name(rule_id):
        raise InputError(f"{rule_id!r}: a rule is named in snake_case, for example {_snake_case(rule_id)}.")
    by_id = {row["rule_id"]: row for row in rules.rows}
    if rule_id in by_id:
        raise InputError(f"{rule_id}: exists already: {rules.path}:{by_id[rule_id].line}. Change that row.")
    channels = SeedFile(project, "channels")
    if channel not in channels.values("channel"):
        raise InputError(
            f"--channel {channel}: there is no such channel ({closest(channel, channels.values('channel'))})."
            f" For a new one add a row to {channels.path}: {','.join(channels.columns)}."
        )
    if not any(conditions.values()):
        raise InputError(
            f"{rule_id}: without a condition it matches every session. Give --source, --medium or --campaign."
        )
    for column in CONDITIONS:
        problem = pattern_problem(conditions.get(column, "")) if column != "source_category" else None
        if problem:
            raise InputError(f"--{column.removesuffix('_pattern')} {conditions[column]!r}: {problem}.")
    categories = SeedFile(project, "channel_sources").values("category")
    category = conditions.get("source_category")
    if category and category not in categories:
        raise InputError(f"--source-category {category}: there is no such category ({closest(category, categories)}).")

    priorities = {row["rule_id"]: int(_number(rules, row, "priority")) for row in rules.rows}
    ordered = sorted(rules.rows, key=lambda row: priorities[row["rule_id"]])
    if before is not None and before not in by_id:
        raise InputError(f"--before {before}: there is no such rule ({closest(before, by_id)}).")
    next_rule = by_id[before] if before is not None else ordered[-1]
    position = ordered.index(next_rule)
    previous = priorities[ordered[position - 1]["rule_id"]] if position else 0
    # halfway between the two neighbours, so that later rules still fit on both sides
    priority = max(previous + 1, (previous + priorities[next_rule["rule_id"]]) // 2)
    moved, taken = [], priority
    for row in ordered[position:]:
        if priorities[row["rule_id"]] > taken:
            break
        taken += 1
        rules.change(row, "priority", taken)
        moved.append(f"{row['rule_id']} to {taken}")
    place = rules.rows.index(next_rule)
    rules.insert(place, {"priority": priority, "rule_id": rule_id, "channel": channel, **conditions})
    room = f"; moved: {', '.join(moved)}" if moved else ""
    scaffold = Scaffold()
    scaffold.put(rules.path, rules.text(), f"priority {priority}, tried before {next_rule['rule_id']}{room}")
    return scaffold


def new_attribution_model(project: Path, name: str, label_en: str | None, label_vi: str | None) -> Scaffold:
    """Plan an attribution model. Labels default to the name in words.

    Raises:
        InputError: the name cannot be used.
    """
    models, labels = NameList(project, ATTRIBUTION_MODELS), SeedFile(project, "attribution_model_labels")
    if not is_name(name):
        raise InputError(f"{name!r}: an attribution model is named in snake_case, for example {_snake_case(name)}.")
    if name.startswith("int_"):
        raise InputError(f"{name}: int_… is the prefix of intermediate models. Choose another name.")
    _refuse_taken(project, name, ATTRIBUTION)
    label_en = label_en or _label(name)
    labelled = {"attribution_model": name, "label_en": label_en, "label_vi": label_vi or label_en}
    scaffold = Scaffold()
    scaffold.put(attribution_model_file(name), _MODEL.format(), "the model, a SELECT that runs as it is")
    scaffold.put(f"{ATTRIBUTION}/{name}.yml", _MODEL_DESCRIPTION.format(name=name), "its description and columns")
    scaffold.put(PROJECT_FILE, models.with_name(name), f"its name under {ATTRIBUTION_MODELS}")
    labels.append({**labelled, "is_data_driven": "false"})
    scaffold.put(labels.path, labels.text(), "its labels")
    scaffold.left_to_do.append(
        f"replace the weight in {attribution_model_file(name)}, and describe the model in {labels.path}"
    )
    return scaffold


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _snake_case(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_").lstrip("0123456789_") or "phone_qualified"
