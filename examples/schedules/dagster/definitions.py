"""The build as assets of Dagster: one op runs `scripts/build`, each published mart is an asset with its checks.

Dagster starts the build and shows what came of it. It does not run dbt itself: the lock, the key of the hashes, the
erasure, the expectations and the publishing in one step are the build's, and a model run alone would go round them.

    JOURNEY_RAW=/data/raw JOURNEY_OUT=/data/journey dagster dev -f examples/schedules/dagster/definitions.py
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

PROJECT = Path(os.environ.get("JOURNEY_PROJECT") or Path(__file__).parents[3])
OUT = Path(os.environ.get("JOURNEY_OUT") or "out").resolve()
RAW = os.environ.get("JOURNEY_RAW")
# the command of a build, as a shell would have it: a wrapper may set limits or the environment
COMMAND = (os.environ.get("JOURNEY_BUILD") or str(Path(__file__).parents[3] / "scripts" / "build")).split()


class Translator(DagsterDbtTranslator):
    """The marts in one group, each under the name that BI knows."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the folder of the mart: core, lifecycle, attribution, kpis or audit."""
        return str(dbt_resource_props["fqn"][2]) if len(dbt_resource_props["fqn"]) > 3 else "marts"

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return the name of the mart in its schema."""
        return dg.AssetKey(["marts", str(dbt_resource_props["name"])])


def manifest_of(project: Path, out: Path) -> dict[str, Any]:
    """Return dbt's manifest of the project, which the build leaves in OUT; before the first build dbt parses it."""
    file = out / "dbt" / "duckdb" / "manifest.json"
    if not file.exists():
        target = project / "target" / "dagster"
        subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")), "parse", "--quiet", "--project-dir", str(project),
                "--profiles-dir", str(project), "--target-path", str(target),
            ],
            check=True,
        )  # fmt: skip
        file = target / "manifest.json"
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return manifest


def _specs(manifest: dict[str, Any]) -> list[dg.AssetSpec]:
    # published are the marts; staging and intermediate models are the private warehouse's
    specs = build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=Translator(), select="path:models/marts", exclude="resource_type:test"
    )
    keys = {spec.key for spec in specs}
    # one command makes them all, so none waits for a model that is no asset
    by_key = {
        spec.key: spec.replace_attributes(deps=[dep for dep in spec.deps if dep.asset_key in keys], skippable=True)
        for spec in specs
    }
    # Dagster wants to hear of a mart after those that it is made of
    order = TopologicalSorter({key: [dep.asset_key for dep in spec.deps] for key, spec in by_key.items()})
    return [by_key[key] for key in order.static_order()]


MANIFEST = manifest_of(PROJECT, OUT)
SPECS = _specs(MANIFEST)
CHECKS = [
    dg.AssetCheckSpec("audit_checks", asset=spec.key, description="Tests of dbt and expectations on this mart")
    for spec in SPECS
]


@dg.multi_asset(name="journey_build", specs=SPECS, check_specs=CHECKS)
def journey_build(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Run `scripts/build` and report each mart that it published, with the checks that it stood."""
    command = [*COMMAND, "--out", str(OUT), *(["--raw", RAW] if RAW else []), "--json"]
    # what it says goes to the log of the run; the key and the webhook come from the environment that Dagster runs in
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    summary = json.loads(done.stdout)
    context.log.info("%s, exit code %s", summary["status"], done.returncode)
    for warning in summary["warnings"]:
        context.log.warning(warning)
    if done.returncode != 0:
        raise dg.Failure(
            description=summary["error"],
            metadata={"exit_code": done.returncode, "status": summary["status"], "seconds": summary["seconds"]},
            # no run mends rows; a lock, though, is free again later
            allow_retries=done.returncode == 3,
        )
    marts, checks = _published()
    for spec in SPECS:
        mart = spec.key.path[-1]
        # `frameworks` and other settings may leave a mart out
        if mart in marts:
            yield dg.MaterializeResult(
                asset_key=spec.key,
                data_version=dg.DataVersion(summary["build_id"]),
                metadata={"dagster/row_count": marts[mart], "build_id": summary["build_id"], "as_of": summary["as_of"]},
            )
            yield _check_of(spec.key, checks[mart])


def _published() -> tuple[dict[str, int], dict[str, list[tuple[str, bool, str]]]]:
    """Return the rows of each published mart, and the checks of each: name, whether it passed, severity."""
    with duckdb.connect(str(OUT / "journey.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        marts = {name: int(connection.table(f"marts.{name}").count("*").fetchall()[0][0]) for (name,) in names}
        checks: dict[str, list[tuple[str, bool, str]]] = defaultdict(list)
        for target, name, success, severity in connection.execute(
            "select target, name, success, severity from marts.audit_checks"
        ).fetchall():
            checks[str(target).removeprefix("marts.")].append((name, success, severity))
    return marts, checks


def _check_of(key: dg.AssetKey, checks: Sequence[tuple[str, bool, str]]) -> dg.AssetCheckResult:
    failed = [name for name, success, _ in checks if not success]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name="audit_checks",
        passed=not failed,
        # what is published stood every check of severity error
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"checks": len(checks), "failed": ", ".join(failed) or "none"},
    )


journey_job = dg.define_asset_job("journey_nightly", selection=[spec.key for spec in SPECS])

defs = dg.Definitions(
    assets=[journey_build],
    jobs=[journey_job],
    schedules=[
        dg.ScheduleDefinition(
            job=journey_job,
            cron_schedule="30 3 * * *",
            execution_timezone=os.environ.get("JOURNEY_SCHEDULE_TIMEZONE") or "UTC",
        )
    ],
)
