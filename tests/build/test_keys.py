"""Hash keys: made once for a company's own rows, kept, and rotated without losing erasures or person ids.

One folder is built without a given key, its key is rotated, and it is built again after rows of an erased person were
delivered again. Another folder has the demo's key until own rows arrive.
"""

import hashlib
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from customer_journey.privacy.hash_key import DEMO_KEY, ENVIRONMENT_VARIABLE, fingerprint
from customer_journey.privacy.keys import NEW_KEY_VARIABLE

from tests.build.conftest import write_tiny_company
from tests.support.builds import run_build, run_journey, write_rows
from tests.support.dbt import must_pass, run_dbt
from tests.support.erasure import REQUEST, traces_under, write_hoa

NEW = "the-key-of-after"
# the identifiers of persons whose rows stay: Mai, and a cookie that turns out to be hers
MAI, COOKIE = "contact_id:1", "anonymous_id:c1"


def _person(key: str, identifier: str) -> str:
    return hashlib.sha256(f"{key}|person|{identifier}".encode()).hexdigest()[:32]


def _query(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _journey(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_journey(*arguments, project=project)


def _must_build(raw: Path, out: Path, project: Path) -> str:
    done = run_build(raw, out, project=project)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@dataclass
class History:
    """The folder, and what it was like after each step."""

    out: Path
    first: str
    modes: dict[str, int]
    key: str
    info: list[tuple[object, ...]]
    persons: list[tuple[object, ...]]
    refused: subprocess.CompletedProcess[str]
    rotated: subprocess.CompletedProcess[str]
    between: list[tuple[object, ...]]
    last: str


PERSONS = "select person_id from marts.fct_orders union select person_id from marts.fct_sessions order by person_id"


@pytest.fixture(scope="module")
def history(small: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Build, refuse, rotate, deliver Hoa's rows again, build."""
    root = tmp_path_factory.mktemp("keys")
    raw, out = root / "raw", root / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    write_hoa(raw, "first")
    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(ENVIRONMENT_VARIABLE)
        first = _must_build(raw, out, small)
        made = History(
            out=out,
            first=first,
            modes={file.name: stat.S_IMODE(file.stat().st_mode) for file in (out, *out.rglob("*"))},
            key=(out / "hash_key").read_text(encoding="utf-8").strip(),
            info=_query(out / "journey.duckdb", "select hash_key_fingerprint, is_demo_key from marts.build_info"),
            persons=_query(out / "journey.duckdb", PERSONS),
            refused=subprocess.CompletedProcess((), 0),
            rotated=subprocess.CompletedProcess((), 0),
            between=[],
            last="",
        )
        # the request is gone, so only the suppression list has her
        shutil.rmtree(raw / "privacy", ignore_errors=True)
        write_hoa(raw, "second")
        cookie = {"anonymous_id": "c1", "identifier_type": "email", "identifier_value": "mai@example.com"}
        write_rows(raw, "web/identities", [{**cookie, "identified_at": "2026-01-04"}], part="third")
        patched.setenv(ENVIRONMENT_VARIABLE, NEW)
        made.refused = run_build(raw, out, project=small)
        patched.delenv(ENVIRONMENT_VARIABLE)
        patched.setenv(NEW_KEY_VARIABLE, NEW)
        made.rotated = _journey(small, "rotate-key", "--out", str(out))
        patched.delenv(NEW_KEY_VARIABLE)
        made.between = _query(out / "journey.duckdb", PERSONS)
        patched.setenv(ENVIRONMENT_VARIABLE, NEW)
        made.last = _must_build(raw, out, small)
    return made


def test_own_rows_get_a_key_of_their_own(history: History) -> None:
    """Own rows get a random key: the demo's key is public, so anybody could find out whose a hash is."""
    assert f"made at random and kept in {history.out / 'hash_key'}" in history.first.replace("\n", "")
    assert history.info == [(fingerprint(history.key), False)]
    assert (_person(history.key, MAI),) in history.persons
    assert history.key not in history.first


def test_nobody_else_reads_what_a_build_leaves(history: History) -> None:
    """Warehouse and key are readable by their owner alone, because they hold addresses and can undo the hashes."""
    assert {name: f"{mode:o}" for name, mode in history.modes.items() if mode & 0o077} == {}


def test_another_key_is_refused(history: History) -> None:
    """A build with another key is refused: erased persons would return, and all person_ids would change."""
    assert history.refused.returncode == 2
    (line,) = history.refused.stderr.splitlines()
    assert str(history.out) in line and "erased persons would come back" in line and "journey rotate-key" in line


def test_rotation_tells_who_became_whom(history: History) -> None:
    """After a rotation, bridge_person_changes maps old person_ids to new ones, for lists that were kept elsewhere."""
    assert history.rotated.returncode == 0, history.rotated.stderr
    assert history.between == history.persons
    assert not (history.out / "hash_key").exists()
    changes = _query(
        history.out / "journey.duckdb",
        "select old_person_id, new_person_id, reason, identifier_count from marts.bridge_person_changes order by all",
    )
    # Mai's id still comes from her contact, though she has an address too; the cookie was a person of its own until
    # then
    expected = [
        (_person(history.key, MAI), _person(NEW, MAI), "key_rotated", 2),
        (_person(history.key, COOKIE), _person(NEW, MAI), "merge", 1),
    ]
    assert changes == sorted(expected)
    assert _query(history.out / "journey.duckdb", "select hash_key_fingerprint from marts.build_info") == [
        (fingerprint(NEW),)
    ]
    assert "hash key" not in history.last


def test_who_was_erased_stays_erased(history: History) -> None:
    """Erased persons stay erased after a rotation, although the suppression list holds keyed hashes."""
    assert traces_under(history.out) == {}
    reconciled = "select erased from marts.audit_reconciliation where source_table = 'crm.contacts'"
    # each delivery has two rows of the erased person
    assert _query(history.out / "journey.duckdb", reconciled) == [(4,)]


def test_plain_dbt_has_the_key_of_the_build(history: History, small: Path, tmp_path: Path) -> None:
    """Plain dbt hashes with the key of the build; otherwise all person_ids would change."""
    warehouse = Path(shutil.copyfile(history.out / "warehouse.duckdb", tmp_path / "warehouse.duckdb"))
    run = ("run", "--select", "int_person_identifiers")
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(ENVIRONMENT_VARIABLE)
        done = run_dbt(warehouse, tmp_path, *run, project=small)
        assert done.returncode != 0 and "JOURNEY_HASH_KEY is not set" in done.stdout
        # as in a folder where a key was made, beside the warehouse
        (tmp_path / "hash_key").write_text(f"{NEW}\n", encoding="utf-8")
        must_pass(run_dbt(warehouse, tmp_path, *run, project=small))
        assert _person(NEW, MAI) in {
            row[0] for row in _query(warehouse, "select person_id from intermediate.int_person_identifiers")
        }
    done = run_dbt(warehouse, tmp_path, *run, project=small)
    assert done.returncode != 0 and "a different key than JOURNEY_HASH_KEY" in done.stdout


def test_demo_s_key_is_for_the_demo_alone(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Own rows beside those of the demo are refused under the demo's key, which is public."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    raw, out = tmp_path / "raw", tmp_path / "out"
    assert _journey(small, "demo", "--out", str(raw), "--scale", "0.01").returncode == 0
    assert "the demo's, which is public" in _must_build(raw, out, small)
    info = "select hash_key_fingerprint, is_demo_key from marts.build_info"
    assert _query(out / "journey.duckdb", info) == [(fingerprint(DEMO_KEY), True)]
    assert not (out / "hash_key").exists()

    monkeypatch.setenv(ENVIRONMENT_VARIABLE, DEMO_KEY)
    write_rows(raw, "crm/companies", [{"company_id": "ours", "company_name": "Ours"}], part="ours")
    refused = run_build(raw, out, project=small)
    assert refused.returncode == 2 and "the key of the demo, which is public" in refused.stderr

    monkeypatch.delenv(ENVIRONMENT_VARIABLE)
    assert "made at random" in _must_build(raw, out, small)
    key = (out / "hash_key").read_text(encoding="utf-8").strip()
    assert _query(out / "journey.duckdb", info) == [(fingerprint(key), False)]
    reasons = _query(out / "journey.duckdb", "select distinct reason from marts.bridge_person_changes")
    assert reasons == [("key_rotated",)]
