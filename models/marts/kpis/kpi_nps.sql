{%- set labels = {'dimension_value': 'dimension_with_stages'} -%}

with {{ survey_counts(
    'nps',
    {
        'responses': 'count(*)',
        'promoters': "count(*) filter (where nps_group = 'promoter')",
        'passives': "count(*) filter (where nps_group = 'passive')",
        'detractors': "count(*) filter (where nps_group = 'detractor')",
    },
    window_months=setting('nps_window_months'),
) }}

select
    month_start,
    survey_kind,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ is_complete_month('month_start') }} as is_complete,
    responses,
    invitations,
    invitations_answered,
    {{ share_of('invitations_answered', 'invitations') }} as response_rate,
    promoters,
    passives,
    detractors,
    100 * cast(promoters - detractors as double) / nullif(responses, 0) as nps,
    case
        when responses >= {{ setting('nps_min_responses') }}
            then 100 * {{ adjusted_wald_bound('responses', '(promoters - detractors)', '(promoters + detractors)', '-') }}
    end as nps_low,
    case
        when responses >= {{ setting('nps_min_responses') }}
            then 100 * {{ adjusted_wald_bound('responses', '(promoters - detractors)', '(promoters + detractors)', '+') }}
    end as nps_high
from {{ with_labels('counted', labels) }} as counted
