{#- A renewal is not foreseen: a term that ends within the year ends the value. -#}
{%- set months_of_year = 12 -%}

{# a trial is no contract #}
with contracts as (

    select distinct subscription_id
    from {{ ref('fct_subscription_changes') }}
    where is_payment_start

),

running as (

    select
        changes.person_id,
        changes.mrr_after as mrr,
        case
            when changes.term_end is null then {{ months_of_year }}
            else greatest(0, least(
                {{ months_of_year }},
                (year(changes.term_end) - year({{ reporting_date(as_of()) }})) * 12
                + month(changes.term_end) - month({{ reporting_date(as_of()) }})
            ))
        end as months_left
    from {{ ref('fct_subscription_changes') }} as changes
    inner join contracts on changes.subscription_id = contracts.subscription_id
    qualify row_number() over (partition by changes.subscription_id order by changes.change_number desc) = 1

)

select
    person_id,
    count(*) as subscriptions,
    cast(sum(case when months_left > 0 then mrr else 0 end) as decimal(28, 4)) as mrr,
    cast(sum(mrr * months_left) as decimal(28, 4)) as contract_value_12m
from running
group by person_id
