{#-
    An amount in the reporting currency, rounded to its minor unit.

    Parameters: amount, an expression; rate, an expression that is null if the amount already is in the reporting currency
      (join_exchange_rates joins it).
    Returns: decimal(18, 4).
    Example: {{ to_reporting_currency('deals.amount') }}
    Do not simplify: without the cast of the rate, coalesce(rate, 1) gets a type on Spark whose product with the amount loses digits.
-#}
{% macro to_reporting_currency(amount, rate='rates.rate') -%}
    cast(round({{ amount }} * cast(coalesce({{ rate }}, 1) as decimal(19, 12)), {{ setting('currency_decimals') }}) as decimal(18, 4))
{%- endmacro %}

{#-
    Value of a quarantined row in the reporting currency, for the audit; null if it does not fit a money column, since the engines
    differ in the last digits of such numbers.
-#}
{% macro readable_amount(amount) -%}
    {%- set value = 'cast(' ~ amount ~ ' as double) * coalesce(cast(rates.rate as double), 1)' -%}
    case
        when abs({{ value }}) < cast(100000000000000 as double)
            then cast({{ round_double(value, setting('currency_decimals')) }} as decimal(28, 4))
    end
{%- endmacro %}

{#-
    Joins `rates`: the latest rate on or before a day, only for rows that are not in the reporting currency.

    Parameters: currency and day, expressions of the row.
    Example: {{ join_exchange_rates('quotes.currency', reporting_date('quotes.quoted_at')) }}
-#}
{% macro join_exchange_rates(currency, day) -%}
    left join {{ ref('int_exchange_rates') }} as rates
        on {{ currency }} = rates.currency
        and {{ currency }} <> '{{ setting('reporting_currency') }}'
        and {{ day }} >= rates.valid_from
        and ({{ day }} < rates.valid_to or rates.valid_to is null)
{%- endmacro %}

{#- SQL condition after join_exchange_rates: the row needs a rate and there is none. -#}
{% macro lacks_exchange_rate(currency) -%}
    ({{ currency }} is not null and {{ currency }} <> '{{ setting('reporting_currency') }}' and rates.rate is null)
{%- endmacro %}

{#- One minor unit of the reporting currency, as a decimal literal: 0.01 with two decimals, 1 with none. -#}
{% macro minor_unit() -%}
    {{ return('1' if setting('currency_decimals') | int == 0 else '0.' ~ '0' * (setting('currency_decimals') | int - 1) ~ '1') }}
{%- endmacro %}

{#-
    Part of a refund that reduces net revenue: a refund also pays back tax and shipping, in the proportion that they have in the
    order.

    Parameters: amount, the refund in the reporting currency; net_of_total, the order's total without tax and shipping; total, the
      order's total.
    Returns: decimal(18, 4). It is 0 if tax and shipping exceed the total, because there was no revenue to reduce.
    Do not simplify: the ratio is one division of doubles, which both engines compute alike, rounded to the minor unit before anything
      is summed.
-#}
{% macro refunded_net(amount, net_of_total, total) -%}
    {%- set part -%}
        coalesce(cast({{ amount }} as double) * cast(greatest({{ net_of_total }}, 0) as double) / nullif(cast({{ total }} as double), 0), 0)
    {%- endset -%}
    cast({{ round_double(part, setting('currency_decimals')) }} as decimal(18, 4))
{%- endmacro %}

{#- SQL condition: the currency has no minor unit (ISO 4217), or is the reporting currency and currency_decimals is 0. -#}
{% macro is_without_decimals(currency) -%}
    {{ currency }} in (
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        {%- if setting('currency_decimals') | int == 0 %}, '{{ setting('reporting_currency') }}'{% endif -%}
    )
{%- endmacro %}

{#- SQL condition: the text has one separator, before exactly three digits. 450.000 may be 450 thousand or 450. -#}
{% macro is_ambiguous_amount(text) -%}
    {{ regex_like(text, "'^[+-]?[0-9]+[.][0-9]{3}" ~ text_end() ~ "'") }}
{%- endmacro %}

{#- SQL condition: an amount, as a double, fits every money column (at most 14 digits), also after rounding. -#}
{% macro fits_money(value) -%}abs({{ value }}) < cast(99999999999999 as double){%- endmacro %}

{#- Upper limit of an amount, exclusive: 10^13 major units. -#}
{% macro amount_limit() -%}cast(10000000000000 as decimal(18, 4)){%- endmacro %}

{#-
    Share of revenue whose cost is known, from 0 to 1. The bounds are needed because a refund above the price lowers one of the two
    sums only.
-#}
{% macro cost_coverage(covered_revenue, revenue) -%}
    {%- set share = 'cast(' ~ covered_revenue ~ ' as double) / nullif(cast(' ~ revenue ~ ' as double), 0)' -%}
    case when {{ share }} > 1 then cast(1 as double) when {{ share }} < 0 then cast(0 as double) else {{ share }} end
{%- endmacro %}

{#- Number of full months between two local dates: 1 from 15 January to 15 February, and 1 from 31 January to 28 February. -#}
{% macro whole_months(first_date, later_date) -%}
    {%- set calendar = 'cast((year(' ~ later_date ~ ') - year(' ~ first_date ~ ')) * 12 + month(' ~ later_date ~ ') - month(' ~ first_date ~ ') as int)' -%}
    ({{ calendar }} - case when {{ add_months(first_date, calendar) }} > {{ later_date }} then 1 else 0 end)
{%- endmacro %}

{#-
    Length of a contract term in months, at least 1.

    Parameters: first_date and last_date, local dates; the last day is included.
    Returns: whole months, plus one if 16 days or more remain, so that terms of 30 and 360 days are 1 and 12 months. No term, or one
      of more than 50 years (9999-12-31), is 1.
    Example: 1 January to 31 December is 12.
-#}
{% macro months_of_term(first_date, last_date) -%}
    {%- set day_after = 'cast(' ~ add_days('cast(' ~ last_date ~ ' as timestamp)', 1) ~ ' as date)' -%}
    {%- set whole = whole_months(first_date, day_after) -%}
    case
        when {{ last_date }} is null or year({{ last_date }}) - year({{ first_date }}) > 50 then 1
        else greatest(1, {{ whole }} + case when {{ days_between(add_months(first_date, whole), day_after) }} > 15 then 1 else 0 end)
    end
{%- endmacro %}

{#- Margin divided by the revenue whose cost is known, limited to -1 to 1; null if there is no such revenue. -#}
{% macro margin_ratio(margin, covered_revenue) -%}
    {%- set ratio = 'cast(' ~ margin ~ ' as double) / nullif(cast(' ~ covered_revenue ~ ' as double), 0)' -%}
    case when {{ ratio }} > 1 then cast(1 as double) when {{ ratio }} < -1 then cast(-1 as double) else {{ ratio }} end
{%- endmacro %}

{#- Contribution of an order: its margin, plus the revenue of which no cost is known. Parameters: orders, an alias. -#}
{% macro contribution(orders) -%}(coalesce({{ orders }}.margin, 0) + {{ orders }}.net_revenue - {{ orders }}.covered_revenue){%- endmacro %}
