"""The published demo contains none of the people in its raw files: 3,000 contacts, their cookies and identifiers."""

import re
from collections.abc import Iterable

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.raw_rows import read_rows, vietnamese_phone

KEYED_HASH = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module")
def personal(demo: Demo) -> dict[str, set[str]]:
    """Personal data in the raw files, in lower case, by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in ("email", "phone", "full_name", "anonymous_id", "contact_id")}
    labels = (
        "crm/contacts", "crm/activities", "orders/orders", "web/identities", "web/experiment_exposures",
        "marketing/email_events", "marketing/social_interactions", "marketing/offline_visits",
        "feedback/survey_invitations",
    )  # fmt: skip
    for label in labels:
        for row in read_rows(demo.raw_files(label)):
            typed = {**row, row.get("identifier_type") or "": row.get("identifier_value")}
            for kind, values in found.items():
                value = typed.get(kind)
                # the contact id of customer A is A, a letter that every text contains
                if value and len(value) > 1:
                    # the national number, in whatever form it is written
                    values.add((vietnamese_phone(value) or "")[3:] if kind == "phone" else value.strip().lower())
    assert {kind: len(values) > 1000 for kind, values in found.items()} == dict.fromkeys(found, True)
    return found


@pytest.fixture(scope="module")
def texts(demo: Demo) -> dict[str, str]:
    """Every distinct text of the published file, in lower case, with a column that holds it, except keyed hashes."""
    found: dict[str, str] = {}
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'marts' and data_type like '%VARCHAR%'"
        ).fetchall()
        for mart, column in columns:
            rows = connection.execute(
                f'select distinct lower(cast("{column}" as varchar)) from marts.{mart} where "{column}" is not null'
            ).fetchall()
            found |= {text: f"{mart}.{column}" for (text,) in rows if not KEYED_HASH.fullmatch(text)}
    assert len(found) > 5000
    return found


@pytest.mark.parametrize("kind", ["email", "phone", "full_name", "anonymous_id", "contact_id"])
def test_nobody_is_in_a_mart(kind: str, personal: dict[str, set[str]], texts: dict[str, str]) -> None:
    """No text of a mart is personal data."""
    known = personal[kind]
    if kind == "email":
        named = [text for text in texts if set(re.findall(r"[^\s<>()\"',;=?&]+@[^\s<>()\"',;=?&]+", text)) & known]
    elif kind == "phone":
        named = [text for text in texts if any(_ends_with_one_of(digits, known) for digits in _digits(text))]
    elif kind == "full_name":
        named = [text for text in texts if set(_names(text)) & known]
    else:
        named = [text for text in texts if set(re.findall(r"\w+", text)) & known]
    assert [(texts[text], text) for text in named] == []


def _names(text: str) -> Iterable[str]:
    """Every sequence of two to five words."""
    words = re.findall(r"[^\W\d_]+", text)
    return (" ".join(words[first : first + count]) for count in range(2, 6) for first in range(len(words) - count + 1))


def _digits(text: str) -> Iterable[str]:
    return re.findall(r"\d{9,}", re.sub(r"(?<=\d)[ .-](?=\d)", "", text))


def _ends_with_one_of(digits: str, numbers: set[str]) -> bool:
    return digits[-9:] in numbers


@pytest.mark.parametrize("kind", ["email", "phone", "full_name", "anonymous_id", "contact_id"])
def test_nobody_is_in_the_bytes_of_the_file(kind: str, demo: Demo, personal: dict[str, set[str]]) -> None:
    """No personal data is in the bytes of the file, also not in unused blocks."""
    content = demo.published.read_bytes().lower()
    # texts of marts are found in the bytes, so what is not found is not there
    assert b"sao mai studio" in content
    # texts are stored without separators, so each is searched for; only some hundreds, to be quick. A digit repeated
    # throughout is a placeholder, and looks like empty pages
    known = sorted(value for value in personal[kind] if len(value) > 6 and len(set(value)) > 1)
    some = known[:: max(1, len(known) // 200)]
    assert len(some) >= 200
    assert [value for value in some if _holds(content, value.encode())] == []


def _holds(content: bytes, value: bytes) -> bool:
    """Whether a value occurs in the content, not counting chance matches within keyed hashes of 32 digits or more."""
    place = content.find(value)
    while place >= 0:
        first, last = place, place + len(value)
        while first > 0 and content[first - 1] in b"0123456789abcdef" and last - first < 32:
            first -= 1
        while last < len(content) and content[last] in b"0123456789abcdef" and last - first < 32:
            last += 1
        if last - first < 32:
            return True
        place = content.find(value, place + 1)
    return False
