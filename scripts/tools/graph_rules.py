"""Rules of dbt-project-evaluator on this project's own graph: `python -m tools.graph_rules` prints the report.

The evaluator is a dbt package that builds its own models in the warehouse. dbt-bouncer judges most of its rules from
`target/manifest.json`; source_fanout is judged here, because dbt-bouncer reports that a source has several readers, but
not which reader is one too many. An intended finding is listed in graph_exceptions.csv with its reason.
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from customer_journey.paths import PROJECT

RULES = Path(__file__).with_suffix(".yml")
EXCEPTIONS = Path(__file__).with_name("graph_exceptions.csv")
_SOURCE_FANOUT = "source_fanout"


class Finding(NamedTuple):
    """A model, source or exposure that breaks a rule."""

    rule: str
    resource: str


class Report(NamedTuple):
    """The findings of the rules, compared with the exceptions."""

    # by rule: its requirement
    rules: Mapping[str, str]
    findings: frozenset[Finding]
    # by finding: the reason
    exceptions: Mapping[Finding, str]

    @property
    def errors(self) -> list[str]:
        """Findings without an exception, and exceptions without a finding."""
        known = set(self.exceptions)
        return [
            *(
                f"{finding.resource} breaks {finding.rule} ({self.rules[finding.rule]}): mend it, or add a line with "
                f"the reason to {_shown(EXCEPTIONS)}"
                for finding in sorted(self.findings - known)
            ),
            *(
                f"{finding.resource} does not break {finding.rule}: delete its line from {_shown(EXCEPTIONS)}"
                for finding in sorted(known - self.findings)
            ),
        ]

    def __str__(self) -> str:
        width = max(map(len, self.rules))
        lines = [f"{'rule':<{width}}  findings  excepted"]
        for rule in sorted(self.rules):
            found = [finding for finding in self.findings if finding.rule == rule]
            excepted = sum(finding in self.exceptions for finding in found)
            lines.append(f"{rule:<{width}}  {len(found):>8}  {excepted:>8}")
        lines += ["", *self.errors] if self.errors else []
        return "\n".join(lines)


def read_exceptions(file: Path = EXCEPTIONS) -> dict[Finding, str]:
    """Return the reason of each exception.

    Raises:
        ValueError: A line repeats another one or gives no reason.
    """
    exceptions: dict[Finding, str] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            finding = Finding(row["rule"], row["resource"])
            if finding in exceptions or not (row["reason"] or "").strip():
                raise ValueError(f"{file.name}: {finding.rule}, {finding.resource}: one line each, with a reason")
            exceptions[finding] = row["reason"]
    return exceptions


def source_fanout(manifest: Mapping[str, Any]) -> set[Finding]:
    """Return the models that read a source table which another model reads too; its own staging model is allowed."""
    found = set()
    for source in manifest["sources"].values():
        readers = {
            child.rsplit(".", 1)[-1]
            for child in manifest["child_map"].get(source["unique_id"], [])
            if child.startswith("model.")
        }
        if len(readers) > 1:
            staged = f"stg_{source['source_name']}__{source['name']}"
            found |= {Finding(_SOURCE_FANOUT, reader) for reader in readers - {staged}}
    return found


def judge(target: Path, exceptions: Mapping[Finding, str]) -> Report:
    """Judge the manifest of a target folder.

    Args:
        target: Folder that `dbt parse` has written manifest.json to.
        exceptions: The reason of each intended finding.
    """
    config = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    described = {check["name"]: check["description"].split(": ", 1) for check in config["manifest_checks"]}
    with tempfile.TemporaryDirectory() as folder:
        file, results = Path(folder, "rules.yml"), Path(folder, "results.json")
        file.write_text(yaml.safe_dump({**config, "dbt_artifacts_dir": str(target.resolve())}), encoding="utf-8")
        bouncer = Path(sys.executable).with_name("dbt-bouncer")
        ended = subprocess.run(
            [bouncer, "run", "--config-file", file, "--output-file", results],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if not results.exists():
            raise RuntimeError(f"dbt-bouncer ended without results:\n{ended.stdout}{ended.stderr}")
        outcomes = json.loads(results.read_text(encoding="utf-8"))
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return Report(
        {**dict(described.values()), _SOURCE_FANOUT: "beside its staging model, nothing reads a raw table"},
        frozenset({*_findings(outcomes, described), *source_fanout(manifest)}),
        exceptions,
    )


def _findings(outcomes: Iterable[Mapping[str, Any]], described: Mapping[str, list[str]]) -> Iterable[Finding]:
    for outcome in outcomes:
        if outcome["outcome"] != "success":
            rule, _ = described[outcome["check_run_id"].split(":")[0]]
            kind, _, *name = outcome["unique_id"].split(".")
            # a source has two names, its own and its table's
            yield Finding(rule, ".".join(name) if kind == "source" else name[-1])


def _shown(file: Path) -> str:
    return str(file.relative_to(PROJECT))


def main() -> None:
    """Print the report on target/manifest.json; exit 1 where a finding or an exception is wrong."""
    report = judge(PROJECT / "target", read_exceptions())
    print(report)
    if report.errors:
        sys.exit(1)


if __name__ == "__main__":
    main()
