{#-
    Whose path a conversion has: the person's, or by the setting attribution_unit the company's, where there is one. A company's key is
    negative, so that it is no person's.
-#}
{% macro attribution_unit(person_key, company_id) -%}
    {%- set unit = setting('attribution_unit') -%}
    {%- if unit == 'person' -%}{{ person_key }}
    {%- elif unit == 'company' -%}case when {{ company_id }} <> 'unknown' then -{{ key_of('md5(' ~ company_id ~ ')') }} else {{ person_key }} end
    {%- else -%}{{ exceptions.raise_compiler_error("Setting attribution_unit is '" ~ unit ~ "'; it must be person or company.") }}
    {%- endif -%}
{%- endmacro %}

{#- When the conversion before ended its path; by the setting attribution_path_restart it may end none. -#}
{% macro path_restart(converted_before_at) -%}
    {{ converted_before_at if setting('attribution_path_restart') else 'cast(null as timestamp)' }}
{%- endmacro %}

{#-
    The fundamental matrix N = I + Q + Q^2 + … = (I - Q)^-1 of absorbing Markov chains (Kemeny and Snell 1960, theorem 3.2.1): how often each
    chain visits `to_state` when it starts in `from_state`. `moves` is a table of chain, from_state, to_state, probability between
    states that are left again. N grows by squaring, N + N Q and Q Q, so that thirty rounds would be a thousand million steps; it
    ends as soon as what is left of Q is less than 10^-15. Each round is a table, which the model drops by `drop_round_tables` as its post-hook.
-#}
{% macro fundamental_matrix(moves) -%}
    {%- if not execute or flags.WHICH not in ['build', 'run'] -%}
        {{ return("select cast(null as string) as chain, cast(null as string) as from_state, cast(null as string) as to_state, cast(null as double) as visits where false") }}
    {%- endif -%}
    {%- set powers = round_table(0, 'powers') -%}
    {%- set visits = round_table(0, 'visits') -%}
    {%- do replace_table(powers, 'select chain, from_state, to_state, probability from ' ~ moves) -%}
    {%- do replace_table(
        visits,
        'select distinct chain, state as from_state, state as to_state, cast(1 as double) as visits from ('
        ~ 'select chain, from_state as state from ' ~ moves ~ ' union select chain, to_state as state from ' ~ moves ~ ') as states'
    ) -%}
    {%- set round = namespace(powers=powers, visits=visits, is_over=false) -%}
    {%- for number in range(1, 31) if not round.is_over -%}
        {%- set powers = round_table(number, 'powers') -%}
        {%- set visits = round_table(number, 'visits') -%}
        {%- do replace_table(
            visits,
            'select chain, from_state, to_state, sum(visits) as visits from (select chain, from_state, to_state, visits from ' ~ round.visits
            ~ ' union all select visits.chain, visits.from_state, powers.to_state, visits.visits * powers.probability as visits from '
            ~ round.visits ~ ' as visits inner join ' ~ round.powers
            ~ ' as powers on visits.chain = powers.chain and visits.to_state = powers.from_state) as terms group by chain, from_state, to_state'
        ) -%}
        {%- do replace_table(
            powers,
            'select one.chain, one.from_state, other.to_state, sum(one.probability * other.probability) as probability from '
            ~ round.powers ~ ' as one inner join ' ~ round.powers ~ ' as other on one.chain = other.chain and one.to_state = other.from_state'
            ~ ' group by one.chain, one.from_state, other.to_state having sum(one.probability * other.probability) > 1e-15'
        ) -%}
        {%- set round.powers = powers -%}
        {%- set round.visits = visits -%}
        {%- set round.is_over = run_query('select count(*) from ' ~ powers).rows[0][0] == 0 -%}
    {%- endfor -%}
    {%- if not round.is_over -%}
        {{ exceptions.raise_compiler_error("The Markov chain of the touchpoints does not end: look for a channel that nearly always leads back to itself through others.") }}
    {%- endif -%}
    select chain, from_state, to_state, visits from {{ round.visits }}
{%- endmacro %}

{#-
    A weight of an attribution model as a decimal. What is computed by functions that the engines do not do alike to the last bit keeps nine
    digits; a division of whole numbers, which they do, may keep twelve.
-#}
{% macro round_weight(weight, digits=9) -%}
    (cast(floor(({{ weight }}) * 1e{{ digits }} + 0.5) as decimal(18, 0)) * cast(0.{{ '0' * (digits - 1) }}1 as decimal(18, {{ digits }})))
{%- endmacro %}
