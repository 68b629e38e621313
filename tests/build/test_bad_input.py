"""Bad input: one clear line, a documented exit code, and the published file byte for byte as it was."""

from collections.abc import Callable
from pathlib import Path

import filelock
import pytest
from customer_journey.errors import ExitCode

from tests.support.builds import run_build, write_rows

Spoil = Callable[[Path], None]


def _no_folder(raw: Path) -> None:
    raw.rename(raw.with_name("elsewhere"))


def _no_required_table(raw: Path) -> None:
    (raw / "orders" / "orders.csv").unlink()


def _no_required_column(raw: Path) -> None:
    (raw / "orders" / "orders.csv").write_text("order_id,ordered_at,status\no1,2026-01-01,paid\n", encoding="utf-8")


def _no_column_of_a_group(raw: Path) -> None:
    (raw / "crm" / "tickets.csv").write_text("ticket_id,opened_at\nt1,2026-01-01\n", encoding="utf-8")


def _wrong_encoding(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").write_bytes(
        "contact_id,full_name,created_at\n1,Đỗ Thị Hà,2026-01-01\n".encode("utf-16")
    )


def _wrong_encoding_in_a_row(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").write_bytes(
        "contact_id,full_name,created_at\n1,Hélène,2026-01-01\n".encode("latin-1")
    )


def _broken_parquet(raw: Path) -> None:
    (raw / "web" / "events.csv").unlink()
    (raw / "web" / "events.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")


def _broken_csv_row(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").write_text(
        "contact_id,email,created_at\n1,a@example.com,2026-01-01\n2,b@example.com,2026-01-01,too,many,fields\n",
        encoding="utf-8",
    )


def _unknown_setting(raw: Path) -> None:
    (raw / "vars.yml").write_text("reporting_curency: VND\n", encoding="utf-8")


def _setting_of_the_wrong_kind(raw: Path) -> None:
    (raw / "vars.yml").write_text("lapse_days: half a year\n", encoding="utf-8")


def _unknown_time_zone(raw: Path) -> None:
    (raw / "vars.yml").write_text("reporting_timezone: Hanoi\n", encoding="utf-8")


def _settings_that_are_no_yaml(raw: Path) -> None:
    (raw / "vars.yml").write_text("lapse_days: [1, 2\n", encoding="utf-8")


BAD_INPUT: dict[str, tuple[Spoil, list[str]]] = {
    "no folder": (_no_folder, ["raw: no such folder", "--raw wants a folder"]),
    "no required table": (_no_required_table, ["orders", "required table orders/orders is missing"]),
    "no required column": (
        _no_required_column,
        ["orders.csv", "orders/orders lacks the required column total_amount"],
    ),
    "no column of a group": (
        _no_column_of_a_group,
        ["tickets.csv", "crm/tickets lacks the columns contact_id and email"],
    ),
    "UTF-16": (_wrong_encoding, ["contacts.csv", "cannot be read as UTF-8 CSV"]),
    "Latin-1": (_wrong_encoding_in_a_row, ["contacts.csv", "cannot be read as UTF-8 CSV", "Line: 2", "UTF-8"]),
    "broken Parquet": (_broken_parquet, ["events.parquet", "cannot be read as Parquet"]),
    "broken CSV row": (_broken_csv_row, ["contacts.csv", "cannot be read as UTF-8 CSV", "Line: 3"]),
    "unknown setting": (_unknown_setting, ["vars.yml", "no setting reporting_curency", "reporting_currency"]),
    "setting of the wrong kind": (_setting_of_the_wrong_kind, ["vars.yml", "lapse_days wants a whole number"]),
    "unknown time zone": (_unknown_time_zone, ["vars.yml", "'Hanoi' is no IANA time zone"]),
    "settings that are no YAML": (_settings_that_are_no_yaml, ["vars.yml", "not readable as YAML"]),
}

BAD_OPTIONS = [
    pytest.param(["--as-of", "yesterday"], ["--as-of", "'yesterday' is no timestamp"], id="as-of"),
    pytest.param(["--target", "oracle"], ["--target", "oracle"], id="target"),
    pytest.param(["--ful-refresh"], ["--ful-refresh"], id="option"),
    pytest.param(["--raw-schemas", "crm=hubspot"], ["--raw and --raw-schemas"], id="two raws"),
]


@pytest.mark.parametrize(("spoil", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input(spoil: Spoil, words: list[str], tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """Exit 2 and one line that names file and column."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    spoil(tiny_raw)
    _assert_refused(small, tiny_raw, tiny_out, [], ExitCode.UNUSABLE_INPUT, words)
    assert (tiny_out / "journey.duckdb").read_bytes() == before


@pytest.mark.parametrize(("options", "words"), BAD_OPTIONS)
def test_bad_options(options: list[str], words: list[str], tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """Exit 2 and one line that names the option."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    _assert_refused(small, tiny_raw, tiny_out, options, ExitCode.UNUSABLE_INPUT, words)
    assert (tiny_out / "journey.duckdb").read_bytes() == before


def test_second_build_is_locked_out(tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """Two builds of one folder at once would write into each other's warehouse: the second one ends with exit 3."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    with filelock.FileLock(tiny_out / ".lock"):
        _assert_refused(small, tiny_raw, tiny_out, [], ExitCode.LOCKED, ["another build is at work here"])
    assert (tiny_out / "journey.duckdb").read_bytes() == before


def test_failed_check_publishes_nothing(tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """Orders of which every single one is quarantined must not replace good marts by empty ones: exit 1."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    order = {"order_id": "o1", "ordered_at": "2026-01-03", "status": "no such status", "total_amount": "1"}
    write_rows(tiny_raw, "orders/orders", [order])
    _assert_refused(
        small,
        tiny_raw,
        tiny_out,
        [],
        ExitCode.CHECK_FAILED,
        [
            "no required table is refused whole",
            "audit_reconciliation",
            "Nothing was published",
            "what was published last stands",
        ],
    )
    assert (tiny_out / "journey.duckdb").read_bytes() == before


def _assert_refused(project: Path, raw: Path, out: Path, options: list[str], code: ExitCode, words: list[str]) -> None:
    done = run_build(raw, out, *options, project=project)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == code, done.stderr
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
