"""Sends one POST to a chat or alerting service when a build failed or has warnings.

The URL is a secret, since anyone who knows it can write to the channel. It comes from the environment, and neither the
URL nor the error text of a failed request is ever printed.
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
# services truncate or reject long texts
LONGEST_TEXT = 2000
MOST_WARNINGS = 10


def notify(summary: RunSummary, environment: Mapping[str, str] = os.environ) -> str | None:
    """Send a message to JOURNEY_WEBHOOK_URL if a run failed, or published with warnings.

    Returns:
        None if there was nothing to send or it was sent, otherwise a line with the reason why it was not. A failing
        webhook never fails the build.
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
        # use only the status code: the error's text may contain the URL
        code = getattr(error, "code", None)
        what = f"answered {code}" if code is not None else f"could not be reached ({type(error).__name__})"
        return f"{URL_VARIABLE} {what}: nobody was told of this build."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Rejects redirects: the message would go to an address that nobody configured."""

    def redirect_request(self, *_: Any) -> None:
        return None


def message(summary: RunSummary) -> dict[str, Any]:
    """Return the message: `text`, which Slack, Teams, Mattermost and Google Chat show, and fields for programs."""
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
