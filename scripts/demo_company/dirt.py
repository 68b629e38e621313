"""Adds the dirt of real deliveries: repeated rows, other versions, tombstones, late rows.

Dirt is added next to the clean rows, which stay unchanged, so that the truth about the company stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_company.columns import Frame, Ints, build, ids, join, take
from demo_company.tables import KEYS, SCHEMAS
from demo_company.truth import Truth
from demo_company.world import DAY, END, PEOPLE_PER_BATCH

_REPEATED = {
    "web/events": 0.002,
    "orders/orders": 0.004,
    "crm/contacts": 0.004,
    "marketing/email_events": 0.001,
    "web/identities": 0.004,
    "crm/activities": 0.004,
    "orders/order_items": 0.003,
    "web/experiment_exposures": 0.002,
    "marketing/social_interactions": 0.003,
    "crm/tickets": 0.01,
    "feedback/survey_responses": 0.005,
}
"""Share of rows that a table delivers twice as exact duplicates."""


@dataclass(frozen=True)
class Dirt:
    """The batch to add dirt to, its random stream, and the truth that records each planted row."""

    batch: int
    rng: np.random.Generator
    truth: Truth

    def some(self, rows: int, share: float) -> Ints:
        """Draw positions of some rows; at least one in the first batch, so that a small demo has every kind of dirt."""
        count = max(round(rows * share), int(self.batch == 0))
        return np.sort(self.rng.choice(rows, min(count, rows), replace=False))

    def few(self, count: int) -> Ints:
        """Numbers for the ids of planted rows, distinct over all batches."""
        return self.batch * PEOPLE_PER_BATCH + np.arange(count, dtype=np.int64)


def row_keys(table: str, rows: pa.Table) -> pa.Array:
    """The key of each row as text."""
    parts = [pc.fill_null(rows[name].cast(pa.string()), "") for name in KEYS[table]]
    return pc.binary_join_element_wise(*parts, "|")


def repeat_rows(dirt: Dirt, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Deliver some rows a second time, unchanged."""
    again = {}
    for table, share in _REPEATED.items():
        rows = tables[table]
        again[table] = rows.take(pa.array(dirt.some(len(rows), share)))
        dirt.truth.planted(table, "exact_duplicate", row_keys(table, again[table]), "duplicate")
    return again


