"""The glossary has the names of the seeds, as marts and report do, and explains the same terms in both languages."""

import csv
import re

import pytest
from customer_journey.paths import PROJECT

_PAGE = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
_IN_VIETNAMESE = (PROJECT / "docs" / "glossary_vi.md").read_text(encoding="utf-8")
_KPIS = (PROJECT / "docs" / "kpis.md").read_text(encoding="utf-8")
# the heading of a section, the seed it shows, and the seed's columns in its rows
_SECTIONS = {
    "Stages": ("stage_labels", ("stage", "label_en", "label_vi")),
    "Channels": ("channels", ("channel", "label_en", "label_vi", "ownership")),
    "Attribution models": ("attribution_model_labels", ("attribution_model", "label_en", "label_vi")),
}


def _sections(page: str) -> list[tuple[str, list[list[str]]]]:
    """The headings of a page, each with the cells of its table, without the row that names the columns."""
    return [
        (
            part.splitlines()[0],
            [
                [cell.strip().strip("`") for cell in line.strip("|").split("|")]
                for line in part.splitlines()
                if line.startswith("| ")
            ][1:],
        )
        for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    ]


def _rows_under(heading: str) -> list[list[str]]:
    return dict(_sections(_PAGE))[heading]


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


def test_both_languages_explain_the_same_terms() -> None:
    """Each term, under the Vietnamese name of the other page and in its order, is explained in Vietnamese too."""
    english, vietnamese = _sections(_PAGE), _sections(_IN_VIETNAMESE)
    assert len(english) == len(vietnamese)
    for (heading, rows), (_, own) in zip(english, vietnamese, strict=True):
        # in sections of the seeds the code comes first, then the labels in both languages
        name, code = (2, 0) if heading in _SECTIONS else (1, 0)
        assert [row[:2] for row in own] == [[row[name], row[code]] for row in rows]
        assert all(len(row) == 3 and row[2] for row in own)


@pytest.mark.parametrize(
    ("term", "kpi"),
    [("AOV", "average order value"), ("win rate", "win rate"), ("pipeline velocity", "pipeline velocity")],
)
def test_kpis_have_one_name_in_vietnamese(term: str, kpi: str) -> None:
    """KPIs have the same Vietnamese name in the glossary and the list of KPIs."""
    (named,) = re.findall(rf"^\| {re.escape(term)} \| ([^|]+) \|", _PAGE, re.MULTILINE)
    (listed,) = re.findall(rf"^\| {re.escape(kpi)} \| ([^|]+) \|", _KPIS, re.MULTILINE)
    assert named == listed
