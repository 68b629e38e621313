"""Landing: which files are read, what becomes of rows landed before, and that a failed landing leaves nothing."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from customer_journey.errors import InputError
from customer_journey.landing import land as landing_module
from customer_journey.raw import deliveries
from customer_journey.raw.deliveries import content_of

from tests.support.builds import write_rows
from tests.support.landing import Landing, contacts

# Which files are read


def test_known_file_is_not_read_again(landing: Landing) -> None:
    """A known file is not read again; otherwise every build would read all files, or land rows twice."""
    file = landing.write("crm/contacts.csv", contacts(1, 2))
    first = landing.land()
    assert (first.files_read, first.files_known) == (3, 0)
    # a marker that reading the file again would restore
    landing.connection.execute("update raw_crm.contacts set full_name = 'landed before'")
    os.utime(file, (1, 1))

    again = landing.land()

    assert (again.files_read, again.files_known) == (0, 3)
    assert landing.rows("crm/contacts", "contact_id", "full_name") == [("1", "landed before"), ("2", "landed before")]


def test_content_is_read_only_where_size_or_times_say_so(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content is read only if size or times of a file changed; otherwise each build would read all data."""
    file = landing.write("crm/contacts.csv", contacts(1))
    monkeypatch.setattr(deliveries, "YOUNG_NS", 0)
    landing.land()
    read: list[str] = []

    def counted(files: Sequence[Path]) -> str:
        read.extend(found.name for found in files)
        return content_of(files)

    monkeypatch.setattr(landing_module, "content_of", counted)
    landing.land()
    assert read == []

    # with the same size, by a tool that resets the time
    before = file.stat()
    landing.write("crm/contacts.csv", contacts(2))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert landing.land().files_read == 1
    assert read == ["contacts.csv"]
    assert landing.rows("crm/contacts", "contact_id") == [("2",)]


def test_content_of_a_young_file_is_read_again(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was just written is read again, because some file systems store times in whole seconds only."""
    same = os.stat(__file__)
    monkeypatch.setattr(landing_module, "state_of", lambda file: f"{same.st_ino}")
    landing.write("crm/contacts.csv", contacts(1))
    landing.land()
    landing.write("crm/contacts.csv", contacts(2))
    assert landing.land().files_read == 1
    assert landing.rows("crm/contacts", "contact_id") == [("2",)]


def test_known_by_the_path_under_the_raw_folder(landing: Landing, tmp_path: Path) -> None:
    """Files are known by their path below RAW, so mounting RAW elsewhere lands nothing twice."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.land()
    moved = tmp_path / "mounted elsewhere"
    shutil.move(landing.raw, moved)

    report = landing.land(moved)

    assert (report.files_read, report.files_known) == (0, 3)
    assert landing.rows("crm/contacts", "contact_id") == [("1",)]


def test_the_same_content_under_two_paths_is_two_files(landing: Landing) -> None:
    """Two files with equal content are two deliveries: deleting or changing one keeps the rows of the other."""
    landing.write("crm/contacts/monday.csv", contacts(1))
    landing.write("crm/contacts/tuesday.csv", contacts(1))
    (landing.raw / "crm/contacts.csv").unlink()
    landing.land()
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("1",)]

    landing.write("crm/contacts/tuesday.csv", contacts(2))
    landing.land()
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",)]


def _spend(*costs: int, day: str = "2026-01-01") -> str:
    rows = [f"{day},meta,{number},{cost}\n" for number, cost in enumerate(costs)]
    return "".join(["spend_date,platform,campaign_id,cost\n", *rows])


