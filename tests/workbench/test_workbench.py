"""Check and dry run on a built company with known results, and the guides followed exactly."""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import duckdb
import pytest
from customer_journey.errors import ExitCode

from tests.workbench.conftest import Workbench
from tests.workbench.guides import Command, FileText, guide, steps
from tests.workbench.mistakes import BROKEN_DEFINITIONS, BROKEN_MODELS, UNKNOWN_COLUMN, says


@dataclass(frozen=True)
class Followed:
    """A followed guide: each command, and how it ended."""

    ran: list[tuple[Command, CompletedProcess[str]]]

    def output_of(self, command: str) -> list[str]:
        """Return what the runs of one command printed."""
        return [done.stdout for step, done in self.ran if step.line.startswith(f"journey {command}")]


def _follow(workbench: Workbench, name: str) -> Followed:
    ran = []
    for step in steps(guide(name)):
        if isinstance(step, FileText):
            (workbench.project / step.path).write_text(step.text, encoding="utf-8")
        elif re.match(r"journey (new|check|dry-run)\b", step.line):
            ran.append((step, workbench.type(step.line)))
    return Followed(ran)


def _content(out: Path) -> dict[str, str]:
    return {
        str(file.relative_to(out)): hashlib.md5(file.read_bytes()).hexdigest()
        for file in sorted(out.rglob("*"))
        if file.is_file()
    }


def _assert_shown(followed: Followed) -> None:
    for command, done in followed.ran:
        assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"
        printed = done.stdout.splitlines()
        if "dry-run" in command.line:
            # the rows are those of another company
            continue
        assert len(printed) == len(command.shown), f"{command.line}\n{done.stdout}"
        for wanted, line in zip(command.shown, printed, strict=True):
            assert says(wanted, line), f"{command.line}\nthe guide shows {wanted}\nprinted was {line}"


def _table(output: str, *columns: str) -> list[list[str]]:
    """Return the rows of the printed table with these columns."""
    lines = output.splitlines()
    start = next(number for number, line in enumerate(lines) if re.split(r"\s{2,}", line.strip()) == list(columns))
    rows = []
    for line in lines[start + 1 :]:
        cells = line.split()
        if len(cells) != len(columns) or line.startswith(" "):
            break
        rows.append(cells)
    return rows