def older_versions(dirt: Dirt, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Older versions of some rows, with their values before the last update."""
    changes: dict[str, tuple[float, str, dict[str, object]]] = {
        "crm/contacts": (0.03, "created_at", {"lead_source": None, "phone": None, "persona": None}),
        "crm/companies": (0.05, "created_at", {"employee_count": None}),
        "crm/tickets": (0.08, "opened_at", {"resolved_at": None, "first_response_at": None}),
        "crm/deals": (
            0.15,
            "created_at",
            {"status": "open", "deal_stage": "qualified", "closed_at": None, "lost_reason": None},
        ),
        "orders/orders": (0.05, "ordered_at", {"status": "pending", "delivered_at": None}),
    }
    older = {}
    for table, (share, time, values) in changes.items():
        rows = tables[table].filter(pc.less(tables[table][time], tables[table]["updated_at"]))
        rows = rows.take(pa.array(dirt.some(len(rows), share)))
        older[table] = _with(rows, {**values, "updated_at": rows[time]})
        dirt.truth.planted(table, "superseded_version", row_keys(table, rows), "duplicate")
    answers = tables["feedback/survey_responses"]
    answers = answers.take(pa.array(dirt.some(len(answers), 0.01)))
    earlier = pc.subtract(answers["responded_at"], pa.scalar(600_000_000, pa.duration("us")))
    older["feedback/survey_responses"] = _with(answers, {"score": pa.repeat(3.0, len(answers)), "updated_at": earlier})
    dirt.truth.planted(
        "feedback/survey_responses",
        "superseded_version",
        row_keys("feedback/survey_responses", answers),
        "duplicate",
    )
    return older


def former_emails(dirt: Dirt, contacts: pa.Table) -> dict[str, pa.Table]:
    """Older versions of contacts with a former e-mail, and two calls by it: one in its validity period, one after."""
    rows = contacts.filter(pc.and_(pc.is_valid(contacts["email"]), pc.starts_with(contacts["contact_id"], "C0")))
    rows = rows.filter(pc.less(rows["created_at"], rows["updated_at"]))
    rows = rows.take(pa.array(dirt.some(len(rows), 0.008)))
    address = join("cu.", pc.utf8_lower(pc.utf8_trim_whitespace(rows["email"].combine_chunks())))
    persons = pc.utf8_slice_codeunits(rows["contact_id"].combine_chunks(), 1).cast(pa.int64()).to_numpy()
    dirt.truth.identifiers(persons, "email", address)
    dirt.truth.planted("crm/contacts", "superseded_email", row_keys("crm/contacts", rows), "duplicate")
    later = pc.add(rows["updated_at"], pa.scalar(1_800_000_000, pa.duration("us")))
    calls = []
    for kind, prefix, times in (("while_current", "AP", rows["created_at"]), ("later", "AQ", later)):
        frame: Frame = {
            "activity_id": ids(prefix, persons),
            "email": address,
            "activity_type": "call",
            "direction": "inbound",
            "occurred_at": times,
            "channel": "call",
        }
        calls.append(build("crm/activities", frame, rows=len(rows)))
        keys = row_keys("crm/activities", calls[-1])
        dirt.truth.planted("crm/activities", f"superseded_email_{kind}", keys, "accepted")
    return {
        "crm/contacts": _with(rows, {"email": address, "updated_at": rows["created_at"]}),
        "crm/activities": pa.concat_tables(calls),
    }


def later_versions(dirt: Dirt, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Versions with an update time after as-of: a build must defer them."""
    later = {}
    for table, values in (
        ("orders/orders", {"status": "returned"}),
        ("crm/contacts", {"lead_source": "Đổi sau"}),
    ):
        rows = tables[table].take(pa.array(dirt.some(len(tables[table]), 0.001)))
        stamp = pa.array(np.full(len(rows), (END + 2 * DAY) * 1_000_000)).cast(SCHEMAS[table].field("updated_at").type)
        later[table] = _with(rows, {**values, "updated_at": stamp})
        dirt.truth.planted(table, "version_after_as_of", row_keys(table, rows), "deferred")
    return later


def tombstones(dirt: Dirt) -> dict[str, pa.Table]:
    """Rows deleted at their source: the tombstone is accepted, and no row remains."""
    number = dirt.few(3)
    time = END - 200 * DAY - number % 1_000 * 60
    twice, died = np.concatenate([number, number]), np.repeat([False, True], len(number))
    stamp = np.concatenate([time, time + DAY])
    both = {"updated_at": stamp, "is_deleted": died}
    graves = {
        "crm/contacts": build(
            "crm/contacts",
            {
                "contact_id": ids("CT", twice),
                "email": join("da.xoa", ids("", twice), "@gmail.com"),
                "created_at": np.concatenate([time, time]),
                **both,
            },
        ),
        "orders/orders": build(
            "orders/orders",
            {
                "order_id": ids("GT", twice),
                "email": join("da.xoa", ids("", twice), "@gmail.com"),
                "status": "completed",
                "ordered_at": np.concatenate([time, time]),
                "total_amount": np.full(len(twice), 590_000.0),
                **both,
            },
        ),
        "crm/activities": build(
            "crm/activities",
            {
                "activity_id": ids("AT", number),
                "email": join("da.xoa", ids("", number), "@gmail.com"),
                "activity_type": "call",
                "occurred_at": time,
                "is_deleted": np.ones(len(number), dtype=np.bool_),
            },
        ),
        "feedback/reviews": build(
            "feedback/reviews",
            {
                "review_id": ids("RT", number),
                "rating": np.full(len(number), 1),
                "reviewed_at": time,
                "is_deleted": np.ones(len(number), dtype=np.bool_),
            },
        ),
    }
    for table, rows in graves.items():
        keys = row_keys(table, rows)
        dirt.truth.planted(table, "tombstone", keys[-len(number) :], "accepted")
        if len(rows) > len(number):
            dirt.truth.planted(table, "before_tombstone", keys[: len(number)], "duplicate")
    return graves


def land(dirt: Dirt, events: pa.Table, month_of: Ints) -> Ints:
    """The monthly file in which each event lands: mostly its own month, sometimes the next one (late arrival)."""
    late = dirt.some(len(events), 0.002)
    late = late[month_of[late] < month_of.max()]
    landed = month_of.copy()
    landed[late] += 1
    dirt.truth.planted("web/events", "late_arrival", take(events["event_id"].combine_chunks(), late), "accepted")
    return landed


def note_spellings(dirt: Dirt, table: str, rows: pa.Table) -> None:
    """Record the e-mails and phone numbers that are valid but not in normalized form."""
    for column, kind in (("email", "untidy_email"), ("phone", "untidy_phone")):
        plain = pc.utf8_lower(pc.utf8_trim_whitespace(rows[column])) if column == "email" else rows[column]
        untidy = pc.not_equal(rows[column], plain) if column == "email" else pc.invert(pc.starts_with(plain, "+84"))
        keys = row_keys(table, rows).filter(pc.fill_null(untidy, False))
        dirt.truth.planted(table, kind, keys, "accepted")


def _with(rows: pa.Table, values: Mapping[str, object]) -> pa.Table:
    """The rows with some columns replaced: by another column, by one repeated string, or by null."""
    for name, value in values.items():
        position = rows.schema.get_field_index(name)
        field = rows.schema.field(position)
        if value is None:
            value = pa.nulls(len(rows), field.type)
        elif isinstance(value, str):
            value = pa.repeat(value, len(rows))
        rows = rows.set_column(position, field, value)
    return rows


def restated_spend(dirt: Dirt, spend: pa.Table) -> pa.Table:
    """Restated spend (first reported lower), spend in two rows of one key that add up, and invalid spend."""
    restated = spend.take(pa.array(dirt.some(len(spend), 0.03)))
    first = _with(
        restated,
        {
            "cost": pc.multiply(restated["cost"].cast(pa.float64()), 0.7).cast(pa.decimal128(18, 2), safe=False),
            "updated_at": pc.subtract(restated["updated_at"], pa.scalar(3_600_000_000, pa.duration("us"))),
        },
    )
    dirt.truth.planted("marketing/ad_spend", "superseded_version", row_keys("marketing/ad_spend", first), "duplicate")
    split = spend.take(pa.array(dirt.some(len(spend), 0.005)))
    rest = _with(
        split,
        {
            "cost": pa.repeat(1.11, len(split)).cast(pa.decimal128(18, 2)),
            "impressions": pa.repeat(7, len(split)),
            "clicks": pa.repeat(1, len(split)),
        },
    )
    dirt.truth.planted("marketing/ad_spend", "split_in_parts", row_keys("marketing/ad_spend", rest), "accepted")
    negative = _with(
        spend.slice(0, 2),
        {"cost": pa.repeat(-5.0, 2).cast(pa.decimal128(18, 2)), "ad_id": pa.array(["sai-1", "sai-2"])},
    )
    dirt.truth.planted("marketing/ad_spend", "negative_amount", row_keys("marketing/ad_spend", negative), "quarantined")
    foreign = _with(spend.slice(2, 2), {"currency": pa.repeat("XXX", 2), "ad_id": pa.array(["sai-3", "sai-4"])})
    dirt.truth.planted("marketing/ad_spend", "unknown_currency", row_keys("marketing/ad_spend", foreign), "quarantined")
    return pa.concat_tables([spend, first, rest, negative, foreign])
