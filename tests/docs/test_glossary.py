"""The glossary has the names of stages, channels and attribution models from the seeds, as marts and report do."""

import csv
import re

import pytest
from customer_journey.paths import PROJECT

_PAGE = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
_KPIS = (PROJECT / "docs" / "kpis.md").read_text(encoding="utf-8")
# the heading of a section, the seed it shows, and the seed's columns in its rows
_SECTIONS = {
    "Stages": ("stage_labels", ("stage", "label_en", "label_vi")),
    "Channels": ("channels", ("channel", "label_en", "label_vi", "ownership")),
    "Attribution models": ("attribution_model_labels", ("attribution_model", "label_en", "label_vi")),
}


def _rows_under(heading: str) -> list[list[str]]:
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", _PAGE, re.MULTILINE | re.DOTALL)
    assert section, heading
    table = [line for line in section[1].splitlines() if line.startswith("| ")]
    # the first row names the columns
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table[1:]]


@pytest.mark.parametrize("heading", _SECTIONS)
def test_labels_are_those_of_the_seed(heading: str) -> None:
    """Every label of the seeds is in the glossary, in the same order."""
    seed, columns = _SECTIONS[heading]
    with (PROJECT / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        wanted = [[row[column] for column in columns] for row in csv.DictReader(stream)]
    assert [row[: len(columns)] for row in _rows_under(heading)] == wanted
    assert all(row[-1] for row in _rows_under(heading))


def test_terms_are_explained_once() -> None:
    """No term has two rows."""
    headings = [heading for heading in re.findall(r"^## (.+)$", _PAGE, re.MULTILINE) if heading not in _SECTIONS]
    terms = [row[0] for heading in headings for row in _rows_under(heading)]
    assert len(terms) > 60
    assert len(terms) == len(set(terms))
    assert all(len(row) == 3 and all(row) for heading in headings for row in _rows_under(heading))


@pytest.mark.parametrize(
    ("term", "kpi"),
    [("AOV", "average order value"), ("win rate", "win rate"), ("pipeline velocity", "pipeline velocity")],
)
def test_kpis_have_one_name_in_vietnamese(term: str, kpi: str) -> None:
    """KPIs have the same Vietnamese name in the glossary and the list of KPIs."""
    (named,) = re.findall(rf"^\| {re.escape(term)} \| ([^|]+) \|", _PAGE, re.MULTILINE)
    (listed,) = re.findall(rf"^\| {re.escape(kpi)} \| ([^|]+) \|", _KPIS, re.MULTILINE)
    assert named == listed
