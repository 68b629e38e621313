{#- Quantile of the standard normal distribution for a two-sided 95 % interval. -#}
{% macro z_95() -%}1.959963984540054e0{%- endmacro %}

{#-
    Bound of the 95 % Wilson score interval of a rate (Wilson 1927).

    Parameters: rate and trials, expressions; side, '-' for the lower and '+' for the upper bound.
    Example: {{ wilson_bound('conversion_rate', 'entered', '-') }} as rate_low
    Do not simplify: at a rate of 0 or 1 the bound is exactly 0 or 1, which the formula misses by rounding.
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
    Effective number of independent trials, for wilson_bound, of a share that is made of several customers' credit: the number whose
    rate has the same variance. At most the number of trials, so that chance agreement between few customers does not narrow the
    interval (Korn and Graubard 1998). The divisor corrects for a variance that is estimated from few customers: the square of Student's
    t over z, by the first three terms of its expansion (Abramowitz and Stegun 26.7.5), which are enough from five customers on.

    Parameters: share and trials; customers, their number; sums over customers: squares, of their credit for the part; products, of
      that and their trials; total_squares, of their trials.
    Returns: a double; null for a single customer.
-#}
{% macro effective_trials(share, trials, customers, squares, products, total_squares) -%}
    {%- set spread = 'cast(' ~ squares ~ ' as double) - 2 * ' ~ share ~ ' * cast(' ~ products ~ ' as double) + ' ~ share ~ ' * ' ~ share
        ~ ' * cast(' ~ total_squares ~ ' as double)' -%}
    {%- set degrees = '(' ~ customers ~ ' - 1e0)' -%}
    {%- set by_t = '(1 + (power(' ~ z_95() ~ ', 2) + 1) / (4 * ' ~ degrees ~ ')'
        ~ ' + (5 * power(' ~ z_95() ~ ', 4) + 16 * power(' ~ z_95() ~ ', 2) + 3) / (96 * power(' ~ degrees ~ ', 2))'
        ~ ' + (3 * power(' ~ z_95() ~ ', 6) + 19 * power(' ~ z_95() ~ ', 4) + 17 * power(' ~ z_95() ~ ', 2) - 15)'
        ~ ' / (384 * power(' ~ degrees ~ ', 3)))' -%}
    {%- set variance = 'greatest(' ~ spread ~ ', 0e0) * ' ~ by_t ~ ' * ' ~ by_t ~ ' * ' ~ customers
        ~ ' / (' ~ trials ~ ' * ' ~ trials ~ ' * ' ~ degrees ~ ')' -%}
    case
        when {{ customers }} > 1 and {{ share }} > 0 and {{ share }} < 1
            then least({{ trials }}, coalesce({{ share }} * (1 - {{ share }}) / nullif({{ variance }}, 0), {{ trials }}))
        when {{ customers }} > 1 then {{ trials }}
    end
{%- endmacro %}

{#-
    Bound of the 95 % interval of a difference of two rates, the first minus the other (Newcombe 1998, method 10, from two Wilson
    intervals).

    Parameters: rate and trials of both groups; side, '-' for the lower and '+' for the upper bound.
-#}
{% macro newcombe_bound(rate, trials, other_rate, other_trials, side) -%}
    {%- set other_side = '+' if side == '-' else '-' -%}
    {%- set reach = '(' ~ wilson_bound(rate, trials, side) ~ ' - ' ~ rate ~ ')' -%}
    {%- set other_reach = '(' ~ wilson_bound(other_rate, other_trials, other_side) ~ ' - ' ~ other_rate ~ ')' -%}
    {{ rate }} - {{ other_rate }} {{ side }} sqrt({{ reach }} * {{ reach }} + {{ other_reach }} * {{ other_reach }})
{%- endmacro %}

{#-
    Probability that a standard normal variable exceeds z, correct to twelve digits or more.

    Parameters: z, an expression that must not be negative.
    Returns: a double, by Hart's rational approximation 5666 and, from 7.07 on, a continued fraction (Hart 1968, as in West 2005).
    Do not simplify: neither engine has erf.
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

{#-
    A polynomial in x by Horner's rule. Parameters: coefficients, a list of literals from the highest power down; x, an expression.
-#}
{% macro polynomial(coefficients, x) -%}
    {%- set sum = namespace(text=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set sum.text = '(' ~ sum.text ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ sum.text }}
{%- endmacro %}

{#-
    Probability that a chi-square variable exceeds x, as a finite sum (Abramowitz and Stegun 26.4.4 and 26.4.5).

    Parameters: x, an expression; degrees of freedom, 1 to 9. The result is null for other degrees.
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

{#- Probability that a standard normal variable is at most z, to twelve decimals. Both sides use one tail. -#}
{% macro normal_cdf(z) -%}
    5e-1 + sign({{ z }}) * (5e-1 - ({{ normal_upper_tail('abs(' ~ z ~ ')') }}))
{%- endmacro %}

{#-
    Smallest expected count in the 2 × 2 table of two groups (successes and failures each), if both had the same rate. Below 5 the
    normal approximation does not hold.
-#}
{% macro least_expected_cell(successes, trials, other_successes, other_trials) -%}
    (
        cast(least({{ trials }}, {{ other_trials }}) as double)
        * least({{ successes }} + {{ other_successes }}, {{ trials }} + {{ other_trials }} - {{ successes }} - {{ other_successes }})
        / nullif({{ trials }} + {{ other_trials }}, 0)
    )
{%- endmacro %}

{#-
    Two-sided p-value of Fisher's exact test on a 2 × 2 table: the total probability of all tables with the same margins that are at
    most as likely as the observed one (Fisher 1935). Like R and SciPy it treats probabilities within a relative 1e-7 as equal.

    Parameters: successes and trials of both groups. The computation grows with the smallest margin.
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
    Two-sided p-value for two rates: pooled z-test, or Fisher's exact test where a cell expects fewer than 5.

    Parameters: z, the result of pooled_z; successes and trials of both groups.
    Returns: a double; null where z is null.
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

{#-
    Difference of two rates in standard errors of their pooled rate. Null if all or none succeeded, because then no difference was
    possible.
-#}
{% macro pooled_z(successes, trials, other_successes, other_trials) -%}
    {%- set pooled = '(cast(' ~ successes ~ ' + ' ~ other_successes ~ ' as double) / nullif(' ~ trials ~ ' + ' ~ other_trials ~ ', 0))' -%}
    (
        (cast({{ successes }} as double) / nullif({{ trials }}, 0) - cast({{ other_successes }} as double) / nullif({{ other_trials }}, 0))
        / nullif(sqrt({{ pooled }} * (1 - {{ pooled }}) * (1e0 / nullif({{ trials }}, 0) + 1e0 / nullif({{ other_trials }}, 0))), 0)
    )
{%- endmacro %}

{#-
    Logarithm of the probability that `hits` of all successes fall into the first group, up to a constant that all tables with the
    same margins share.
-#}
{% macro log_chance_of_table(hits, trials, successes, other_trials) -%}
    (
        -{{ log_factorial('(' ~ hits ~ ')') }} - {{ log_factorial('(' ~ trials ~ ' - (' ~ hits ~ '))') }}
        - {{ log_factorial('(' ~ successes ~ ' - (' ~ hits ~ '))') }}
        - {{ log_factorial('(' ~ other_trials ~ ' - (' ~ successes ~ ') + ' ~ hits ~ ')') }}
    )
{%- endmacro %}

{#-
    Two-sided p-value of Student's t, correct to twelve digits or more, also in the tails.

    Parameters: t, an expression that must not be negative; degrees of freedom, which need not be whole.
    Do not simplify: a closed form exists for whole degrees only. The density is integrated by the double exponential rule on 129
      points (Takahasi and Mori 1974).
-#}
{% macro t_p_value(t, degrees) -%}{{ t_tail(t, degrees) }} / {{ t_tail('0e0', degrees) }}{%- endmacro %}

{#-
    One Newton step, on logarithms, towards the t value that is exceeded in absolute value with probability 5 %. Four steps from z_95
    give all digits for any number of degrees from 1 on.
-#}
{% macro t_95_step(t, degrees) -%}
    {{ t }} * exp(
        ln({{ t_p_value(t, degrees) }} / 5e-2) * {{ t_tail(t, degrees) }} / ({{ t }} * {{ t_density(t, degrees) }})
    )
{%- endmacro %}

{#- Integral of t_density from t to infinity. -#}
{% macro t_tail(t, degrees) -%}
    {%- set beyond = 'exp(1.5707963267948966e0 * sinh(point / 1.6e1))' -%}
    (
        {{ sum_over(-64, 64, 'point', beyond ~ ' * cosh(point / 1.6e1) * ' ~ t_density('(' ~ t ~ ' + ' ~ beyond ~ ')', degrees)) }}
        * 1.5707963267948966e0 / 1.6e1
    )
{%- endmacro %}

{#-
    Density of Student's t without its constant factor. The logarithm near 1 is computed by atanh, so that a million degrees lose no
    digit.
-#}
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
    Distance, in standard errors, between the true difference of two rates and one end of the region in which the pooled z-test at 5 %
    rejects (Fleiss, Levin and Paik 2003, 4.2). The power of the test is the sum of normal_cdf of both sides.

    Parameters: rate and trials of both groups; side, '+' for the end on the side of the true difference and '-' for the other.
    Returns: a double; null unless both rates lie strictly between 0 and 1.
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
    Adjusted p-values of a family of tests, in two steps because a window function cannot contain another. holm_step, then
    holm_p_value: controls the probability of any false rejection (Holm 1979). bh_step, then bh_q_value: controls the share of false
    rejections among all (Benjamini and Hochberg 1995).

    Parameters: p_value, an expression, null if there was no test; family, the columns that define a family; tie, the columns that
      order equal p-values; step, the column with the result of the first macro.
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
    {#- divide first: multiplying by the quotient, which is at least 1, cannot make a p-value smaller by rounding -#}
    least(1e0, {{ p_value }} * (cast(count({{ p_value }}) over (partition by {{ family }}) as double)
        / row_number() over (partition by {{ family }} order by {{ p_value }} nulls last, {{ tie }})))
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

{#-
    Score from 1 to 5 of a rank: the fifth of the ranking that it lies in. It is based on the share of others with a lower rank, so
    that equal ranks have equal scores.
-#}
{% macro rank_score(rank, ranked) -%}
    least(5, 1 + floor(cast(5 * ({{ rank }} - 1) as double) / greatest({{ ranked }} - 1, 1)))
{%- endmacro %}
