"""Erasure: nothing of an erased person is anywhere under OUT after the next build (invariant 9)."""

from pathlib import Path

import duckdb
from customer_journey.privacy import erasure
from customer_journey.warehouse import open_warehouse

from tests.build.conftest import SETTINGS, write_tiny_company
from tests.support.builds import publish, run_build, run_journey, write_rows, write_settings
from tests.support.erasure import REQUEST, SPELLINGS, traces_under, write_hoa


def test_nothing_is_left_of_an_erased_person(small: Path, tmp_path: Path) -> None:
    """A request for an e-mail erases all that identity links to it, now and when the same rows are delivered again."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    write_hoa(raw, "first")
    # somebody else's order got her address in a later version; once that is erased, the earlier version counts again
    order = {"order_id": "o1", "status": "paid", "total_amount": "100", "ordered_at": "2026-01-03T08:02:00Z"}
    write_rows(
        raw,
        "orders/orders",
        [
            {**order, "email": REQUEST["identifier_value"], "updated_at": "2026-01-05"},
            # and her own order was delivered again without an identifier
            {**order, "order_id": "order-hoa", "status": "completed", "updated_at": "2026-01-06"},
        ],
        part="later",
    )
    # some tools name a file after the person whose export it is; this one also has a row of somebody else, which stays
    for name in ("of_hoa.erased@example.com", "of_contact-hoa", "of_0987 654 321"):
        write_rows(raw, "crm/tickets", [
            {"ticket_id": name[:6], "contact_id": "1", "opened_at": "2026-01-04"}
        ], part=name)  # fmt: skip
    publish(raw, out, project=small)
    assert traces_under(out), "the test would not see a trace if there was one"

    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    published = publish(raw, out, project=small)
    assert traces_under(out) == {}
    with duckdb.connect(str(published), read_only=True) as connection:
        states = {
            row[0]: row[1:]
            for row in connection.execute(
                "select source_table, rows_in, accepted, erased from marts.audit_reconciliation where rows_in > 0"
            ).fetchall()
        }
        orders = connection.execute("select order_id from marts.fct_orders").fetchall()
    assert states == {
        "crm.contacts": (3, 1, 2),
        "crm.tickets": (3, 3, 0),
        "orders.order_items": (2, 1, 1),
        "orders.orders": (4, 1, 3),
        "orders.refunds": (1, 0, 1),
        "privacy.erasure_requests": (1, 0, 1),
        "web.events": (2, 1, 1),
        "web.identities": (1, 0, 1),
    }
    assert orders == [("o1",)]
    # the files are recognised by their names again
    assert "nothing is new" in run_build(raw, out, project=small).stdout
    with duckdb.connect(str(out / "warehouse.duckdb"), read_only=True) as connection:
        known = connection.execute(
            "select identifier_value from intermediate.int_person_identifiers where identifier_type = 'email'"
        ).fetchall()
    assert known == [("mai@example.com",)]

    write_hoa(raw, "second")
    # the contact that hers was merged into is her too
    survivor = {"contact_id": "10", "merged_contact_ids": "9; contact-hoa", "created_at": "2026-01-05"}
    write_rows(raw, "crm/contacts", [survivor], part="third")
    publish(raw, out, project=small)
    assert traces_under(out) == {}


def test_erasure_is_to_be_published_until_a_build_passes(small: Path, tmp_path: Path) -> None:
    """On Spark, an erasure stays pending until a build passes, since readers still see the previous build."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    write_rows(raw, "privacy/erasure_requests", [{**REQUEST, "identifier_value": "mai@example.com"}])
    # more than half of a table's rows are refused
    write_rows(raw, "crm/tickets", [{"ticket_id": f"k{number}"} for number in range(100)])
    failed = run_build(raw, out, project=small)
    assert failed.returncode == 1, failed.stderr
    with open_warehouse(out / "warehouse.duckdb") as connection:
        assert erasure.is_unpublished(connection)

    write_rows(raw, "crm/tickets", [{"ticket_id": "k0"}])
    publish(raw, out, project=small)
    with open_warehouse(out / "warehouse.duckdb") as connection:
        assert not erasure.is_unpublished(connection)


