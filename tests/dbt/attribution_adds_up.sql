-- Invariant 1: for every conversion and model, credit sums to 1 and attributed revenue to the conversion's revenue, exactly.
-- Otherwise unattributed conversions, or shares lost in rounding, would be missing from channel reports.
with models as (

    select distinct attribution_model from {{ ref('fct_attribution') }}

),

expected as (

    select
        conversions.conversion_id,
        conversions.revenue,
        models.attribution_model
    from {{ ref('fct_conversions') }} as conversions
    cross join models

),

attributed as (

    select
        conversion_id,
        attribution_model,
        sum(credit) as credit,
        sum(attributed_revenue) as attributed_revenue
    from {{ ref('fct_attribution') }}
    group by conversion_id, attribution_model

)

select expected.*
from expected
left join attributed
    on expected.conversion_id = attributed.conversion_id
    and expected.attribution_model = attributed.attribution_model
where
    attributed.credit is distinct from 1
    or attributed.attributed_revenue is distinct from expected.revenue
