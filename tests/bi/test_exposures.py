"""Exposures name every model that a dashboard or page reads, so that a change of a mart shows who is affected."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from customer_journey.paths import PROJECT

MODELS = PROJECT / "models"
_NAME = re.compile(r"""(?:ref\(|source\('build', )'(\w+)'\)""")


def exposures() -> dict[str, set[str]]:
    """Return the models, and tables of the build, that each exposure depends on."""
    document: dict[str, Any] = yaml.safe_load((MODELS / "exposures.yml").read_text(encoding="utf-8"))
    return {
        exposure["name"]: {_NAME.fullmatch(each)[1] for each in exposure["depends_on"]}  # type: ignore[index]
        for exposure in document["exposures"]
    }


def read_by(files: Iterable[Path], schemas: str) -> set[str]:
    """Return the relations of these schemas that the files name."""
    pattern = re.compile(rf"\b(?:{schemas})\.([a-z]\w+)\b")
    return {name for file in files for name in pattern.findall(file.read_text(encoding="utf-8"))}


def test_the_report_names_the_marts_that_it_reads() -> None:
    files = [file for file in (PROJECT / "scripts" / "report").rglob("*") if file.suffix in (".sql", ".py")]
    assert read_by(files, "marts") - exposures()["report"] == set()


def test_the_dashboard_names_the_marts_of_its_datasets() -> None:
    files = (PROJECT / "examples" / "superset" / "assets" / "datasets").rglob("*.yaml")
    tables = {yaml.safe_load(file.read_text(encoding="utf-8"))["table_name"] for file in files}
    assert exposures()["superset_dashboard"] == tables


def test_the_audience_export_names_what_it_reads() -> None:
    found = read_by([PROJECT / "scripts" / "customer_journey" / "privacy" / "audience.py"], "intermediate|staging")
    assert exposures()["audience_export"] == found | {"dim_persons"}
