with numbered as (

    select
        spans.*,
        {# a span without a change of plan is a lifetime of its own #}
        coalesce(lifetimes.component, spans.span_key) as lifetime_key
    from {{ ref('int_clv_spans') }} as spans
    left join {{ ref('int_clv_lifetimes') }} as lifetimes on spans.span_key = lifetimes.node

),

lifetimes as (

    select
        *,
        min(started_date) over of_lifetime as lifetime_started_date,
        case
            when count(ended_date) over of_lifetime = count(*) over of_lifetime then max(ended_date) over of_lifetime
            else last_date
        end as observed_date,
        {# an end by a change of plan does not end the lifetime, even if the new subscription starts after the window #}
        count(ended_date) over of_lifetime = count(*) over of_lifetime
        and bool_or(ended_date is not null and not is_continued) over of_lifetime as is_ended,
        row_number() over (
            partition by lifetime_key
            order by started_at, subscription_id, span_number
        ) = 1 as is_first_of_lifetime
    from numbered
    window of_lifetime as (partition by lifetime_key)

),

counted as (

    select
        *,
        {{ whole_months('lifetime_started_date', 'observed_date') }} as whole_months
    from lifetimes

)

select
    fit_window,
    subscription_id,
    span_number,
    person_id,
    mrr,
    {# an ended lifetime is counted in months that were begun, because a begun month was paid for #}
    cast(case
        when not is_ended then whole_months
        when {{ add_months('lifetime_started_date', 'whole_months') }} < observed_date then whole_months + 1
        else greatest(1, whole_months)
    end as bigint) as lifetime_months,
    is_ended,
    is_first_of_lifetime
from counted
