{#-
    A bound of the Wilson score interval at 95 % (Wilson 1927): `side` is '-' for the lower and '+' for the upper one.
    At a rate of 0 or 1 the bound is exactly 0 or 1, which rounding must not miss.
-#}
{% macro wilson_bound(rate, trials, side) -%}
    {%- set z = '1.959963984540054' -%}
    case
        when {{ rate }} = {{ 0 if side == '-' else 1 }} then {{ '0.0' if side == '-' else '1.0' }}::double
        else (
            {{ rate }} + {{ z }} * {{ z }} / (2 * {{ trials }})
            {{ side }} {{ z }} * sqrt({{ rate }} * (1 - {{ rate }}) / {{ trials }} + {{ z }} * {{ z }} / (4.0 * {{ trials }} * {{ trials }}))
        ) / (1 + {{ z }} * {{ z }} / {{ trials }})
    end
{%- endmacro %}

{#-
    A bound at 95 % of the difference of two rates, the first less the other, from the Wilson interval of each (Newcombe 1998, method
    10): `side` is '-' for the lower and '+' for the upper one.
-#}
{% macro newcombe_bound(rate, trials, other_rate, other_trials, side) -%}
    {%- set other_side = '+' if side == '-' else '-' -%}
    {%- set reach = '(' ~ wilson_bound(rate, trials, side) ~ ' - ' ~ rate ~ ')' -%}
    {%- set other_reach = '(' ~ wilson_bound(other_rate, other_trials, other_side) ~ ' - ' ~ other_rate ~ ')' -%}
    {{ rate }} - {{ other_rate }} {{ side }} sqrt({{ reach }} * {{ reach }} + {{ other_reach }} * {{ other_reach }})
{%- endmacro %}
