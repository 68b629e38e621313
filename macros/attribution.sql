{#-
    Key of whoever has the path of a conversion: the person or, with setting attribution_unit company, the company if there is one.
    Keys of companies are negative, so that they never equal a person's.
-#}
{% macro attribution_unit(person_key, company_id) -%}
    {%- set unit = setting('attribution_unit') -%}
    {%- if unit == 'person' -%}{{ person_key }}
    {%- elif unit == 'company' -%}case when {{ company_id }} <> 'unknown' then -{{ key_of('md5(' ~ company_id ~ ')') }} else {{ person_key }} end
    {%- else -%}{{ exceptions.raise_compiler_error("Setting attribution_unit is '" ~ unit ~ "'; it must be person or company.") }}
    {%- endif -%}
{%- endmacro %}

{#-
    Time at which the conversion before ended its path, before which touches do not count; null if setting attribution_path_restart is
    off.
-#}
{% macro path_restart(converted_before_at) -%}
    {{ converted_before_at if setting('attribution_path_restart') else 'cast(null as timestamp)' }}
{%- endmacro %}

{#-
    Fundamental matrix N = I + Q + Q² + … = (I - Q)⁻¹ of absorbing Markov chains (Kemeny and Snell 1960, theorem 3.2.1): the expected
    number of visits to to_state of a chain that starts in from_state.

    Parameters: moves, a relation of chain, from_state, to_state and probability between transient states.
    Returns: a select of chain, from_state, to_state and visits.
    Do not simplify: adding powers of Q one by one takes as many rounds as the longest walk. Squaring (N + N Q, then Q Q) doubles the
      steps in each round, so 30 rounds are 10^9 steps; it stops once all of Q is below 10^-15. Each round is a table; the model drops
      them with drop_round_tables as its post-hook.
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
        {%- set stuck = run_query(
            'select from_state, to_state from ' ~ round.powers ~ ' order by probability desc, from_state, to_state limit 1'
        ).rows[0] -%}
        {{ exceptions.raise_compiler_error(
            "Markov attribution did not converge after 30 squarings: paths in channel " ~ stuck[0] ~ " almost only go on to " ~ stuck[1]
            ~ ". Check seeds/channel_rules.csv, or merge the channels that lead back to each other."
        ) }}
    {%- endif -%}
    select chain, from_state, to_state, visits from {{ round.visits }}
{%- endmacro %}

{#-
    Weight of an attribution model, rounded to a decimal so that DuckDB and Spark agree.

    Parameters: weight, an expression; digits, 9 for functions whose last bits differ between the engines (exp, ln), 12 for a division
      of whole numbers.
-#}
{% macro round_weight(weight, digits=9) -%}
    (cast(floor(({{ weight }}) * 1e{{ digits }} + 0.5) as decimal(18, 0)) * cast(0.{{ '0' * (digits - 1) }}1 as decimal(18, {{ digits }})))
{%- endmacro %}
