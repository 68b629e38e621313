{#-
    An amount in the reporting currency, rounded to its minor unit. `rate` is null where the amount already is in that currency.
    The rate is cast back to its type, since beside a whole number it becomes one whose product Spark would cut off.
-#}
{% macro to_reporting_currency(amount, rate='rates.rate') -%}
    cast(round({{ amount }} * cast(coalesce({{ rate }}, 1) as decimal(19, 12)), {{ setting('currency_decimals') }}) as decimal(18, 4))
{%- endmacro %}

{#-
    What a refused row says that it was worth, in the reporting currency; null of what no money column holds, whose last digits each engine
    would make up in its way.
-#}
{% macro readable_amount(amount) -%}
    {%- set value = 'cast(' ~ amount ~ ' as double) * coalesce(cast(rates.rate as double), 1)' -%}
    case
        when abs({{ value }}) < cast(100000000000000 as double)
            then cast({{ round_double(value, setting('currency_decimals')) }} as decimal(28, 4))
    end
{%- endmacro %}

{#- Joins `rates`: the latest rate on or before the day, for a row whose currency is not the reporting currency. -#}
{% macro join_exchange_rates(currency, day) -%}
    left join {{ ref('int_exchange_rates') }} as rates
        on {{ currency }} = rates.currency
        and {{ currency }} <> '{{ setting('reporting_currency') }}'
        and {{ day }} >= rates.valid_from
        and ({{ day }} < rates.valid_to or rates.valid_to is null)
{%- endmacro %}

{% macro lacks_exchange_rate(currency) -%}
    ({{ currency }} is not null and {{ currency }} <> '{{ setting('reporting_currency') }}' and rates.rate is null)
{%- endmacro %}

{#- One minor unit of the reporting currency, as a decimal literal. -#}
{% macro minor_unit() -%}
    {{ return('1' if setting('currency_decimals') | int == 0 else '0.' ~ '0' * (setting('currency_decimals') | int - 1) ~ '1') }}
{%- endmacro %}

{#-
    The part of refunds that was revenue, from their amount in the reporting currency: an order's tax and shipping share in its refunds in
    proportion. Where they are more than its total there was no revenue, and money that goes back makes none. The ratio is one division of
    doubles, which both engines do alike, rounded to the minor unit before anything is summed.
-#}
{% macro refunded_net(amount, net_of_total, total) -%}
    {%- set part -%}
        coalesce(cast({{ amount }} as double) * cast(greatest({{ net_of_total }}, 0) as double) / nullif(cast({{ total }} as double), 0), 0)
    {%- endset -%}
    cast({{ round_double(part, setting('currency_decimals')) }} as decimal(18, 4))
{%- endmacro %}

{#- Currencies without a minor unit, ISO 4217; so is the reporting currency where it is set to have no decimals. -#}
{% macro is_without_decimals(currency) -%}
    {{ currency }} in (
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        {%- if setting('currency_decimals') | int == 0 %}, '{{ setting('reporting_currency') }}'{% endif -%}
    )
{%- endmacro %}

{#- Whether an amount's text has one separator, before exactly three digits: 450.000 is 450 thousand or 450. -#}
{% macro is_ambiguous_amount(text) -%}
    {{ regex_like(text, "'^[+-]?[0-9]+[.][0-9]{3}" ~ text_end() ~ "'") }}
{%- endmacro %}

{#-
    Whether an amount as a double fits every money column, also once it is rounded: what has more than 14 digits in the reporting currency is
    no price.
-#}
{% macro fits_money(value) -%}abs({{ value }}) < cast(99999999999999 as double){%- endmacro %}

{#- No price is 10^13 major units or more. -#}
{% macro amount_limit() -%}cast(10000000000000 as decimal(18, 4)){%- endmacro %}

{#-
    The share of revenue whose cost is known, between 0 and 1: what was given back beyond its price takes from the one and not from the
    other, and would make a share above 1 or below 0.
-#}
{% macro cost_coverage(covered_revenue, revenue) -%}
    {%- set share = 'cast(' ~ covered_revenue ~ ' as double) / nullif(cast(' ~ revenue ~ ' as double), 0)' -%}
    case when {{ share }} > 1 then cast(1 as double) when {{ share }} < 0 then cast(0 as double) else {{ share }} end
{%- endmacro %}

{#- Months that are over on a day, in local dates: from 15 January one is on 15 February, and from the 31st on 28 February. -#}
{% macro whole_months(first_date, later_date) -%}
    {%- set calendar = 'cast((year(' ~ later_date ~ ') - year(' ~ first_date ~ ')) * 12 + month(' ~ later_date ~ ') - month(' ~ first_date ~ ') as int)' -%}
    ({{ calendar }} - case when {{ add_months(first_date, calendar) }} > {{ later_date }} then 1 else 0 end)
{%- endmacro %}

{#-
    Months of a term, in local dates with the last day included: 1 January to 31 December are 12. What is left over beside whole months
    counts as one from 16 days on, so that terms of 30 or 360 days are 1 and 12. A term of more than 50 years (9999-12-31) is none: like
    a subscription without a term it is worth one month.
-#}
{% macro months_of_term(first_date, last_date) -%}
    {%- set day_after = 'cast(' ~ add_days('cast(' ~ last_date ~ ' as timestamp)', 1) ~ ' as date)' -%}
    {%- set whole = whole_months(first_date, day_after) -%}
    case
        when {{ last_date }} is null or year({{ last_date }}) - year({{ first_date }}) > 50 then 1
        else greatest(1, {{ whole }} + case when {{ days_between(add_months(first_date, whole), day_after) }} > 15 then 1 else 0 end)
    end
{%- endmacro %}

{#- Margin over the revenue that it is of, within -1 and 1; null of none. -#}
{% macro margin_ratio(margin, covered_revenue) -%}
    {%- set ratio = 'cast(' ~ margin ~ ' as double) / nullif(cast(' ~ covered_revenue ~ ' as double), 0)' -%}
    case when {{ ratio }} > 1 then cast(1 as double) when {{ ratio }} < -1 then cast(-1 as double) else {{ ratio }} end
{%- endmacro %}

{#- What is left of an order: its margin, and of what no cost is known the revenue itself. -#}
{% macro contribution(orders) -%}(coalesce({{ orders }}.margin, 0) + {{ orders }}.net_revenue - {{ orders }}.covered_revenue){%- endmacro %}
