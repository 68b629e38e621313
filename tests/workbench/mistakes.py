"""Mistakes of beginners and the message for each, used by the tests and shown in the tables of the guides."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def says(wanted: str, line: str) -> bool:
    """Return whether a line matches the wanted one: any numbers match, `…` matches anything, a blank several."""
    pattern = re.escape(re.sub(r"\d[\d,.]*", "0", wanted)).replace("…", ".*")
    return re.fullmatch(re.sub(r"(\\ )+", r"\\s+", pattern), re.sub(r"\d[\d,.]*", "0", line.rstrip())) is not None


# refused commands, as typed after `journey`, and their messages
REFUSED = {
    "name in capitals": (
        ["new", "stage", "Phone-Qualified"],
        "error: 'Phone-Qualified': a stage is named in snake_case, for example phone_qualified.",
    ),
    "definition exists": (
        ["new", "stage", "customer"],
        "error: customer: exists already: models/stages/customer.sql. Change that file.",
    ),
    "name of a seed": (
        ["new", "stage", "channels"],
        "error: channels: is the name of another model or seed: seeds/channels.csv. Choose another name.",
    ),
    "name of a mart": (
        ["new", "stage", "dim_persons"],
        "error: dim_persons: is the name of another model or seed: models/marts/core/dim_persons.sql."
        " Choose another name.",
    ),
    "reserved name": (
        ["new", "stage", "none"],
        "error: none: is the place of those who stand in no stage. Choose another name.",
    ),
    "unknown framework": (
        ["new", "stage", "vip", "--framework", "adahub_cmr"],
        "error: --framework adahub_cmr: there is no such framework in seeds/framework_stages.csv"
        " (did you mean adahub_crm?).",
    ),
    "unknown stage of a framework": (
        ["new", "stage", "vip", "--framework", "adahub_crm", "--framework-stage", "sales_led"],
        "error: --framework-stage sales_led: adahub_crm has no such stage (did you mean sales_lead?)."
        " To add it, name the stage below it with --above.",
    ),
    "above an unknown stage": (
        ["new", "stage", "vip", "--framework", "adahub_crm", "--above", "costumer"],
        "error: --above costumer: no stage of adahub_crm (did you mean customer?).",
    ),
    "a stage that the framework has": (
        ["new", "stage", "vip", "--framework", "adahub_crm", "--framework-stage", "quote", "--above", "meeting"],
        "error: --framework-stage quote: adahub_crm has it already; remove --above.",
    ),
    "place without framework": (
        ["new", "stage", "vip", "--framework-stage", "quote"],
        "error: --framework-stage and --above need --framework. Add it.",
    ),
    "framework exists": (
        ["new", "framework", "adahub_crm", "--stages", "lead,customer"],
        "error: adahub_crm: exists already: seeds/frameworks.csv:3. Change those rows.",
    ),
    "framework in capitals": (
        ["new", "framework", "SalesDesk", "--stages", "lead,customer"],
        "error: 'SalesDesk': a framework is named in snake_case, for example salesdesk.",
    ),
    "framework of an unknown definition": (
        ["new", "framework", "sales_desk", "--stages", "lead,won=costumer"],
        "error: --stages: there is no definition 'costumer' (did you mean customer?).",
    ),
    "framework with a stage twice": (
        ["new", "framework", "sales_desk", "--stages", "lead,customer,lead"],
        "error: --stages: names lead twice. Remove one.",
    ),
    "framework with a stage in capitals": (
        ["new", "framework", "sales_desk", "--stages", "Lead"],
        "error: --stages: 'Lead' must be in snake_case, for example lead.",
    ),
    "rule exists": (
        ["new", "channel-rule", "referral", "--channel", "zalo", "--source", "zalo"],
        "error: referral: exists already: seeds/channel_rules.csv:27. Change that row.",
    ),
    "unknown channel": (
        ["new", "channel-rule", "zalo", "--channel", "zalo_oa", "--source", "zalo"],
        "error: --channel zalo_oa: there is no such channel (did you mean zalo?). For a new one add a row to"
        " seeds/channels.csv: channel,label_en,label_vi,ownership,is_online.",
    ),
    "before an unknown rule": (
        ["new", "channel-rule", "zalo", "--channel", "zalo", "--source", "zalo", "--before", "social"],
        "error: --before social: there is no such rule (did you mean paid_social?).",
    ),
    "pattern in capitals": (
        ["new", "channel-rule", "zalo", "--channel", "zalo", "--source", "Zalo"],
        "error: --source 'Zalo': it is matched with lower-case text; write 'zalo'.",
    ),
    "pattern with an open bracket": (
        ["new", "channel-rule", "zalo", "--channel", "zalo", "--source", "(zalo"],
        "error: --source '(zalo': is not a regular expression (missing ): (zalo).",
    ),
    "pattern of one engine": (
        ["new", "channel-rule", "zalo", "--channel", "zalo", "--medium", "^[[:alpha:]]+$"],
        "error: --medium '^[[:alpha:]]+$': [:class:] is understood by DuckDB alone; write the characters:"
        " [a-z], [0-9].",
    ),
    "unknown category": (
        ["new", "channel-rule", "zalo", "--channel", "zalo", "--source-category", "socials"],
        "error: --source-category socials: there is no such category (did you mean social?).",
    ),
    "no condition": (
        ["new", "channel-rule", "zalo", "--channel", "zalo"],
        "error: zalo: without a condition it matches every session. Give --source, --medium or --campaign.",
    ),
    "attribution model in capitals": (
        ["new", "attribution-model", "Recency"],
        "error: 'Recency': an attribution model is named in snake_case, for example recency.",
    ),
    "attribution model exists": (
        ["new", "attribution-model", "linear"],
        "error: linear: exists already: models/intermediate/attribution/linear.sql. Change that file.",
    ),
    "attribution model of another model's name": (
        ["new", "attribution-model", "customer"],
        "error: customer: is the name of another model or seed: models/stages/customer.sql. Choose another name.",
    ),
    "attribution model named as what models are made of": (
        ["new", "attribution-model", "int_recency"],
        "error: int_recency: int_… is the prefix of intermediate models. Choose another name.",
    ),
}


@dataclass(frozen=True)
class Mistake:
    """A change of the project, and the line that `journey check` must print."""

    spoil: Callable[[Path], object]
    line: str


def _write(path: str, text: str) -> Callable[[Path], object]:
    def write(project: Path) -> None:
        (project / path).write_text(text, encoding="utf-8")

    return write


def _replace(path: str, old: str, new: str) -> Callable[[Path], object]:
    def replace(project: Path) -> None:
        text = (project / path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        (project / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def _append(path: str, line: str) -> Callable[[Path], object]:
    def append(project: Path) -> None:
        with (project / path).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    return append


def _all(*steps: Callable[[Path], object]) -> Callable[[Path], object]:
    def spoil(project: Path) -> None:
        for step in steps:
            step(project)

    return spoil


def _remove_rows(path: str, start: str) -> Callable[[Path], object]:
    def remove(project: Path) -> None:
        lines = (project / path).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(start)]
        assert len(kept) < len(lines), f"{path} has no row that starts with {start}"
        (project / path).write_text("".join(kept), encoding="utf-8")

    return remove


PLACEHOLDERS = "seeds/identifier_placeholders.csv"
LABELS, STAGES = "seeds/stage_labels.csv", "seeds/framework_stages.csv"
MAPPING, RULES = "seeds/framework_stage_definitions.csv", "seeds/channel_rules.csv"
# a definition that is in no list
VIP = _all(_write("models/stages/vip.sql", "select 1\n"), _write("models/stages/vip.yml", "version: 2\n"))
MODELS, MODEL_LABELS = "models/intermediate/attribution", "seeds/attribution_model_labels.csv"
RECENCY = _all(_write(f"{MODELS}/recency.sql", "select 1\n"), _write(f"{MODELS}/recency.yml", "version: 2\n"))
RECENCY_LISTED = _replace("dbt_project.yml", "attribution_models:\n", "attribution_models:\n    - recency\n")
LISTED = _replace("dbt_project.yml", "stage_definitions:\n", "stage_definitions:\n    - vip\n")

TREE_MISTAKES = {
    "placeholder as a form shows it": Mistake(
        _append(PLACEHOLDERS, "email,NoReply@Shop.vn"),
        "seeds/identifier_placeholders.csv:12: 'NoReply@Shop.vn' is not a normalized e-mail address"
        " (write it in lower case)",
    ),
    "placeholder as it was dialled": Mistake(
        _append(PLACEHOLDERS, "phone,0901 234 567"),
        "seeds/identifier_placeholders.csv:12: '0901 234 567' is not a normalized phone number"
        " (write it as +84912345678)",
    ),
    "placeholder of another type": Mistake(
        _append(PLACEHOLDERS, "cookie,abc"),
        "seeds/identifier_placeholders.csv:12: 'cookie' has no placeholders; the types that have are email and phone",
    ),
    "type that counts perhaps": Mistake(
        _append("seeds/identifier_types.csv", "zalo_id,as_is,perhaps,true,Zalo,Zalo"),
        "seeds/identifier_types.csv:7: counts_as_link of zalo_id is 'perhaps'; write true or false",
    ),
    "listed without a file": Mistake(
        LISTED,
        "dbt_project.yml:46: stage_definitions names vip, but there is no models/stages/vip.sql"
        " (write it, or remove the name)",
    ),
    "listed twice": Mistake(
        _replace("dbt_project.yml", "stage_definitions:\n", "stage_definitions:\n    - lead\n"),
        "dbt_project.yml:46: stage_definitions names lead twice",
    ),
    "file that is not listed": Mistake(
        VIP,
        "models/stages/vip.sql: is not listed, so nothing reads it (add vip to stage_definitions in dbt_project.yml)",
    ),
    "no description": Mistake(
        _all(VIP, LISTED, lambda project: (project / "models/stages/vip.yml").unlink()),
        "models/stages/vip.sql: has no vip.yml beside it that describes its rows",
    ),
    "no label": Mistake(_all(VIP, LISTED), "models/stages/vip.sql: has no label (add a row to seeds/stage_labels.csv)"),
    "no framework": Mistake(
        _all(VIP, LISTED),
        "models/stages/vip.sql: no framework uses it (add a row to seeds/framework_stage_definitions.csv;"
        " or, if it is only evidence, set is_position to false in seeds/stage_labels.csv)",
    ),
    "label of nothing": Mistake(
        _append(LABELS, "custmer,Customer,Khách hàng,true"),
        "seeds/stage_labels.csv:12: labels 'custmer', which is not a stage definition (did you mean customer?)",
    ),
    "label twice": Mistake(
        _append(LABELS, "lead,Lead,Lead,true"), "seeds/stage_labels.csv:12: lead has its labels on line 3 already"
    ),
    "empty label": Mistake(
        _replace(LABELS, "quote,Quote,Báo giá", "quote,Quote,"), "seeds/stage_labels.csv:7: label_vi of quote is empty"
    ),
    "comma without quotation marks": Mistake(
        _replace(LABELS, "lead,Lead,", "lead,Lead, or so,"),
        "seeds/stage_labels.csv:3: has 5 cells where the first line names 4 columns."
        " A cell with a comma in it wants quotation marks around it.",
    ),
    "semicolons": Mistake(
        _write(LABELS, "stage;label_en;label_vi\nlead;Lead;Lead\n"),
        "seeds/stage_labels.csv:1: has no comma in its first line 'stage;label_en;label_vi'."
        " Save it as CSV UTF-8 (comma delimited).",
    ),
    "another encoding": Mistake(
        lambda project: (project / LABELS).write_bytes("stage,label_en,label_vi\nx,é,é\n".encode("latin-1")),
        "seeds/stage_labels.csv: is not UTF-8. Save it as CSV UTF-8 (comma delimited).",
    ),
    "column renamed": Mistake(
        _replace(STAGES, "framework,stage,rank,", "framework,stage,position,"),
        "seeds/framework_stages.csv:1: has no column rank",
    ),
    "rank twice": Mistake(
        _replace(STAGES, "adahub_lifecycle,lead,2,", "adahub_lifecycle,lead,1,"),
        "seeds/framework_stages.csv:4: adahub_lifecycle has rank 1 twice, for subscriber and lead",
    ),
    "rank in words": Mistake(
        _replace(STAGES, "adahub_lifecycle,lead,2,", "adahub_lifecycle,lead,second,"),
        "seeds/framework_stages.csv:4: rank 'second' of lead in adahub_lifecycle is not a number",
    ),
    "stage twice": Mistake(
        _replace(STAGES, "adahub_lifecycle,mql,3,", "adahub_lifecycle,lead,3,"),
        "seeds/framework_stages.csv:5: adahub_lifecycle has lead on line 4 already",
    ),
    "funnel by yes": Mistake(
        _replace(STAGES, "adahub_lifecycle,lead,2,true", "adahub_lifecycle,lead,2,yes"),
        "seeds/framework_stages.csv:4: is_in_funnel of lead in adahub_lifecycle is 'yes'; write true or false",
    ),
    "stage without a definition": Mistake(
        _remove_rows(MAPPING, "adahub_crm,evangelist,"),
        "seeds/framework_stages.csv:20: no definition puts anybody into evangelist of adahub_crm"
        " (add a row to seeds/framework_stage_definitions.csv)",
    ),
    "framework that is not listed": Mistake(
        _remove_rows("seeds/frameworks.csv", "aida,"),
        "seeds/framework_stages.csv: aida is not listed (add a row to seeds/frameworks.csv)",
    ),
    "framework without stages": Mistake(
        _append("seeds/frameworks.csv", "desk,Desk,Desk,,,"),
        "seeds/frameworks.csv:15: desk has no stages (add rows to seeds/framework_stages.csv)",
    ),
    "none as a stage": Mistake(
        _append(STAGES, "aida,none,0,false,None,None" + "," * 12),
        "seeds/framework_stages.csv:72: none is the place of those who stand in no stage (choose another name)",
    ),
    "action for a stage that is gone": Mistake(
        _replace("seeds/journey_actions_planned.csv", ",five_a,appeal,", ",five_a,apeal,"),
        "seeds/journey_actions_planned.csv:2: five_a has no stage 'apeal' (did you mean appeal?)",
    ),
    "unknown framework": Mistake(
        _append(MAPPING, "adahub_cmr,lead,lead"),
        "seeds/framework_stage_definitions.csv:19: there is no framework 'adahub_cmr' (did you mean adahub_crm?)",
    ),
    "unknown stage": Mistake(
        _append(MAPPING, "adahub_crm,qoute,quote"),
        "seeds/framework_stage_definitions.csv:19: adahub_crm has no stage 'qoute' (did you mean quote?)",
    ),
    "unknown definition": Mistake(
        _append(MAPPING, "adahub_crm,customer,costumer"),
        "seeds/framework_stage_definitions.csv:19: there is no stage definition 'costumer' (did you mean customer?)",
    ),
    "mapped twice": Mistake(
        _append(MAPPING, "adahub_crm,lead,lead"),
        "seeds/framework_stage_definitions.csv:19: the same row is on line 10",
    ),
    "CRM stage of nothing": Mistake(
        _append("seeds/crm_stage_map.csv", "vip,custmer"),
        "seeds/crm_stage_map.csv:43: 'vip' stands for 'custmer', which is not a stage definition"
        " (did you mean customer?)",
    ),
    "conversion of nothing": Mistake(
        _append("seeds/conversion_types.csv", "vip,Became a VIP,Thành VIP,false,vips,true"),
        "seeds/conversion_types.csv:9: 'vip' stands for 'vips', which is not a stage definition (…)",
    ),
    "priority twice": Mistake(
        _replace(RULES, "60,paid_video,", "50,paid_video,"),
        "seeds/channel_rules.csv:9: paid_video has priority 50, which paid_social has",
    ),
    "rule of an unknown channel": Mistake(
        _replace(RULES, "60,paid_video,paid_video,", "60,paid_video,paid_vidoe,"),
        "seeds/channel_rules.csv:9: paid_video leads to channel 'paid_vidoe', which seeds/channels.csv does not have"
        " (did you mean paid_video?)",
    ),
    "rule that hides others": Mistake(
        _replace(
            RULES, "60,paid_video,paid_video,,^(.*cp.*|ppc|retargeting|paid.*)$,,video", "60,paid_video,paid_video,,,,"
        ),
        "seeds/channel_rules.csv:9: paid_video has no condition, so it matches every session and display after it"
        " is never reached",
    ),
    "rule with a broken pattern": Mistake(
        _replace(RULES, "140,affiliates,affiliates,,^affiliates?$", "140,affiliates,affiliates,,^(affiliates?$"),
        "seeds/channel_rules.csv:22: medium_pattern '^(affiliates?$' of affiliates: is not a regular expression"
        " (missing ): ^(affiliates?$)",
    ),
    "attribution model listed without a file": Mistake(
        RECENCY_LISTED,
        "dbt_project.yml:74: attribution_models names recency, but there is no"
        " models/intermediate/attribution/recency.sql (write it, or remove the name)",
    ),
    "attribution model that is not listed": Mistake(
        RECENCY,
        "models/intermediate/attribution/recency.sql: is not listed, so nothing reads it"
        " (add recency to attribution_models in dbt_project.yml; a helper model is named int_…)",
    ),
    "attribution model listed twice": Mistake(
        _replace("dbt_project.yml", "attribution_models:\n", "attribution_models:\n    - linear\n"),
        "dbt_project.yml:78: attribution_models names linear twice",
    ),
    "attribution model without description": Mistake(
        _all(RECENCY, RECENCY_LISTED, lambda project: (project / f"{MODELS}/recency.yml").unlink()),
        "models/intermediate/attribution/recency.sql: has no recency.yml beside it that describes its rows",
    ),
    "attribution model without label": Mistake(
        _all(RECENCY, RECENCY_LISTED),
        "models/intermediate/attribution/recency.sql: has no label (add a row to seeds/attribution_model_labels.csv)",
    ),
    "label of no attribution model": Mistake(
        _append(MODEL_LABELS, "liner,Linear,Tuyến tính,false,,"),
        "seeds/attribution_model_labels.csv:11: labels 'liner', which is not an attribution model"
        " (did you mean linear?)",
    ),
    "attribution model with an empty label": Mistake(
        _replace(MODEL_LABELS, "linear,Linear,Tuyến tính", "linear,Linear,"),
        "seeds/attribution_model_labels.csv:5: label_vi of linear is empty",
    ),
    "attribution model that may be data driven": Mistake(
        _replace(MODEL_LABELS, "linear,Linear,Tuyến tính,false", "linear,Linear,Tuyến tính,maybe"),
        "seeds/attribution_model_labels.csv:5: is_data_driven of linear is 'maybe'; write true or false",
    ),
    "SQL of one engine": Mistake(
        _write("models/stages/quote.sql", "select\n    person_key,\n    -- the first\n    arg_max(a, b) as evidence\n"),
        "models/stages/quote.sql:4: arg_max() is DuckDB's alone; write max_by(x, y) where y has no ties,"
        " else row_number() over (… order by …)",
    ),
}


@dataclass(frozen=True)
class Broken:
    """A broken definition in place of a good one, and the line that must be printed."""

    sql: str
    problems: tuple[str, ...]


_EVENTS = "from {{ ref('int_person_events') }}"

# the company of these tests has one customer with two orders, and three inbound calls, one of them after 9 June
BROKEN_DEFINITIONS = {
    "subscriber": Broken(
        f"select person_key, occurred_at as entered_at, event_type as evidence {_EVENTS}",
        ("lacks the column left_at (a definition returns person_key, entered_at, left_at, evidence)",),
    ),
    "lead": Broken(
        f"select person_key, occurred_at as entered_at, null as left_at, event_type as evidence {_EVENTS}",
        ("column left_at has type null (write cast(… as timestamp) as left_at)",),
    ),
    "mql": Broken(
        "select person_key, occurred_at as entered_at, cast('2026-06-09' as timestamp) as left_at, 'x' as evidence"
        f" {_EVENTS} where event_type = 'call' and direction = 'inbound'",
        ("1 episode ends before it begins (look at how left_at is worked out)",),
    ),
    "sql": Broken(
        f"select person_key, occurred_at as entered_at, occurred_at as left_at, 'x' as evidence {_EVENTS}"
        " where event_type = 'order'",
        ("2 episodes end when they begin (leave them out: where left_at > entered_at or left_at is null)",),
    ),
    "meeting": Broken(
        "select person_key, cast('2026-07-01' as timestamp) as entered_at, cast(null as timestamp) as left_at,"
        f" source_id as evidence {_EVENTS} where event_type = 'order'",
        ("2 episodes begin after as-of (leave them out: where entered_at <= {{ as_of() }})",),
    ),
    "quote": Broken(
        "select cast(1 as bigint) as person_key, occurred_at as entered_at, cast(null as timestamp) as left_at,"
        f" 'x' as evidence {_EVENTS} where event_type = 'order'",
        ("2 episodes belong to persons who do not exist (take person_key from int_person_events or int_touchpoints)",),
    ),
    "opportunity": Broken(
        "select person_key, occurred_at as entered_at, cast(null as timestamp) as left_at, 'x' as evidence"
        f" {_EVENTS} cross join {{{{ ref('stage_labels') }}}} as labels where event_type = 'order'",
        ("2 episodes are returned more than once (select distinct, or look for a join that multiplies rows)",),
    ),
    "evangelist": Broken(
        "select distinct cast(null as bigint) as person_key, cast(null as timestamp) as entered_at,"
        f" cast(null as timestamp) as left_at, cast(null as string) as evidence {_EVENTS}",
        (
            "1 episode has no person_key (leave them out: where person_key is not null)",
            "1 episode has no entered_at (leave them out: where entered_at is not null)",
            "1 episode has no evidence (say what says so: 'reason' as evidence)",
        ),
    ),
}

_PATHS = "from {{ ref('int_paths') }}"

# all paths of the company are checked, so a rule that every path breaks is counted once per path
BROKEN_MODELS = {
    "linear": Broken(
        f"select conversion_number, touch_number, 1.0 as share {_PATHS}",
        ("lacks the column weight (a model returns conversion_number, touch_number, weight)",),
    ),
    "first_touch": Broken(
        f"select conversion_number, touch_number, -1 as weight {_PATHS} where touch_number = path_length",
        (
            "2 weights are negative (a touch that is to get nothing weighs 0, or has no row)",
            "2 conversions with a path get no weight (at least one touch of each path needs a weight above 0,"
            " or the conversion counts as unattributed)",
        ),
    ),
    "last_touch": Broken(
        f"select conversion_number, 0 as touch_number, 1 as weight {_PATHS} where touch_number = path_length",
        (
            "2 rows credit touches outside the path of their conversion (take conversion_number and touch_number"
            " from one row of int_paths)",
        ),
    ),
    "last_non_direct": Broken(
        "select paths.conversion_number, paths.touch_number, 1 as weight from {{ ref('int_paths') }} as paths"
        " cross join (select 1 as one union all select 2 as one) as twice where touch_number = path_length",
        ("2 touches are returned more than once for their conversion (look for a join that multiplies rows)",),
    ),
    "shapley": Broken(
        f"select conversion_number, touch_number, nullif(touch_number, path_length) as weight {_PATHS}",
        (
            "2 rows have no weight (a touch that is to get nothing weighs 0, or has no row)",
            "2 conversions with a path get no weight (at least one touch of each path needs a weight above 0,"
            " or the conversion counts as unattributed)",
        ),
    ),
}

UNKNOWN_COLUMN = Broken(
    f"select person_key, happened_at as entered_at, happened_at as left_at, 'x' as evidence {_EVENTS}",
    ('Binder Error: Referenced column "happened_at" not found in FROM clause! …',),
)
