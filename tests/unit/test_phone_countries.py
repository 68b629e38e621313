"""Phone numbers are read by SQL as by libphonenumber: the same numbering plans and results."""

import duckdb
import phonenumbers
import pytest
from onboarding.macros import Macros
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from tools import phone_countries

# Trunk prefixes 0, 8, 06, 1 and none; lengths fixed and free; an exit code that is not 00.
COUNTRIES = (
    "AU",
    "BR",
    "BY",
    "CN",
    "DE",
    "FR",
    "GB",
    "HU",
    "ID",
    "IN",
    "IT",
    "JP",
    "KH",
    "KR",
    "MX",
    "RU",
    "SG",
    "TH",
    "US",
    "VN",
)
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)


def test_the_macros_are_the_librarys_plans() -> None:
    """The macros equal the library's plans; after an update run `python -m tools.phone_countries`."""
    assert phone_countries.FILE.read_text(encoding="utf-8") == phone_countries.text()


@pytest.mark.parametrize("country", COUNTRIES)
def test_numbers_are_read_however_they_are_written(country: str) -> None:
    """All spellings of a number give the same number."""
    spellings: dict[str, str] = {}
    for kind in KINDS:
        number = phonenumbers.example_number_for_type(country, kind)
        if number is None:
            continue
        code = str(number.country_code)
        written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        rest = international.removeprefix(f"+{code}")
        trunk = phone_countries.plan_of(country).national_prefix
        given = [written, national, international, f"{national} ext. 12", f"{rest.strip()}."]
        if kind != PhoneNumberType.TOLL_FREE:
            given.append(f"+{code} {trunk or ''}{rest}")
        if trunk == "0":
            given.append(f"+{code} (0){rest}")
        if kind == PhoneNumberType.MOBILE:
            # as a spreadsheet leaves it
            given.append(f"{written[1:]}.0")
        spellings |= dict.fromkeys(given, written)
    sql = Macros("duckdb", {"default_phone_country": country}).render("{{ normalize_phone('spelling') }}")
    with duckdb.connect() as connection:
        read = connection.execute(
            f"select spelling, {sql} from (select unnest(?) as spelling)", [list(spellings)]
        ).fetchall()
    assert dict(read) == spellings
