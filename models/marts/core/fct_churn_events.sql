-- sqlfluff:exclude_rules:layout.indent
{# The line above: a loop writes joins, which are indented for the reader of this file, not for the rendered SQL. #}
with changes as (

    select * from {{ ref('fct_subscription_changes') }}

),

{# each change as MRR changes of accounts: one row for the account after it and, if that differs, one for the account before it #}
parts as (

    select
        account_id,
        company_id,
        effective_at,
        change_id,
        person_id,
        case when cancel_type = 'involuntary' then 'subscription_involuntary' else 'subscription_voluntary' end as churn_type,
        coalesce(reason, 'unknown') as reason,
        mrr_after - case when account_id = previous_account_id then mrr_before else 0 end as mrr_change,
        case when account_id <> previous_account_id then mrr_before else 0 end as mrr_transferred,
        case when mrr_after = 0 then mrr_before else 0 end as mrr_stopped
    from changes
    union all
    select
        previous_account_id as account_id,
        cast(null as string) as company_id,
        effective_at,
        change_id,
        person_id,
        cast(null as string) as churn_type,
        cast(null as string) as reason,
        -mrr_before as mrr_change,
        0 as mrr_transferred,
        0 as mrr_stopped
    from changes
    where account_id <> previous_account_id

),

{# merge changes with the same timestamp; type and reason are those of the last one (by change_id) that ended revenue #}
ranked as (

    select
        *,
        row_number() over (
            partition by account_id, effective_at
            order by case when mrr_stopped > 0 then 0 else 1 end, change_id desc
        ) as part_rank
    from parts

),

moments as (

    select
        account_id,
        effective_at,
        max(case when part_rank = 1 then company_id end) as company_id,
        max(case when part_rank = 1 then person_id end) as person_id,
        max(case when part_rank = 1 then churn_type end) as churn_type,
        max(case when part_rank = 1 then reason end) as reason,
        sum(mrr_change) as mrr_change,
        sum(mrr_transferred) as mrr_transferred,
        sum(mrr_stopped) as mrr_stopped
    from ranked
    group by account_id, effective_at

),

account_mrr as (

    select
        *,
        sum(mrr_change) over (
            partition by account_id
            order by effective_at
            rows between unbounded preceding and current row
        ) as mrr,
        lead(effective_at) over (partition by account_id order by effective_at) as next_effective_at
    from moments

),

followed as (

    select
        *,
        lead(converted_at) over (partition by account_id order by converted_at, conversion_id) as next_converted_at
    from {{ account_purchases() }} as purchases

),

lapses as (

    select
        followed.account_id,
        followed.company_id,
        followed.person_id,
        followed.lapsed_at
    from followed
    left join account_mrr
        on followed.account_id = account_mrr.account_id
        and account_mrr.mrr > 0
        and followed.lapsed_at >= account_mrr.effective_at
        and (followed.lapsed_at < account_mrr.next_effective_at or account_mrr.next_effective_at is null)
    where
        followed.lapsed_at <= {{ as_of() }}
        and (followed.next_converted_at is null or followed.next_converted_at > followed.lapsed_at)
        {# an account with a running subscription has not lapsed #}
        and account_mrr.account_id is null

),

churns as (

    select
        account_id,
        company_id,
        person_id,
        churn_type,
        reason,
        effective_at as churned_at,
        {# what it paid before this moment; an upgrade at the moment of the end was never paid #}
        mrr - mrr_change + mrr_transferred as mrr_lost
    from account_mrr
    {# no churn if the account had no MRR before this moment, neither its own nor transferred to it #}
    where mrr = 0 and mrr_stopped > 0 and mrr - mrr_change + mrr_transferred > 0
    union all
    select
        account_id,
        company_id,
        person_id,
        'lapsed' as churn_type,
        'no_order' as reason,
        lapsed_at as churned_at,
        0 as mrr_lost
    from lapses

),

{#
    Persons whose events count as those of the account before the churn: the person who is the account; for a company, everybody in it, and
    the person on the last change or purchase unless that person belongs to another company.
#}
members as (

    select
        account_id,
        account_id as person_id
    from churns
    where company_id = 'unknown'
    union
    select
        churns.account_id,
        persons.person_id
    from churns
    inner join {{ ref('dim_persons') }} as persons on churns.company_id = persons.company_id
    where churns.company_id <> 'unknown'
    union
    select
        churns.account_id,
        churns.person_id
    from churns
    inner join {{ ref('dim_persons') }} as persons on churns.person_id = persons.person_id
    where churns.company_id <> 'unknown' and churns.person_id <> 'unknown' and persons.company_id = 'unknown'

),

{%- set before = {
    'touch': {
        'from': ref('fct_touchpoints'), 'at': 'touched_at', 'id': 'touchpoint_id', 'where': "events.direction = 'inbound'",
        'columns': ['channel', 'touchpoint_type'],
    },
    'ticket': {
        'from': ref('fct_tickets'), 'at': 'opened_at', 'id': 'ticket_id', 'where': 'true', 'columns': ['category', 'resolved_at'],
    },
    'score': {
        'from': ref('fct_survey_responses'), 'at': 'responded_at', 'id': 'response_id', 'where': "events.survey_type in ('nps', 'csat')",
        'columns': ['survey_type', 'score'],
    },
} %}
{%- for name, event in before.items() %}

last_{{ name }} as (

    select
        churns.account_id,
        churns.churned_at,
        churns.churn_type,
        events.{{ event.at }},
        {%- for column in event.columns %}
        events.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from churns
    inner join members on churns.account_id = members.account_id
    inner join {{ event['from'] }} as events
        on members.person_id = events.person_id
        and events.{{ event.at }} < churns.churned_at
    where {{ event.where }}
    qualify row_number() over (
        partition by churns.account_id, churns.churned_at, churns.churn_type
        order by events.{{ event.at }} desc, events.{{ event.id }} desc
    ) = 1

){{ ',' if not loop.last }}
{%- endfor %}

select
    {{ keyed_hash(["'churn'", 'churns.account_id', 'churns.churn_type', 'churns.churned_at']) }} as churn_event_id,
    churns.account_id,
    case when churns.company_id = 'unknown' then 'person' else 'company' end as account_type,
    {# the last change may name another person than the account, which holds the subscription #}
    case when churns.company_id = 'unknown' then churns.account_id else churns.person_id end as person_id,
    churns.company_id,
    {{ account_customer_type('churns') }} as customer_type,
    churns.churn_type,
    churns.reason,
    churns.churned_at,
    {{ reporting_date('churns.churned_at') }} as churned_date,
    cast(churns.mrr_lost as decimal(18, 4)) as mrr_lost,
    last_touch.channel as last_touch_channel,
    {{ joined_labels('last_touch_channel', 'last_touch.channel') }},
    last_touch.touchpoint_type as last_touch_type,
    {{ seconds_between('last_touch.touched_at', 'churns.churned_at') }} / cast(86400 as double) as days_since_last_touch,
    last_ticket.category as last_ticket_category,
    {{ seconds_between('last_ticket.opened_at', 'churns.churned_at') }} / cast(86400 as double) as days_since_last_ticket,
    case
        when last_ticket.opened_at is not null then coalesce(last_ticket.resolved_at < churns.churned_at, false)
    end as is_last_ticket_resolved,
    last_score.survey_type as last_score_survey_type,
    last_score.score as last_score,
    {{ seconds_between('last_score.responded_at', 'churns.churned_at') }} / cast(86400 as double) as days_since_last_score
from churns
{{ join_account('churns') }}
{%- for name in before %}
left join last_{{ name }}
    on churns.account_id = last_{{ name }}.account_id
    and churns.churned_at = last_{{ name }}.churned_at
    and churns.churn_type = last_{{ name }}.churn_type
{%- endfor %}
{{ join_labels('last_touch_channel', "'channel'", 'last_touch.channel') }}
