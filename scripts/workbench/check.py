"""What is wrong with definitions, frameworks, attribution models and rules of the working tree, a line a problem."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from customer_journey.errors import InputError
from tools.portability import check_project as portability_findings

from workbench.channels import channel_rule_problems
from workbench.project import (
    ATTRIBUTION,
    ATTRIBUTION_MODELS,
    DEFINITIONS,
    PROJECT_FILE,
    RESERVED,
    STAGES,
    NameList,
    attribution_model_file,
    closest,
    definition_file,
    is_name,
    stages_of,
)
from workbench.seeds import SeedFile

# The columns that are checked here; dbt checks the others.
_COLUMNS = {
    "stage_labels": ("stage", "label_en", "label_vi", "is_position"),
    "frameworks": ("framework", "label_en", "label_vi"),
    "framework_stages": ("framework", "stage", "rank", "is_in_funnel", "label_en", "label_vi"),
    "framework_stage_definitions": ("framework", "stage", "definition"),
    "journey_actions_planned": ("action_id", "framework", "stage"),
    "crm_stage_map": ("crm_stage", "stage"),
    "conversion_types": ("conversion_type", "stage_definition"),
    "channel_rules": ("priority", "rule_id", "channel"),
    "channels": ("channel",),
    "channel_sources": ("category",),
    "attribution_model_labels": ("attribution_model", "label_en", "label_vi", "is_data_driven"),
    "identifier_types": (
        "identifier_type",
        "normalised_as",
        "counts_as_link",
        "is_known_person",
        "label_en",
        "label_vi",
    ),
    "identifier_placeholders": ("identifier_type", "identifier_value"),
}
_NORMALISED_PHONE = re.compile(r"\+[0-9]{8,15}")


@dataclass(frozen=True)
class TreeCheck:
    """What the files alone tell: problems, with file, line and what to do, and whether dbt can read the project."""

    problems: Sequence[str]
    is_buildable: bool


def check_tree(project: Path) -> TreeCheck:
    """Look at the files of stage definitions, frameworks, attribution models, channel rules and identity rules."""
    problems: list[str] = []
    seeds: dict[str, SeedFile] = {}
    for name, columns in _COLUMNS.items():
        try:
            seeds[name] = SeedFile(project, name)
        except InputError as error:
            problems.append(str(error))
            continue
        lacking = [column for column in columns if column not in seeds[name].columns]
        problems += [f"{seeds[name].path}:1: has no column {column}" for column in lacking]
    try:
        stages, models = NameList(project), NameList(project, ATTRIBUTION_MODELS)
    except InputError as error:
        problems.append(str(error))
    if problems:
        # an unreadable seed would make everything that refers to it look wrong
        return TreeCheck(problems, is_buildable=False)
    problems = [
        *_definition_problems(project, stages, seeds["stage_labels"], seeds["framework_stage_definitions"]),
        *_label_problems(stages, seeds["stage_labels"]),
        *_framework_problems(seeds["framework_stages"], seeds["framework_stage_definitions"]),
        *_list_problems(seeds["framework_stages"], seeds["frameworks"]),
        *_mapping_problems(stages, seeds["framework_stages"], seeds["framework_stage_definitions"]),
        *_place_problems(seeds["journey_actions_planned"], stages_of(seeds["framework_stages"])),
        *_reference_problems(stages, seeds["crm_stage_map"], "crm_stage", "stage"),
        *_reference_problems(stages, seeds["conversion_types"], "conversion_type", "stage_definition"),
        *channel_rule_problems(seeds["channel_rules"], seeds["channels"], seeds["channel_sources"]),
        *_attribution_problems(project, models, seeds["attribution_model_labels"]),
        *map(
            str,
            portability_findings(
                project, [file for folder in (STAGES, ATTRIBUTION) for file in sorted((project / folder).glob("*.sql"))]
            ),
        ),
        *_identifier_problems(seeds["identifier_types"], seeds["identifier_placeholders"]),
    ]
    needed = [*map(definition_file, stages.names), *map(attribution_model_file, models.names)]
    return TreeCheck(problems, all((project / file).exists() for file in needed))


def _attribution_problems(project: Path, models: NameList, labels: SeedFile) -> Iterator[str]:
    for place, (name, line) in enumerate((listed.name, listed.line) for listed in models.listed):
        where = f"{PROJECT_FILE}:{line}"
        if name in models.names[:place]:
            yield f"{where}: {ATTRIBUTION_MODELS} names {name} twice"
        elif not (project / attribution_model_file(name)).exists():
            yield (
                f"{where}: {ATTRIBUTION_MODELS} names {name}, but there is no {attribution_model_file(name)}"
                " (write it, or remove the name)"
            )
    for file in sorted((project / ATTRIBUTION).glob("*.sql")):
        name, path = file.stem, attribution_model_file(file.stem)
        if not file.with_suffix(".yml").exists():
            yield f"{path}: has no {name}.yml beside it that describes its rows"
        # int_…: intermediate models, not attribution models
        if not name.startswith("int_") and name not in models.names:
            yield (
                f"{path}: is not listed, so nothing reads it (add {name} to {ATTRIBUTION_MODELS} in {PROJECT_FILE};"
                " a helper model is named int_…)"
            )
    labelled = labels.values("attribution_model")
    for row in labels.rows:
        name, where = row["attribution_model"], f"{labels.path}:{row.line}"
        if name not in models.names:
            yield f"{where}: labels {name!r}, which is not an attribution model ({closest(name, models.names)})"
        yield from (f"{where}: {column} of {name} is empty" for column in ("label_en", "label_vi") if not row[column])
        if row["is_data_driven"].lower() not in ("true", "false"):
            yield f"{where}: is_data_driven of {name} is {row['is_data_driven']!r}; write true or false"
    for name in models.names:
        if name not in labelled:
            yield f"{attribution_model_file(name)}: has no label (add a row to {labels.path})"


def _definition_problems(project: Path, stages: NameList, labels: SeedFile, mapping: SeedFile) -> Iterator[str]:
    seen: set[str] = set()
    for name, line in ((listed.name, listed.line) for listed in stages.listed):
        where = f"{PROJECT_FILE}:{line}"
        if name in seen:
            yield f"{where}: {DEFINITIONS} names {name} twice"
        elif not (project / definition_file(name)).exists():
            yield (
                f"{where}: {DEFINITIONS} names {name}, but there is no {definition_file(name)}"
                " (write it, or remove the name)"
            )
        elif name in RESERVED:
            yield f"{definition_file(name)}: {name} is {RESERVED[name]} (choose another name)"
        seen.add(name)
    mapped = set(mapping.values("definition"))
    evidence_alone = {row["stage"] for row in labels.rows if row["is_position"].lower() == "false"}
    for file in sorted((project / STAGES).glob("*.sql")):
        name, path = file.stem, definition_file(file.stem)
        if not is_name(name):
            yield f"{path}: its name is not snake_case"
        if not file.with_suffix(".yml").exists():
            yield f"{path}: has no {name}.yml beside it that describes its rows"
        if name not in seen:
            yield f"{path}: is not listed, so nothing reads it (add {name} to {DEFINITIONS} in {PROJECT_FILE})"
        elif name not in mapped | evidence_alone:
            yield (
                f"{path}: no framework uses it (add a row to {mapping.path};"
                f" or, if it is only evidence, set is_position to false in {labels.path})"
            )


def _label_problems(stages: NameList, labels: SeedFile) -> Iterator[str]:
    labelled: dict[str, int] = {}
    for row in labels.rows:
        name, where = row["stage"], f"{labels.path}:{row.line}"
        if name in labelled:
            yield f"{where}: {name} has its labels on line {labelled[name]} already"
        labelled.setdefault(name, row.line)
        if name not in stages.names:
            yield f"{where}: labels {name!r}, which is not a stage definition ({closest(name, stages.names)})"
        yield from (f"{where}: {column} of {name} is empty" for column in ("label_en", "label_vi") if not row[column])
    for name in stages.names:
        if name not in labelled:
            yield f"{definition_file(name)}: has no label (add a row to {labels.path})"


def _framework_problems(framework_stages: SeedFile, mapping: SeedFile) -> Iterator[str]:
    mapped = {(row["framework"], row["stage"]) for row in mapping.rows}
    keys: dict[tuple[str, str], int] = {}
    ranks: dict[tuple[str, Decimal], str] = {}
    for row in framework_stages.rows:
        framework, stage, where = row["framework"], row["stage"], f"{framework_stages.path}:{row.line}"
        if not is_name(framework) or not is_name(stage):
            yield f"{where}: framework {framework!r} and stage {stage!r} must be snake_case"
        if stage in RESERVED:
            yield f"{where}: {stage} is {RESERVED[stage]} (choose another name)"
        if (framework, stage) in keys:
            yield f"{where}: {framework} has {stage} on line {keys[framework, stage]} already"
        keys.setdefault((framework, stage), row.line)
        rank = _number(row["rank"])
        if rank is None:
            yield f"{where}: rank {row['rank']!r} of {stage} in {framework} is not a number"
        elif (framework, rank) in ranks:
            yield f"{where}: {framework} has rank {row['rank']} twice, for {ranks[framework, rank]} and {stage}"
        else:
            ranks[framework, rank] = stage
        if row["is_in_funnel"].lower() not in ("true", "false"):
            yield f"{where}: is_in_funnel of {stage} in {framework} is {row['is_in_funnel']!r}; write true or false"
        yield from (
            f"{where}: {column} of {stage} in {framework} is empty"
            for column in ("label_en", "label_vi")
            if not row[column]
        )
        if (framework, stage) not in mapped:
            yield f"{where}: no definition puts anybody into {stage} of {framework} (add a row to {mapping.path})"


def _list_problems(framework_stages: SeedFile, frameworks: SeedFile) -> Iterator[str]:
    listed, with_stages = frameworks.values("framework"), framework_stages.values("framework")
    for row in frameworks.rows:
        framework, where = row["framework"], f"{frameworks.path}:{row.line}"
        if framework not in with_stages:
            yield f"{where}: {framework} has no stages (add rows to {framework_stages.path})"
        yield from (
            f"{where}: {column} of {framework} is empty" for column in ("label_en", "label_vi") if not row[column]
        )
    for framework in with_stages:
        if framework not in listed:
            yield f"{framework_stages.path}: {framework} is not listed (add a row to {frameworks.path})"


def _mapping_problems(stages: NameList, framework_stages: SeedFile, mapping: SeedFile) -> Iterator[str]:
    rows: dict[tuple[str, str, str], int] = {}
    for row in mapping.rows:
        key, definition = (row["framework"], row["stage"], row["definition"]), row["definition"]
        where = f"{mapping.path}:{row.line}"
        if key in rows:
            yield f"{where}: the same row is on line {rows[key]}"
        rows.setdefault(key, row.line)
        if definition not in stages.names:
            yield f"{where}: there is no stage definition {definition!r} ({closest(definition, stages.names)})"
    yield from _place_problems(mapping, stages_of(framework_stages))


def _identifier_problems(types: SeedFile, placeholders: SeedFile) -> Iterator[str]:
    for row in types.rows:
        name, where = row["identifier_type"], f"{types.path}:{row.line}"
        yield from (
            f"{where}: {column} of {name} is {row[column]!r}; write true or false"
            for column in ("counts_as_link", "is_known_person")
            if row[column].lower() not in ("true", "false")
        )
        yield from (f"{where}: {column} of {name} is empty" for column in ("label_en", "label_vi") if not row[column])
    for row in placeholders.rows:
        kind, value, where = row["identifier_type"], row["identifier_value"], f"{placeholders.path}:{row.line}"
        if kind not in ("email", "phone"):
            yield f"{where}: {kind!r} has no placeholders; the types that have are email and phone"
        elif kind == "email" and (value != value.lower() or "@" not in value):
            yield f"{where}: {value!r} is not a normalized e-mail address (write it in lower case)"
        elif kind == "phone" and not _NORMALISED_PHONE.fullmatch(value):
            yield f"{where}: {value!r} is not a normalized phone number (write it as +84912345678)"


def _place_problems(seed: SeedFile, frameworks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for row in seed.rows:
        framework, stage, where = row["framework"], row["stage"], f"{seed.path}:{row.line}"
        if framework not in frameworks:
            yield f"{where}: there is no framework {framework!r} ({closest(framework, frameworks)})"
        elif stage not in frameworks[framework]:
            yield f"{where}: {framework} has no stage {stage!r} ({closest(stage, frameworks[framework])})"


def _reference_problems(stages: NameList, seed: SeedFile, key: str, column: str) -> Iterator[str]:
    for row in seed.rows:
        if row[column] and row[column] not in stages.names:
            yield (
                f"{seed.path}:{row.line}: {row[key]!r} stands for {row[column]!r}, which is not a stage definition"
                f" ({closest(row[column], stages.names)})"
            )


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return None
