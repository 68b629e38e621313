"""OUT/summary.json, and the message to a webhook."""

import json
import stat
from pathlib import Path
from typing import Literal

import jsonschema  # type: ignore[import-untyped]
import pytest
from customer_journey.checks.result import CheckResult
from customer_journey.errors import ExitCode, InputError
from customer_journey.operations.run_summary import RunSummary
from customer_journey.operations.webhook import check_variables, format_of, message, notify
from customer_journey.paths import Output
from customer_journey.privacy.masks import masked
from tools.week import Channel

BUILD = "20260630T033000.000001Z"


def _summary(folder: Path) -> RunSummary:
    summary = RunSummary(Output(folder), "duckdb")
    summary.begin(BUILD, "2026-06-30T03:30:00Z")
    summary.step_begins("Landing")
    return summary


def _written(folder: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return document


def test_a_build_at_work_says_so_and_at_which_step(tmp_path: Path) -> None:
    """A running build records its step, because a killed one cannot do so any more."""
    _summary(tmp_path)
    written = _written(tmp_path)
    assert (written["status"], written["exit_code"], written["build_id"]) == ("running", None, BUILD)
    assert written["steps"] == [{"step": "Landing", "started_at": written["steps"][0]["started_at"], "seconds": None}]  # type: ignore[index]


def test_the_summary_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    _summary(tmp_path)
    assert stat.S_IMODE((tmp_path / "summary.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize(
    ("code", "status"), [(0, "published"), (1, "failed"), (2, "unusable_input"), (3, "locked"), (130, "stopped")]
)
def test_each_exit_code_has_its_status(tmp_path: Path, code: int, status: str) -> None:
    summary = _summary(tmp_path)
    summary.end(code, None if code == 0 else "why")
    summary.write()
    assert (_written(tmp_path)["status"], _written(tmp_path)["exit_code"]) == (status, code)


def test_a_run_that_was_kept_out_leaves_the_file_to_the_one_at_work(tmp_path: Path) -> None:
    _summary(tmp_path)
    other = RunSummary(Output(tmp_path), "duckdb")
    other.end(ExitCode.LOCKED, "another build is at work here")
    other.write()
    assert _written(tmp_path)["status"] == "running"


def test_checks_are_counted_by_severity(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    ends: tuple[tuple[bool, Literal["error", "warn"]], ...]
    ends = ((True, "error"), (True, "error"), (False, "error"), (False, "warn"))
    summary.checks = [CheckResult("a", "dbt_test", "m", success, severity, 1, 0.1, "why") for success, severity in ends]
    document = summary.document()
    assert document["checks"] == {"error": {"passed": 2, "failed": 1}, "warn": {"passed": 0, "failed": 1}}
    assert [check["severity"] for check in document["failed_checks"]] == ["error", "warn"]


@pytest.mark.parametrize(
    "value", ["lan.nguyen@example.com", "mailto:lan@example.com", "+84 912 345 678", "0912345678", "(0912) 345 678"]
)
def test_no_address_or_number_is_written(tmp_path: Path, value: str) -> None:
    """No error message with a value of a row gets into the summary or the message."""
    summary = _summary(tmp_path)
    summary.end(1, f"Conversion Error: could not convert string '{value}' to INT64 in orders.csv")
    summary.warnings.append(f"crm/contacts: {value}")
    assert value not in summary.text()
    assert "orders.csv" in summary.text()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("crm/orders_lan@vidu.vn.csv: not a raw table", "crm/….csv: not a raw table"),
        ("lan@vidu.vn.zip: not in the folder of a source", "….zip: not in the folder of a source"),
        ("lan@vidu.vn/mai.csv, lan@vidu.vn", "…, …"),
        ("orders-0912345678.csv and hoa_0912345678.pdf", "orders-….csv and hoa_….pdf"),
    ],
)
def test_names_of_files_stay_but_for_what_is_of_a_person(line: str, shown: str) -> None:
    assert masked(line) == shown


def test_days_numbers_and_paths_stay() -> None:
    line = "/data/raw/orders.csv: 1,234,567 rows on 2026-06-30, 03:30:00, build 20260630T033000.000001Z, 1234567890"
    assert masked(line) == line


def test_a_failure_is_posted_with_its_line(tmp_path: Path) -> None:
    channel = Channel()
    summary = _summary(tmp_path)
    summary.end(2, "crm/contacts.csv: no column contact_id.")
    assert notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url}) is None
    channel.close()
    (post,) = channel.posts
    assert post["text"] == (
        "customer_journey: build unusable input (exit 2), nothing published\ncrm/contacts.csv: no column contact_id."
    )
    assert (post["status"], post["exit_code"], post["build_id"]) == ("unusable_input", 2, BUILD)


