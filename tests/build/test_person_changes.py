"""Person ids from build to build: what bridge_person_changes reports, and that erased persons are forgotten in it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from customer_journey.privacy.hash_key import hash_key

from tests.build.conftest import SETTINGS
from tests.support.builds import publish, write_rows, write_settings
from tests.support.dbt import must_pass, run_dbt

# a change as in the mart: old person, new person, reason, identifiers
Change = tuple[str, str, str, int]

# effects of the second build's rows on the persons of the first, worked out by hand
CHANGES: list[Change] = [
    # the cookie turns out to be Mai's, and was seen before her contact
    ("anonymous_id:late-cookie", "contact_id:mai", "merge", 1),
    # the order of 10 March from the old address is not Duc's, who gave it up on 1 March
    ("contact_id:duc", "email:duc-old@example.com", "split", 1),
    # Ha visited with a cookie four days before her contact was created, so her contact and address get another
    # person_id
    ("contact_id:ha", "anonymous_id:early-cookie", "earlier_identifier", 2),
    # the address that Phu's id came from is no longer his nor anybody's; his phone number moves to his new id
    ("email:phu-old@example.com", "contact_id:phu", "earliest_identifier_gone", 2),
]


def _hash(text: str) -> str:
    return hashlib.sha256(f"{hash_key()}|{text}".encode()).hexdigest()[:32]


def _write_first(raw: Path) -> None:
    write_settings(raw, SETTINGS)
    contacts = [
        {"contact_id": "mai", "email": "mai@example.com", "created_at": "2026-01-01"},
        {"contact_id": "duc", "email": "duc-old@example.com", "created_at": "2026-01-05"},
        {"contact_id": "ha", "email": "ha@example.com", "created_at": "2026-02-05"},
        {"contact_id": "phu", "email": "phu-old@example.com", "phone": "+84905111222", "created_at": "2026-02-10"},
    ]
    write_rows(raw, "crm/contacts", contacts, part="first")
    view = {"anonymous_id": "late-cookie", "event_name": "page_view", "occurred_at": "2026-01-03"}
    write_rows(raw, "web/events", [{**view, "event_id": "e1"}], part="first")
    order = {"status": "paid", "total_amount": "100"}
    orders = [
        {"order_id": "o1", "email": "duc-old@example.com", "ordered_at": "2026-03-10", **order},
        {"order_id": "o2", "email": "phu-old@example.com", "ordered_at": "2026-01-20", **order},
    ]
    write_rows(raw, "orders/orders", orders, part="first")


def _write_second(raw: Path) -> None:
    corrected = {"updated_at": "2026-03-01"}
    duc = {"contact_id": "duc", "email": "duc-new@example.com", "created_at": "2026-01-05", **corrected}
    phu = {"contact_id": "phu", "email": "phu-new@example.com", "phone": "+84905111222", "created_at": "2026-02-10"}
    write_rows(raw, "crm/contacts", [duc, {**phu, **corrected}], part="second")
    view = {"anonymous_id": "early-cookie", "event_name": "page_view", "occurred_at": "2026-02-01"}
    write_rows(raw, "web/events", [{**view, "event_id": "e2"}], part="second")
    by_email = {"identifier_type": "email", "identified_at": "2026-02-02"}
    identities = [
        {"anonymous_id": "late-cookie", "identifier_value": "mai@example.com", **by_email},
        {"anonymous_id": "early-cookie", "identifier_value": "ha@example.com", **by_email},
    ]
    write_rows(raw, "web/identities", identities, part="second")


def _changes(file: Path) -> list[Change]:
    names = {_hash(f"person|{name}"): name for change in CHANGES for name in change[:2]}
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select old_person_id, new_person_id, reason, identifier_count from marts.bridge_person_changes"
        ).fetchall()
    return sorted((names.get(old, old), names.get(new, new), reason, count) for old, new, reason, count in rows)


@pytest.fixture(scope="module")
def folder(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first two builds in `out`, the second with late rows."""
    root = tmp_path_factory.mktemp("person_changes")
    _write_first(root / "raw")
    assert _changes(publish(root / "raw", root / "out", project=small)) == []
    _write_second(root / "raw")
    publish(root / "raw", root / "out", project=small)
    return root


def test_second_build_tells_whose_id_changed(folder: Path) -> None:
    """Changed person_ids are reported, since lists kept elsewhere would otherwise miss persons without notice."""
    assert _changes(folder / "out" / "journey.duckdb") == sorted(CHANGES)


def test_plain_dbt_keeps_what_was_told(folder: Path, small: Path, tmp_path: Path) -> None:
    """A plain dbt run with nothing new neither drops nor repeats the reported changes."""
    warehouse = tmp_path / "warehouse.duckdb"
    warehouse.write_bytes((folder / "out" / "warehouse.duckdb").read_bytes())
    for _ in range(2):
        models = ("--select", "int_person_changes", "bridge_person_changes")
        must_pass(run_dbt(warehouse, tmp_path, "run", *models, project=small))
        assert _changes(warehouse) == sorted(CHANGES)


def test_nothing_is_kept_of_who_was_erased(folder: Path, small: Path) -> None:
    """Former ids of erased persons are dropped, and no others (invariant 9).

    Ha asks by her own address, and by an address that Duc gave up.
    """
    requests = [
        {"request_id": name, "identifier_type": "email", "identifier_value": f"{name}@example.com"}
        for name in ("ha", "duc-old")
    ]
    write_rows(folder / "raw", "privacy/erasure_requests", [{**row, "requested_at": "2026-06-01"} for row in requests])
    erased = ("contact_id:ha", "email:ha@example.com", "anonymous_id:early-cookie", "email:duc-old@example.com")
    hashes = {_hash(name): name for identifier in erased for name in (identifier, f"person|{identifier}")}
    out = folder / "out"
    assert {name for file in ("warehouse", "journey") for name in _found(out / f"{file}.duckdb", hashes)}

    publish(folder / "raw", out, project=small)
    assert [name for file in ("warehouse", "journey") for name in _found(out / f"{file}.duckdb", hashes)] == []
    assert _changes(out / "journey.duckdb") == sorted([CHANGES[0], CHANGES[3]])


def _found(file: Path, hashes: dict[str, str]) -> Iterator[str]:
    """Yield each table that holds one of the hashes, and whose hash it is, except the suppression list."""
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            for (row,) in connection.execute(f'select rows::varchar from "{schema}"."{table}" as rows').fetchall():
                yield from (f"{schema}.{table}: {name}" for value, name in hashes.items() if value in row)
