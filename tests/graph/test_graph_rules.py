"""The rules of dbt-project-evaluator: the project keeps them, violations are found, exceptions are still needed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tools.graph_rules import Finding, Report, judge, read_exceptions, source_fanout

from tests.support.dbt import must_pass, run_dbt

RULES = {"root_models": "a model has a parent"}
FOUND = Finding("root_models", "int_clv_windows")
PROJECT_ID = "model.customer_journey"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own manifest."""
    folder = tmp_path_factory.mktemp("graph")
    must_pass(run_dbt(folder / "warehouse.duckdb", folder, "parse"))
    return folder / "target"


def test_project_keeps_the_rules(target: Path) -> None:
    report = judge(target, read_exceptions())
    assert report.errors == []
    assert len(report.findings) > 20, "rules that find nothing at all have not been asked"


def _slip(manifest: dict[str, Any], rule: str) -> str:
    """Break a rule in the manifest; return the name of the node that breaks it."""
    parents = manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["depends_on"]["nodes"]
    if rule == "direct_join_to_source":
        parents.append("source.customer_journey.web.events")
    elif rule == "multiple_sources_joined":
        parents[:] = ["source.customer_journey.web.events", "source.customer_journey.web.identities"]
    elif rule == "root_models":
        parents.clear()
    elif rule == "source_fanout":
        manifest["child_map"]["source.customer_journey.web.events"].append(f"{PROJECT_ID}.kpi_nps")
    elif rule == "hard_coded_references":
        manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["raw_code"] = "select * from marts.fct_orders"
    elif rule == "undocumented_models":
        manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["description"] = ""
    elif rule == "public_models_without_contracts":
        manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["access"] = "public"
        manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["config"]["contract"]["enforced"] = False
        manifest["nodes"][f"{PROJECT_ID}.kpi_nps"]["contract"]["enforced"] = False
    elif rule == "exposure_parents_materializations":
        manifest["exposures"]["exposure.customer_journey.report"]["depends_on"]["nodes"].append(f"{PROJECT_ID}.aware")
        return "report"
    elif rule == "duplicate_sources":
        twin = {**manifest["sources"]["source.customer_journey.web.events"], "name": "twin"}
        manifest["sources"]["source.customer_journey.web.twin"] = {
            **twin,
            "unique_id": "source.customer_journey.web.twin",
        }
        return "web.twin"
    return "kpi_nps"


@pytest.mark.parametrize(
    "rule",
    [
        "direct_join_to_source",
        "multiple_sources_joined",
        "root_models",
        "source_fanout",
        "hard_coded_references",
        "undocumented_models",
        "public_models_without_contracts",
        "exposure_parents_materializations",
        "duplicate_sources",
    ],
)
def test_slip_is_found(target: Path, tmp_path: Path, rule: str) -> None:
    """Each rule finds a violation; a rule misspelt in the configuration would find none."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    resource = _slip(manifest, rule)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    report = judge(tmp_path, read_exceptions())
    assert Finding(rule, resource) in report.findings
    assert any(error.startswith(f"{resource} breaks {rule} ") for error in report.errors)


def test_finding_without_an_exception_is_an_error() -> None:
    (error,) = Report(RULES, frozenset({FOUND}), {}).errors
    assert error.startswith("int_clv_windows breaks root_models (a model has a parent): mend it, or add a line")


def test_exception_without_a_finding_is_an_error() -> None:
    (error,) = Report(RULES, frozenset(), {FOUND: "two dates"}).errors
    assert error.startswith("int_clv_windows does not break root_models: delete its line")


def test_exception_with_its_finding_is_none() -> None:
    report = Report(RULES, frozenset({FOUND}), {FOUND: "two dates"})
    assert report.errors == []
    assert str(report).splitlines()[1].split() == ["root_models", "1", "1"]


@pytest.mark.parametrize("line", ["root_models,int_clv_windows,", "root_models,a,why\nroot_models,a,why"])
def test_exception_needs_a_reason_and_one_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "exceptions.csv"
    file.write_text(f"rule,resource,reason\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="one line each, with a reason"):
        read_exceptions(file)


def test_staging_model_of_a_source_is_no_fanout() -> None:
    source = {"unique_id": "source.p.web.events", "source_name": "web", "name": "events"}
    readers = ["model.p.stg_web__events", "model.p.kpi_nps", "test.p.not_null"]
    assert source_fanout({"sources": {"s": source}, "child_map": {"source.p.web.events": readers}}) == {
        Finding("source_fanout", "kpi_nps")
    }