def _person_ids(workbench: Workbench) -> dict[str, str]:
    with duckdb.connect(str(workbench.out / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select identifier_value, person_id from intermediate.int_person_identifiers"
            " where identifier_type = 'contact_id'"
        ).fetchall()
    return dict(rows)


EPISODES = ("definition", "episodes", "would be", "new", "removed", "persons")
HISTORIES = ("framework", "persons", "another history", "would move now")
MOVES = ("framework", "from", "to", "persons")
COUNTS = ("persons", "now", "would be")
CHANGES = ("change", "persons", "would be")
SKIPPED = ("identifier", "not used for links now", "would not be used", "identifiers")


@pytest.fixture(scope="module")
def before(workbench: Workbench) -> dict[str, str]:
    """The content of the output folder before the trials."""
    return _content(workbench.out)


@pytest.fixture(scope="module")
def stage_guide(workbench: Workbench, before: dict[str, str]) -> Followed:
    """The guide to stages, followed."""
    workbench.restore()
    return _follow(workbench, "add_a_stage")


def test_stage_guide_prints_what_it_shows(stage_guide: Followed) -> None:
    """Following the guide gives the output that it shows."""
    _assert_shown(stage_guide)


def test_dry_run_tells_who_would_move(workbench: Workbench, stage_guide: Followed) -> None:
    """The dry run shows exactly the persons who would move.

    Of the three who called, Lan is a lead and moves; Thu has met sales since, and Minh's call is too long ago: both
    only get another history. Tuan received a call, which does not count.
    """
    by_phone, _ = stage_guide.output_of("dry-run")
    persons = _person_ids(workbench)
    assert _table(by_phone, *EPISODES) == [["phone_qualified", "0", "3", "3", "0", "3"]]
    assert _table(by_phone, *HISTORIES) == [["adahub_crm", "8", "3", "1"]]
    assert _table(by_phone, *MOVES) == [["adahub_crm", "lead", "sales_lead", "1"]]
    assert f"  adahub_crm: {persons['lan']} lead → sales_lead since 2026-06-10 09:00:00 (call)" in by_phone
    assert f"  new phone_qualified: {persons['minh']} 2026-01-10 09:00:00 to 2026-04-10 09:00:00 (call)" in by_phone


def test_dry_run_of_a_definition_that_reads_others(workbench: Workbench, stage_guide: Followed) -> None:
    """A definition that reads other definitions uses their changed files, not their published rows.

    Nam and Minh went cold 90 days after their only sign. Vy did too, and came back in May. Hoa bought before her lead
    went cold, and a customer is no lapsed lead.
    """
    lapsed = stage_guide.output_of("dry-run")[1]
    persons = _person_ids(workbench)
    assert _table(lapsed, *EPISODES) == [
        ["lapsed_lead", "0", "3", "3", "0", "3"],
        ["phone_qualified", "0", "3", "3", "0", "3"],
    ]
    assert _table(lapsed, *HISTORIES) == [["adahub_crm", "8", "5", "3"]]
    assert _table(lapsed, *MOVES) == [
        ["adahub_crm", "other", "lapsed_lead", "2"],
        ["adahub_crm", "lead", "sales_lead", "1"],
    ]
    # one example of each kind is requested: the latest
    assert f"  new lapsed_lead: {persons['minh']} 2026-04-10 09:00:00 to now (no_sign_of_interest)" in lapsed
    assert lapsed.count("  new lapsed_lead") == 1


def test_nothing_of_the_build_changes(workbench: Workbench, before: dict[str, str], stage_guide: Followed) -> None:
    """Trials change neither the published file nor the warehouse."""
    assert len(stage_guide.ran) == 5
    assert _content(workbench.out) == before
    assert {"warehouse.duckdb", "journey.duckdb"} <= before.keys()


def test_framework_guide(workbench: Workbench) -> None:
    """A framework made as in the guide places persons as the guide says.

    Mai asked for a consultation and Thu met sales; Lan and Vy showed interest; Hoa bought; Nam and Minh went cold. Tuan
    has no event of its stages, so he is not in it.
    """
    workbench.restore()
    followed = _follow(workbench, "add_a_framework")
    _assert_shown(followed)
    [tried] = followed.output_of("dry-run")
    moves = {(came_from, to): persons for framework, came_from, to, persons in _table(tried, *MOVES)}
    assert moves == {("–", "qualified"): "2", ("–", "lead"): "2", ("–", "won"): "1", ("–", "none"): "2"}
    assert _table(tried, *HISTORIES) == [["sales_desk", "7", "7", "7"]]


def test_channel_rule_guide(workbench: Workbench) -> None:
    """A dry run of a channel rule says that it is not included, since sessions are not rebuilt."""
    workbench.restore()
    _assert_shown(_follow(workbench, "add_a_channel_rule"))
    tried = workbench.run("dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "Not included, although changed: seeds/channel_rules.csv. Build into another folder" in tried.stdout
    assert "No person would move to another stage, and no history would change." in tried.stdout


def test_attribution_model_guide(workbench: Workbench) -> None:
    """An attribution model made as in the guide is accepted and used."""
    workbench.restore()
    followed = _follow(workbench, "add_an_attribution_model")
    assert len(followed.ran) == 2
    _assert_shown(followed)


def test_broken_attribution_models_are_named(workbench: Workbench) -> None:
    """Attribution models with wrong keys or weights are named with their problem."""
    workbench.restore()
    wanted = []
    for name, model in BROKEN_MODELS.items():
        path = f"models/intermediate/attribution/{name}.sql"
        (workbench.project / path).write_text(model.sql + "\n", encoding="utf-8")
        wanted += [f"{path}: {problem}" for problem in model.problems]
    checked = workbench.run("check")
    lines = [line for line in checked.stdout.splitlines() if line.startswith("models/")]
    assert sorted(line for line in lines if not any(says(problem, line) for problem in wanted)) == []
    assert len(lines) == len(wanted), checked.stdout
    assert checked.returncode == ExitCode.CHECK_FAILED


def test_identity_guide_prints_what_it_shows(workbench: Workbench) -> None:
    """Following the guide gives the output that it shows."""
    workbench.restore()
    followed = _follow(workbench, "change_an_identity_rule")
    assert len(followed.ran) >= 3
    _assert_shown(followed)


def test_dry_run_of_another_number_of_links(workbench: Workbench, before: dict[str, str]) -> None:
    """A dry run of identity_max_links shows who would be merged.

    Eight contacts, a tablet and a guest are ten persons. With six links allowed the tablet joins six contacts: seven
    persons become one, and four are left, all of them known.
    """
    workbench.restore()
    tried = workbench.run("dry-run", "--identity-max-links", "6")
    assert tried.returncode == 0, tried.stderr
    assert _table(tried.stdout, *COUNTS) == [["all", "10", "4"], ["known", "9", "4"]]
    assert _table(tried.stdout, *CHANGES) == [["merge", "7", "1"]]
    assert _table(tried.stdout, *SKIPPED) == [["anonymous_id", "too_many_links", "–", "1"]]
    # all six contacts were created at the same time, so the person_id comes from the first in alphabetical order
    assert f"  merge: {_person_ids(workbench)['hoa']} ← " in tried.stdout
    assert "No person would move to another stage, and no history would change." in tried.stdout
    assert _content(workbench.out) == before


def test_dry_run_of_another_placeholder(workbench: Workbench) -> None:
    """A dry run of a new placeholder shows whose identifiers would no longer be linked.

    The guest's two cookies have only the address in common: one known person would become two unknown ones.
    """
    workbench.restore()
    seed = workbench.project / "seeds/identifier_placeholders.csv"
    seed.write_text(seed.read_text(encoding="utf-8") + "email,guest@example.com\n", encoding="utf-8")
    tried = workbench.run("dry-run")
    assert tried.returncode == 0, tried.stderr
    assert _table(tried.stdout, *COUNTS) == [["all", "10", "11"], ["known", "9", "8"]]
    assert _table(tried.stdout, *CHANGES) == [["split", "1", "2"]]
    assert _table(tried.stdout, *SKIPPED) == [["email", "–", "placeholder", "1"]]
    assert "Not included, although changed" not in tried.stdout


def _write_definition(workbench: Workbench, name: str, sql: str) -> None:
    (workbench.project / f"models/stages/{name}.sql").write_text(sql + "\n", encoding="utf-8")


def test_broken_definitions_are_named_and_never_published(workbench: Workbench, tmp_path: Path) -> None:
    """A definition that returns invalid rows is named with its problem and never published."""
    workbench.restore()
    for name, definition in BROKEN_DEFINITIONS.items():
        _write_definition(workbench, name, definition.sql)
    wanted = [
        f"models/stages/{name}.sql: {problem}"
        for name, definition in BROKEN_DEFINITIONS.items()
        for problem in definition.problems
    ]

    checked, tried = workbench.run("check"), workbench.run("dry-run")
    lines = [line for line in checked.stdout.splitlines() if line.startswith("models/")]
    assert sorted(line for line in lines if not any(says(problem, line) for problem in wanted)) == []
    assert len(lines) == len(wanted)
    assert [line for line in tried.stdout.splitlines() if line.startswith("models/")] == lines
    assert checked.stdout.endswith(f"{len(wanted)} problems to correct.\n")
    assert (checked.returncode, tried.returncode) == (ExitCode.CHECK_FAILED, ExitCode.CHECK_FAILED)

    out = shutil.copytree(workbench.out, tmp_path / "out")
    published = (out / "journey.duckdb").read_bytes()
    built = workbench.build(out)
    assert built.returncode == ExitCode.CHECK_FAILED
    assert built.stderr.startswith("error: test.stage_definitions_are_sound: models/stages/")
    assert all(line in built.stderr for line in lines)
    assert "Nothing was published" in built.stderr
    assert (out / "journey.duckdb").read_bytes() == published

    # changes by the failed build are separated from changes by the definitions
    workbench.restore()
    tried = workbench.run("dry-run", "--out", str(out))
    assert "The last build there was not published" in tried.stdout
    assert "No person would move to another stage, and no history would change." in tried.stdout


def test_unknown_column_is_named_with_its_file(workbench: Workbench) -> None:
    """An unknown column is reported with the file of the definition."""
    workbench.restore()
    _write_definition(workbench, "quote", UNKNOWN_COLUMN.sql)
    checked = workbench.run("check")
    assert checked.returncode == ExitCode.CHECK_FAILED
    lines = [line for line in checked.stdout.splitlines() if line.startswith("models/stages/quote.sql: ")]
    assert len(lines) == 1
    assert says(f"models/stages/quote.sql: {UNKNOWN_COLUMN.problems[0]}", lines[0])


def test_build_at_work_is_waited_for(workbench: Workbench) -> None:
    """A trial waits for a running build, instead of reading a half-written warehouse."""
    workbench.restore()
    with duckdb.connect(str(workbench.out / "warehouse.duckdb")):
        tried = workbench.run("dry-run")
    assert tried.returncode == ExitCode.LOCKED
    assert tried.stderr == f"error: {workbench.out}/warehouse.duckdb: a build is running on it. Wait for it to end.\n"


@pytest.mark.parametrize("command", ["check", "dry-run"])
def test_nothing_built(command: str, workbench: Workbench, tmp_path: Path) -> None:
    """Without a build in the named folder, the command says so in one line."""
    workbench.restore()
    done = workbench.run(command, "--out", str(tmp_path / "none"))
    assert done.returncode == ExitCode.UNUSABLE_INPUT
    assert done.stderr.startswith(f"error: {tmp_path}/none: ")
    assert f"scripts/build --out {tmp_path}/none" in done.stderr
    assert not (tmp_path / "none").exists()
