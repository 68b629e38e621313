with resolved as (

    select
        tickets.*,
        {{ person_key_of(['contact_id', 'email']) }} as person_key,
        {{ keyed_hash(["'touchpoint'", "'crm.tickets'", 'tickets.ticket_id', "'ticket'"]) }} as touchpoint_key
    from {{ shown_texts(accepted('crm', 'tickets'), 'crm.tickets', ['category', 'priority']) }} as tickets
    {{ join_persons('tickets', ['contact_id', 'email'], 'opened_at') }}

),

tickets as (

    select
        resolved.*,
        persons.person_id
    from resolved
    inner join {{ ref('int_persons') }} as persons on resolved.person_key = persons.person_key

),

timed as (

    select
        *,
        {# a response or resolution dated before the opening counts as no waiting time #}
        greatest({{ microseconds_between('opened_at', 'first_response_at') }}, 0) as first_response_microseconds,
        greatest({{ microseconds_between('opened_at', 'resolved_at') }}, 0) as resolution_microseconds,
        cast({{ setting('first_response_hours') }} as double) * 3600000000 as target_microseconds,
        {{ microseconds_between('opened_at', as_of()) }} as age_microseconds
    from tickets

)

select
    timed.ticket_id,
    timed.person_id,
    coalesce(persons.company_id, 'unknown') as company_id,
    touchpoints.touchpoint_id,
    orders.order_id,
    coalesce(channels.channel, aliases.channel, 'unknown') as channel,
    {{ joined_labels('channel', "coalesce(channels.channel, aliases.channel, 'unknown')") }},
    coalesce(timed.category_shown, 'unknown') as category,
    coalesce(timed.priority_shown, 'unknown') as priority,
    timed.opened_at,
    {{ reporting_date('timed.opened_at') }} as opened_date,
    timed.first_response_at,
    timed.resolved_at,
    case when timed.first_response_at is not null then timed.first_response_microseconds / cast(3600000000 as double) end
        as first_response_hours,
    case when timed.resolved_at is not null then timed.resolution_microseconds / cast(3600000000 as double) end as resolution_hours,
    case
        when timed.first_response_at is not null then timed.first_response_microseconds <= timed.target_microseconds
        when timed.age_microseconds > timed.target_microseconds then false
    end as is_within_target,
    timed.resolved_at is not null as is_resolved,
    coalesce(stages.stage, 'none') as stage_at_opening,
    {{ joined_labels('stage_at_opening', "coalesce(stages.stage, 'none')", ranked=true) }}
from timed
inner join {{ ref('dim_persons') }} as persons on timed.person_id = persons.person_id
left join {{ ref('fct_touchpoints') }} as touchpoints on timed.touchpoint_key = touchpoints.touchpoint_id
{{ join_kept('kept_orders', 'orders.orders', 'timed.order_id') }}
left join {{ ref('fct_orders') }} as orders on {{ kept_id('kept_orders', 'timed.order_id') }} = orders.order_id
left join {{ ref('channels') }} as channels on timed.channel = channels.channel
left join {{ ref('channel_aliases') }} as aliases on timed.channel = aliases.channel_alias
{{ join_stage_at('timed', 'opened_at') }}
{{ join_labels('channel', "'channel'", "coalesce(channels.channel, aliases.channel, 'unknown')") }}
{{ join_labels('stage_at_opening', "'stage'", "coalesce(stages.stage, 'none')") }}
