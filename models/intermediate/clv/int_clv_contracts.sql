{#- A renewal is not foreseen: a term that ends within the year ends the value. -#}
{%- set months_of_year = 12 -%}

with running as (

    select
        person_id,
        mrr_after as mrr,
        case
            when term_end is null then {{ months_of_year }}
            else greatest(0, least(
                {{ months_of_year }},
                (year(term_end) - year({{ reporting_date(as_of()) }})) * 12
                + month(term_end) - month({{ reporting_date(as_of()) }})
            ))
        end as months_left
    from {{ ref('fct_subscription_changes') }}
    {# a trial is no contract #}
    where subscription_id in (select started.subscription_id from {{ ref('fct_subscription_changes') }} as started where started.is_payment_start)
    qualify row_number() over (partition by subscription_id order by change_number desc) = 1

)

select
    person_id,
    count(*) as subscriptions,
    cast(sum(case when months_left > 0 then mrr else 0 end) as decimal(28, 4)) as mrr,
    cast(sum(mrr * months_left) as decimal(28, 4)) as contract_value_12m
from running
group by person_id
