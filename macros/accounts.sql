{#- What MRR, churn and retention count: accounts, each a company or, where there is none, a person. -#}

{#-
    The purchases of accounts: orders that count, and won deals by what no order has carried of them. A deal that its orders carry whole
    makes a customer like any other, but is_own is false: with its orders it is one purchase.
-#}
{% macro account_purchases() -%}
    (
        select
            *,
            case when company_id <> 'unknown' then company_id else person_id end as account_id,
            conversion_type = 'order' or revenue > 0 as is_own,
            {{ add_days('converted_at', setting('lapse_days')) }} as lapsed_at
        from {{ ref('fct_conversions') }}
        {# a deal may name a company alone #}
        where conversion_type in ('order', 'deal_won') and (person_id <> 'unknown' or company_id <> 'unknown')
    )
{%- endmacro %}

{#- The MRR of an account at the end of a month that moved it, and so of those that follow until next_month_start. -#}
{% macro account_mrr() -%}
    (
        select
            account_id,
            month_start,
            max(ending_mrr) as mrr,
            lead(month_start) over (partition by account_id order by month_start) as next_month_start
        from {{ ref('fct_mrr_movements') }}
        group by account_id, month_start
    )
{%- endmacro %}

{#- The type of an account from its joined company and person: `relation` has company_id. -#}
{% macro account_customer_type(relation) -%}
    case when {{ relation }}.company_id = 'unknown' then persons.customer_type else companies.customer_type end
{%- endmacro %}

{% macro join_account(relation) -%}
    left join {{ ref('dim_companies') }} as companies on {{ relation }}.company_id = companies.company_id
    left join {{ ref('dim_persons') }} as persons on {{ relation }}.account_id = persons.person_id
{%- endmacro %}

{#- Whether who ended a subscription at one time and began to pay for one at the other has only changed plans. -#}
{% macro is_begun_anew(ended_at, begun_at) -%}
    {{ begun_at }} >= {{ ended_at }} and {{ begun_at }} <= {{ add_days(ended_at, setting('switch_days')) }}
{%- endmacro %}