def test_what_leads_to_her_through_another_row_goes_too(small: Path, tmp_path: Path) -> None:
    """Rows that lead to the person only through another row, such as a review of her order, go too."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    for table in ("crm/contacts", "web/events", "orders/orders"):
        (raw / f"{table}.csv").unlink()
    write_hoa(raw, "first")
    her = {"contact_id": "contact-hoa"}
    write_rows(raw, "crm/deals", [{"deal_id": "d1", **her, "status": "won", "created_at": "2026-01-02"}])
    # these rows name a company at most
    write_rows(raw, "crm/quotes", [{"quote_id": "q1", "company_id": "c", "deal_id": "d1", "quoted_at": "2026-01-02"}])
    subscription = {"subscription_id": "s1", "mrr": "10", "changed_at": "2026-01-02"}
    write_rows(raw, "crm/subscription_changes", [
        {"change_id": "s1-1", **her, "change_type": "started", **subscription},
        {"change_id": "s1-2", "company_id": "c", "change_type": "cancelled", **subscription},
    ])  # fmt: skip
    order = {"status": "paid", "total_amount": "5", "ordered_at": "2026-01-05"}
    write_rows(raw, "orders/orders", [
        {"order_id": "of-deal", "company_id": "c", "deal_id": "d1", **order},
        {"order_id": "of-subscription", "company_id": "c", "subscription_id": "s1", **order},
        # an order of somebody else, although it belongs to her deal
        {"order_id": "of-mai", "email": "mai@example.com", "deal_id": "d1", **order},
    ], part="by_reference")  # fmt: skip
    write_rows(raw, "orders/order_items", [
        {"order_id": "of-deal", "line_number": "1", "product_id": "p", "quantity": "1", "unit_price": "5"},
    ], part="by_reference")  # fmt: skip
    write_rows(raw, "feedback/reviews", [
        {"review_id": "v1", "order_id": "order-hoa", "rating": "5", "body": "Hoa Nguyen", "reviewed_at": "2026-01-06"},
    ])  # fmt: skip
    write_rows(raw, "crm/activities", [
        {"activity_id": "a1", "activity_type": "call", "deal_id": "d1", "occurred_at": "2026-01-03"},
    ])  # fmt: skip
    write_rows(raw, "crm/tickets", [{"ticket_id": "k1", "order_id": "order-hoa", "opened_at": "2026-01-06"}])
    write_rows(raw, "feedback/survey_invitations", [
        {"invitation_id": "i1", **her, "survey_type": "nps", "sent_at": "2026-01-06"},
    ])  # fmt: skip
    write_rows(raw, "feedback/survey_responses", [
        {"response_id": "p1", "invitation_id": "i1", "survey_type": "nps", "score": "9", "responded_at": "2026-01-07"},
    ])  # fmt: skip
    write_rows(raw, "web/events", [{
        "event_id": "e9", "anonymous_id": "nobody-knows", "occurred_at": "2026-01-03", "event_name": "purchase",
        "order_id": "order-hoa", "page_url": "https://a.vn/thanks?email=hoa.erased@example.com",
    }], part="by_reference")  # fmt: skip
    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    publish(raw, out, project=small)

    assert traces_under(out) == {}
    columns = {
        "raw_crm.deals": "deal_id",
        "raw_crm.activities": "activity_id",
        "raw_crm.quotes": "quote_id",
        "raw_crm.subscription_changes": "change_id",
        "raw_crm.tickets": "ticket_id",
        "raw_orders.orders": "order_id",
        "raw_orders.order_items": "order_id",
        "raw_feedback.reviews": "review_id",
        "raw_feedback.survey_responses": "response_id",
        "raw_web.events": "event_id",
    }
    left = {
        "raw_crm.deals": [],
        "raw_crm.activities": [],
        "raw_crm.quotes": [],
        "raw_crm.subscription_changes": [],
        "raw_crm.tickets": [],
        "raw_orders.orders": ["o1", "of-mai"],
        "raw_orders.order_items": ["o1"],
        "raw_feedback.reviews": [],
        "raw_feedback.survey_responses": [],
        "raw_web.events": ["e1"],
    }
    assert _values(out, columns) == left

    # a refund, line or change that arrives later and refers only to a deleted record
    write_rows(raw, "orders/order_items", [
        {"order_id": "of-deal", "line_number": "2", "product_id": "p", "quantity": "1", "unit_price": "5"},
    ], part="later")  # fmt: skip
    write_rows(raw, "crm/subscription_changes", [
        {"change_id": "s1-3", "company_id": "c", "change_type": "started", **subscription},
    ], part="later")  # fmt: skip
    write_rows(raw, "feedback/reviews", [
        {"review_id": "v2", "order_id": "order-hoa", "rating": "1", "body": "again", "reviewed_at": "2026-01-08"},
    ], part="later")  # fmt: skip
    write_rows(raw, "web/events", [{
        "event_id": "e10", "anonymous_id": "nobody-knows", "occurred_at": "2026-01-04", "event_name": "purchase",
        "order_id": "order-hoa", "page_url": "https://a.vn/thanks",
    }], part="later")  # fmt: skip
    publish(raw, out, project=small)
    assert _values(out, columns) == left


def test_whoever_is_told_of_in_words_is_found(small: Path, tmp_path: Path) -> None:
    """Her address is found in URLs, in fields with several values, in free text, and in rows that arrive later."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    write_settings(raw, {**SETTINGS, "default_phone_country": "VN"})
    write_hoa(raw, "first")
    (raw / "web/events.csv").unlink()
    (raw / "crm/contacts.csv").unlink()
    (raw / "orders/orders.csv").unlink()
    hers = REQUEST["identifier_value"]
    # a field with two addresses is no identifier, but a reader recognises her
    write_rows(raw, "crm/contacts", [
        {"contact_id": "c-two", "email": f"first@example.com; {hers}", "created_at": "2026-01-02"},
    ], part="told")  # fmt: skip
    order = {"status": "paid", "total_amount": "5", "ordered_at": "2026-01-05"}
    write_rows(raw, "orders/orders", [
        {"order_id": "of-two", "contact_id": "c-two", **order},
        {"order_id": "unseen", "email": "hoa.er\u200based@example.com", **order},
    ], part="told")  # fmt: skip
    view = {"occurred_at": "2026-01-03T08:00:00Z", "event_name": "page_view"}
    write_rows(raw, "web/events", [
        {"event_id": "t1", "anonymous_id": "c9", "page_url": "https://a.vn/?e=Hoa.Erased%2540example.com", **view},
        {"event_id": "t2", "anonymous_id": "c9", "page_url": "https://a.vn/?p=%2B84%20987%20654%20321", **view},
        {"event_id": "t3", "anonymous_id": "c9", "page_url": "https://a.vn/?p=0987654322", **view},
        {"event_id": "t4", "anonymous_id": "c-later", **view},
        # a cookie that only her order names is hers, with all its events; one of a shared computer is not
        {"event_id": "t5", "anonymous_id": "c-order", "order_id": "order-hoa", **view},
        {"event_id": "t6", "anonymous_id": "c-order", **view},
        {"event_id": "t7", "anonymous_id": "c-shared", "order_id": "order-hoa", **view},
        {"event_id": "t8", "anonymous_id": "c-shared", "order_id": "o1", **view},
        {"event_id": "t9", "anonymous_id": "c-shared", **view},
    ], part="told")  # fmt: skip
    call = {"contact_id": "1", "activity_type": "call", "occurred_at": "2026-01-04"}
    write_rows(raw, "crm/activities", [
        {"activity_id": f"a{number}", **call, "outcome": f"ask her: {spelling}", "campaign": f"sale {number}"}
        for number, spelling in enumerate(SPELLINGS)
    ])  # fmt: skip
    # and words in the place of a time or an amount, in rows of Mai
    write_rows(raw, "crm/deals", [
        {"deal_id": "d1", "contact_id": "1", "amount": f"see {hers}", "created_at": "2026-01-04"},
        {"deal_id": "d2", "contact_id": "1", "amount": "5", "created_at": "0987 654 321"},
        {"deal_id": "d3", "contact_id": "1", "amount": "5", "created_at": "2026-01-04", "updated_at": f"{hers} x"},
        {"deal_id": "d5", "contact_id": "1", "amount": "5", "created_at": "4 January", "is_deleted": f"no: {hers}"},
    ])  # fmt: skip
    # lines that cannot be split into columns land as text in the column of the id
    with (raw / "crm/activities.csv").open("a", encoding="utf-8") as stream:
        stream.write("x1,84987654321\nx2,hoa.erased (at) example.com\n")
    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    published = run_build(raw, out, project=small)
    assert published.returncode == 0, published.stderr
    assert "erased         request r1:" in published.stdout
    assert traces_under(out) == {}
    left = {
        "raw_crm.contacts": "contact_id",
        "raw_crm.activities": "concat_ws('|', activity_id, outcome, campaign)",
        "raw_orders.orders": "order_id",
        "raw_web.events": "event_id",
    }
    assert _values(out, {"raw_crm.deals": "concat_ws('|', deal_id, amount, created_at, updated_at, is_deleted)"}) == {
        "raw_crm.deals": [
            *("d1|(erased)|2026-01-04", "d2|5|(erased)", "d3|5|2026-01-04|(erased)", "d5|5|4 January|(erased)"),
        ],
    }  # fmt: skip
    told = sorted(f"a{number}|(erased)|sale {number}" for number in range(len(SPELLINGS)))
    assert _values(out, left) == {
        "raw_crm.contacts": ["1"],
        # rows of Mai stay, except words that name the erased person
        "raw_crm.activities": told,
        "raw_orders.orders": ["o1"],
        "raw_web.events": ["e1", "t3", "t4", "t8", "t9"],
    }
    receipt = (out / "erasure_receipts.csv").read_text(encoding="utf-8").splitlines()
    assert receipt[0] == "request_id,erased_at,source_table,rows_removed,texts_removed"
    assert {tuple(line.split(",")[2:]) for line in receipt[1:]} == {
        ("crm.activities", "2", str(len(SPELLINGS))),
        ("crm.contacts", "3", "0"),
        ("crm.deals", "0", "4"),
        ("orders.order_items", "1", "0"),
        ("orders.orders", "3", "0"),
        ("orders.refunds", "1", "0"),
        ("privacy.erasure_requests", "1", "0"),
        ("web.events", "6", "0"),
        ("web.identities", "1", "0"),
    }

    # a cookie turns out to be hers, and she returns as another contact with orders that name only that contact
    write_rows(raw, "web/events", [{"event_id": "t10", "anonymous_id": "c-order", **view}], part="later")
    write_rows(raw, "web/identities", [{
        "anonymous_id": "c-later", "identifier_type": "email", "identifier_value": hers,
        "identified_at": "2026-01-09",
    }], part="later")  # fmt: skip
    write_rows(raw, "crm/contacts", [{"contact_id": "c-new", "email": hers, "created_at": "2026-01-09"}], part="later")
    write_rows(raw, "orders/orders", [{"order_id": "of-new", "contact_id": "c-new", **order}], part="later")
    publish(raw, out, project=small)
    assert traces_under(out) == {}
    assert _values(out, left) == {
        "raw_crm.contacts": ["1"],
        "raw_crm.activities": told,
        "raw_orders.orders": ["o1"],
        "raw_web.events": ["e1", "t3", "t8", "t9"],
    }

    # she is a customer again
    lifted = run_journey("lift-erasure", "--out", str(out), "--request", "r1")
    assert lifted.returncode == 0, lifted.stderr
    assert run_journey("lift-erasure", "--out", str(out), "--request", "r1").returncode == 2
    write_rows(raw, "crm/contacts", [{"contact_id": "c-new", "email": hers, "created_at": "2026-02-09"}], part="back")
    publish(raw, out, project=small)
    assert _values(out, {"raw_crm.contacts": "contact_id"}) == {"raw_crm.contacts": ["1", "c-new"]}


