with responses as (

    select
        responses.*,
        {{ month_of('responses.responded_date') }} as month_start,
        persons.persona,
        persons.customer_type
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('dim_persons') }} as persons on responses.person_id = persons.person_id
    where responses.survey_type = 'nps'

),

{# one answer a person, month and kind: the latest #}
latest as (

    select *
    from responses
    qualify row_number() over (
        partition by case when person_id = 'unknown' then response_id else person_id end, month_start, survey_kind
        order by responded_at desc, response_id desc
    ) = 1

),

invitations as (

    select
        invitations.*,
        {{ month_of('invitations.sent_date') }} as month_start,
        persons.persona,
        persons.customer_type
    from {{ ref('fct_survey_invitations') }} as invitations
    inner join {{ ref('dim_persons') }} as persons on invitations.person_id = persons.person_id
    where invitations.survey_type = 'nps'

),

{%- set dimensions = {
    'all': "'all'", 'stage': none, 'touchpoint': 'touchpoint', 'channel': 'channel', 'persona': 'persona',
    'customer_type': 'customer_type', 'survey_kind': 'survey_kind',
} %}

response_counts as (

    {%- for dimension, value in dimensions.items() %}
    select
        month_start,
        '{{ dimension }}' as dimension,
        {{ 'stage_at_response' if dimension == 'stage' else value }} as dimension_value,
        count(*) as responses,
        count(*) filter (where nps_group = 'promoter') as promoters,
        count(*) filter (where nps_group = 'passive') as passives,
        count(*) filter (where nps_group = 'detractor') as detractors
    from latest
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

invitation_counts as (

    {%- for dimension, value in dimensions.items() %}
    select
        month_start,
        '{{ dimension }}' as dimension,
        {{ 'stage_at_invitation' if dimension == 'stage' else value }} as dimension_value,
        count(*) as invitations
    from invitations
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        coalesce(response_counts.month_start, invitation_counts.month_start) as month_start,
        coalesce(response_counts.dimension, invitation_counts.dimension) as dimension,
        coalesce(response_counts.dimension_value, invitation_counts.dimension_value) as dimension_value,
        coalesce(response_counts.responses, 0) as responses,
        coalesce(invitation_counts.invitations, 0) as invitations,
        coalesce(response_counts.promoters, 0) as promoters,
        coalesce(response_counts.passives, 0) as passives,
        coalesce(response_counts.detractors, 0) as detractors
    from response_counts
    full outer join invitation_counts
        on response_counts.month_start = invitation_counts.month_start
        and response_counts.dimension = invitation_counts.dimension
        and response_counts.dimension_value = invitation_counts.dimension_value

),

scored as (

    select
        *,
        cast(promoters - detractors as double) / nullif(responses, 0) as balance,
        cast(promoters + detractors as double) / nullif(responses, 0) as decided
    from counted

),

bounded as (

    select
        *,
        196 * sqrt(greatest(decided - balance * balance, 0) / responses) as margin
    from scored

)

select
    cast(month_start as string) || '.' || dimension || '.' || dimension_value as nps_key,
    month_start,
    dimension,
    dimension_value,
    responses,
    invitations,
    promoters,
    passives,
    detractors,
    100 * balance as nps,
    case when responses >= {{ setting('nps_min_responses') }} then greatest(100 * balance - margin, -100) end as nps_low,
    case when responses >= {{ setting('nps_min_responses') }} then least(100 * balance + margin, 100) end as nps_high
from bounded
