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

{# the adjusted Wald interval of Rocks (2016): three answers more, a quarter promoters and a quarter detractors, so that it has a width #}
scored as (

    select
        *,
        cast(promoters - detractors as double) / nullif(responses, 0) as balance,
        cast(promoters - detractors as double) / (responses + 3) as adjusted_balance,
        (promoters + detractors + cast(1.5 as double)) / (responses + 3) as adjusted_decided
    from counted

),

bounded as (

    select
        *,
        {{ z_95() }} * sqrt((adjusted_decided - adjusted_balance * adjusted_balance) / (responses + 3)) as margin
    from scored

)

select
    month_start,
    survey_kind,
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
    case when responses >= {{ setting('nps_min_responses') }} then greatest(100 * (adjusted_balance - margin), -100) end as nps_low,
    case when responses >= {{ setting('nps_min_responses') }} then least(100 * (adjusted_balance + margin), 100) end as nps_high
from bounded