def test_her_name_in_texts_of_others(small: Path, tmp_path: Path) -> None:
    """Texts of others lose her name in any order of its words; not a namesake's, and not a common phrase.

    Also if the texts are delivered again.
    """
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    (raw / "crm/contacts.csv").unlink()
    write_rows(raw, "crm/contacts", [
        {"contact_id": f"c{number}", "created_at": "2026-01-01", "full_name": name}
        for number, name in enumerate(
            # the first five ask to be erased
            (
                *("Nguyễn Thị Hoa", "Lan Trần", "Khách hàng", "Mai", "Vũ Bảo Châu"),
                *("LAN TRAN", "Hoa", "Nam", "Bình", "Hà", "Tú", "Châu Vũ Bảo"),
            )
        )
    ])  # fmt: skip
    hers = (
        "said nguyen thi hoa, her colleague", "NGUYỄN  THỊ\u200b HOA", "https://a.vn/?n=Nguy%E1%BB%85n+Th%E1%BB%8B%20Hoa",
        "Nguyễn-Thị-Hoa", "Hoa Nguyen Thi called", "NGUYEN, Hoa Thi", "Thị Nguyễn Thị Hoa", "Vũ Bảo Châu",
    )  # fmt: skip
    not_hers = (
        *("Nguyễn Thị Hoàng", "Thị Hoa", "Hoa", "Hoa and Nguyen Thi", "Nguyễn Thị", "nguyen_thi_hoa", "mai"),
        *("Lan Trần called", "Trần Lan called", "Châu Vũ Bảo", "Bảo Châu Vũ"),
    )
    call = {"activity_type": "call", "occurred_at": "2026-01-04"}
    calls = [
        *({"activity_id": f"a{number}", "contact_id": "c7", "outcome": text, **call}
          for number, text in enumerate((*hers, *not_hers))),
        *({"activity_id": f"b{number}", "contact_id": f"c{number}", "outcome": f"khách hàng bận {number}", **call}
          for number in range(6, 11)),
    ]  # fmt: skip
    write_rows(raw, "crm/activities", calls, part="january")
    # names of companies and products, words in the place of a time, and names of files
    write_rows(raw, "crm/companies", [
        {"company_id": "k1", "company_name": "Nguyen Thi Hoa sole trader"},
        {"company_id": "k2", "company_name": "Lan Trần Ltd"},
    ])  # fmt: skip
    write_rows(raw, "orders/products", [
        {"product_id": "p1", "product_name": "Engraved for Nguyễn Thị Hoa"},
        {"product_id": "p2", "product_name": "Cup"},
    ])  # fmt: skip
    write_rows(raw, "crm/tickets", [
        {"ticket_id": "k1", "contact_id": "c7", "opened_at": "ask Nguyen Thi Hoa", "updated_at": "2026-01-04"},
        {"ticket_id": "k2", "contact_id": "c7", "opened_at": "2026-01-04", "updated_at": "by Hoa Nguyen Thi"},
        {"ticket_id": "k3", "contact_id": "c7", "opened_at": "4 January 26", "updated_at": ""},
    ], part="Hoa, NGUYEN_Thi 2026")  # fmt: skip
    write_rows(raw, "crm/tickets", [{"ticket_id": "k4", "opened_at": "2026-01-04"}], part="Lan Trần")
    write_rows(raw, "privacy/erasure_requests", [
        {**REQUEST, "request_id": f"r{number}", "identifier_type": "contact_id", "identifier_value": f"c{number}"}
        for number in range(5)
    ])  # fmt: skip
    publish(raw, out, project=small)
    kept = sorted([*["(erased)"] * len(hers), *not_hers, *(f"khách hàng bận {number}" for number in range(6, 11))])
    assert sorted(_values(out, {"raw_crm.activities": "outcome"})["raw_crm.activities"]) == kept
    assert _values(out, {
        "raw_crm.companies": "company_name",
        "raw_orders.products": "product_name",
        "raw_crm.tickets": "concat_ws('|', ticket_id, opened_at, updated_at)",
    }) == {
        "raw_crm.companies": ["(erased)", "Lan Trần Ltd"],
        "raw_orders.products": ["(erased)", "Cup"],
        "raw_crm.tickets": ["k1|(erased)|2026-01-04", "k2|2026-01-04|(erased)", "k3|4 January 26", "k4|2026-01-04"],
    }  # fmt: skip
    files = " ".join(_values(out, {"private.landed_files": "path"})["private.landed_files"])
    assert "Thi" not in files and "Lan Trần" in files
    assert "NGUYEN" not in (out / "built_from.json").read_text(encoding="utf-8")

    # the same calls and one more, in a new version of the file
    more = {"activity_id": "a99", "contact_id": "c7", "outcome": "Hoa called for Nguyen Thi Hoa again", **call}
    write_rows(raw, "crm/activities", [*calls, more], part="january")
    publish(raw, out, project=small)
    assert sorted(_values(out, {"raw_crm.activities": "outcome"})["raw_crm.activities"]) == ["(erased)", *kept]

    # the request was a mistake
    assert run_journey("lift-erasure", "--out", str(out), "--request", "r0").returncode == 0
    (raw / "privacy/erasure_requests.csv").unlink()
    write_rows(raw, "crm/activities", [more], part="february")
    publish(raw, out, project=small)
    texts = _values(out, {"raw_crm.activities": "outcome"})["raw_crm.activities"]
    assert texts.count(more["outcome"]) == 1


