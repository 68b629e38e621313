{#- Of the standard normal distribution, the quantile of an interval at 95 %. -#}
{% macro z_95() -%}1.959963984540054e0{%- endmacro %}

{#-
    A bound of the Wilson score interval at 95 % (Wilson 1927): `side` is '-' for the lower and '+' for the upper one.
    At a rate of 0 or 1 the bound is exactly 0 or 1, which rounding must not miss.
-#}
{% macro wilson_bound(rate, trials, side) -%}
    {%- set z = z_95() -%}
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

{#-
    The chance that a standard normal variable exceeds z, which must not be negative: Hart's rational approximation 5666 and, from 7.07 on, a
    continued fraction (Hart 1968; as West 2005 has them), which agree with the true value in twelve digits or more. Neither engine knows erf.
-#}
{% macro normal_upper_tail(z) -%}
    {%- set above = [
        '3.52624965998911e-2', '7.00383064443688e-1', '6.37396220353165e0', '3.3912866078383e1', '1.12079291497871e2',
        '2.21213596169931e2', '2.20206867912376e2',
    ] -%}
    {%- set below = [
        '8.83883476483184e-2', '1.75566716318264e0', '1.6064177579207e1', '8.67807322029461e1', '2.96564248779674e2',
        '6.37333633378831e2', '7.93826512519948e2', '4.40413735824752e2',
    ] -%}
    case
        when {{ z }} < 7.07106781186547e0 then exp(-{{ z }} * {{ z }} / 2e0) * {{ polynomial(above, z) }} / {{ polynomial(below, z) }}
        else
            exp(-{{ z }} * {{ z }} / 2e0) / 2.506628274631e0
            / ({{ z }} + 1e0 / ({{ z }} + 2e0 / ({{ z }} + 3e0 / ({{ z }} + 4e0 / ({{ z }} + 6.5e-1)))))
    end
{%- endmacro %}

{#- A polynomial by Horner's rule, the coefficient of the highest power first. -#}
{% macro polynomial(coefficients, x) -%}
    {%- set sum = namespace(text=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set sum.text = '(' ~ sum.text ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ sum.text }}
{%- endmacro %}

{#-
    The chance that a chi-square variable of 1 to 9 degrees of freedom exceeds x, from the finite sums that it is (Abramowitz and Stegun
    26.4.4, 26.4.5); null for other degrees.
-#}
{% macro chi_square_upper_tail(x, degrees) -%}
    (
        case when {{ degrees }} % 2 = 1 then 2e0 * {{ normal_upper_tail('sqrt(' ~ x ~ ')') }} else 0e0 end
        + exp(-{{ x }} / 2e0) * case {{ degrees }}
            {%- for degree in range(1, 10) %}
            {%- set terms = namespace(text='1e0') %}
            {%- for divisor in range(degree - 2, 1, -2) %}
            {%- set terms.text = '(1e0 + ' ~ x ~ ' / ' ~ divisor ~ 'e0 * ' ~ terms.text ~ ')' %}
            {%- endfor %}
            when {{ degree }} then
                {%- if degree == 1 %} 0e0
                {%- elif degree % 2 == 0 %} {{ terms.text }}
                {%- else %} sqrt({{ x }} / 1.5707963267948966e0) * {{ terms.text }}
                {%- endif %}
            {%- endfor %}
        end
    )
{%- endmacro %}

{#- The fifth of a ranking that a rank lies in, 1 to 5: by the share of the others who rank lower, so that equal ranks score alike. -#}
{% macro rank_score(rank, ranked) -%}
    least(5, 1 + floor(cast(5 * ({{ rank }} - 1) as double) / greatest({{ ranked }} - 1, 1)))
{%- endmacro %}
