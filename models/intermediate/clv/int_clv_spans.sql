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
        fit_window || '|' || subscription_id || '|' || cast(span_number as string) as span_key,
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
continuations as (

    select
        spans.span_key,
        earlier.span_key as continues_span_key
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
        partition by spans.span_key
        order by abs({{ microseconds_between('earlier.ended_at', 'spans.started_at') }}), earlier.span_key
    ) = 1

)

select
    spans.span_key,
    continuations.continues_span_key,
    spans.fit_window,
    spans.last_date,
    spans.subscription_id,
    cast(spans.span_number as bigint) as span_number,
    spans.started_at,
    spans.started_date,
    spans.ended_date,
    spans.is_continued,
    last_changes.person_id,
    cast(case when last_changes.span_number = spans.span_number then last_changes.mrr else 0 end as decimal(18, 4)) as mrr
from spans
inner join last_changes on spans.fit_window = last_changes.fit_window and spans.subscription_id = last_changes.subscription_id
left join continuations on spans.span_key = continuations.span_key
