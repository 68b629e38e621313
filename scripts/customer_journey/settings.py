"""The settings of vars.yml: read, checked, and stored in the warehouse, where dbt reads them."""

import csv
import json
import re
import zoneinfo
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from customer_journey.contract import raw_tables
from customer_journey.errors import InputError
from customer_journey.paths import PROJECT
from customer_journey.project_files import read_yaml
from customer_journey.raw.mapping import did_you_mean_one, is_there, load_yaml, what_yaml_says

FILE_NAME = "vars.yml"

# Some marts hold one row for each day from the first event to as-of. A date outside this range is a typing error and
# would fill the disk.
FIRST_DAY = date(1900, 1, 1)
END_OF_TIME = date(2100, 1, 1)
LONGEST_DAYS = 36500
MOST = 1_000_000_000
MOST_OF_A_NAME = 100
# what a build does about a raw table that is stale or of an unusual size
ALARMS = ("off", "warn", "fail")
# entries of zoneinfo that are not places
_NO_PLACES = {"Factory", "localtime", "posixrules"}
_NO_PATTERN = "is not a regular expression that both engines read (RE2, without quotation marks and backslashes)."


def default_settings(project: Path = PROJECT) -> dict[str, Any]:
    """Return the defaults of dbt_project.yml by name."""
    defaults: dict[str, Any] = read_yaml(project / "dbt_project.yml")["vars"]["default_settings"]
    return dict(defaults)


def personal_data_patterns(project: Path = PROJECT) -> dict[str, str]:
    """Return the patterns of what looks like personal data by kind, which models mask by and expectations look for."""
    patterns: dict[str, str] = read_yaml(project / "dbt_project.yml")["vars"]["personal_data_patterns"]
    return dict(patterns)


def read_settings(raw: Path | None, as_of: str | None, now: datetime) -> dict[str, Any]:
    """Return the settings of this build: those of `vars.yml` in the raw folder; --as-of takes precedence over as_of.

    Raises:
        InputError: the file cannot be read, names an unknown setting or gives one a value of the wrong kind.
    """
    settings: dict[str, Any] = {}
    file = raw / FILE_NAME if raw else None
    if file and is_there(file):
        settings = _read_file(file)
    earliest = str(settings.get("earliest_date", default_settings()["earliest_date"]))
    if as_of is not None:
        settings["as_of"] = _timestamp(as_of, "--as-of", earliest)
    elif settings.get("as_of") is not None:
        settings["as_of"] = _timestamp(str(settings["as_of"]), f"{file}: as_of", earliest)
    else:
        settings["as_of"] = now.astimezone(UTC).isoformat()
    return settings


