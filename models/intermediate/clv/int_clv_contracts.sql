{#- A renewal is not foreseen: a term that ends within the year ends the value. -#}
{%- set months_of_year = 12 -%}

with changes as (

    select
        changes.*,
        events.person_id,
        row_number() over (
            partition by changes.subscription_id
            order by changes.changed_at desc, changes.change_id desc
        ) as change_rank
    from {{ accepted('crm', 'subscription_changes') }} as changes
    inner join {{ ref('int_person_events') }} as events
        on changes.change_id = events.source_id
        and events.event_type = 'subscription_' || changes.change_type

),

latest as (

    select
        changes.subscription_id,
        changes.person_id,
        changes.term_end,
        case
            when changes.change_type in ('cancelled', 'paused') then cast(0 as decimal(18, 4))
            else {{ to_reporting_currency('changes.mrr') }}
        end as mrr
    from changes
    {{ join_exchange_rates('changes.currency', reporting_date('changes.changed_at')) }}
    where changes.change_rank = 1

),

running as (

    select
        person_id,
        mrr,
        case
            when term_end is null then {{ months_of_year }}
            else greatest(0, least(
                {{ months_of_year }},
                (year(term_end) - year({{ reporting_date(as_of()) }})) * 12
                + month(term_end) - month({{ reporting_date(as_of()) }})
            ))
        end as months_left
    from latest

)

select
    person_id,
    count(*) as subscriptions,
    cast(sum(case when months_left > 0 then mrr else 0 end) as decimal(18, 4)) as mrr,
    cast(sum(mrr * months_left) as decimal(18, 4)) as contract_value_12m
from running
group by person_id
