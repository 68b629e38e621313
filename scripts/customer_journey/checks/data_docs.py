"""Data Docs: the results of a run as static pages that need no network.

Great Expectations renders each expectation with its observed result. The site it would put around them loads styles
and scripts from the internet and has an empty index without them, so this module writes the surrounding pages itself.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView

from customer_journey.checks.result import CheckResult

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class _TableSummary:
    target: str
    met: int
    warnings: int
    errors: int


def write_data_docs(
    folder: Path,
    results: Sequence[CheckResult],
    outcomes: Mapping[str, Sequence[ExpectationValidationResult]],
) -> None:
    """Write an index and one page per table into a folder, replacing its content."""
    view = DefaultJinjaPageView(custom_views_directory=str(TEMPLATES))
    renderer = ValidationResultsPageRenderer()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Write to a temporary folder and then move it: an interrupted run leaves the previous pages intact.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        new = Path(beside) / folder.name
        new.mkdir()
        for target, table_outcomes in outcomes.items():
            document = renderer.render(_suite_result(target, table_outcomes))
            # Leave out the overview: its run names and batch ids mean nothing to users of the warehouse.
            document.sections = document.sections[1:]
            page: str = view.render(document, template="checks_table.j2", target=target)  # type: ignore[no-untyped-call]
            (new / f"{target}.html").write_text(page, encoding="utf-8")
        failed = [result for result in results if not result.success]
        index = view.env.get_template("checks_index.j2").render(
            results=results,
            failed=sorted(failed, key=lambda result: result.severity),
            errors=sum(result.severity == "error" for result in failed),
            warnings=sum(result.severity == "warn" for result in failed),
            tables=[_summary(target, results) for target in outcomes],
        )
        (new / "index.html").write_text(index, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)


def _suite_result(target: str, outcomes: Sequence[ExpectationValidationResult]) -> ExpectationSuiteValidationResult:
    met = sum(bool(outcome.success) for outcome in outcomes)
    return ExpectationSuiteValidationResult(
        success=met == len(outcomes),
        results=list(outcomes),
        suite_name=target,
        statistics={
            "evaluated_expectations": len(outcomes),
            "successful_expectations": met,
            "unsuccessful_expectations": len(outcomes) - met,
            "success_percent": 100 * met / len(outcomes),
        },
        meta={"run_id": RunIdentifier(run_name="build")},
    )


def _summary(target: str, results: Sequence[CheckResult]) -> _TableSummary:
    of_table = [result for result in results if result.target == target]
    failed = [result.severity for result in of_table if not result.success]
    return _TableSummary(target, len(of_table) - len(failed), failed.count("warn"), failed.count("error"))
