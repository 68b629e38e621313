{%- set parts = {'kpi_nps': [], 'kpi_csat': ['satisfied'], 'kpi_ces': ['low_effort']} -%}
-- Survey KPIs count every invitation and answer once; a join that loses or doubles rows would move response rates and scores unnoticed.
with counted as (

    {%- for mart in parts %}
    select
        '{{ mart | replace("kpi_", "") }}' as survey_type,
        sum(invitations) as invitations,
        sum(invitations_answered) as invitations_answered,
        {# NPS counts one answer per person, month and kind; nps_adds_up tests it #}
        {{ 'null' if mart == 'kpi_nps' else 'sum(responses)' }} as responses
    from {{ ref(mart) }}
    where dimension = 'all'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

invited as (

    select
        invitations.survey_type,
        count(distinct invitations.invitation_id) as invitations,
        count(distinct responses.invitation_id) as invitations_answered
    from {{ ref('fct_survey_invitations') }} as invitations
    left join {{ ref('fct_survey_responses') }} as responses
        on invitations.invitation_id = responses.invitation_id
        and invitations.survey_type = responses.survey_type
    group by invitations.survey_type

),

answered as (

    select
        survey_type,
        count(*) as responses
    from {{ ref('fct_survey_responses') }}
    group by survey_type

)

select counted.survey_type as problem
from counted
left join invited on counted.survey_type = invited.survey_type
left join answered on counted.survey_type = answered.survey_type
where
    coalesce(counted.invitations, 0) <> coalesce(invited.invitations, 0)
    or coalesce(counted.invitations_answered, 0) <> coalesce(invited.invitations_answered, 0)
    or counted.survey_type <> 'nps' and coalesce(counted.responses, 0) <> coalesce(answered.responses, 0)
{%- for mart, columns in parts.items() %}
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref(mart) }}
where
    invitations_answered > invitations
    {%- for column in columns %}
    or {{ column }} > responses
    {%- endfor %}
{%- endfor %}
