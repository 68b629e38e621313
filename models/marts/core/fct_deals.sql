{%- set labels = {'status': 'deal_status'} -%}

with deals as (

    select * from {{ shown_texts(accepted('crm', 'deals'), 'crm.deals', ['pipeline', 'deal_stage', 'deal_type']) }} as deals

),

source_events as (

    select
        events.*,
        persons.person_id
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    where events.event_type in ('deal_created', 'deal_recorded')

),

described as (

    select
        deals.deal_id,
        source_events.person_id,
        coalesce(deals.company_id, persons.company_id, 'unknown') as company_id,
        case when deals.owner_id is null then 'unknown' else {{ keyed_hash(["'owner'", 'deals.owner_id']) }} end as owner_key,
        coalesce(deals.pipeline_shown, 'unknown') as pipeline,
        coalesce(deals.deal_stage_shown, 'unknown') as deal_stage,
        coalesce(deals.deal_type_shown, 'unknown') as deal_type,
        deals.status,
        case
            when deals.status <> 'lost' then cast(null as string)
            when deals.lost_reason is null then 'unknown'
            else coalesce(spellings.lost_reason, 'other')
        end as lost_reason,
        source_events.amount,
        deals.created_at,
        {# many CRMs store the expected closing date in open deals #}
        case when deals.status <> 'open' then source_events.ended_at end as closed_at
    from deals
    inner join source_events on deals.deal_id = source_events.source_id
    left join {{ ref('dim_persons') }} as persons on source_events.person_id = persons.person_id
    left join {{ ref('crm_lost_reasons') }} as spellings on deals.lost_reason = spellings.crm_lost_reason

)

select
    described.deal_id,
    described.person_id,
    described.company_id,
    described.owner_key,
    described.pipeline,
    described.deal_stage,
    described.deal_type,
    described.status,
    {{ label_columns(labels, 'described') }},
    described.lost_reason,
    reasons.label_en as lost_reason_en,
    reasons.label_vi as lost_reason_vi,
    described.amount,
    described.created_at,
    {{ reporting_date('described.created_at') }} as created_date,
    described.closed_at,
    {{ reporting_date('described.closed_at') }} as closed_date
from {{ with_labels('described', labels) }} as described
left join {{ ref('lost_reasons') }} as reasons on described.lost_reason = reasons.lost_reason
