with {{ survey_counts(
    'nps',
    {
        'responses': 'count(*)',
        'promoters': "count(*) filter (where nps_group = 'promoter')",
        'passives': "count(*) filter (where nps_group = 'passive')",
        'detractors': "count(*) filter (where nps_group = 'detractor')",
    },
    window_months=setting('nps_window_months'),
) }},

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
    month_start,
    dimension,
    dimension_value,
    {{ is_complete_month('month_start') }} as is_complete,
    responses,
    invitations,
    invitations_answered,
    {{ share_of('invitations_answered', 'invitations') }} as response_rate,
    promoters,
    passives,
    detractors,
    100 * balance as nps,
    case when responses >= {{ setting('nps_min_responses') }} then greatest(100 * balance - margin, -100) end as nps_low,
    case when responses >= {{ setting('nps_min_responses') }} then least(100 * balance + margin, 100) end as nps_high
from bounded
