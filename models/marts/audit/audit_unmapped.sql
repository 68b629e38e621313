with met as (

    select 'orders.orders.status' as met_in, status as value_met
    from {{ ref('stg_orders__orders') }}
    where row_reason = 'unmapped_status'
    union all
    select 'crm.lifecycle_changes.stage' as met_in, stage as value_met
    from {{ ref('stg_crm__lifecycle_changes') }}
    where row_reason = 'unmapped_stage'
    union all
    select 'feedback.survey_responses.survey_type' as met_in, survey_type as value_met
    from {{ ref('stg_feedback__survey_responses') }}
    where row_reason = 'unknown_survey_type'
    union all
    select 'crm.activities.channel' as met_in, activities.channel as value_met
    from {{ accepted('crm', 'activities') }} as activities
    left join {{ ref('channels') }} as channels on activities.channel = channels.channel
    where activities.channel is not null and channels.channel is null
    {%- for source_name, table_name in [('marketing', 'offline_visits'), ('marketing', 'social_interactions'), ('web', 'identities')] %}
    union all
    select '{{ source_name }}.{{ table_name }}.identifier_type' as met_in, identified.identifier_type as value_met
    from {{ accepted(source_name, table_name) }} as identified
    left join {{ ref('identifier_types') }} as identifier_types on identified.identifier_type = identifier_types.identifier_type
    where identified.identifier_type is not null and identifier_types.identifier_type is null
    {%- endfor %}

)

select
    {{ keyed_hash(["'unmapped'", 'met_in', 'value_met']) }} as unmapped_key,
    met_in,
    value_met,
    count(*) as row_count
from met
group by met_in, value_met
