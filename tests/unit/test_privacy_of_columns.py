"""Every column has a privacy class, and all free text is published under one rule."""

import csv
import re

from customer_journey.paths import PROJECT
from onboarding.macros import Macros

from tests.support.privacy import published_columns, source_columns

CLASSES = {"direct", "indirect", "free_text", "none"}
SOURCES = source_columns()
PUBLISHED = published_columns()
# free text that no mart shows, not even where many persons have it: comments and the like, and columns without a use
NEVER_PUBLISHED = {
    "crm.contacts.city",
    "crm.contacts.job_title",
    "feedback.reviews.body",
    "feedback.survey_responses.comment",
}
_SHOWN = re.compile(r"\b(shown_texts?|shown_event_type)\(")


def test_every_column_says_what_it_tells_of_a_person() -> None:
    """Every column declares its privacy class."""
    columns = {**SOURCES, **PUBLISHED}
    assert len(SOURCES) > 200
    assert len(PUBLISHED) > 800
    assert {name: privacy for name, privacy in columns.items() if privacy not in CLASSES} == {}


def test_nothing_that_names_a_person_is_published() -> None:
    """No published column has the class of direct identifiers, such as e-mail, phone, name or raw id."""
    assert [name for name, privacy in PUBLISHED.items() if privacy == "direct"] == []


def test_what_people_type_is_under_the_rule_or_in_no_mart() -> None:
    """The rule for free text and the sources list the same columns."""
    typed = {name for name, privacy in SOURCES.items() if privacy == "free_text"}
    assert typed - NEVER_PUBLISHED == set(_under_the_rule()), (
        "list the column in free_text_columns() of macros/free_text.sql with the seeds that know its texts, "
        "or here in NEVER_PUBLISHED if no mart shows it"
    )
    assert typed >= NEVER_PUBLISHED


def test_marts_that_show_free_text_say_so() -> None:
    """A mart whose SQL uses the rule for free text has a column with the class free_text."""
    shown = {
        file.stem for file in PROJECT.glob("models/marts/**/*.sql") if _SHOWN.search(file.read_text(encoding="utf-8"))
    }
    assert len(shown) > 10
    assert shown <= {name.split(".")[0] for name, privacy in PUBLISHED.items() if privacy == "free_text"}


def test_texts_that_always_show_are_of_columns_under_the_rule() -> None:
    """The seed of always published texts names only columns under the rule."""
    with (PROJECT / "seeds/known_texts.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["source_column"] for row in csv.DictReader(stream)} <= set(_under_the_rule())


def _under_the_rule() -> list[str]:
    names: list[str] = Macros("duckdb").context["free_text_names"]()
    return names
