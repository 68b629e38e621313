-- One row per quote, with its contact or else the company of its opportunity.
with quotes as (

    select
        Id as id,
        OpportunityId as opportunity_id,
        ContactId as contact_id,
        GrandTotal as grand_total,
        CurrencyIsoCode as currency_iso_code,
        Status as status,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from quote
    union all
    select
        id,
        opportunity_id,
        contact_id,
        grand_total,
        currency_iso_code,
        status,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_quote
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

opportunities as (

    select
        Id as id,
        AccountId as account_id
    from opportunity
    union all
    select
        id,
        account_id
    from fivetran_opportunity
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    quotes.id as quote_id,
    case when quotes.contact_id not like '000000000000000%' then nullif(quotes.contact_id, '') end as contact_id,
    case when opportunities.account_id not like '000000000000000%' then nullif(opportunities.account_id, '') end as company_id,
    case when quotes.opportunity_id not like '000000000000000%' then nullif(quotes.opportunity_id, '') end as deal_id,
    quotes.grand_total as amount,
    coalesce(nullif(quotes.currency_iso_code, ''), cast(getvariable('currency') as varchar)) as currency,
    quotes.status,
    quotes.created_date as quoted_at,
    quotes.system_modstamp as updated_at,
    case when coalesce(lower(quotes.is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from quotes
left join opportunities on quotes.opportunity_id = opportunities.id
