"""Unusable input: one clear line, a documented exit code, and an unchanged published file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pytest
from customer_journey.errors import ExitCode

from tests.support.builds import environment_of, run_build, run_journey, write_rows

# enough for a few rows to land, too little for the models that an erasure reads
ROOM_TO_LAND = 300 * 2**10

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


def _unknown_setting(raw: Path) -> None:
    (raw / "vars.yml").write_text("reporting_curency: VND\n", encoding="utf-8")


def _setting_of_the_wrong_kind(raw: Path) -> None:
    (raw / "vars.yml").write_text("lapse_days: half a year\n", encoding="utf-8")


def _unknown_time_zone(raw: Path) -> None:
    (raw / "vars.yml").write_text("reporting_timezone: Hanoi\n", encoding="utf-8")


def _settings_that_are_no_yaml(raw: Path) -> None:
    (raw / "vars.yml").write_text("lapse_days: [1, 2\n", encoding="utf-8")


BAD_INPUT: dict[str, tuple[Spoil, list[str]]] = {
    "no folder": (_no_folder, ["raw: no such folder", "--raw must be a folder"]),
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
    "unknown setting": (_unknown_setting, ["vars.yml", "no setting reporting_curency", "reporting_currency"]),
    "setting of the wrong kind": (_setting_of_the_wrong_kind, ["vars.yml", "lapse_days must be a whole number"]),
    "unknown time zone": (_unknown_time_zone, ["vars.yml", "'Hanoi' is not an IANA time zone"]),
    "settings that are no YAML": (_settings_that_are_no_yaml, ["vars.yml", "not readable as YAML"]),
}


def _country_by_its_name(raw: Path) -> None:
    (raw / "vars.yml").write_text("default_phone_country: Vietnam\n", encoding="utf-8")


def _name_that_is_no_utf_8(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").rename(raw / "crm" / os.fsdecode(b"contacts.\xff"))


def _name_that_clears_the_terminal(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").rename(raw / "crm" / "contacts.\x1b[2J[x]")


def _only_a_workbook(raw: Path) -> None:
    (raw / "crm" / "contacts.csv").rename(raw / "crm" / "contacts.xlsx")


BAD_INPUT |= {
    "country by its name": (
        _country_by_its_name,
        ["vars.yml", "default_phone_country 'Vietnam' is not a country code"],
    ),
    "name that is no UTF-8": (_name_that_is_no_utf_8, [r"contacts.\xff", "the name is not valid UTF-8"]),
    "name that clears the terminal": (
        _name_that_clears_the_terminal,
        [r"contacts.\x1b[2J[x]", "none of the files of table"],
    ),
    "only a workbook": (_only_a_workbook, ["contacts.xlsx: is text, not a sheet", "Rename it to end in .csv"]),
}

BAD_OPTIONS = [
    pytest.param(["--as-of", "yesterday"], ["--as-of", "'yesterday' is not a timestamp"], id="as-of"),
    pytest.param(
        ["--as-of", "9999-12-31T23:59:59-12:00"], ["--as-of", "is outside the allowed time"], id="end of time"
    ),
    pytest.param(
        ["--as-of", "0001-01-01T00:00:00+12:00"], ["--as-of", "is outside the allowed time"], id="begin of time"
    ),
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
        _assert_refused(small, tiny_raw, tiny_out, [], ExitCode.LOCKED, ["another build is running in this folder"])
    assert (tiny_out / "journey.duckdb").read_bytes() == before


Place = Callable[[Path], None]


def _nothing(out: Path) -> None:
    out.touch()


def _folder_at(name: str) -> Place:
    return lambda out: (out / name).mkdir(parents=True)


def _file_at(name: str, content: bytes = b"") -> Place:
    def write(out: Path) -> None:
        out.mkdir()
        (out / name).write_bytes(content)

    return write


def _link_to(target: str, is_file: bool = False) -> Place:
    def link(out: Path) -> None:
        if is_file:
            (out.parent / target).touch()
        out.symlink_to(target)

    return link


def _link_at(name: str) -> Place:
    def link(out: Path) -> None:
        out.mkdir()
        (out.parent / name).touch()
        (out / name).symlink_to(out.parent / name)

    return link


BAD_OUT: dict[str, tuple[Place, list[str]]] = {
    "a file": (_nothing, ["--out", "this folder cannot be created", "out is a file"]),
    "link to a file": (_link_to("file", is_file=True), ["--out", "this folder cannot be created", "file is a file"]),
    "link to itself": (_link_to("out"), ["--out", "is not a usable path"]),
    "link to the raw folder": (_link_to("raw"), ["--out", "is the same folder as --raw"]),
    "link into the raw folder": (_link_to("raw/orders"), ["--out", "is inside --raw"]),
    "lock is a folder": (_folder_at(".lock"), [".lock: is a folder, but the build writes a file of that name"]),
    "warehouse is a folder": (_folder_at("warehouse.duckdb"), ["warehouse.duckdb: is a folder"]),
    "published file is a folder": (_folder_at("journey.duckdb"), ["journey.duckdb: is a folder"]),
    "note is a folder": (_folder_at("built_from.json"), ["built_from.json: is a folder"]),
    "warehouse is a link": (
        _link_at("warehouse.duckdb"),
        ["warehouse.duckdb: is a link", "make --out itself the link"],
    ),
    "published file is a link": (_link_at("journey.duckdb"), ["journey.duckdb: is a link"]),
    "lock is a link": (_link_at(".lock"), [".lock: is a link"]),
    "logs are a file": (_file_at("logs"), ["logs: is a file, but the build needs a folder of that name"]),
    "warehouse is no database": (
        _file_at("warehouse.duckdb", b"no database " * 5000),
        ["warehouse.duckdb: the warehouse cannot be opened", "Restore it from a backup, or move it away"],
    ),
}


@pytest.mark.parametrize(("place", "words"), BAD_OUT.values(), ids=BAD_OUT)
def test_bad_output_folder(place: Place, words: list[str], tiny_raw: Path, small: Path, tmp_path: Path) -> None:
    """Exit 2 and one line that names the obstacle."""
    place(tmp_path / "out")
    _assert_refused(small, tiny_raw, tmp_path / "out", [], ExitCode.UNUSABLE_INPUT, words)


@pytest.mark.parametrize(
    ("raw", "out", "words"),
    [
        ("raw", "raw", ["is the same folder as --raw", "for example --out {beside}"]),
        # as `--raw .` does with the default output
        ("raw", "raw/out", ["is inside --raw", "for example --out {beside}"]),
        ("out/raw", "out", ["is inside --out"]),
    ],
)
def test_one_folder_in_the_other(
    raw: str, out: str, words: list[str], tiny_raw: Path, small: Path, tmp_path: Path
) -> None:
    """Output and raw folder in one another are refused: marts would be read as raw rows, erased rows would stay."""
    (tmp_path / raw).parent.mkdir(exist_ok=True)
    tiny_raw.rename(tmp_path / raw)
    before = sorted((tmp_path / raw).rglob("*"))
    beside = os.path.relpath(tmp_path / "raw_out")
    said = [word.format(beside=beside) for word in words]
    _assert_refused(small, tmp_path / raw, tmp_path / out, [], ExitCode.UNUSABLE_INPUT, said)
    assert sorted((tmp_path / raw).rglob("*")) == before


@pytest.mark.parametrize("name", [b"out \xff", b"out \xff/below"])
def test_output_folder_that_is_no_utf_8(name: bytes, tiny_raw: Path, small: Path, tmp_path: Path) -> None:
    """A folder name that is not UTF-8 is refused at once, because DuckDB cannot open files in it."""
    out = tmp_path / os.fsdecode(name)
    _assert_refused(small, tiny_raw, out, [], ExitCode.UNUSABLE_INPUT, [r"out \xff", "the name is not valid UTF-8"])


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nobody here may mount a file system: run the tests as root for this one")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_output_folder_that_is_read_only(tiny_raw: Path, small: Path, tmp_path: Path) -> None:
    """Exit 2 and one line."""
    with _mounted(tmp_path / "out", "ro"):
        _assert_refused(small, tiny_raw, tmp_path / "out", [], ExitCode.UNUSABLE_INPUT, ["--out", "Read-only"])


def test_full_disk(tiny_raw: Path, small: Path, tmp_path: Path) -> None:
    """Exit 1 and one line; the published file is unchanged."""
    with _mounted(tmp_path / "out", "size=256k"):
        _assert_refused(small, tiny_raw, tmp_path / "out", [], ExitCode.CHECK_FAILED, ["no room left to write"])


def test_full_disk_during_an_erasure(tiny_raw: Path, tiny_out: Path, small: Path, tmp_path: Path) -> None:
    """The line speaks of the disk, not of the model that was being built, when rows to erase are looked for."""
    write_rows(
        tiny_raw,
        "privacy/erasure_requests",
        [{"request_id": "1", "identifier_type": "email", "identifier_value": "x@example.com",
          "requested_at": "2026-01-01"}],
    )  # fmt: skip
    pages = sum(-(-file.stat().st_size // 4096) * 4096 for file in tiny_out.rglob("*") if file.is_file())
    folders = 4096 * sum(entry.is_dir() for entry in tiny_out.rglob("*"))
    with _mounted(tmp_path / "full", f"size={pages + folders + ROOM_TO_LAND}"):
        shutil.copytree(tiny_out, tmp_path / "full", dirs_exist_ok=True)
        _assert_refused(
            small, tiny_raw, tmp_path / "full", [], ExitCode.CHECK_FAILED,
            ["no room left to write", "Nothing was erased or published"],
        )  # fmt: skip


def test_memory_that_does_not_suffice(tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """A lack of memory is reported as such, not as a damaged file, which somebody would export again for nothing."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    command = ["bash", "-c", 'ulimit -v 400000; exec "$@"', "bash", sys.executable, "-m", "customer_journey", "build"]
    done = subprocess.run(
        [*command, "--raw", str(tiny_raw), "--out", str(tiny_out), "--full-refresh"],
        capture_output=True,
        text=True,
        check=False,
        env=environment_of(small),
    )
    assert done.returncode == ExitCode.CHECK_FAILED, done.stderr
    assert done.stderr.startswith("error: out of memory")
    assert len(done.stderr.splitlines()) == 1
    assert (tiny_out / "journey.duckdb").read_bytes() == before