@pytest.mark.parametrize(
    ("when", "warnings", "posts"),
    [("", [], 0), ("", ["w"], 1), ("failures", ["w"], 0), ("always", [], 1), ("warnings", ["w"], 1)],
)
def test_a_good_build_is_posted_where_it_warns_or_as_the_setting_says(
    tmp_path: Path, when: str, warnings: list[str], posts: int
) -> None:
    channel = Channel()
    summary = _summary(tmp_path)
    summary.warnings += warnings
    summary.end(0)
    assert notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_ON": when}) is None
    channel.close()
    assert len(channel.posts) == posts


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/s3cret", "file:///etc/s3cret", "http://s3cret:x/", "https://[s3cret"]
)
def test_a_webhook_that_fails_is_told_of_without_its_address(tmp_path: Path, url: str) -> None:
    summary = _summary(tmp_path)
    summary.end(1, "why")
    line = notify(summary, {"JOURNEY_WEBHOOK_URL": url})
    assert line is not None
    assert "s3cret" not in line
    assert line.startswith("JOURNEY_WEBHOOK_URL ")


def test_without_an_address_nobody_is_told(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    summary.end(1, "why")
    assert notify(summary, {}) is None


def test_a_message_is_short(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    summary.warnings += ["x" * 400] * 30
    summary.end(0)
    text = message(summary.document())["text"]
    assert len(text) <= 2000
    assert text.startswith(f"customer_journey: build {BUILD} published with 30 warnings\n- xxx")


REFUSED = "crm/quotes: 4 of 12 rows are refused (33 %): invalid_amount 4 (such as row 10 of crm/quotes.csv)"
STALE = "raw tables are fresh on audit_freshness: crm/contacts: nothing for 14.4 days, usually 3 rows in seven days"
LOW = "raw tables have their usual volume on audit_freshness: web/events: 4 rows on Monday 2026-06-29, usually 76"


def _night(folder: Path, warnings: list[str], code: int = 0) -> RunSummary:
    summary = _summary(folder)
    summary.warnings += warnings
    summary.is_published = code == 0
    summary.end(code, None if code == 0 else "why")
    summary.write()
    return summary


def test_a_warning_is_new_unless_the_published_build_has_it(tmp_path: Path) -> None:
    """Whoever reads the same fourteen lines each morning misses the fifteenth."""
    first = _night(tmp_path, [REFUSED, STALE]).document()
    assert first["new_warnings"] == [REFUSED, STALE]
    # a run that publishes nothing has no warnings, and leaves those of what readers see
    _night(tmp_path, [], code=2)
    same = [REFUSED.replace("of 12 rows", "of 13 rows").replace("(33 %)", "(31 %)"), STALE.replace("14.4", "15.4")]
    assert _night(tmp_path, same).document()["new_warnings"] == []
    more = [REFUSED.replace("4 of 12", "5 of 13").replace("amount 4", "amount 5"), STALE, LOW]
    last = _night(tmp_path, more)
    assert last.document()["new_warnings"] == [more[0], LOW]
    headline, *lines = message(last.document())["text"].splitlines()
    assert headline.endswith("published with 3 warnings, 2 of them new")
    assert lines == [f"- new: {more[0]}", f"- new: {LOW}", f"- {STALE}"]


@pytest.mark.parametrize(("warnings", "code", "posts"), [([STALE], 0, 0), ([STALE, LOW], 0, 1), ([], 1, 1)])
def test_only_new_warnings_are_posted_if_wanted(tmp_path: Path, warnings: list[str], code: int, posts: int) -> None:
    channel = Channel()
    _night(tmp_path, [STALE])
    second = _night(tmp_path, warnings, code)
    assert notify(second, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_ON": "new"}) is None
    channel.close()
    assert len(channel.posts) == posts


def test_a_changed_definition_is_posted_before_the_warnings(tmp_path: Path) -> None:
    """Who reads of a figure that moved looks for lost rows, where only its definition is another."""
    summary = _summary(tmp_path)
    summary.changed_definitions = [f"setting s{number}: 1 before, 2 now" for number in range(7)]
    summary.warnings.append(LOW)
    summary.end(0)
    lines = message(summary.document())["text"].splitlines()
    assert lines[1:3] == ["- changed: setting s0: 1 before, 2 now", "- changed: setting s1: 1 before, 2 now"]
    assert lines[6:] == ["- and 2 more", f"- {LOW}"]


# What the services document of a message:
# https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages,
# https://adaptivecards.io/explorer/AdaptiveCard.html,
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
_TEXT_BLOCK = {
    "type": "object", "required": ["type", "text"], "additionalProperties": False,
    "properties": {
        "type": {"const": "TextBlock"}, "text": {"type": "string", "minLength": 1}, "wrap": {"type": "boolean"},
    },
}  # fmt: skip
_CARD = {
    "type": "object", "required": ["type", "version", "body"], "additionalProperties": False,
    "properties": {
        "type": {"const": "AdaptiveCard"}, "$schema": {"type": "string"}, "version": {"pattern": "^1[.][0-5]$"},
        "body": {"type": "array", "minItems": 1, "items": _TEXT_BLOCK},
    },
}  # fmt: skip
_ATTACHMENT = {
    "type": "object", "required": ["contentType", "content"], "additionalProperties": False,
    "properties": {"contentType": {"const": "application/vnd.microsoft.card.adaptive"}, "content": _CARD},
}  # fmt: skip
_DOCUMENTED = {
    # a field that Google Chat does not know is refused; a text may have 32,000 bytes
    "text": {
        "type": "object", "required": ["text"], "additionalProperties": False,
        "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 8000}},
    },
    "card": {
        "type": "object", "required": ["type", "attachments"], "additionalProperties": False,
        "properties": {
            "type": {"const": "message"}, "attachments": {"type": "array", "minItems": 1, "items": _ATTACHMENT},
        },
    },
    # Slack and Mattermost show `text`, and ignore fields that they do not know
    "json": {
        "type": "object", "required": ["text"],
        "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 4000}},
        "not": {"anyOf": [{"required": [name]} for name in ("attachments", "blocks", "channel", "username")]},
    },
}  # fmt: skip


@pytest.mark.parametrize("form", _DOCUMENTED)
@pytest.mark.parametrize(("warnings", "code"), [([], 0), ([], 1), ([STALE] * 50, 0), (["x" * 5000], 0)])
def test_each_form_is_as_its_service_documents_it(tmp_path: Path, form: str, warnings: list[str], code: int) -> None:
    channel = Channel()
    environment = {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_FORMAT": form, "JOURNEY_WEBHOOK_ON": "always"}
    assert notify(_night(tmp_path, warnings, code), environment) is None
    channel.close()
    (post,) = channel.posts
    jsonschema.validate(post, _DOCUMENTED[form])
    # Teams refuses a message above 28 KB
    assert len(json.dumps(post)) < 28_000


@pytest.mark.parametrize("form", _DOCUMENTED)
def test_a_name_in_a_message_calls_nobody(tmp_path: Path, form: str) -> None:
    """Otherwise whoever can name a file in an export could call everybody of a channel."""
    channel = Channel()
    summary = _summary(tmp_path)
    summary.end(2, "crm/<!channel><users/all>@all.csv: no file of a raw table")
    notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_FORMAT": form})
    channel.close()
    (post,) = channel.posts
    shown = post["text"] if form != "card" else json.dumps(post["attachments"])
    assert "all" in shown
    assert not {"<", ">", "@"} & set(shown)


def test_google_chat_gets_the_text_alone(tmp_path: Path) -> None:
    """It refuses a message with a field that it does not know."""
    channel = Channel()
    summary = _night(tmp_path, [], code=1)
    notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_FORMAT": "text"})
    channel.close()
    assert channel.posts == [{"text": "customer_journey: build failed (exit 1), nothing published\nwhy"}]


def test_teams_gets_a_card(tmp_path: Path) -> None:
    """A workflow of Teams posts adaptive cards and no text."""
    channel = Channel()
    summary = _night(tmp_path, [], code=1)
    notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_FORMAT": "card"})
    channel.close()
    (post,) = channel.posts
    (attachment,) = post["attachments"]
    assert (post["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert [block["text"] for block in attachment["content"]["body"]] == [
        "customer_journey: build failed (exit 1), nothing published",
        "why",
    ]


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t", "text"),
        ("https://prod-01.westeurope.logic.azure.com:443/workflows/w/triggers/manual/paths/invoke?sig=s", "card"),
        ("https://d.1.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/w", "card"),
        ("https://hooks.slack.com/services/T/B/X", "json"),
        ("https://example.com/chat.googleapis.com", "json"),
        ("https://[s3cret", "json"),
    ],
)
def test_the_address_tells_the_form(url: str, form: str) -> None:
    assert format_of(url) == form


@pytest.mark.parametrize("name", ["JOURNEY_WEBHOOK_ON", "JOURNEY_WEBHOOK_FORMAT"])
def test_a_misspelt_variable_is_refused_at_once(name: str) -> None:
    """It would be noticed by a message that does not come."""
    with pytest.raises(InputError, match=f"{name} 'failure'"):
        check_variables({name: "failure"})
    check_variables({name: " "})
