"""Generates the numbering plans of all countries, from libphonenumber, for the macros that normalize phone numbers.

    python -m tools.phone_countries            rewrites macros/phone_countries.sql

The same SQL normalizes numbers on both engines and cannot call a library. A test compares the file with the library
version of uv.lock.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import phonenumbers
from customer_journey.paths import PROJECT
from phonenumbers import PhoneMetadata

FILE = PROJECT / "macros/phone_countries.sql"
NANP = 1
LONGEST = 15  # digits of a number in E.164, its calling code included

# Trunk prefixes that replace those of the library, because its expression also rewrites the number or lacks a prefix
# that address books still hold, such as Mexico's 1 and 044 before mobile numbers (abolished in 2019).
_TRUNKS = {"BY": "80?|0", "LT": "[08]", "MX": "01|04[45]|1"}

_HEAD = """\
{#-
    Numbering plans, generated from libphonenumber by `python -m tools.phone_countries`; do not edit by hand.

    phone_countries: of each country the calling code; the exit code, dialled there before a calling code; the trunk
    prefix, dialled before a national number; and without it, how many digits national numbers have, what they look
    like, and the mobile ones among them. All are regular expressions, and stand here as literals of SQL.
    phone_codes: of each calling code how many digits follow, and the trunk prefix that is none in international form,
    though written; `behind_trunk` where a number may begin with the same digits: what is left when they were a trunk
    prefix.
-#}
"""


def write(file: Path = FILE) -> None:
    """Write the macros."""
    file.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the content of the macro file."""
    lines = [_HEAD, "{% macro phone_countries() -%}\n    {{ return({\n"]
    lines += (f"        {line},\n" for line in _countries())
    lines.append("    }) }}\n{%- endmacro %}\n{% macro phone_codes() -%}\n    {{ return({\n")
    lines += (f"        {line},\n" for line in _codes())
    lines.append("    }) }}\n{%- endmacro %}\n")
    return "".join(lines)


def _countries() -> Iterator[str]:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        plan = plan_of(region)
        fields = {
            "code": str(plan.country_code),
            "exit": _portable(plan.international_prefix),
            "trunk": _trunk(region),
            "lengths": counts(plan.general_desc.possible_length),
            "pattern": _portable(plan.general_desc.national_number_pattern),
        }
        # In North America every number has ten digits, with or without its leading 1, so no mobile pattern is needed
        if plan.country_code != NANP:
            fields["mobile"] = _portable((plan.mobile and plan.mobile.national_number_pattern) or "")
        yield f"'{region}': {_literal(fields)}"


def _codes() -> Iterator[str]:
    for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        if regions == (phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY,):
            plans: list[Any] = [PhoneMetadata.metadata_for_nongeo_region(code)]
            trunk = ""
        else:
            plans = [plan_of(region) for region in regions]
            trunk = _trunk(regions[0])
        lengths = {length for plan in plans for length in plan.general_desc.possible_length}
        fields = {"lengths": counts(length for length in lengths if length + len(str(code)) <= LONGEST), "trunk": trunk}
        if trunk not in ("", "0"):
            usual = {length for kind in ("fixed_line", "mobile") for length in getattr(plans[0], kind).possible_length}
            fields["behind_trunk"] = "[1-9]" + counts(length - 1 for length in usual)
        yield f"'{code}': {_literal(fields)}"


# Any: the library's types declare each part of a plan as optional, but no country lacks one.
def plan_of(region: str) -> Any:  # noqa: ANN401
    """Return a country's numbering plan."""
    return PhoneMetadata.metadata_for_region(region)


def _trunk(region: str) -> str:
    return str(_TRUNKS.get(region, plan_of(region).national_prefix or ""))


def counts(lengths: Iterable[int]) -> str:
    """Return a regular expression for any of these numbers of digits; consecutive lengths become one range."""
    runs: list[list[int]] = []
    for length in sorted(lengths):
        if runs and length == runs[-1][1] + 1:
            runs[-1][1] = length
        else:
            runs.append([length, length])
    parts = [f"[0-9]{{{low}}}" if low == high else f"[0-9]{{{low},{high}}}" for low, high in runs]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _portable(pattern: str) -> str:
    # avoid backslashes: in Spark's string literals they are escapes
    return re.sub(r"\[([^]]*)\\d([^]]*)\]", r"[\g<1>0-9\2]", pattern).replace(r"\d", "[0-9]")


def _literal(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': \"'{value}'\"" for name, value in fields.items()) + "}"


if __name__ == "__main__":
    write()
