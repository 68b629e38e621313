{%- set labels = {'dimension_value': 'dimension_with_stages'} -%}

with {{ survey_counts('csat', {
    'responses': 'count(*)',
    'satisfied': 'count(*) filter (where is_satisfied)',
}) }},

rated as (

    select
        *,
        {{ share_of('satisfied', 'responses') }} as csat
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
    satisfied,
    csat,
    {{ wilson_bound('csat', 'responses', '-') }} as csat_low,
    {{ wilson_bound('csat', 'responses', '+') }} as csat_high
from {{ with_labels('rated', labels) }} as rated
