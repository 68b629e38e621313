{%- set labels = {'dimension_value': 'dimension_with_stages'} -%}

with {{ survey_counts('ces', {
    'responses': 'count(*)',
    'score_sum': 'sum(standard_score)',
    'low_effort': 'count(*) filter (where is_low_effort)',
}) }},

rated as (

    select
        *,
        {{ share_of('low_effort', 'responses') }} as low_effort_rate
    from counted

)

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
    {{ share_of('score_sum', 'responses') }} as ces,
    low_effort,
    low_effort_rate,
    {{ wilson_bound('low_effort_rate', 'responses', '-') }} as low_effort_rate_low,
    {{ wilson_bound('low_effort_rate', 'responses', '+') }} as low_effort_rate_high
from {{ with_labels('rated', labels) }} as rated
