"""Sends one POST to a chat or alerting service when a build failed or has warnings.

The URL is a secret, since anyone who knows it can write to the channel. It comes from the environment, and neither the
URL nor the error text of a failed request is ever printed.
"""

import json
import os
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from customer_journey.errors import InputError
from customer_journey.operations.run_summary import RunSummary

URL_VARIABLE = "JOURNEY_WEBHOOK_URL"
WHEN_VARIABLE = "JOURNEY_WEBHOOK_ON"
FORMAT_VARIABLE = "JOURNEY_WEBHOOK_FORMAT"
# the first is the default
WHENS = ("warnings", "new", "failures", "always")
JSON, TEXT, CARD = "json", "text", "card"
# Google Chat refuses fields that it does not know, and a workflow of Teams posts cards alone
_FORMAT_OF_HOST = {"chat.googleapis.com": TEXT, ".logic.azure.com": CARD, ".powerplatform.com": CARD}
TIMEOUT_SECONDS = 10
# services truncate or reject long texts
LONGEST_TEXT = 2000
MOST_WARNINGS = 10
MOST_DEFINITIONS = 5
# A name of a file or a value may hold `<!channel>`, `<users/all>` or `@all`, by which a chat would call everybody.
_NO_MENTIONS = str.maketrans({"<": "‹", ">": "›", "@": "＠"})  # noqa: RUF001


def check_variables(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a misspelt value before the build, since it would be noticed only by a message that never comes.

    Raises:
        InputError: a variable has a value that is none of those allowed.
    """
    when, form = (environment.get(name, "").strip() for name in (WHEN_VARIABLE, FORMAT_VARIABLE))
    if when and when not in WHENS:
        raise InputError(f"{WHEN_VARIABLE} {when!r}: write warnings, new, failures or always.")
    if form and form not in (JSON, TEXT, CARD):
        raise InputError(f"{FORMAT_VARIABLE} {form!r}: write json, text or card.")


def notify(summary: RunSummary, environment: Mapping[str, str] = os.environ) -> str | None:
    """Send a message to JOURNEY_WEBHOOK_URL if a run failed, or published with warnings.

    Returns:
        None if there was nothing to send or it was sent, otherwise a line with the reason why it was not. A failing
        webhook never fails the build.
    """
    document = summary.document()
    if not _is_wanted(document, environment.get(WHEN_VARIABLE, "").strip() or WHENS[0]):
        return None
    return post(message(document), environment)


def post(content: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> str | None:
    """Send a message, if there is an address, and return what `notify` does. Its `text` is what chat services show."""
    url = environment.get(URL_VARIABLE, "").strip()
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        return f"{URL_VARIABLE} is no address of http or https: nobody was told of this build."
    try:
        body = _body(content, environment.get(FORMAT_VARIABLE, "").strip() or format_of(url))
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


def format_of(url: str) -> str:
    """Return the form of message that the service behind an address takes."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return JSON
    return next((form for end, form in _FORMAT_OF_HOST.items() if host.endswith(end)), JSON)


def _body(content: Mapping[str, Any], form: str) -> bytes:
    """Return the message in one of the three forms that services take."""
    text = content["text"].translate(_NO_MENTIONS)
    sent: Mapping[str, Any] = {**content, "text": text}
    if form == TEXT:
        sent = {"text": text}
    elif form == CARD:
        card = {
            "type": "AdaptiveCard",
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "version": "1.4",
            "body": [{"type": "TextBlock", "text": line, "wrap": True} for line in text.splitlines()],
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        sent = {"type": "message", "attachments": [attachment]}
    return json.dumps(sent, ensure_ascii=False).encode()


def message(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message on a summary: `text`, which chat services show, and fields for programs."""
    lines = [f"customer_journey: {_headline(document)}"]
    if document["error"]:
        lines.append(document["error"])
    lines += _most([f"- changed: {line}" for line in document["changed_definitions"]], MOST_DEFINITIONS)
    warnings, new = document["warnings"], document["new_warnings"]
    # warnings that persist for weeks must not hide new ones
    standing = [line for line in warnings if line not in new]
    mark = "new: " if standing else ""
    lines += _most([f"- {mark}{line}" for line in new] + [f"- {line}" for line in standing], MOST_WARNINGS)
    fields = (
        "schema_version", "status", "exit_code", "error", "build_id", "as_of", "started_at", "finished_at", "seconds",
        "target", "out", "is_published", "changed_definitions", "warnings", "new_warnings",
    )  # fmt: skip
    text = "\n".join(lines)
    return {
        "text": text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
        **{name: document[name] for name in fields},
    }


def _most(lines: Sequence[str], most: int) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], *([f"- and {more} more"] if more > 0 else [])]


def _is_wanted(document: Mapping[str, Any], when: str) -> bool:
    warnings = {"warnings": document["warnings"], "new": document["new_warnings"]}.get(when, [])
    return when == "always" or document["exit_code"] != 0 or bool(warnings)


def _headline(document: Mapping[str, Any]) -> str:
    if document["exit_code"] == 0:
        count = len(document["warnings"])
        what = {0: "", 1: " with 1 warning"}.get(count, f" with {count} warnings")
        new = len(document["new_warnings"])
        if new < count:
            what += f", {new or 'none'} of them new"
        return f"build {document['build_id']} {document['status'].replace('_', ' ')}{what}"
    published = "published, but not copied everywhere" if document["is_published"] else "nothing published"
    return f"build {document['status'].replace('_', ' ')} (exit {document['exit_code']}), {published}"
