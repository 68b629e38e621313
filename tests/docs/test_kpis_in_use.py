"""Every KPI of the list is explained, under the same heading, with the marts that it comes from."""

import re

import pytest
from customer_journey.paths import PROJECT

_LIST = (PROJECT / "docs" / "kpis.md").read_text(encoding="utf-8")
_PAGE = (PROJECT / "docs" / "kpis_in_use.md").read_text(encoding="utf-8")


def _sections(page: str) -> dict[str, str]:
    """Return the text under each heading that has a table of KPIs."""
    found = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return {heading: text for heading, text in found if "| KPI |" in text}


def _rows(section: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith("| KPI |")
    ]


def test_themes_are_those_of_the_list() -> None:
    """Both pages have the same headings, since they are read side by side."""
    assert len(_sections(_LIST)) == 7
    assert list(_sections(_PAGE)) == list(_sections(_LIST))


@pytest.mark.parametrize("theme", _sections(_LIST))
def test_every_kpi_is_explained(theme: str) -> None:
    """Every KPI of the list is explained."""
    explained = _rows(_sections(_PAGE)[theme])
    assert [row[0] for row in explained] == [row[0] for row in _rows(_sections(_LIST)[theme])]
    assert all(len(row) == 3 and all(row) for row in explained)


@pytest.mark.parametrize("theme", _sections(_LIST))
def test_marts_of_a_theme_are_named(theme: str) -> None:
    """Each theme names its marts, whose column descriptions have the formulas."""
    marts = set(re.findall(r"\| `(\w+)\.\w+` \|", _sections(_LIST)[theme]))
    (named,) = re.findall(
        r"^Columns and values: .*?Marts: (.*?)\.\s", _sections(_PAGE)[theme], re.MULTILINE | re.DOTALL
    )
    assert marts
    assert marts <= set(re.findall(r"`(\w+)`", named))
    assert all(list((PROJECT / "models" / "marts").rglob(f"{mart}.yml")) for mart in marts)


def test_columns_that_are_named_are_there() -> None:
    """Every column and setting named on the page exists."""
    words = set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", _PAGE))
    assert words
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (PROJECT / "models" / "marts").rglob("*.yml")) + (
        PROJECT / "dbt_project.yml"
    ).read_text(encoding="utf-8")
    known = set(re.findall(r"\w+", texts)) | {file.stem for file in (PROJECT / "seeds").glob("*.csv")}
    assert words <= known
