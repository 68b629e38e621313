"""The command `journey watch`, for builds that cannot say themselves that they did not end well."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from customer_journey.errors import CheckFailedError
from customer_journey.operations.housekeeping import is_running
from customer_journey.operations.run_summary import RUNNING
from customer_journey.operations.webhook import check_variables, post
from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole


@click.command("watch")
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of builds.")
@click.option(
    "--within",
    type=click.IntRange(1),
    default=24,
    show_default=True,
    help="Hours in which a build must have ended well.",
)
def watch(out: Path, within: int) -> None:
    """Tell the webhook, and end with 1, if no build has ended well lately.

    A build that is killed, hangs or never began tells nobody. Run this on a schedule of its own, some hours after the
    build.
    """
    check_variables()
    output = Output(out.resolve())
    last = _last_run(output)
    if last.get("exit_code") == 0 and datetime.fromisoformat(last["finished_at"]) >= datetime.now(UTC) - timedelta(
        hours=within
    ):
        PlainConsole(soft_wrap=True).print(f"{last['status']} at {last['finished_at']}, as of {last['as_of']}")
        return
    line = f"{output.root}: no build has ended well in the last {within} hours; {_ending(last)}."
    if not_sent := post({"text": f"customer_journey: {line}"}):
        line += f" {not_sent}"
    raise CheckFailedError(line)


def _last_run(output: Output) -> dict[str, Any]:
    try:
        last: dict[str, Any] = json.loads(output.summary.read_text(encoding="utf-8"))
        return last
    except (OSError, ValueError):
        return {}


def _ending(last: dict[str, Any]) -> str:
    if not last:
        return "there is no summary.json of an earlier one"
    if last["status"] != RUNNING:
        error = f": {last['error'].rstrip('.')}" if last["error"] else ""
        return f"the last one ended at {last['finished_at']} with {last['exit_code']} ({last['status']}){error}"
    step = last["steps"][-1]["step"] if last["steps"] else "its start"
    state = "is still running" if is_running(last["process_id"]) else "was killed"
    return f"the last one began at {last['started_at']} and {state}, at {step}"
