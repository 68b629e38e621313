with changes as (

    select
        windows.fit_window,
        windows.last_date,
        changes.*,
        {# a span is a paid period of a subscription; starting it again after a cancellation begins the next span #}
        sum(case when changes.is_payment_start then 1 else 0 end) over (
            partition by windows.fit_window, changes.subscription_id
            order by changes.change_number
            rows between unbounded preceding and current row
        ) as span_number
    from {{ ref('fct_subscription_changes') }} as changes
    inner join {{ ref('int_clv_windows') }} as windows on changes.changed_date <= windows.last_date

),

{# the last change of each subscription in the window gives its state at the end of the window #}
last_changes as (

    select
        fit_window,
        subscription_id,
        {# a row that names a company alone takes the subscriber's person from nobody #}
        coalesce(
            max_by(person_id, case when person_id <> 'unknown' then change_number end) over (partition by fit_window, subscription_id),
            'unknown'
        ) as person_id,
        span_number,
        mrr_after as mrr
    from changes
    qualify row_number() over (partition by fit_window, subscription_id order by change_number desc) = 1

),

spans as (

    select
        fit_window,
        last_date,
        subscription_id,
        span_number,
        subscription_id || '|' || cast(span_number as string) as span_key,
        min(case when is_payment_start then account_id end) as account_id,
        min(case when is_payment_start then changed_at end) as started_at,
        min(case when is_payment_end then changed_at end) as ended_at,
        min(case when is_payment_start then changed_date end) as started_date,
        bool_or(is_payment_start and is_plan_change) as continues_another,
        min(case when is_payment_end then changed_date end) as ended_date,
        bool_or(is_payment_end and is_plan_change) as is_continued
    from changes
    where span_number > 0
    group by fit_window, last_date, subscription_id, span_number

),

{#
    a span that starts with a change of plan continues the account's span whose end lies nearest to its start; other subscriptions that the
    account has beside it go on by themselves
#}
continuations_0 as (

    select
        spans.fit_window,
        spans.span_key,
        earlier.span_key as first_key
    from spans
    inner join spans as earlier
        on spans.fit_window = earlier.fit_window
        and spans.account_id = earlier.account_id
        and spans.continues_another
        and earlier.is_continued
        and earlier.started_at < spans.started_at
        and (
            {{ is_begun_anew('earlier.ended_at', 'spans.started_at') }}
            or {{ is_begun_anew('spans.started_at', 'earlier.ended_at') }}
        )
    qualify row_number() over (
        partition by spans.fit_window, spans.span_key
        order by abs({{ microseconds_between('earlier.ended_at', 'spans.started_at') }}), earlier.span_key
    ) = 1

),

{# the first span of a chain of changes of plan; each round doubles the length of chains that it finds, to 64 #}
{%- for round in range(1, 7) %}

continuations_{{ round }} as (

    select
        later.fit_window,
        later.span_key,
        coalesce(earlier.first_key, later.first_key) as first_key
    from continuations_{{ round - 1 }} as later
    left join continuations_{{ round - 1 }} as earlier
        on later.fit_window = earlier.fit_window
        and later.first_key = earlier.span_key

),
{%- endfor %}

numbered as (

    select
        spans.*,
        coalesce(continuations.first_key, spans.span_key) as lifetime_key
    from spans
    left join continuations_6 as continuations
        on spans.fit_window = continuations.fit_window
        and spans.span_key = continuations.span_key

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
            partition by fit_window, lifetime_key
            order by started_at, subscription_id, span_number
        ) = 1 as is_first_of_lifetime
    from numbered
    window of_lifetime as (partition by fit_window, lifetime_key)

),

counted as (

    select
        *,
        {{ whole_months('lifetime_started_date', 'observed_date') }} as whole_months
    from lifetimes

)

select
    counted.fit_window,
    counted.subscription_id,
    cast(counted.span_number as bigint) as span_number,
    last_changes.person_id,
    cast(case when last_changes.span_number = counted.span_number then last_changes.mrr else 0 end as decimal(18, 4)) as mrr,
    {# an ended lifetime is counted in months that were begun, because a begun month was paid for #}
    cast(case
        when not counted.is_ended then counted.whole_months
        when {{ add_months('counted.lifetime_started_date', 'counted.whole_months') }} < counted.observed_date then counted.whole_months + 1
        else greatest(1, counted.whole_months)
    end as bigint) as lifetime_months,
    counted.is_ended,
    counted.is_first_of_lifetime
from counted
inner join last_changes on counted.fit_window = last_changes.fit_window and counted.subscription_id = last_changes.subscription_id