def _read_file(file: Path) -> dict[str, Any]:
    try:
        given = load_yaml(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable as YAML ({what_yaml_says(error)}).") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Check its permissions.") from error
    if not isinstance(given, dict):
        raise InputError(f"{file}: holds no settings. Write lines of the form `setting: value` (docs/settings.md).")
    defaults = default_settings()
    # YAML reads a day without quotes as a date
    given = {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
    settings = {**defaults, **given}
    for name in given:
        if name not in defaults:
            meant = did_you_mean_one(str(name), defaults) or "."
            raise InputError(f"{file}: there is no setting {name}{meant} docs/settings.md lists them all.")
    # defaults are checked too: one may conflict with a given value
    for name, value in settings.items():
        problem = problem_with(name, value, settings) if name != "as_of" else None
        if problem is not None:
            raise InputError(f"{file}: {problem}")
    return dict(given)


def known_frameworks(project: Path = PROJECT) -> list[str]:
    """Return the names of all frameworks."""
    with (project / "seeds" / "frameworks.csv").open(encoding="utf-8", newline="") as stream:
        return [row["framework"] for row in csv.DictReader(stream)]


def built_frameworks(settings: Mapping[str, Any]) -> list[str]:
    """Return the frameworks that these settings want built; the primary one always is."""
    complete = {**default_settings(), **settings}
    wanted = complete.get("frameworks")
    return [name for name in known_frameworks() if wanted is None or name in {*wanted, complete["primary_framework"]}]


def problem_with(name: str, value: object, settings: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the value of a setting, given all the others; None where nothing is."""
    default = default_settings()[name]
    if value is None and default is None:
        return None
    # an int is accepted for a float; a bool, which Python counts as an int, is not
    is_kind = type(value) is type(default) or (isinstance(default, float) and type(value) is int)
    if name == "frameworks" and not isinstance(value, list):
        return f"frameworks must be a list of names, not {value!r}."
    if default is not None and not is_kind:
        return f"{name} must be {_kind(default)}, not {value!r}."
    domain = domains()[name]
    if domain.holds(value, settings):
        return None
    meant = did_you_mean_one(str(value), domain.choices()).removeprefix(".")
    return f"{name} {value!r} {domain.wanted}{meant}"


@dataclass(frozen=True)
class Domain:
    """The allowed values of a setting.

    `holds` tests a value, given all settings; `wanted` is the rest of the error message after the value; `choices` are
    the allowed values to suggest for a misspelt one.
    """

    holds: Callable[[Any, Mapping[str, Any]], bool]
    wanted: str
    choices: Callable[[], Collection[str]] = tuple


@cache
def domains() -> dict[str, Domain]:
    """Return the allowed values of each setting by its name."""
    project = read_yaml(PROJECT / "dbt_project.yml")["vars"]
    stages, models = project["stage_definitions"], project["attribution_models"]
    frameworks = f"is not a list of frameworks. Frameworks are {', '.join(known_frameworks())}."
    days = {
        name: _between(1, LONGEST_DAYS)
        for name in default_settings()
        if name.endswith("_days") and name not in ("switch_days", "driver_landmark_days", "volume_delay_days")
    }
    return {
        **days,
        "as_of": Domain(lambda value, _: isinstance(value, str), "is not a timestamp."),
        "company_name": Domain(
            lambda value, _: len(value) <= MOST_OF_A_NAME and value.isprintable(),
            f"is not a name of one line and at most {MOST_OF_A_NAME} characters.",
        ),
        "reporting_timezone": Domain(
            lambda value, _: value in zoneinfo.available_timezones() - _NO_PLACES,
            "is not an IANA time zone. Write for example Asia/Ho_Chi_Minh.",
            zoneinfo.available_timezones,
        ),
        "earliest_date": Domain(
            lambda value, _: _is_day_between(value, FIRST_DAY, END_OF_TIME),
            f"is not a date from {FIRST_DAY} to {END_OF_TIME}. Write for example 1990-01-01.",
        ),
        "reporting_currency": Domain(
            lambda value, _: re.fullmatch("[A-Z]{3}", value) is not None,
            "is not a currency code. Write its three capital letters (ISO 4217), for example USD.",
        ),
        "currency_decimals": _between(0, 4),
        "default_phone_country": Domain(
            lambda value, _: value in _phone_countries(),
            "is not a country code. Write its two capital letters (ISO 3166), for example VN.",
        ),
        "primary_framework": Domain(
            lambda value, _: value in known_frameworks(),
            f"is not a framework. Frameworks are {', '.join(known_frameworks())}.",
            known_frameworks,
        ),
        "frameworks": Domain(
            lambda value, _: all(name in known_frameworks() for name in value), frameworks
        ),
        "identity_max_links": _between(1, MOST),
        "session_timeout_minutes": _between(1, 1440),
        "session_max_hours": _between(1, 8760),
        "first_response_hours": _between(1, 8760),
        "slow_page_ms": _between(1, MOST),
        "switch_days": _between(0, LONGEST_DAYS),
        "driver_landmark_days": Domain(
            lambda value, settings: 1 <= value < settings["funnel_window_days"],
            "is not a number of days from 1 to less than funnel_window_days.",
        ),
        "attribution_path_restart": Domain(lambda value, _: True, ""),
        "attribution_unit": _one_of(["person", "company"]),
        "w_shaped_anchors": Domain(
            lambda value, _: all(name.strip() in _conversion_types() for name in value.split(",")),
            f"is not a comma-separated list of conversion types. Types are {', '.join(_conversion_types())}.",
        ),
        "clv_model": _one_of(["mbg_nbd", "bg_nbd"]),
        "clv_discount_rate": Domain(
            lambda value, _: 0 <= value <= 1, "is not a yearly rate from 0 to 1. Write 0.1 for 10 %."
        ),
        "clv_holdout_weeks": _between(1, 520),
        "nps_window_months": _between(1, 120),
        "stale_alarm": _one_of(ALARMS),
        "volume_alarm": _one_of(ALARMS),
        "volume_delay_days": _between(0, 365),
        "volume_delay_tables": Domain(
            lambda value, _: value == "all" or {name.strip() for name in value.split(",")} <= _raw_tables(),
            "is neither all nor a comma-separated list of raw tables. Write for example marketing.ad_spend.",
            _raw_tables,
        ),
        "volume_min_change": Domain(lambda value, _: 0 <= value <= 100, "is not a number from 0 to 100."),
        "volume_spreads": Domain(lambda value, _: 0 < value <= 1000, "is not a number above 0 and up to 1000."),
        "sample_ratio_alarm": Domain(lambda value, _: 0 < value < 1, "is not a probability between 0 and 1."),
        **{
            name: Domain(lambda value, _: 0 < value <= 1, "is not a share above 0 and up to 1.")
            for name in ("max_quarantined_share", "opportunity_share")
        },
        "sql_stage": _one_of(stages),
        "journey_goal": _one_of(stages),
        "journey_map_attribution_model": _one_of(models),
        "bot_user_agents": Domain(
            lambda value, _: _is_pattern(value) and not _matches_any_text(value),
            f"{_NO_PATTERN[:-1]}, or every text matches it, which would take all visitors for bots.",
        ),
        "human_user_agents": Domain(lambda value, _: _is_pattern(value), _NO_PATTERN),
        **{
            name: _between(1, MOST)
            for name in (
                "attribution_paths", "journey_paths", "journey_map_items", "journey_map_items_monthly",
                "mql_score_threshold", "clv_min_customers", "nps_min_responses", "emotion_min_responses",
                "driver_min_persons", "free_text_min_persons", "stale_after_rows", "volume_min_rows",
            )
        },
    }  # fmt: skip


def _raw_tables() -> set[str]:
    return {table.source_table for table in raw_tables()}


def _between(lowest: int, highest: int) -> Domain:
    return Domain(lambda value, _: lowest <= value <= highest, f"is not a number from {lowest} to {highest}.")


def _one_of(values: Sequence[str]) -> Domain:
    return Domain(lambda value, _: value in values, f"is not one of {', '.join(values)}.", lambda: values)


def _is_day_between(text: str, first: date, end: date) -> bool:
    try:
        return first <= date.fromisoformat(text) < end
    except ValueError:
        return False


def _is_pattern(text: str) -> bool:
    """Tell whether the engines read a text as a regular expression, between the quotation marks of a literal."""
    try:
        _matches_any_text(text)
    except duckdb.InvalidInputException:
        return False
    # RE2 accepts a brace that is no repetition, Java does not
    return text.isprintable() and not set("'\\") & set(text) and not re.search("{(?![0-9]+(,[0-9]*)?})", text)


def _matches_any_text(pattern: str) -> bool:
    # a connection of its own: an unfetched result would block DuckDB's default connection
    with duckdb.connect() as connection:
        row = connection.execute("select regexp_matches('', ?)", [pattern]).fetchone()
    return row is not None and bool(row[0])


@cache
def _phone_countries(project: Path = PROJECT) -> frozenset[str]:
    text = (project / "macros" / "phone_countries.sql").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^ +'([A-Z]{2})': \{'code'", text, re.MULTILINE))


@cache
def _conversion_types(project: Path = PROJECT) -> tuple[str, ...]:
    file = project / "seeds" / "conversion_types.csv"
    # a project with a subset of the marts may lack this seed
    if not file.is_file():
        return ("lead", "opportunity")
    with file.open(encoding="utf-8", newline="") as stream:
        return tuple(row["conversion_type"] for row in csv.DictReader(stream))


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a whole number", str: "text", float: "a number"}
    return kinds.get(type(value), type(value).__name__)


def _timestamp(text: str, where: str, earliest: str) -> str:
    """Return an ISO timestamp in UTC; text without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{where}: {text!r} is not a timestamp. Write for example 2026-06-30T17:00:00Z.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # compare the day as written: in some time zones the first and last days cannot be converted to UTC
    if not _is_day_between(moment.date().isoformat(), date.fromisoformat(earliest), END_OF_TIME):
        raise InputError(
            f"{where}: {text!r} is outside the allowed time, from {earliest} (earliest_date) to before {END_OF_TIME}."
            " Correct it, or set an earlier earliest_date."
        )
    return moment.astimezone(UTC).isoformat()


def remember_settings(connection: duckdb.DuckDBPyConnection, settings: dict[str, Any]) -> None:
    """Store the settings in the warehouse, so that a plain `dbt build` there uses the same ones."""
    connection.execute("create schema if not exists private")
    connection.execute("create or replace table private.settings (name varchar, value varchar)")
    connection.executemany(
        "insert into private.settings values (?, ?)",
        [[name, json.dumps(value)] for name, value in settings.items()],
    )
