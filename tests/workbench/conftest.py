"""Copies of the project that tests may change, and a tiny company for which the moved persons are known."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer_journey.paths import PROJECT

from tests.support.builds import run_journey, write_rows, write_settings
from tests.support.small_project import make_small_project

# what an analyst changes
_EDITED = ("models/stages", "models/intermediate/attribution", "seeds", "dbt_project.yml")


# marts that the commands of an analyst use, and those that a build itself reads
_MARTS = (
    "audit_identifiers_skipped",
    "audit_reconciliation",
    "bridge_person_identifiers",
    "dim_framework_stages",
    "dim_persons",
    "fct_attribution",
    "fct_stage_entries",
    "fct_stage_evidence",
)


def copy_project(folder: Path) -> Path:
    """Copy the files that `journey check` reads without a build."""
    for part in ("models", "seeds"):
        shutil.copytree(PROJECT / part, folder / part)
    for file in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(PROJECT / file, folder / file)
    return folder


class Workbench:
    """A project of few marts with a build of the tiny company in `out`, as an analyst has it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.out = project / "out"
        self._pristine = project.parent / "pristine"

    def build(self, out: Path) -> subprocess.CompletedProcess[str]:
        """Build the company, as `scripts/build` does."""
        return self.run("build", "--raw", str(self.project.parent / "raw"), "--out", str(out))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `journey` in the project."""
        return run_journey(*arguments, project=self.project, cwd=self.project)

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the form in which a guide shows it."""
        journey = shlex.split(line)
        assert journey[0] == "journey", line
        return self.run(*journey[1:])

    def keep(self) -> None:
        """Save the present state of the project."""
        for part in _EDITED:
            _copy(self.project / part, self._pristine / part)

    def restore(self) -> None:
        """Undo all changes since `keep`."""
        for part in _EDITED:
            _copy(self._pristine / part, self.project / part)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


# The events of the persons. As-of is 30 June; a lead goes cold after 90 days, a customer lapses after 180.
ACTIVITIES = [
    ("mai", "consultation_request", "inbound", "2026-06-01T09:00:00Z"),
    ("lan", "call", "inbound", "2026-06-10T09:00:00Z"),
    ("nam", "form_submission", "inbound", "2026-01-05T09:00:00Z"),
    ("hoa", "form_submission", "inbound", "2026-01-05T09:00:00Z"),
    ("vy", "chat", "inbound", "2026-01-05T09:00:00Z"),
    ("vy", "form_submission", "inbound", "2026-05-20T09:00:00Z"),
    ("tuan", "call", "outbound", "2026-06-12T09:00:00Z"),
    ("minh", "call", "inbound", "2026-01-10T09:00:00Z"),
    ("thu", "call", "inbound", "2026-06-08T09:00:00Z"),
    ("thu", "meeting", "inbound", "2026-06-15T09:00:00Z"),
]
PERSONS = tuple(dict.fromkeys(person for person, *_ in ACTIVITIES))
# six persons typed their address into one tablet, one more than an identifier may link; a guest has two cookies
AT_THE_TABLET = ("mai", "lan", "nam", "hoa", "vy", "tuan")
IDENTITIES = [*(("tablet", name) for name in AT_THE_TABLET), ("phone", "guest"), ("laptop", "guest")]


def _write_company(raw: Path) -> None:
    write_settings(raw, {"as_of": "2026-06-30T00:00:00Z"})
    created_at = "2026-01-01T00:00:00Z"
    contacts = [{"contact_id": name, "email": f"{name}@example.com", "created_at": created_at} for name in PERSONS]
    write_rows(raw, "crm/contacts", contacts)
    activities = [
        {
            "activity_id": f"a{number}", "contact_id": person, "activity_type": kind, "direction": direction,
            "occurred_at": occurred_at,
        }
        for number, (person, kind, direction, occurred_at) in enumerate(ACTIVITIES)
    ]  # fmt: skip
    write_rows(raw, "crm/activities", activities)
    order = {"email": "hoa@example.com", "status": "paid", "total_amount": "100"}
    days = ("2026-02-01T09:00:00Z", "2026-03-01T09:00:00Z")
    write_rows(
        raw,
        "orders/orders",
        [{**order, "order_id": f"o{number}", "ordered_at": day} for number, day in enumerate(days)],
    )
    write_rows(raw, "web/events", [])
    identified = {"identifier_type": "email", "identified_at": "2026-06-01T09:00:00Z"}
    identities = [
        {"anonymous_id": cookie, "identifier_value": f"{name}@example.com", **identified} for cookie, name in IDENTITIES
    ]
    write_rows(raw, "web/identities", identities)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The project with a published build, made once."""
    root = tmp_path_factory.mktemp("workbench")
    _write_company(root / "raw")
    workbench = Workbench(make_small_project(root / "project", _MARTS, with_all_seeds=True))
    done = workbench.build(workbench.out)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    workbench.keep()
    return workbench


@pytest.fixture(scope="module")
def workbench(built: Workbench) -> Iterator[Workbench]:
    """The same for one module, without changes of other modules."""
    built.restore()
    yield built
    built.restore()
