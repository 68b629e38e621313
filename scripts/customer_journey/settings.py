"""What a company sets about itself: read, checked, and left in the warehouse where dbt finds it."""

import csv
import json
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from customer_journey.errors import InputError
from customer_journey.paths import PROJECT

FILE_NAME = "vars.yml"


def default_settings(project: Path = PROJECT) -> dict[str, Any]:
    """Return the defaults of dbt_project.yml by name."""
    document = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    defaults: dict[str, Any] = document["vars"]["default_settings"]
    return defaults


def personal_data_patterns(project: Path = PROJECT) -> dict[str, str]:
    """Return the patterns of what looks like personal data by kind, which models mask by and expectations look for."""
    document = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    patterns: dict[str, str] = document["vars"]["personal_data_patterns"]
    return patterns


def read_settings(raw: Path | None, as_of: str | None, now: datetime) -> dict[str, Any]:
    """Return the settings that this build is told: `vars.yml` in the raw folder, with --as-of before its as_of.

    Raises:
        InputError: the file cannot be read, names an unknown setting or gives one a value of the wrong kind.
    """
    settings: dict[str, Any] = {}
    file = raw / FILE_NAME if raw else None
    if file and file.is_file():
        settings = _read_file(file)
    if as_of is not None:
        settings["as_of"] = _timestamp(as_of, "--as-of")
    elif settings.get("as_of") is not None:
        settings["as_of"] = _timestamp(str(settings["as_of"]), f"{file}: as_of")
    else:
        settings["as_of"] = now.astimezone(UTC).isoformat()
    return settings


def _read_file(file: Path) -> dict[str, Any]:
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not readable as YAML ({str(error).splitlines()[0]}).") from error
    if not isinstance(given, dict):
        raise InputError(f"{file}: wants lines of the form `setting: value`.")
    defaults = default_settings()
    # YAML reads a day without quotes as a date
    given = {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
    for name, value in given.items():
        if name not in defaults:
            raise InputError(f"{file}: there is no setting {name}. Settings are {', '.join(defaults)}.")
        default = defaults[name]
        if default is not None and type(value) is not type(default):
            raise InputError(f"{file}: {name} wants {_kind(default)}, not {value!r}.")
    timezone = given.get("reporting_timezone")
    if timezone is not None and timezone not in zoneinfo.available_timezones():
        raise InputError(
            f"{file}: reporting_timezone {timezone!r} is no IANA time zone. Write for example Asia/Ho_Chi_Minh."
        )
    if (unknown := _unknown_framework(given)) is not None:
        raise InputError(f"{file}: {unknown} Frameworks are {', '.join(known_frameworks())}.")
    if "earliest_date" in given:
        try:
            date.fromisoformat(given["earliest_date"])
        except ValueError as error:
            raise InputError(
                f"{file}: earliest_date {given['earliest_date']!r} is no date. Write for example 1990-01-01."
            ) from error
    return dict(given)


def known_frameworks(project: Path = PROJECT) -> list[str]:
    """Return the names of all frameworks."""
    with (project / "seeds" / "frameworks.csv").open(encoding="utf-8", newline="") as stream:
        return [row["framework"] for row in csv.DictReader(stream)]


def built_frameworks(settings: Mapping[str, Any]) -> list[str]:
    """Return the frameworks that these settings want built; the primary one always is."""
    told = {**default_settings(), **settings}
    wanted = told.get("frameworks")
    return [name for name in known_frameworks() if wanted is None or name in {*wanted, told["primary_framework"]}]


def _unknown_framework(given: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the frameworks that are named, None where each is one of ours."""
    frameworks = given.get("frameworks")
    if frameworks is None:
        frameworks = []
    elif not isinstance(frameworks, list):
        return f"frameworks wants a list of names, not {frameworks!r}."
    known = known_frameworks()
    for setting, names in (("frameworks", frameworks), ("primary_framework", [given.get("primary_framework")])):
        for name in names:
            if name is not None and name not in known:
                return f"{setting}: there is no framework {name!r}."
    return None


def _kind(value: object) -> str:
    return {int: "a whole number", str: "text", float: "a number"}.get(type(value), type(value).__name__)


def _timestamp(text: str, where: str) -> str:
    """Return an ISO timestamp in UTC; text without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{where}: {text!r} is no timestamp. Write for example 2026-06-30T17:00:00Z.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat()


def remember_settings(connection: duckdb.DuckDBPyConnection, settings: dict[str, Any]) -> None:
    """Replace the settings that this warehouse remembers; a plain `dbt build` repeats them."""
    connection.execute("create schema if not exists private")
    connection.execute("create or replace table private.settings (name varchar, value varchar)")
    connection.executemany(
        "insert into private.settings values (?, ?)",
        [[name, json.dumps(value)] for name, value in settings.items()],
    )
