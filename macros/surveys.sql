{#- Answers to surveys of one type, with their month and the dimensions of the KPI. -#}
{% macro survey_answers(survey_type) -%}
    select
        responses.*,
        {{ month_of('responses.responded_date') }} as responded_month,
        responses.stage_at_response as stage,
        persons.persona,
        persons.customer_type
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('dim_persons') }} as persons on responses.person_id = persons.person_id
    where responses.survey_type = '{{ survey_type }}'
{%- endmacro %}

{#-
    Rank of an answer among those of the same person, survey type, kind and month; 1 is the latest. Answers of unknown persons count
    as different persons.
-#}
{% macro latest_answer_rank(month) -%}
    row_number() over (
        partition by case when person_id = 'unknown' then response_id else person_id end, {{ month }}, survey_type, survey_kind
        order by responded_at desc, response_id desc
    )
{%- endmacro %}

{#-
    The latest answer of each person and survey kind, per month.

    Parameters: relation of answers with responded_month; window_months, the number of months that an answer counts for, from its own
      on. Months after the as-of are left out.
-#}
{% macro latest_answers(relation, window_months=1) -%}
    select *
    from (
        select
            answers.*,
            {{ add_months('answers.responded_month', 'cast(later.months as int)') }} as month_start
        from {{ relation }} as answers
        cross join range({{ window_months }}) as later (months)
    ) as answers_in_window
    where month_start <= {{ month_of(reporting_date(as_of())) }}
    qualify {{ latest_answer_rank('month_start') }} = 1
{%- endmacro %}

{#-
    CTEs for a survey KPI, ending in `counted`: measures of answers, invitations and answered invitations per month, survey kind,
    dimension and value. Relational and transactional surveys are never added up, because they ask different questions.

    Parameters: survey_type; measures, a dict from name to aggregate over answers; window_months, in which a person's latest answer
      counts; without it every answer counts.
-#}
{% macro survey_counts(survey_type, measures, window_months=none) -%}
{%- set dimensions = ['stage', 'touchpoint', 'channel', 'persona', 'customer_type'] -%}
{%- set by = ['month_start', 'survey_kind'] -%}
answers as (

    {{ survey_answers(survey_type) }}

),

counting_answers as (

    {% if window_months is none -%}
    select
        *,
        responded_month as month_start
    from answers
    {%- else -%}
    {{ latest_answers('answers', window_months) }}
    {%- endif %}

),

invitations as (

    select
        invitations.*,
        {{ month_of('invitations.sent_date') }} as month_start,
        invitations.stage_at_invitation as stage,
        persons.persona,
        persons.customer_type
    from {{ ref('fct_survey_invitations') }} as invitations
    inner join {{ ref('dim_persons') }} as persons on invitations.person_id = persons.person_id
    where invitations.survey_type = '{{ survey_type }}'

),

response_counts as (

    {{ by_dimension('counting_answers', dimensions, measures, by=by) }}

),

invitation_counts as (

    {{ by_dimension('invitations', dimensions, {
        'invitations': 'count(*)',
        'invitations_answered': 'count(*) filter (where is_answered)',
    }, by=by) }}

),

counted as (

    select
        coalesce(response_counts.month_start, invitation_counts.month_start) as month_start,
        coalesce(response_counts.survey_kind, invitation_counts.survey_kind) as survey_kind,
        coalesce(response_counts.dimension, invitation_counts.dimension) as dimension,
        coalesce(response_counts.dimension_value, invitation_counts.dimension_value) as dimension_value,
        {%- for name in measures %}
        coalesce(response_counts.{{ name }}, 0) as {{ name }},
        {%- endfor %}
        coalesce(invitation_counts.invitations, 0) as invitations,
        coalesce(invitation_counts.invitations_answered, 0) as invitations_answered
    from response_counts
    full outer join invitation_counts
        on response_counts.month_start = invitation_counts.month_start
        and response_counts.survey_kind = invitation_counts.survey_kind
        and response_counts.dimension = invitation_counts.dimension
        and response_counts.dimension_value = invitation_counts.dimension_value

)
{%- endmacro %}

{#-
    Bound of the 95 % interval of a mean of answers between -1 and 1: adjusted Wald interval (Rocks 2016). It adds three answers, a
    quarter of them 1, a quarter -1 and half 0, so that the interval has a width even if all answers are equal.

    Parameters: answers, their number; total, their sum; squares, their sum of squares; side, '-' for the lower and '+' for the upper
      bound.
-#}
{% macro adjusted_wald_bound(answers, total, squares, side) -%}
    {%- set mean = '(cast(' ~ total ~ ' as double) / (' ~ answers ~ ' + 3))' -%}
    {%- set spread = '(' ~ squares ~ ' + 1.5e0) / (' ~ answers ~ ' + 3) - ' ~ mean ~ ' * ' ~ mean -%}
    {#- limited at both ends of the scale, because the mean of shifted answers, and so both bounds, may lie outside it -#}
    greatest(
        least({{ mean }} {{ side }} {{ z_95() }} * sqrt(({{ spread }}) / ({{ answers }} + 3)), cast(1 as double)), cast(-1 as double)
    )
{%- endmacro %}