def _values(out: Path, columns: dict[str, str]) -> dict[str, list[str]]:
    with duckdb.connect(str(out / "warehouse.duckdb"), read_only=True) as connection:
        return {
            table: [value for (value,) in connection.execute(f"select {column} from {table} order by 1").fetchall()]
            for table, column in columns.items()
        }


def test_a_request_erases_a_person_or_nobody(small: Path, tmp_path: Path) -> None:
    """A request for a shared mailbox, a withdrawn one and one that is refused erase nobody; the summary names them.

    Two rows of one request are two identifiers of it, unless one is a later version.
    """
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_tiny_company(raw)
    (raw / "crm/contacts.csv").unlink()
    write_rows(raw, "crm/contacts", [
        {"contact_id": f"c{number}", "email": "office@example.com" if number < 7 else "", "created_at": "2026-01-01"}
        for number in range(10)
    ])  # fmt: skip
    asked = {"identifier_type": "email", "requested_at": "2026-01-05"}
    office = {"identifier_value": "office@example.com", **asked}
    write_rows(raw, "privacy/erasure_requests", [
        {"request_id": "shared", **office},
        {"request_id": "withdrawn", **office, "identifier_type": "contact_id", "identifier_value": "c1"},
        {
            "request_id": "withdrawn", **office, "identifier_type": "contact_id", "identifier_value": "c1",
            "updated_at": "2026-01-06", "is_deleted": "true",
        },
        {"request_id": "odd", **office, "identifier_type": "e-mail"},
        {"request_id": "one", **asked, "identifier_type": "contact_id", "identifier_value": "c2"},
        {"request_id": "nobody", **asked, "identifier_type": "contact_id", "identifier_value": "c7.0"},
        {"request_id": "undated", **office, "requested_at": "yesterday"},
        # two identifiers of one request, and one that was corrected
        {"request_id": "two", **asked, "identifier_type": "contact_id", "identifier_value": "c7"},
        {"request_id": "two", **asked, "identifier_type": "contact_id", "identifier_value": "c8"},
        {"request_id": "mend", **asked, "identifier_type": "contact_id", "identifier_value": "c3"},
        {
            "request_id": "mend", **asked, "identifier_type": "contact_id", "identifier_value": "c9",
            "updated_at": "2026-01-06",
        },
    ])  # fmt: skip
    done = run_build(raw, out, project=small)
    assert done.returncode == 0, done.stderr
    assert (
        "erasure request shared: nobody was erased, because several people share its email (7 contacts have it)"
        in done.stdout
    )
    assert "request nobody: no row of this person was found. If you know the person, correct it" in done.stdout
    assert "request one: 2 rows of 2 tables" in done.stdout
    for request, reason in (("odd", "unknown_identifier_type"), ("undated", "invalid_requested_at")):
        line = f"erasure request {request}: nobody was erased, because its row is refused ({reason}). Correct the row"
        assert line in done.stdout
    with duckdb.connect(str(out / "warehouse.duckdb"), read_only=True) as connection:
        contacts = connection.execute("select contact_id from raw_crm.contacts order by 1").fetchall()
        reasons = connection.execute(
            "select row_reason from staging.stg_privacy__erasure_requests where row_status = 'quarantined'"
        ).fetchall()
    assert contacts == [("c0",), ("c1",), ("c3",), ("c4",), ("c5",), ("c6",)]
    assert sorted(reasons) == [("invalid_requested_at",), ("unknown_identifier_type",)]
