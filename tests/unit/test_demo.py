"""The demo company is complete, repeatable, bounded in memory, as dirty as documented, and contains Customer A."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import demo_company as demo
import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from customer_journey.paths import DEMO
from customer_journey.privacy.hash_key import DEMO_MARK
from demo_company import generator
from demo_company.campaigns import CAMPAIGNS
from demo_company.columns import Ints
from demo_company.dirt import row_keys
from demo_company.tables import CSV_TABLES, KEYS, SCHEMAS
from demo_company.world import EXPERIMENTS, PURCHASES
from demo_company.writer import RawWriter

PROJECT = Path(__file__).parents[2]
SCALE = 0.15

# columns that the contract requires of each raw table; `a|b`: one of them
REQUIRED = {
    "crm/contacts": "contact_id created_at",
    "crm/companies": "company_id company_name",
    "crm/activities": "activity_id contact_id|email activity_type occurred_at",
    "crm/lifecycle_changes": "change_id contact_id stage changed_at",
    "crm/deals": "deal_id contact_id|company_id status created_at",
    "crm/deal_changes": "change_id deal_id deal_stage changed_at",
    "crm/quotes": "quote_id contact_id|company_id quoted_at",
    "crm/tickets": "ticket_id contact_id|email opened_at",
    "crm/referrals": "referral_id referrer_contact_id referred_at",
    "crm/subscription_changes": "change_id subscription_id contact_id|company_id change_type mrr changed_at",
    "crm/loyalty_events": "loyalty_event_id contact_id event_type occurred_at",
    "web/events": "event_id anonymous_id occurred_at event_name",
    "web/identities": "anonymous_id identifier_type identifier_value identified_at",
    "web/experiment_exposures": "experiment variant anonymous_id exposed_at",
    "marketing/ad_spend": "spend_date platform cost",
    "marketing/email_events": "email_event_id email event_type occurred_at",
    "marketing/social_interactions": "interaction_id platform interaction_type occurred_at",
    "marketing/offline_visits": "visit_id identifier_type identifier_value place_type visited_at",
    "orders/orders": "order_id ordered_at status total_amount",
    "orders/order_items": "order_id line_number product_id quantity unit_price",
    "orders/refunds": "refund_id refunded_at amount",
    "orders/products": "product_id product_name",
    "feedback/survey_invitations": "invitation_id email|contact_id survey_type sent_at",
    "feedback/survey_responses": "response_id email|contact_id survey_type score responded_at",
    "feedback/reviews": "review_id rating reviewed_at",
    "finance/exchange_rates": "rate_date currency rate_to_reporting",
    "privacy/consents": "consent_id identifier_type identifier_value purpose status changed_at",
    "privacy/erasure_requests": "request_id identifier_type identifier_value requested_at",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    demo.generate(folder / "raw", scale=SCALE, truth=folder / "truth")
    return folder


def raw(company: Path, table: str) -> pa.Table:
    file = company / "raw" / table
    if table in CSV_TABLES:
        text = pacsv.ConvertOptions(
            column_types=dict.fromkeys(SCHEMAS[table].names, pa.string()), strings_can_be_null=True
        )
        lines = pacsv.ParseOptions(newlines_in_values=True)
        return pacsv.read_csv(file.with_suffix(".csv"), convert_options=text, parse_options=lines)
    parts = sorted(file.glob("*.parquet")) if file.is_dir() else [file.with_suffix(".parquet")]
    return pa.concat_tables([pq.read_table(part) for part in parts])


def content(file: Path) -> "pa.Table | bytes":
    return pq.read_table(file) if file.suffix == ".parquet" else file.read_bytes()


def query(company: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql.format(raw=company / "raw", truth=company / "truth")).fetchall()


def truth(company: Path, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((company / "truth" / f"{name}.json").read_text(encoding="utf-8"))
    return document


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    digests = []
    for run in ("one", "two"):
        demo.generate(tmp_path / run, scale=0.02, truth=tmp_path / run / "truth")
        files = sorted(file for file in (tmp_path / run).rglob("*") if file.is_file())
        digests.append({str(f.relative_to(tmp_path / run)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files})
    assert digests[0] == digests[1]


def test_what_lies_in_the_repository_is_what_the_generator_makes(tmp_path: Path) -> None:
    demo.generate(tmp_path)
    names = {path.relative_to(DEMO) for path in DEMO.rglob("*") if path.is_file()}
    assert names == {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    # the bytes depend on the version of the Parquet library
    stale = [
        name.as_posix()
        for name in sorted(names - {Path(DEMO_MARK)})
        if content(DEMO / name) != content(tmp_path / name)
    ]
    assert stale == [], "renew them with: journey demo --out examples/demo"
    marked = json.loads((DEMO / DEMO_MARK).read_text(encoding="utf-8"))["files"]
    there = {name: hashlib.sha256((DEMO / name).read_bytes()).hexdigest() for name in marked}
    assert marked == there
    assert {Path(name) for name in marked} == names - {Path(DEMO_MARK), Path("vars.yml")}


def test_another_seed_writes_another_company(tmp_path: Path, company: Path) -> None:
    demo.generate(tmp_path / "raw", scale=SCALE, seed=1)
    assert raw(tmp_path, "orders/orders") != raw(company, "orders/orders")


def test_every_table_has_rows_and_the_columns_of_the_contract(company: Path) -> None:
    assert set(SCHEMAS) == set(REQUIRED)
    for table, required in REQUIRED.items():
        rows = raw(company, table)
        assert rows.schema.names == SCHEMAS[table].names
        assert len(rows) > 0, table
        for column in required.replace("|", " ").split():
            assert rows[column].null_count < len(rows), f"{table}.{column}"


def test_rows_reported_are_rows_written(company: Path, tmp_path: Path) -> None:
    made = demo.generate(tmp_path, scale=SCALE)
    assert dict(made.rows) == {table: len(raw(company, table)) for table in SCHEMAS}
    assert made.as_of == demo.AS_OF == "2026-06-30T17:00:00Z"


def test_a_company_of_a_few_dozen_people_is_whole_too(tmp_path: Path) -> None:
    assert all(rows > 0 for rows in demo.generate(tmp_path, scale=0.01).rows.values())


def test_a_company_of_one_person_works(tmp_path: Path) -> None:
    assert set(demo.generate(tmp_path, scale=0.0001).rows) == set(SCHEMAS)


def test_a_scale_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale"):
        demo.generate(tmp_path, scale=0)


def test_rows_grow_with_the_scale_and_what_is_held_at_once_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "CONSUMERS", 500)
    monkeypatch.setattr(generator, "BUSINESS_PEOPLE", 40)
    at_once: list[int] = []
    add_events = RawWriter.add_events

    def watched(self: RawWriter, rows: pa.Table, landed: Ints) -> None:
        at_once.append(len(rows))
        add_events(self, rows, landed)

    monkeypatch.setattr(RawWriter, "add_events", watched)
    small = demo.generate(tmp_path / "small", scale=1)
    largest = max(at_once)
    steps: list[tuple[str, float]] = []
    large = demo.generate(tmp_path / "large", scale=3, on_progress=lambda what, share: steps.append((what, share)))
    assert 2.6 < large.rows["web/events"] / small.rows["web/events"] < 3.4
    assert max(at_once) < 1.3 * largest
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    events = pq.read_table(tmp_path / "large" / "web" / "events", columns=["event_id"])
    repeated = len(events) - len(events["event_id"].unique())
    assert repeated < 0.01 * len(events)


def test_planted_dirt_is_there(company: Path) -> None:
    planted = pq.read_table(company / "truth" / "dirt.parquet").to_pylist()
    keys = {table: Counter(row_keys(table, raw(company, table)).to_pylist()) for table in SCHEMAS}
    for row in planted:
        table, kind, key = row["source_table"], row["kind"], row["row_key"]
        if kind in ("bot_cookie", "unknown_column"):
            continue
        # another version of a row, a repetition or a part of a sum shares its key
        least = 2 if row["disposition"] == "duplicate" or kind == "split_in_parts" else 1
        assert keys[table][key] >= least, row
    counted = Counter((row["source_table"], row["kind"]) for row in planted)
    written = {(table, kind): n for table, kinds in truth(company, "dirt").items() for kind, n in kinds.items()}
    assert counted == written


def test_no_key_is_repeated_but_by_planted_dirt(company: Path) -> None:
    planted = Counter(
        (row["source_table"], row["row_key"])
        for row in pq.read_table(company / "truth" / "dirt.parquet").to_pylist()
        if row["disposition"] in ("duplicate", "deferred") or row["kind"] == "split_in_parts"
    )
    for table in SCHEMAS:
        rows = raw(company, table)
        whole = [i for i, row in enumerate(rows.select(list(KEYS[table])).to_pylist()) if row[KEYS[table][0]]]
        for key, count in Counter(row_keys(table, rows.take(whole)).to_pylist()).items():
            assert count <= 1 + planted[table, key], f"{table} {key}"


KINDS = {
    "crm/contacts": """
        shared_phone family_phone placeholder_email_and_phone internal_contact merged_contact superseded_email
        untidy_email untidy_phone tombstone version_after_as_of missing_required
    """,
    "orders/orders": """
        negative_amount unknown_currency unknown_status test_order after_as_of superseded_version
    """,
    "web/events": "exact_duplicate late_arrival bot_cookie email_in_utm missing_required",
    "web/identities": "kiosk_device",
    "orders/order_items": "broken_reference child_of_quarantined child_of_deferred",
    "orders/refunds": "broken_reference negative_amount",
    "crm/deal_changes": "broken_reference",
    "crm/quotes": "unreadable_value",
    "finance/exchange_rates": "unreadable_value",
    "marketing/social_interactions": "unknown_column out_of_range",
    "marketing/ad_spend": "superseded_version split_in_parts",
}


@pytest.mark.parametrize("table", KINDS)
def test_each_kind_of_dirt_is_planted(company: Path, table: str) -> None:
    assert set(KINDS[table].split()) <= set(truth(company, "dirt")[table])


def test_only_planted_rows_lie_after_as_of(company: Path) -> None:
    planted = {
        (row["source_table"], row["row_key"])
        for row in pq.read_table(company / "truth" / "dirt.parquet").to_pylist()
        if row["disposition"] == "deferred"
    }
    for table in sorted(set(SCHEMAS) - CSV_TABLES):
        rows = raw(company, table)
        times = [f.name for f in SCHEMAS[table] if pa.types.is_timestamp(f.type) and not f.name.startswith("promised")]
        keys = row_keys(table, rows).to_pylist()
        for name in times:
            for key, time in zip(keys, rows[name].to_pylist(), strict=True):
                late = time is not None and time.isoformat() > "2026-06-30T17:00:00+00:00"
                assert not late or (table, key) in planted, f"{table} {key} {name}"


def test_csv_times_come_with_and_without_offset(company: Path) -> None:
    times = raw(company, "marketing/offline_visits")["visited_at"].to_pylist()
    assert any(time.endswith("+07:00") for time in times)
    assert any(time.endswith("Z") for time in times)
    assert any(len(time) == len("2025-01-01 00:00:00") for time in times)


def test_order_lines_add_up_to_their_order(company: Path) -> None:
    wrong = query(
        company,
        """
        with lines as (
            select order_id, sum(quantity * unit_price - discount_amount) as net
            from (select distinct * from '{raw}/orders/order_items.parquet')
            where line_number < 900 group by order_id
        )
        select order_id from '{raw}/orders/orders.parquet' join lines using (order_id)
        where abs(total_amount - tax_amount - shipping_amount - net) > 0.001 and total_amount > 0
        """,
    )
    assert wrong == []


def test_a_web_order_is_placed_at_its_purchase_event(company: Path) -> None:
    found = query(
        company,
        """
        select count(*), count(*) filter (occurred_at = ordered_at)
        from '{raw}/web/events/*.parquet' as events
        join '{raw}/orders/orders.parquet' as orders using (order_id)
        where event_name = 'purchase'
        """,
    )
    assert found[0][0] == found[0][1] > 100


def test_sessions_of_a_cookie_lie_half_an_hour_apart(company: Path) -> None:
    close = query(
        company,
        """
        select count(*) from (
            select started_at - lag(ended_at) over (partition by anonymous_id order by started_at) as gap
            from '{truth}/sessions.parquet'
        ) where gap <= interval 31 minutes
        """,
    )
    assert close == [(0,)]


def test_every_cookie_of_a_session_belongs_to_its_person(company: Path) -> None:
    strangers = query(
        company,
        """
        select count(*) from '{truth}/sessions.parquet' as sessions
        left join '{truth}/persons.parquet' as persons
            on persons.identifier_type = 'anonymous_id' and persons.identifier_value = sessions.anonymous_id
            and persons.person_id = sessions.person_id
        where persons.person_id is null
        """,
    )
    assert strangers == [(0,)]


def test_purchases_follow_the_process_that_truth_names(company: Path) -> None:
    rate, dropout, value = query(
        company, "select avg(purchase_rate), avg(dropout), avg(mean_value) from '{truth}/customers.parquet'"
    )[0]
    law = PURCHASES
    assert rate == pytest.approx(law.r / law.alpha, rel=0.35)
    assert dropout == pytest.approx(law.a / (law.a + law.b), rel=0.25)
    assert value == pytest.approx(law.p * law.v / (law.q - 1), rel=0.25)
    assert truth(company, "purchase_process")["alpha"] == law.alpha


def test_a_channel_brings_what_would_be_missing_without_it(company: Path) -> None:
    effects = truth(company, "channel_effects")
    brought = {k: c["expected_conversions"] - c["expected_conversions_without"] for k, c in effects.items()}
    assert min(brought.values()) > -1
    # per visit, a referral has a much greater effect than a banner
    assert brought["referral"] / effects["referral"]["visits"] > 4 * brought["display"] / effects["display"]["visits"]


def test_experiments_expose_people_to_each_variant(company: Path) -> None:
    for experiment in EXPERIMENTS:
        variants = truth(company, "experiments")[experiment.key]["variants"]
        assert [variant["variant"] for variant in variants] == list(experiment.variants)
        assert all(variant["exposed"] > 20 for variant in variants)


def test_late_deliveries_cost_satisfaction(company: Path) -> None:
    late, punctual = query(
        company,
        """
        with orders as (
            select distinct order_id, delivered_at > promised_delivery_at as is_late
            from '{raw}/orders/orders.parquet'
            where delivered_at is not null
        )
        select avg(rating) filter (is_late), avg(rating) filter (not is_late)
        from read_csv('{raw}/feedback/reviews.csv', types = {{'rating': 'varchar'}}) as reviews
        join orders using (order_id), lateral (select try_cast(reviews.rating as double) as stars) as stars
        """.replace("avg(rating)", "avg(stars)"),
    )[0]
    assert late < punctual - 0.5


def test_seeds_name_what_the_demo_writes(company: Path) -> None:
    def seed(name: str) -> list[dict[str, str]]:
        with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    statuses = {row["raw_status"] for row in seed("order_status_map")}
    written = {status.strip().lower() for status in raw(company, "orders/orders")["status"].to_pylist()}
    assert written - statuses == {"đang xử lý lại"}
    stages = {row["crm_stage"] for row in seed("crm_stage_map")}
    written = {stage.strip().lower() for stage in raw(company, "crm/lifecycle_changes")["stage"].to_pylist()}
    assert written - stages == {"đang ngủ đông"}
    untagged = {
        (c.platform, c.account_id, c.campaign_id, c.channel, c.key) for c in CAMPAIGNS if not c.tagged and c.mapped
    }
    assert {tuple(row.values()) for row in seed("campaign_map")} == untagged
    placeholders = {(row["identifier_type"], row["identifier_value"]) for row in seed("identifier_placeholders")}
    assert {
        ("email", "noemail@gocheck.vn"),
        ("email", "test@test.com"),
        ("phone", "+84000000000"),
    } <= placeholders


def test_customer_a_is_there_step_by_step(company: Path) -> None:
    pages = Counter(
        group
        for (group,) in query(
            company,
            "select content_group from '{raw}/web/events/*.parquet' where anonymous_id like 'customer-a-%'",
        )
    )
    assert (pages["blog"], pages["video"]) == (5, 10)
    assert pages["comparison"] and pages["ranking"] and pages["reviews"] and pages["store_locator"]
    story = query(
        company,
        """
        with steps as (
            select occurred_at as moment, activity_type as what, contact_id
            from '{raw}/crm/activities.parquet'
            union all
            select ordered_at, 'order', 'A' from '{raw}/orders/orders.parquet'
            where order_id = 'A-1' and sales_channel = 'store'
            union all
            select opened_at, 'ticket', contact_id from '{raw}/crm/tickets.parquet'
            union all
            select responded_at, survey_type || score::int, contact_id
            from '{raw}/feedback/survey_responses.parquet'
            union all
            select referred_at, 'referral', referrer_contact_id from '{raw}/crm/referrals.parquet'
        )
        select moment, what from steps where contact_id = 'A' order by all
        """,
    )
    assert [what for _, what in story] == [
        "newsletter_signup", "consultation_request", "order", "chat", "ticket", "onboarding", "csat5", "ces7",
        "product_usage", "product_usage", "product_usage", "product_usage", "nps10", "referral",
    ]  # fmt: skip
    own = query(company, "from '{truth}/persons.parquet' where person_id = 'P99999999001'")
    own = [row[1:3] for row in own]
    assert ("contact_id", "A") in own
    assert ("email", "customer.a@example.com") in own
    assert ("phone", "+84912345678") in own
    assert len(truth(company, "customer_a")["steps"]) > 10
