"""Heavier dirt: ambiguities that the demo's clean sources lack and many real sources have.

On clean data two different definitions of a metric may give the same value; on this data they differ, so that a test
can tell them apart. A hash of the id decides which rows change.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from demo_company.tables import SCHEMAS

_STATEMENTS: dict[str, str] = {
    # the shop's theme sends no purchase events: only the orders show purchases
    "web/events": "select * from source_rows where event_name <> 'purchase'",
    # some answer twice within a month, and some second NPS answers are relational instead of transactional
    "feedback/survey_responses": """
        select * from source_rows
        union all
        select * replace (
            response_id || '-again' as response_id, null as invitation_id, greatest(score - 1, 1) as score,
            case
                when survey_type = 'nps' and is_among(response_id, 'kind', 40) then 'relational' else survey_kind
            end as survey_kind,
            responded_at + interval 30 hours as responded_at, updated_at + interval 30 hours as updated_at
        )
        from source_rows where is_among(response_id, 'again', 25)
    """,
    # the CRM fills closed_at of open deals with the expected close date
    "crm/deals": """
        select * replace (coalesce(closed_at, created_at + interval 75 days) as closed_at) from source_rows
    """,
    # some subscriptions start with a free trial (MRR 0) and become paid by an upgrade
    "crm/subscription_changes": """
        select * replace (
            case
                when change_type = 'started' and is_among(subscription_id, 'trial', 35) then 'upgraded' else change_type
            end as change_type
        )
        from source_rows
        union all
        select * replace (
            change_id || '-trial' as change_id, 0 as mrr, null as term_end, changed_at - interval 14 days as changed_at
        )
        from source_rows where change_type = 'started' and is_among(subscription_id, 'trial', 35)
    """,
    # an import set the stage customer for people who never bought
    "crm/lifecycle_changes": """
        select * from source_rows
        union all
        select
            'import-' || contact_id as change_id, contact_id, 'customer' as stage,
            created_at + interval 10 days as changed_at, 'import' as changed_by
        from contacts where is_among(contact_id, 'import', 4)
    """,
    # international phone numbers that keep the trunk zero: +84 (0)…
    "crm/contacts": """
        select * replace (
            case
                when phone like '0%' and is_among(contact_id, 'zero', 30) then '+84 (0)' || phone[2:] else phone
            end as phone
        )
        from source_rows
    """,
    # anonymous sales in stores; paid orders with status processing; no delivery time; e-mails with a mailto: prefix
    "orders/orders": """
        select * replace (
            case when status = 'paid' and is_among(order_id, 'word', 50) then 'processing' else status end as status,
            case
                when status = 'completed' and is_among(order_id, 'delivery', 15) then null else delivered_at
            end as delivered_at,
            case when is_among(order_id, 'mailto', 10) then 'mailto:' || email else email end as email
        )
        from source_rows
        union all
        select * replace (
            order_id || '-till' as order_id, null as email, null as phone, null as contact_id, null as anonymous_id,
            null as company_id, null as deal_id, null as subscription_id, 'store' as sales_channel,
            'completed' as status, null as promised_delivery_at, null as delivered_at
        )
        from source_rows where is_among(order_id, 'till', 6)
    """,
    # refunds entered a second time with more than the order's amount, some without an order
    "orders/refunds": """
        select * from source_rows
        union all
        select * replace (
            refund_id || '-again' as refund_id, 4 * amount as amount,
            case when is_among(refund_id, 'order', 30) then null else order_id end as order_id
        )
        from source_rows where is_among(refund_id, 'again', 30)
    """,
    # clicks by security scanners; campaigns of one tool without delivered events, of another without message ids
    "marketing/email_events": """
        select * replace (case when is_among(campaign, 'id', 15) then null else message_id end as message_id)
        from source_rows where not (event_type = 'delivered' and is_among(campaign, 'delivery', 20))
        union all
        select * replace (
            email_event_id || '-scan' as email_event_id, 'clicked' as event_type, true as is_machine,
            occurred_at + interval 3 seconds as occurred_at
        )
        from source_rows where event_type = 'delivered' and is_among(email_event_id, 'scan', 10)
    """,
}
# Tools that write what the clock in their office shows; Los Angeles also has summer time.
ZONES = {"feedback/reviews": "America/Los_Angeles", "marketing/offline_visits": "Asia/Ho_Chi_Minh"}
_SOME = "create macro is_among(id, what, percent) as md5_number_lower(coalesce(id, '') || what) % 100 < percent"


def make_untidy(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables of a batch with heavy dirt; columns and types stay the same."""
    untidy = dict(tables)
    with duckdb.connect() as connection:
        connection.execute(_SOME)
        connection.register("contacts", _without_zone(tables["crm/contacts"]))
        for table, statement in _STATEMENTS.items():
            connection.register("source_rows", _without_zone(tables[table]))
            # DuckDB's threads may return the rows in any order: sorting keeps the output reproducible
            rows: pa.Table = connection.sql(f"select * from ({statement}) as untidy order by all").to_arrow_table()
            untidy[table] = rows.select(SCHEMAS[table].names).cast(SCHEMAS[table])
            connection.unregister("source_rows")
    return untidy


def _without_zone(rows: pa.Table) -> pa.Table:
    """The rows with timestamps in UTC without a zone: DuckDB needs an extension to add intervals to zoned ones."""
    fields = [
        pa.field(field.name, pa.timestamp("us") if pa.types.is_timestamp(field.type) else field.type)
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))
