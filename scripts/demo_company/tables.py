"""The schemas of the raw tables that the demo company writes: columns, types and file formats."""

from __future__ import annotations

import pyarrow as pa

KINDS: dict[str, pa.DataType] = {
    "text": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "money": pa.decimal128(18, 2),
    "number": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
}

CSV_TABLES = frozenset(
    {
        "crm/quotes",
        "orders/products",
        "finance/exchange_rates",
        "marketing/offline_visits",
        "privacy/erasure_requests",
        "feedback/reviews",
    }
)

EVENTS = "web/events"
"""The only table that is a folder: one Parquet file for each month in which events were landed."""

_COLUMNS: dict[str, str] = {
    "crm/contacts": """
        contact_id email phone full_name company_id lead_source persona job_title buying_role
        age_band gender city country owner_id merged_into_contact_id is_internal:flag
        created_at:time updated_at:time is_deleted:flag
    """,
    "crm/companies": """
        company_id company_name industry employee_count:whole customer_type country created_at:time
        updated_at:time
    """,
    "crm/activities": """
        activity_id contact_id email activity_type direction occurred_at:time channel campaign
        deal_id outcome is_deleted:flag
    """,
    "crm/lifecycle_changes": "change_id contact_id stage changed_at:time changed_by",
    "crm/deals": """
        deal_id contact_id company_id pipeline deal_stage deal_type amount:money currency status
        lost_reason owner_id created_at:time closed_at:time updated_at:time
    """,
    "crm/deal_changes": "change_id deal_id deal_stage status amount:money changed_at:time",
    "crm/quotes": "quote_id contact_id company_id deal_id amount:money currency status quoted_at:time",
    "crm/tickets": """
        ticket_id contact_id email channel category priority order_id opened_at:time
        first_response_at:time resolved_at:time updated_at:time
    """,
    "crm/referrals": """
        referral_id referrer_contact_id referred_contact_id referred_email status referred_at:time
    """,
    "crm/subscription_changes": """
        change_id subscription_id contact_id company_id change_type plan mrr:money currency
        term_end:date cancel_type reason changed_at:time
    """,
    "crm/loyalty_events": "loyalty_event_id contact_id event_type points:whole tier occurred_at:time",
    "web/events": """
        event_id anonymous_id occurred_at:time event_name page_url referrer_url utm_source
        utm_medium utm_campaign utm_content utm_term content_group product_id order_id device_type
        user_agent engagement_ms:whole page_load_ms:whole
    """,
    "web/identities": "anonymous_id identifier_type identifier_value identified_at:time",
    "web/experiment_exposures": "experiment variant is_control:flag anonymous_id exposed_at:time",
    "marketing/ad_spend": """
        spend_date:date platform account_id campaign_id ad_group_id ad_id utm_source utm_medium
        utm_campaign cost:money currency impressions:whole clicks:whole updated_at:time
    """,
    "marketing/email_events": """
        email_event_id email message_id campaign event_type is_machine:flag occurred_at:time
    """,
    "marketing/social_interactions": """
        interaction_id platform interaction_type identifier_type identifier_value sentiment:number
        occurred_at:time post_language ingested_by
    """,
    "marketing/offline_visits": "visit_id identifier_type identifier_value place_type visited_at:time",
    "orders/orders": """
        order_id email phone contact_id anonymous_id company_id deal_id subscription_id
        ordered_at:time status sales_channel currency total_amount:money tax_amount:money
        shipping_amount:money discount_amount:money payment_method promised_delivery_at:time
        delivered_at:time is_test:flag updated_at:time is_deleted:flag
    """,
    "orders/order_items": """
        order_id line_number:whole product_id quantity:whole unit_price:money discount_amount:money
        unit_cost:money
    """,
    "orders/refunds": "refund_id order_id refunded_at:time amount:money reason",
    "orders/products": "product_id product_name category unit_cost:money",
    "feedback/survey_invitations": """
        invitation_id email contact_id survey_type survey_kind touchpoint channel sent_at:time
    """,
    "feedback/survey_responses": """
        response_id email contact_id invitation_id survey_type survey_kind score:number
        scale_min:number scale_max:number comment touchpoint channel responded_at:time
        updated_at:time
    """,
    "feedback/reviews": """
        review_id email contact_id order_id product_id rating:whole body platform reviewed_at:time
        replied_at:time is_deleted:flag
    """,
    "finance/exchange_rates": "rate_date:date currency rate_to_reporting:number",
    "privacy/consents": "consent_id identifier_type identifier_value purpose status changed_at:time",
    "privacy/erasure_requests": "request_id identifier_type identifier_value requested_at:time",
}


def _schema(columns: str) -> pa.Schema:
    pairs = (column.partition(":") for column in columns.split())
    return pa.schema([(name, KINDS[kind or "text"]) for name, _, kind in pairs])


SCHEMAS: dict[str, pa.Schema] = {table: _schema(columns) for table, columns in _COLUMNS.items()}

KEYS: dict[str, tuple[str, ...]] = {
    **{table: (schema.names[0],) for table, schema in SCHEMAS.items()},
    "web/identities": tuple(SCHEMAS["web/identities"].names),
    "web/experiment_exposures": tuple(SCHEMAS["web/experiment_exposures"].names),
    "marketing/ad_spend": tuple(SCHEMAS["marketing/ad_spend"].names[:9]),
    "orders/order_items": ("order_id", "line_number"),
    "finance/exchange_rates": ("rate_date", "currency"),
}


def text_schema(table: str) -> pa.Schema:
    """The schema of a table with every column as text, for CSV files."""
    return pa.schema([(name, pa.string()) for name in SCHEMAS[table].names])
