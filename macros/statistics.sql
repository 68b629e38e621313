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

{#- The chance that a standard normal variable is at most z. -#}
{% macro normal_cdf(z) -%}
    case
        when {{ z }} < 0 then {{ normal_upper_tail('abs(' ~ z ~ ')') }}
        else 1e0 - ({{ normal_upper_tail('abs(' ~ z ~ ')') }})
    end
{%- endmacro %}

{#- The fewest that one of the four cells of two counts and their complements would hold if both had one rate. -#}
{% macro least_expected_cell(successes, trials, other_successes, other_trials) -%}
    (
        cast(least({{ trials }}, {{ other_trials }}) as double)
        * least({{ successes }} + {{ other_successes }}, {{ trials }} + {{ other_trials }} - {{ successes }} - {{ other_successes }})
        / nullif({{ trials }} + {{ other_trials }}, 0)
    )
{%- endmacro %}

{#-
    The p-value of Fisher's exact test to both sides: the chances of all tables of the same margins that are no likelier than the one found
    (Fisher 1935; as R and SciPy have it, who also take what differs by a ten-millionth for equal). Its loop is as long as the smallest margin.
-#}
{% macro fisher_p_value(successes, trials, other_successes, other_trials) -%}
    {%- set first = 'greatest(0, ' ~ successes ~ ' - ' ~ other_trials ~ ' + ' ~ other_successes ~ ')' -%}
    {%- set last = 'least(' ~ trials ~ ', ' ~ successes ~ ' + ' ~ other_successes ~ ')' -%}
    {%- set found = log_chance_of_table(successes, trials, successes ~ ' + ' ~ other_successes, other_trials) -%}
    {%- set chance = log_chance_of_table('hits', trials, successes ~ ' + ' ~ other_successes, other_trials) ~ ' - ' ~ found -%}
    least(
        {{ sum_over(first, last, 'hits', 'case when ' ~ chance ~ ' <= 1e-7 then exp(' ~ chance ~ ') else 0e0 end') }}
        / {{ sum_over(first, last, 'hits', 'exp(least(' ~ chance ~ ', 7e2))') }},
        1e0
    )
{%- endmacro %}

{#-
    The p-value to both sides of two counts that had one rate: of the pooled z-test, or of Fisher's exact test where one of the four cells expects
    fewer than 5, where the normal distribution is no likeness. `z` is their pooled_z; null where that is.
-#}
{% macro proportions_p_value(z, successes, trials, other_successes, other_trials) -%}
    case
        when {{ z }} is null then null
        when {{ is_fisher_tested(successes, trials, other_successes, other_trials) }}
            then {{ fisher_p_value(successes, trials, other_successes, other_trials) }}
        else 2 * {{ normal_upper_tail('abs(' ~ z ~ ')') }}
    end
{%- endmacro %}
{% macro is_fisher_tested(successes, trials, other_successes, other_trials) -%}
    {{ least_expected_cell(successes, trials, other_successes, other_trials) }} < 5
{%- endmacro %}

{#- Two rates' distance in standard errors of their pooled rate; null where all or none are counted: any chance would have led there. -#}
{% macro pooled_z(successes, trials, other_successes, other_trials) -%}
    {%- set pooled = '(cast(' ~ successes ~ ' + ' ~ other_successes ~ ' as double) / nullif(' ~ trials ~ ' + ' ~ other_trials ~ ', 0))' -%}
    (
        (cast({{ successes }} as double) / nullif({{ trials }}, 0) - cast({{ other_successes }} as double) / nullif({{ other_trials }}, 0))
        / nullif(sqrt({{ pooled }} * (1 - {{ pooled }}) * (1e0 / nullif({{ trials }}, 0) + 1e0 / nullif({{ other_trials }}, 0))), 0)
    )
{%- endmacro %}

{#- The logarithm of the chance that of `successes` among both so many fall to the first, but for what all tables of these margins share. -#}
{% macro log_chance_of_table(hits, trials, successes, other_trials) -%}
    (
        -{{ log_factorial('(' ~ hits ~ ')') }} - {{ log_factorial('(' ~ trials ~ ' - (' ~ hits ~ '))') }}
        - {{ log_factorial('(' ~ successes ~ ' - (' ~ hits ~ '))') }}
        - {{ log_factorial('(' ~ other_trials ~ ' - (' ~ successes ~ ') + ' ~ hits ~ ')') }}
    )
{%- endmacro %}

{#-
    The p-value to both sides of a Student t, which must not be negative, of degrees that need not be whole: its density integrated beyond t
    over that beyond 0, each by the trapezoids of 129 points that lie doubly exponentially (Takahasi and Mori 1974), which agree with the true
    value in twelve digits or more, in the tails as well. A closed form exists for whole degrees alone.
-#}
{% macro t_p_value(t, degrees) -%}{{ t_tail(t, degrees) }} / {{ t_tail('0e0', degrees) }}{%- endmacro %}

{#-
    A step towards the t that a Student t of these degrees exceeds in absolute value with a chance of 5 %: Newton's, on the logarithms. Begun with
    z_95, four steps end there, in all digits, for every number of degrees from 1 on.
-#}
{% macro t_95_step(t, degrees) -%}
    {{ t }} * exp(
        ln({{ t_p_value(t, degrees) }} / 5e-2) * {{ t_tail(t, degrees) }} / ({{ t }} * {{ t_density(t, degrees) }})
    )
{%- endmacro %}

{#- The integral of t_density from t to infinity. -#}
{% macro t_tail(t, degrees) -%}
    {%- set beyond = 'exp(1.5707963267948966e0 * sinh(point / 1.6e1))' -%}
    (
        {{ sum_over(-64, 64, 'point', beyond ~ ' * cosh(point / 1.6e1) * ' ~ t_density('(' ~ t ~ ' + ' ~ beyond ~ ')', degrees)) }}
        * 1.5707963267948966e0 / 1.6e1
    )
{%- endmacro %}

{#- The density of a Student t but for its constant; the logarithm of nearly 1 by atanh, so that a million degrees lose no digit. -#}
{% macro t_density(x, degrees) -%}
    exp(
        -({{ degrees }} + 1e0) / 2e0
        * case
            when {{ x }} * {{ x }} < {{ degrees }} then 2e0 * atanh({{ x }} * {{ x }} / (2e0 * {{ degrees }} + {{ x }} * {{ x }}))
            else ln(1e0 + {{ x }} * {{ x }} / {{ degrees }})
        end
    )
{%- endmacro %}

{#-
    How far, in standard errors of what is true, one end of the region in which the pooled two-proportion z-test at 5 % rejects lies below `rate`'s
    true distance from another one, with so many persons on either side (Fleiss, Levin and Paik 2003, 4.2). `side` is '+' for the end on the side
    of the true difference and '-' for the other; the power is the sum of normal_cdf of both. Null where a rate is not between 0 and 1.
-#}
{% macro power_z(rate, trials, other_rate, other_trials, side) -%}
    {%- set pooled = '((' ~ rate ~ ' * ' ~ trials ~ ' + ' ~ other_rate ~ ' * ' ~ other_trials ~ ') / (' ~ trials ~ ' + ' ~ other_trials ~ '))' -%}
    case
        when least({{ rate }}, {{ other_rate }}) > 0 and greatest({{ rate }}, {{ other_rate }}) < 1 and least({{ trials }}, {{ other_trials }}) > 0 then
            (
                {{ side }}abs({{ rate }} - {{ other_rate }})
                - {{ z_95() }} * sqrt({{ pooled }} * (1 - {{ pooled }}) * (1e0 / {{ trials }} + 1e0 / {{ other_trials }}))
            )
            / sqrt({{ rate }} * (1 - {{ rate }}) / {{ trials }} + {{ other_rate }} * (1 - {{ other_rate }}) / {{ other_trials }})
    end
{%- endmacro %}

{#-
    P-values of a family of tests, adjusted in two steps, since a window cannot look into a window: `holm_step` and then `holm_p_value` keep the
    chance that any test of the family rejects wrongly (Holm 1979); `bh_step` and `bh_q_value` keep the share of wrong ones among those that
    reject (Benjamini and Hochberg 1995). `family` are the columns that make one, `tie` those that order equal p-values. No p-value, no test.
-#}
{% macro holm_step(p_value, family, tie) -%}
    least(1e0, {{ p_value }} * (
        count({{ p_value }}) over (partition by {{ family }}) + 1
        - row_number() over (partition by {{ family }} order by {{ p_value }} nulls last, {{ tie }})
    ))
{%- endmacro %}
{% macro holm_p_value(step, p_value, family, tie) -%}
    case when {{ p_value }} is not null then
        max({{ step }}) over (
            partition by {{ family }}
            order by {{ p_value }} nulls last, {{ tie }}
            rows between unbounded preceding and current row
        )
    end
{%- endmacro %}
{% macro bh_step(p_value, family, tie) -%}
    least(1e0, {{ p_value }} * cast(count({{ p_value }}) over (partition by {{ family }}) as double)
        / row_number() over (partition by {{ family }} order by {{ p_value }} nulls last, {{ tie }}))
{%- endmacro %}
{% macro bh_q_value(step, p_value, family, tie) -%}
    case when {{ p_value }} is not null then
        min({{ step }}) over (
            partition by {{ family }}
            order by {{ p_value }} nulls last, {{ tie }}
            rows between current row and unbounded following
        )
    end
{%- endmacro %}

{#- The fifth of a ranking that a rank lies in, 1 to 5: by the share of the others who rank lower, so that equal ranks score alike. -#}
{% macro rank_score(rank, ranked) -%}
    least(5, 1 + floor(cast(5 * ({{ rank }} - 1) as double) / greatest({{ ranked }} - 1, 1)))
{%- endmacro %}
