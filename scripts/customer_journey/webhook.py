"""One POST to a chat or an alerting service when a build failed or warns.

The address is a secret, since whoever has it can write to the channel: it comes from the environment, and neither it
nor what a request for it ended in is ever shown.
"""

import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

from customer_journey.run_summary import RunSummary

URL_VARIABLE = "JOURNEY_WEBHOOK_URL"
WHEN_VARIABLE = "JOURNEY_WEBHOOK_ON"
TIMEOUT_SECONDS = 10
# services cut or refuse long texts
LONGEST_TEXT = 2000
MOST_WARNINGS = 10


def notify(summary: RunSummary, environment: Mapping[str, str] = os.environ) -> str | None:
    """Tell JOURNEY_WEBHOOK_URL of a run that failed, or that published with warnings.

    Returns:
        None where there was nothing to tell or it was told, else a line that says why it was not. A webhook that fails
        never fails the build.
    """
    url = environment.get(URL_VARIABLE, "").strip()
    if not url or not _is_wanted(summary, environment.get(WHEN_VARIABLE, "").strip() or "warnings"):
        return None
    if not url.startswith(("http://", "https://")):
        return f"{URL_VARIABLE} is no address of http or https: nobody was told of this build."
    body = json.dumps(message(summary), ensure_ascii=False).encode()
    try:
        request = urllib.request.Request(
            url, data=body, headers={"Content-Type": "application/json; charset=utf-8"}, method="POST"
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
            return None
    except Exception as error:
        # its text may hold the address
        code = getattr(error, "code", None)
        what = f"answered {code}" if code is not None else f"could not be reached ({type(error).__name__})"
        return f"{URL_VARIABLE} {what}: nobody was told of this build."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A webhook that leads elsewhere is a slip: the message would go to a place that nobody has named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def message(summary: RunSummary) -> dict[str, Any]:
    """Return what is sent: `text`, which Slack, Teams, Mattermost and Google Chat show, and fields for programs."""
    document = summary.document()
    lines = [f"customer_journey: {_headline(document)}"]
    if document["error"]:
        lines.append(document["error"])
    warnings = document["warnings"]
    lines += [f"- {line}" for line in warnings[:MOST_WARNINGS]]
    if len(warnings) > MOST_WARNINGS:
        lines.append(f"- and {len(warnings) - MOST_WARNINGS} more")
    fields = ("schema_version", "status", "exit_code", "error", "build_id", "as_of", "started_at", "finished_at",
              "seconds", "target", "out", "is_published", "warnings")  # fmt: skip
    text = "\n".join(lines)
    return {
        "text": text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
        **{name: document[name] for name in fields},
    }


def _is_wanted(summary: RunSummary, when: str) -> bool:
    if when == "always":
        return True
    return summary.exit_code != 0 or (when != "failures" and bool(summary.warnings))


def _headline(document: Mapping[str, Any]) -> str:
    if document["exit_code"] == 0:
        count = len(document["warnings"])
        what = {0: "", 1: " with 1 warning"}.get(count, f" with {count} warnings")
        return f"build {document['build_id']} {document['status'].replace('_', ' ')}{what}"
    published = "published, but not copied everywhere" if document["is_published"] else "nothing published"
    return f"build {document['status'].replace('_', ' ')} (exit {document['exit_code']}), {published}"