def test_spend_delivered_under_two_names_is_named(landing: Landing) -> None:
    """The same spend in two files is reported, because spend adds up: `report (1).csv` would double the costs."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.write("marketing/ad_spend/report.csv", _spend(5, 7, 0))
    # in another order and for a longer period: two of its three rows with costs are also in the other file
    header, *rows = _spend(5, 7, 0).splitlines()
    landing.write(
        "marketing/ad_spend/report (1).csv", "\n".join([header, *reversed(rows), "2026-01-02,meta,0,9"]) + "\n"
    )
    # the next day's file, and one that shares only a row without costs
    landing.write("marketing/ad_spend/next.csv", _spend(5, 7, 0, day="2026-01-03"))
    landing.write("marketing/ad_spend/other.csv", "spend_date,platform,campaign_id,cost\n2026-01-01,meta,2,0\n")

    expected = [
        "marketing/ad_spend: 2 of 2 rows are the same in marketing/ad_spend/report (1).csv and"
        " marketing/ad_spend/report.csv, and count twice. If they were delivered twice, leave only the header in"
        " one of the files"
    ]
    assert landing.land().doubles == expected
    # reported by every build, until one of the files is emptied
    assert landing.land().doubles == expected
    landing.write("marketing/ad_spend/report (1).csv", header + "\n")
    assert landing.land().doubles == []


def test_spend_that_replaces_an_earlier_version_is_no_double(landing: Landing) -> None:
    """Spend rows with a later updated_at supersede earlier ones, so they are not reported as doubles."""
    landing.write("crm/contacts.csv", contacts(1))
    for name, updated_at in (("a", "2026-02-01"), ("b", "2026-02-02")):
        landing.write(
            f"marketing/ad_spend/{name}.csv",
            f"spend_date,platform,campaign_id,cost,updated_at\n2026-01-01,meta,1,5,{updated_at}\n",
        )

    assert landing.land().doubles == []


def test_text_lands_in_one_form_of_unicode(landing: Landing) -> None:
    """Text lands in NFC; otherwise names from macOS, with separate accents, would match no others."""
    apart, together = "Khuye\u0302\u0301n ma\u0303i", "Khuy\u1ebfn m\u00e3i"
    landing.write("crm/contacts/a.csv", contacts(1, name=apart))
    pq.write_table(
        pa.table({"contact_id": ["2"], "full_name": [apart], "created_at": ["2026-01-01"]}),
        landing.raw / "crm/contacts/b.parquet",
    )

    landing.land()

    assert landing.rows("crm/contacts", "full_name") == [(together,), (together,)]


# a NUL, a terminal's escape, a bell, two controls of Latin-1, a byte order mark, letters that turn the line around
UNSEEN = "\0\x1b\x07\x9b\x7f\ufeff\u202e\u200b\u00ad"
DIRTY = {
    "contact_id": f"{UNSEEN}1{UNSEEN}",
    "full_name": f"Mai{UNSEEN} Anh\t\r\nHà\u2028Lê",
    "created_at": "2026-01-01",
}
CLEAN = ("1", "Mai Anh Hà Lê")


def _dirty_file(landing: Landing, kind: str) -> None:
    file = landing.raw / f"crm/contacts.{kind}"
    (landing.raw / "crm/contacts.csv").unlink()
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([DIRTY]), file)
    elif kind == "ndjson":
        file.write_text(json.dumps(DIRTY), encoding="utf-8")
    else:
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter="\t" if kind == "tsv" else ",").writerows([DIRTY, DIRTY.values()])


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "ndjson"])
def test_text_lands_without_control_characters(landing: Landing, kind: str) -> None:
    """No text keeps a control character: PostgreSQL refuses NUL, a terminal obeys ESC, and equal ids would differ."""
    _dirty_file(landing, kind)
    landing.land()
    assert landing.rows("crm/contacts", "contact_id", "full_name") == [CLEAN]


@pytest.mark.parametrize("value", [["a\0b", "c"], {"a": "b\0"}])
def test_nested_text_lands_without_control_characters(landing: Landing, value: object) -> None:
    """Lists and structures of Parquet are texts with the same rule."""
    (landing.raw / "crm/contacts.csv").unlink()
    rows = [{"contact_id": "1", "full_name": value, "created_at": "2026-01-01"}]
    pq.write_table(pa.Table.from_pylist(rows), landing.raw / "crm/contacts.parquet")
    landing.land()
    ((name,),) = landing.rows("crm/contacts", "full_name")
    assert "b" in name and "\0" not in name


def test_mapped_and_broken_rows_land_without_control_characters(landing: Landing) -> None:
    """The rule also holds for constants of mapping.yml and for a line that cannot be split into columns."""
    (landing.raw / "crm/contacts.csv").unlink()
    landing.write(
        "mapping.yml",
        'tables:\n  crm/contacts:\n    files: [own.csv]\n    constants: {lead_source: "a\\eb"}\n',
    )
    landing.write("own.csv", "contact_id,email,created_at\n1,a@x.vn,2026-01-01\n\x1b2,b@x.vn\n")
    landing.land()
    assert landing.rows("crm/contacts", "contact_id", "lead_source") == [("1", "ab"), ("line 3: 2,b@x.vn", None)]


def test_rows_of_an_earlier_release_are_cleaned(landing: Landing) -> None:
    """Rows that an earlier release landed are cleaned once, since their files are not read again."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.land()
    landing.connection.execute("update raw_crm.contacts set full_name = 'Ma' || chr(0) || 'i'")
    landing.connection.execute("drop table private.clean_texts")
    landing.land()
    assert landing.rows("crm/contacts", "full_name") == [("Mai",)]


