{#- Accounts: what MRR, churn and retention count. An account is a company or, without a company, a person. -#}

{#-
    Purchases of accounts: orders that count, and won deals.

    Returns: a subquery of fct_conversions with account_id and lapsed_at.
-#}
{% macro account_purchases() -%}
    (
        select
            *,
            case when company_id <> 'unknown' then company_id else person_id end as account_id,
            {{ add_days('converted_at', setting('lapse_days')) }} as lapsed_at
        from {{ ref('fct_conversions') }}
        {# a deal may have a company and no person #}
        where conversion_type in ('order', 'deal_won') and (person_id <> 'unknown' or company_id <> 'unknown')
    )
{%- endmacro %}

{#- MRR of an account after each month with a movement; it holds until next_month_start. -#}
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

{#- Customer type of an account, after join_account: that of its company, or of its person if it has no company. -#}
{% macro account_customer_type(relation) -%}
    case when {{ relation }}.company_id = 'unknown' then persons.customer_type else companies.customer_type end
{%- endmacro %}

{#- Joins the company of an account (the row `unknown` if it has none), and the person of an account without a company. -#}
{% macro join_account(relation) -%}
    left join {{ ref('dim_companies') }} as companies on {{ relation }}.company_id = companies.company_id
    left join {{ ref('dim_persons') }} as persons on {{ relation }}.account_id = persons.person_id
{%- endmacro %}

{#-
    SQL condition: the account started to pay for a subscription within setting switch_days after it ended one. That is a change of
    plan and no churn.
-#}
{% macro is_begun_anew(ended_at, begun_at) -%}
    {{ begun_at }} >= {{ ended_at }} and {{ begun_at }} <= {{ add_days(ended_at, setting('switch_days')) }}
{%- endmacro %}