def test_scipy_is_not_loaded_into_a_full_address_space() -> None:
    """The library in it would ask for memory without end, so that the build would hang instead of ending."""
    program = (
        "import resource, sys\n"
        "from customer_journey.build import refuse_to_load_scipy_without_room as load\n"
        "load()\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**20, used + 2**20))\n"
        "load()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("customer_journey.errors.MachineError: out of memory")


def test_memory_limit_that_is_none(
    tiny_raw: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory limit that is no amount is refused, not reported as a damaged warehouse."""
    monkeypatch.setenv("JOURNEY_MEMORY_LIMIT", "plenty")
    _assert_refused(small, tiny_raw, tmp_path / "out", [], ExitCode.UNUSABLE_INPUT, ["JOURNEY_MEMORY_LIMIT 'plenty'"])


def test_table_of_which_half_is_refused_publishes_nothing(tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """If half of a table's rows are refused, the export has changed: the build fails and the good marts stay."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    # 60 of 110: 40 without a time, 14 too early, 6 with an unreadable time
    times = [*[""] * 40, *["0001-01-01"] * 14, *["soon"] * 6, *["2026-01-01"] * 50]
    write_rows(
        tiny_raw,
        "crm/contacts",
        [{"contact_id": str(n), "email": f"{n}@x.vn", "created_at": time} for n, time in enumerate(times)],
    )
    _assert_refused(
        small,
        tiny_raw,
        tiny_out,
        [],
        ExitCode.CHECK_FAILED,
        [
            "crm/contacts: 60 of 110 rows are refused (55 %)",
            "missing_created_at 40 (such as row 2 of crm/contacts.csv)",
            "too_early_created_at 14 (such as row 42 of crm/contacts.csv)",
            "invalid_created_at 6 (such as row 56 of crm/contacts.csv)",
            "max_quarantined_share (0.5)",
            "the marts published last are unchanged",
        ],
    )
    assert (tiny_out / "journey.duckdb").read_bytes() == before
    # the refused rows are in the private warehouse
    listed = run_journey("quarantine", "--out", str(tiny_out), "--reason", "invalid_created_at", "--limit", "1")
    assert listed.stdout.splitlines()[1] == "    crm/contacts.csv row 56: created_at is “soon”"


def test_what_is_refused_and_not_read_is_said_first(tiny_raw: Path, small: Path, tmp_path: Path) -> None:
    """A high share of refused rows is the first thing that the summary says.

    The folder's name and a column's hold markup of rich and control characters of terminals.
    """
    write_rows(
        tiny_raw,
        "orders/orders",
        [
            {"order_id": str(n), "ordered_at": "2026-01-05", "status": "paid", "total_amount": "1" if n < 2 else "-1"}
            for n in range(7)
        ],
    )
    (tiny_raw / "orders" / "orders.numbers").touch()
    (tiny_raw / "crm" / "orders_lan@vidu.vn.csv").touch()
    events = tiny_raw / "web" / "events.csv"
    header, *rows = events.read_text(encoding="utf-8").splitlines()
    events.write_text(
        "\n".join([f"{header},[/x]\x1b[2J,+84912345678", *(f"{row},1,2" for row in rows)]), encoding="utf-8"
    )
    done = run_build(tiny_raw, tmp_path / "out [/x] \x1b[31m", project=small)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    summary = [line for line in done.stdout.splitlines() if not line.endswith(" s")]
    assert summary[0] == (
        "refused        orders/orders: 5 of 7 rows are refused (71 %): negative_total_amount 5"
        " (such as row 4 of orders/orders.csv)"
    )
    assert (
        "drift          orders/orders: orders.numbers not read (files of raw tables are .parquet,"
        " .csv, .csv.gz, .tsv, .xlsx, .json, .ndjson)" in summary
    )
    assert r"drift          web/events: unknown column [/x]\x1b[2J (events.csv), not read" in summary
    assert "drift          web/events: unknown column … (events.csv), not read" in summary
    assert "drift          crm/….csv: not a raw table, so not read" in summary
    assert "lan@" not in done.stdout and "84912345678" not in done.stdout
    assert any(line.startswith("published") and r"out [/x] \x1b[31m" in line for line in summary)


def test_failed_check_publishes_nothing(tiny_raw: Path, tiny_out: Path, small: Path) -> None:
    """If all orders are quarantined, the build fails with exit 1 and the good marts stay."""
    before = (tiny_out / "journey.duckdb").read_bytes()
    order = {"ordered_at": "2026-01-03", "status": "no such status", "total_amount": "1"}
    write_rows(tiny_raw, "orders/orders", [{**order, "order_id": f"o{number}"} for number in range(100)])
    _assert_refused(
        small,
        tiny_raw,
        tiny_out,
        [],
        ExitCode.CHECK_FAILED,
        [
            "orders/orders: 100 of 100 rows are refused (100 %): unmapped_status 100",
            "unmapped_status 100 (such as row 2 of orders/orders.csv)",
            f"max_quarantined_share (0.5) allows fewer: `journey check {tiny_raw}` says what to change",
            "Nothing was published",
            "the marts published last are unchanged",
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