def test_decimals_land_without_the_zeros_of_their_scale(landing: Landing) -> None:
    """Typed decimals land without trailing zeros, because the text 450.000 could be read in two ways."""
    file = landing.raw / "orders" / "refunds.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    amounts = pa.array([Decimal("450.000"), Decimal("450.500"), Decimal("0.000"), None], pa.decimal128(12, 3))
    numbers = pa.array([Decimal(1), Decimal(20), Decimal(300), Decimal(4)], pa.decimal128(12, 0))
    pq.write_table(pa.table({"refund_id": numbers, "refunded_at": ["2026-01-01"] * 4, "amount": amounts}), file)
    landing.land()
    assert landing.rows("orders/refunds", "refund_id", "amount") == [
        ("1", "450"),
        ("20", "450.5"),
        ("300", "0"),
        ("4", None),
    ]


def test_a_new_column_of_the_contract_joins_what_was_landed_before(landing: Landing) -> None:
    write_rows(landing.raw, "orders/refunds", [{"refund_id": "r1", "refunded_at": "2026-01-01", "amount": 5}], part="a")
    landing.land()
    landing.connection.execute("alter table raw_orders.refunds drop column currency")
    new = {"refund_id": "r2", "refunded_at": "2026-01-01", "amount": 5, "currency": "USD"}
    write_rows(landing.raw, "orders/refunds", [new], part="b")
    landing.land()
    assert landing.rows("orders/refunds", "refund_id", "amount", "currency") == [
        ("r1", "5", None),
        ("r2", "5", "USD"),
    ]


def test_changed_file_replaces_the_rows_it_landed_before(landing: Landing) -> None:
    """A changed file replaces exactly the rows that it landed before, and no rows of other files."""
    landing.write("crm/contacts/a.csv", contacts(1, 2, 3, name="wrong"))
    landing.write("crm/contacts/b.csv", contacts(4))
    (landing.raw / "crm/contacts.csv").unlink()
    landing.land()

    # fewer rows, one of them new, and another order of columns
    landing.write("crm/contacts/a.csv", "created_at,phone,contact_id\n2026-02-01,0912000111,1\n2026-02-01,,5\n")
    report = landing.land()

    assert (report.files_read, report.files_known) == (1, 3)
    assert landing.rows("crm/contacts", "contact_id", "full_name", "phone") == [
        ("1", None, "0912000111"),
        ("4", "Mai", None),
        ("5", None, None),
    ]


def test_changed_file_can_change_back(landing: Landing) -> None:
    """A file that changes back to an earlier content is read again."""
    for names in ("old", "new", "old"):
        landing.write("crm/contacts.csv", contacts(1, name=names))
        landing.land()
        assert landing.rows("crm/contacts", "full_name") == [(names,)]


def test_vanished_file_keeps_its_rows(landing: Landing) -> None:
    """Rows of a vanished file stay, because some sources keep only recent files."""
    invitation = {"invitation_id": "i1", "email": "a@x.vn", "survey_type": "nps", "sent_at": "2026-01-01"}
    optional = write_rows(landing.raw, "feedback/survey_invitations", [invitation])
    landing.write("crm/contacts/a.csv", contacts(1))
    landing.write("crm/contacts/b.csv", contacts(2))
    landing.land()

    optional.unlink()
    (landing.raw / "crm/contacts/a.csv").unlink()
    report = landing.land()

    assert landing.rows("feedback/survey_invitations", "invitation_id") == [("i1",)]
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",)]
    assert "feedback/survey_invitations" in report.absent_tables
    # somebody who gave the folder of another company must not mix both
    assert report.drift == [
        "2 files that landed before are not in RAW any more, such as crm/contacts/a.csv; the rows are kept. If RAW is "
        "another company's, choose another --out"
    ]


def test_required_table_must_have_a_file_on_every_build(landing: Landing) -> None:
    """A required table without any file stops the build; otherwise a lost export would go unnoticed."""
    landing.land()
    (landing.raw / "orders/orders.csv").unlink()

    with pytest.raises(InputError, match=r"required table orders/orders is missing"):
        landing.land()


