{#-
    An amount in the reporting currency, rounded to its minor unit. `rate` is null where the amount already is in that currency.
    The rate is cast back to its type, since beside a whole number it becomes one whose product Spark would cut off.
-#}
{% macro to_reporting_currency(amount, rate='rates.rate') -%}
    cast(round({{ amount }} * cast(coalesce({{ rate }}, 1) as decimal(19, 12)), {{ setting('currency_decimals') }}) as decimal(18, 4))
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
    The part of a refund that was revenue, in the reporting currency: an order's tax and shipping share in its refunds in proportion.
    Each row's ratio is one division of doubles, which both engines do alike, rounded to the minor unit before anything is summed.
-#}
{% macro refunded_net(amount, net_of_total, total, rate) -%}
    {%- set part -%}
        coalesce(cast({{ amount }} as double) * cast({{ net_of_total }} as double) / nullif(cast({{ total }} as double), 0), 0)
        * coalesce(cast({{ rate }} as double), 1)
    {%- endset -%}
    cast({{ round_double(part, setting('currency_decimals')) }} as decimal(18, 4))
{%- endmacro %}
