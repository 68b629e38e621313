{%- set labels = {'direction': 'direction', 'channel': 'channel'} -%}

with activities as (

    select * from {{ shown_texts(accepted('crm', 'activities'), 'crm.activities', ['activity_type']) }} as activities

),

source_events as (

    select
        events.*,
        persons.person_id,
        {{ keyed_hash(["'touchpoint'", 'events.source_table', 'events.source_id', 'events.event_type']) }} as touchpoint_id
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    where events.source_table = 'crm.activities'

),

described as (

    select
        activities.activity_id,
        source_events.person_id,
        coalesce(persons.company_id, 'unknown') as company_id,
        {{ kept_id('kept_deals', 'activities.deal_id') }} as deal_id,
        touchpoints.touchpoint_id,
        activities.activity_type_shown as activity_type,
        case
            when activities.direction in ('inbound', 'outbound') then activities.direction
            else coalesce(touchpoints.direction, 'unknown')
        end as direction,
        coalesce(touchpoints.channel, channels.channel, aliases.channel, 'unknown') as channel,
        coalesce(source_events.campaign, '(none)') as campaign,
        case
            when activities.outcome is null then 'unknown'
            else coalesce(spellings.activity_outcome, 'other')
        end as outcome,
        activities.occurred_at
    from activities
    inner join source_events on activities.activity_id = source_events.source_id
    {{ join_kept('kept_deals', 'crm.deals', 'activities.deal_id') }}
    left join {{ ref('int_touchpoints') }} as touchpoints on source_events.touchpoint_id = touchpoints.touchpoint_id
    left join {{ ref('channels') }} as channels on activities.channel = channels.channel
    left join {{ ref('channel_aliases') }} as aliases on activities.channel = aliases.channel_alias
    left join {{ ref('crm_activity_outcomes') }} as spellings
        on {{ lower_case('activities.outcome') }} = spellings.crm_activity_outcome
    left join {{ ref('dim_persons') }} as persons on source_events.person_id = persons.person_id

)

select
    described.activity_id,
    described.person_id,
    described.company_id,
    described.deal_id,
    described.touchpoint_id,
    described.activity_type,
    described.direction,
    described.channel,
    {{ label_columns(labels, 'described') }},
    described.campaign,
    described.outcome,
    outcomes.label_en as outcome_en,
    outcomes.label_vi as outcome_vi,
    described.occurred_at,
    {{ reporting_date('described.occurred_at') }} as occurred_date
from {{ with_labels('described', labels) }} as described
inner join {{ ref('activity_outcomes') }} as outcomes on described.outcome = outcomes.activity_outcome