def test_folder_without_a_data_file_is_no_required_table(landing: Landing) -> None:
    """An empty folder, as EL tools create, does not count as a delivered table."""
    landing.land()
    (landing.raw / "orders/orders.csv").unlink()
    landing.write("orders/orders/_SUCCESS", "")

    with pytest.raises(InputError, match=r"required table orders/orders is missing"):
        landing.land()


def test_single_file_folder_and_nested_folders_are_one_table(landing: Landing) -> None:
    """A single file, a folder and nested folders of a table are all read as one table."""
    landing.write("crm/contacts.csv", contacts(1))
    landing.write("crm/contacts/b.csv", contacts(2))
    landing.write("crm/contacts/year=2026/month=01/part-0.csv", contacts(3))
    pq.write_table(
        pa.table({"created_at": [datetime(2026, 1, 1, tzinfo=UTC)], "contact_id": ["4"]}),
        landing.raw / "crm/contacts/c.parquet",
    )
    landing.write("crm/contacts/readme.txt", "no data")

    assert landing.land().files_read == 6
    assert landing.rows("crm/contacts", "contact_id") == [("1",), ("2",), ("3",), ("4",)]


def test_report_names_unknown_files_columns_and_absent_tables(landing: Landing) -> None:
    """Unknown files and columns and absent tables are reported, since a misspelt name would lower numbers unseen."""
    landing.write("crm/contacts.csv", "contact_id,created_at,e-mail,ghi chú\n1,2026-01-01,a@x.vn,b\n")
    landing.write("crm/leads.csv", contacts(9))
    landing.write("crm/activitys/2026.csv", "a\n1\n")
    landing.write("shop/orders.parquet", b"not even read")
    landing.write("crm/notes.txt", "for people")

    report = landing.land()

    assert sorted(report.drift) == [
        "crm/activitys: not a raw table, so not read",
        "crm/contacts: unknown column e-mail (contacts.csv), not read. Did you mean email?",
        "crm/contacts: unknown column ghi chú (contacts.csv), not read",
        "crm/leads.csv: not a raw table, so not read",
        "crm/notes.txt: not a raw table, so not read",
        "shop/orders.parquet: not a raw table, so not read",
    ]
    assert "crm/activities" in report.absent_tables
    assert "crm/contacts" not in report.absent_tables
    assert landing.rows("crm/contacts", "contact_id", "email") == [("1", None)]


# All or nothing


@pytest.mark.parametrize("broken", ["row", "column"])
def test_failed_landing_leaves_nothing_behind(landing: Landing, broken: str) -> None:
    """A failed landing lands nothing, so that the next build does not mix new contacts with old orders."""
    landing.write("crm/contacts.csv", contacts(1))
    # orders land after contacts, and the row in another encoding comes late
    orders = "order_id,ordered_at,status,total_amount\n" + "o,2026-01-01,paid,1\n" * 5000
    late = f"{orders}o,2026-01-01,payé,1\n".encode("latin-1")
    landing.write("orders/orders.csv", late if broken == "row" else "order_id\no\n")

    with pytest.raises(InputError, match=r"orders\.csv"):
        landing.land()

    assert not landing.has_landed("crm/contacts")
    assert not landing.has_landed("orders/orders")
    landing.write("orders/orders.csv", orders)
    assert landing.land().files_read == 3
    assert len(landing.rows("orders/orders", "order_id")) == 5000


def test_failed_landing_leaves_what_was_landed_before(landing: Landing) -> None:
    """A failed landing keeps the rows landed before, of the broken export and of all others."""
    landing.write("crm/contacts.csv", contacts(1, name="landed before"))
    landing.write("orders/orders.csv", "order_id,ordered_at,status,total_amount\no1,2026-01-01,paid,1\n")
    landing.land()

    landing.write("crm/contacts.csv", contacts(2, 3))
    landing.write(
        "orders/orders.csv", "order_id,ordered_at,status,total_amount\no2,2026-01-01,payé,1\n".encode("latin-1")
    )
    with pytest.raises(InputError, match=r"orders\.csv.*Line: 2"):
        landing.land()

    assert landing.rows("crm/contacts", "contact_id", "full_name") == [("1", "landed before")]
    assert landing.rows("orders/orders", "order_id") == [("o1",)]
    landing.write("orders/orders.csv", "order_id,ordered_at,status,total_amount\no2,2026-01-01,paid,1\n")
    assert (landing.land().files_read, len(landing.rows("crm/contacts", "contact_id"))) == (2, 2)
