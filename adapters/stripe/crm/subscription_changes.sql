-- 1. Versions of a subscription: from the API's events, from Fivetran's history, or else its current state.
with json_subscriptions as (
    select
        id || '-today' as version_id,
        null as version_at,
        id as subscription_id,
        id_of(customer) as customer,
        as_json(items) as items,
        start_date,
        created,
        trial_end,
        ended_at,
        pause_collection,
        status,
        currency,
        coalesce(discount, as_json(discounts) ->> '$[0]') as discount,
        cancellation_details,
        current_period_start,
        current_period_end
    from subscriptions_json
    -- leave out subscriptions of the test mode
    where coalesce(lower(livemode), 'true') = 'true'
        and id not in (
            select as_json(data) ->> '$.object.id' from events_json
            where starts_with(type, 'customer.subscription.') and as_json(data) ->> '$.object.id' is not null
        )

    union all by name

    select
        id as version_id,
        created as version_at,
        as_json(data) ->> '$.object.id' as subscription_id,
        id_of(as_json(data) ->> '$.object.customer') as customer,
        as_json(data) -> '$.object.items' as items,
        as_json(data) ->> '$.object.start_date' as start_date,
        as_json(data) ->> '$.object.created' as created,
        as_json(data) ->> '$.object.trial_end' as trial_end,
        as_json(data) ->> '$.object.ended_at' as ended_at,
        as_json(data) ->> '$.object.pause_collection' as pause_collection,
        as_json(data) ->> '$.object.status' as status,
        as_json(data) ->> '$.object.currency' as currency,
        coalesce(as_json(data) ->> '$.object.discount', as_json(data) ->> '$.object.discounts[0]') as discount,
        as_json(data) ->> '$.object.cancellation_details' as cancellation_details,
        as_json(data) ->> '$.object.current_period_start' as current_period_start,
        as_json(data) ->> '$.object.current_period_end' as current_period_end
    from events_json
    where starts_with(type, 'customer.subscription.') and coalesce(lower(livemode), 'true') = 'true'
),

fivetran_subscriptions as (
    select *, id || '-' || _fivetran_start as version_id, _fivetran_start as version_at
    from subscription_history
    where filled(_fivetran_start) is not null

    union all by name

    select *, id || '-today' as version_id, null as version_at
    from subscription
    where id not in (select id from subscription_history where filled(_fivetran_start) is not null)

    union all by name

    -- a history without the start times of its versions is only the current state
    select *, id || '-today' as version_id, null as version_at
    from subscription_history
    where filled(_fivetran_start) is null and lower(_fivetran_active) = 'true' and id not in (select id from subscription)
),

-- 2. The price of the items.
items as (
    select
        json_subscriptions.version_id,
        as_json(item) ->> '$.price.currency' as currency,
        coalesce(as_json(item) ->> '$.price.unit_amount', as_json(item) ->> '$.price.unit_amount_decimal', as_json(item) ->> '$.plan.amount') as unit_amount,
        as_json(item) ->> '$.quantity' as quantity,
        coalesce(as_json(item) ->> '$.price.recurring.interval', as_json(item) ->> '$.plan.interval') as every,
        coalesce(as_json(item) ->> '$.price.recurring.interval_count', as_json(item) ->> '$.plan.interval_count') as interval_count,
        coalesce(as_json(item) ->> '$.price.recurring.usage_type', as_json(item) ->> '$.plan.usage_type') as usage_type,
        coalesce(as_json(item) ->> '$.price.billing_scheme', as_json(item) ->> '$.plan.billing_scheme') as billing_scheme,
        coalesce(as_json(item) ->> '$.price.nickname', as_json(item) ->> '$.plan.nickname', as_json(item) ->> '$.price.product', as_json(item) ->> '$.plan.product') as plan,
        as_json(item) ->> '$.current_period_start' as current_period_start,
        as_json(item) ->> '$.current_period_end' as current_period_end
    from json_subscriptions
    cross join unnest(json_list(as_json(json_subscriptions.items) -> '$.data')) as in_subscription (item)

    union all by name

    -- use the current items for the past too: Fivetran keeps no history of items
    select
        fivetran_subscriptions.version_id,
        coalesce(price.currency, plan.currency) as currency,
        coalesce(filled(price.unit_amount), filled(price.unit_amount_decimal), plan.amount) as unit_amount,
        subscription_item.quantity,
        coalesce(filled(price.recurring_interval), plan.interval) as every,
        coalesce(filled(price.recurring_interval_count), plan.interval_count) as interval_count,
        coalesce(filled(price.recurring_usage_type), plan.usage_type) as usage_type,
        coalesce(filled(price.billing_scheme), plan.billing_scheme) as billing_scheme,
        coalesce(filled(price.nickname), filled(plan.nickname), product.name, price.product_id, plan.product_id) as plan,
        subscription_item.current_period_start,
        subscription_item.current_period_end
    from fivetran_subscriptions
    inner join subscription_item on fivetran_subscriptions.id = subscription_item.subscription_id
    left join price on coalesce(filled(subscription_item.price_id), subscription_item.plan_id) = price.id
    left join plan on subscription_item.plan_id = plan.id
    left join product on coalesce(price.product_id, plan.product_id) = product.id
),

priced_items as (
    select
        *,
        -- the number of billing periods per month
        case every when 'month' then 1 when 'year' then 1.0 / 12 when 'week' then 52.0 / 12 when 'day' then 365.0 / 12 end
            / nullif(coalesce(try_cast(interval_count as double), 1), 0) as periods_a_month,
        -- metered prices are billed by usage, and a price without an interval is paid once: neither is recurring revenue
        coalesce(usage_type, '') <> 'metered' and every is not null as recurs,
        coalesce(try_cast(quantity as double), 1) * try_cast(minor_units(unit_amount, currency) as double) as amount
    from items
),

prices as (
    select
        version_id,
        max(currency) as currency,
        -- tiered prices have no single amount: leave the MRR empty, so that the row is quarantined instead of counted too low
        case
            when bool_or(recurs and (coalesce(billing_scheme, '') = 'tiered' or amount is null or periods_a_month is null)) then null
            else sum(case when recurs then amount * periods_a_month else 0 end)
        end as mrr,
        max(periods_a_month) as periods_a_month,
        string_agg(distinct plan, ' + ' order by plan) as plan,
        max(current_period_start) as current_period_start,
        max(current_period_end) as current_period_end
    from priced_items
    group by version_id
),

discounts as (
    select subscription_discount.subscription_id, subscription_discount.end as ends_at, coupon.percent_off, coupon.amount_off
    from subscription_discount
    inner join coupon on subscription_discount.coupon_id = coupon.id
    -- one-time discounts, and discounts on a single invoice, do not reduce recurring revenue
    where coupon.duration <> 'once' and filled(subscription_discount.invoice_id) is null
    qualify row_number() over (partition by subscription_discount.subscription_id order by subscription_discount.end nulls last, coupon.id) = 1
),

-- 3. Each version with its times and its monthly price.
subscriptions as (
    select
        json_subscriptions.version_id,
        json_subscriptions.subscription_id,
        json_subscriptions.customer as contact_id,
        json_subscriptions.status,
        json_subscriptions.pause_collection is not null as is_paused,
        epoch_time(json_subscriptions.version_at) as version_at,
        epoch_time(coalesce(json_subscriptions.start_date, json_subscriptions.created)) as start_at,
        epoch_time(json_subscriptions.trial_end) as trial_end_at,
        epoch_time(json_subscriptions.ended_at) as ended_at,
        epoch_time(coalesce(json_subscriptions.current_period_start, prices.current_period_start)) as period_start_at,
        epoch_time(coalesce(json_subscriptions.current_period_end, prices.current_period_end)) as period_end_at,
        as_json(json_subscriptions.cancellation_details) ->> '$.reason' as cancel_reason,
        as_json(json_subscriptions.cancellation_details) ->> '$.feedback' as feedback,
        coalesce(prices.currency, json_subscriptions.currency) as currency,
        prices.plan,
        prices.mrr,
        prices.periods_a_month,
        case when as_json(coupon) ->> '$.duration' <> 'once' then as_json(coupon) ->> '$.percent_off' end as percent_off,
        case when as_json(coupon) ->> '$.duration' <> 'once' then as_json(coupon) ->> '$.amount_off' end as amount_off,
        epoch_time(case when json_valid(json_subscriptions.discount) then as_json(json_subscriptions.discount) ->> '$.end' end) as discount_ends_at
    from json_subscriptions
    left join prices on json_subscriptions.version_id = prices.version_id
    -- newer API versions have the coupon in the discount's source; an unexpanded discount is only an id, so its value is unknown
    cross join lateral (
        select case when json_valid(json_subscriptions.discount) then coalesce(as_json(json_subscriptions.discount) -> '$.coupon', as_json(json_subscriptions.discount) -> '$.source.coupon') end as coupon
    ) as coupons

    union all by name

    select
        fivetran_subscriptions.version_id,
        fivetran_subscriptions.id as subscription_id,
        fivetran_subscriptions.customer_id as contact_id,
        fivetran_subscriptions.status,
        filled(fivetran_subscriptions.pause_collection_behavior) is not null as is_paused,
        utc_time(fivetran_subscriptions.version_at) as version_at,
        utc_time(coalesce(filled(fivetran_subscriptions.start_date), fivetran_subscriptions.created)) as start_at,
        utc_time(filled(fivetran_subscriptions.trial_end)) as trial_end_at,
        utc_time(filled(fivetran_subscriptions.ended_at)) as ended_at,
        utc_time(coalesce(filled(fivetran_subscriptions.current_period_start), prices.current_period_start)) as period_start_at,
        utc_time(coalesce(filled(fivetran_subscriptions.current_period_end), prices.current_period_end)) as period_end_at,
        fivetran_subscriptions.cancellation_details_reason as cancel_reason,
        fivetran_subscriptions.cancellation_details_feedback as feedback,
        prices.currency,
        prices.plan,
        prices.mrr,
        prices.periods_a_month,
        discounts.percent_off,
        discounts.amount_off,
        utc_time(filled(discounts.ends_at)) as discount_ends_at
    from fivetran_subscriptions
    left join prices on fivetran_subscriptions.version_id = prices.version_id
    left join discounts on fivetran_subscriptions.id = discounts.subscription_id
    where coalesce(lower(fivetran_subscriptions.livemode), 'true') = 'true'

    union all by name

    select
        id || '-today' as version_id,
        id as subscription_id,
        "Customer ID" as contact_id,
        "Status" as status,
        false as is_paused,
        null as version_at,
        utc_time(coalesce(filled("Start (UTC)"), filled("Start Date (UTC)"), "Created (UTC)")) as start_at,
        utc_time(filled("Trial End (UTC)")) as trial_end_at,
        utc_time(filled("Ended At (UTC)")) as ended_at,
        utc_time("Current Period Start (UTC)") as period_start_at,
        utc_time("Current Period End (UTC)") as period_end_at,
        "Cancellation Reason" as cancel_reason,
        null as feedback,
        "Currency" as currency,
        "Plan" as plan,
        try_cast("Amount" as double) * coalesce(try_cast("Quantity" as double), 1)
            * case lower("Interval") when 'month' then 1 when 'year' then 1.0 / 12 when 'week' then 52.0 / 12 when 'day' then 365.0 / 12 end as mrr,
        null as periods_a_month,
        null as percent_off,
        null as amount_off,
        null as discount_ends_at
    from subscriptions_export
),

moments as (
    select
        *,
        -- paid from the end of the trial on; an overdue subscription still runs
        greatest(try_cast(start_at as timestamptz), coalesce(try_cast(trial_end_at as timestamptz), try_cast(start_at as timestamptz))) as paid_from,
        case when mrr is not null then
            greatest(
                mrr * (1 - coalesce(try_cast(percent_off as double), 0) / 100)
                - coalesce(try_cast(minor_units(amount_off, currency) as double) * periods_a_month, 0),
                0
            )
        end as discounted_mrr
    from subscriptions
),

-- 4. Versions in order of time: whether the subscription runs, and at which price.
versions as (
    -- each event or row of Fivetran's history
    select
        version_id,
        subscription_id,
        try_cast(version_at as timestamptz) as moment,
        status,
        status in ('active', 'past_due', 'unpaid') and not is_paused as is_running,
        status in ('canceled', 'incomplete_expired') as is_over,
        case when discount_ends_at is null or try_cast(discount_ends_at as timestamptz) > try_cast(version_at as timestamptz) then discounted_mrr else mrr end as mrr
    from moments
    where version_at is not null

    union all

    -- from the current state: the start of payment
    select version_id, subscription_id, paid_from as moment, null as status, true as is_running, false as is_over, discounted_mrr as mrr
    from moments
    where version_at is null
        and (status in ('active', 'past_due', 'unpaid', 'paused') or (status = 'canceled' and try_cast(ended_at as timestamptz) > paid_from))

    union all

    -- the end of a discount of limited duration
    select version_id, subscription_id, try_cast(discount_ends_at as timestamptz) as moment, null as status, true as is_running, false as is_over, mrr
    from moments
    where version_at is null
        and (status in ('active', 'past_due', 'unpaid') or status = 'canceled')
        and not is_paused
        and try_cast(discount_ends_at as timestamptz) > paid_from
        and try_cast(discount_ends_at as timestamptz) < coalesce(try_cast(ended_at as timestamptz), 'infinity')

    union all

    -- use ended_at: after the request (canceled_at) a subscription continues to the end of its period
    select version_id, subscription_id, try_cast(ended_at as timestamptz) as moment, null as status, false as is_running, true as is_over, 0 as mrr
    from moments
    where version_at is null and status = 'canceled'

    union all

    -- Stripe has no start time of a pause: use the start of the first period that is not collected
    select version_id, subscription_id, try_cast(period_start_at as timestamptz) as moment, null as status, false as is_running, false as is_over, 0 as mrr
    from moments
    where version_at is null and (status = 'paused' or (is_paused and status in ('active', 'past_due', 'unpaid')))
),

compared as (
    select
        *,
        lag(is_running) over of_subscription as was_running,
        lag(mrr) over of_subscription as mrr_before,
        lag(status) over of_subscription as status_before,
        coalesce(bool_or(is_running) over (of_subscription rows between unbounded preceding and 1 preceding), false) as has_run
    from versions
    window of_subscription as (partition by subscription_id order by moment, is_over, version_id)
),

typed as (
    select
        *,
        case
            when is_running and not has_run then 'started'
            when is_running and not was_running then 'renewed'
            when is_running and mrr > mrr_before then 'upgraded'
            when is_running and mrr < mrr_before then 'downgraded'
            when not is_running and was_running and is_over then 'cancelled'
            when not is_running and was_running then 'paused'
            -- a pause that is followed by the end of the subscription
            when is_over and has_run then 'cancelled'
        end as change_type
    from compared
)

select
    typed.version_id || '-' || typed.change_type as change_id,
    typed.subscription_id,
    moments.contact_id,
    typed.change_type,
    moments.plan,
    case when typed.is_running then cast(cast(typed.mrr as decimal(28, 4)) as varchar) else '0' end as mrr,
    upper(moments.currency) as currency,
    case when typed.is_running then moments.period_end_at end as term_end,
    case
        when typed.change_type = 'cancelled' and moments.cancel_reason in ('payment_failed', 'payment_disputed') then 'involuntary'
        -- older API versions have no cancellation reason: an overdue subscription was ended by Stripe (involuntary)
        when typed.change_type = 'cancelled' and moments.cancel_reason is null and typed.status_before in ('past_due', 'unpaid') then 'involuntary'
        when typed.change_type = 'cancelled' then 'voluntary'
    end as cancel_type,
    case
        when typed.change_type = 'cancelled' and moments.cancel_reason = 'payment_failed' then 'payment failed'
        when typed.change_type = 'cancelled' then coalesce(cancel_reason.ours, moments.feedback)
    end as reason,
    strftime(
        case
            -- the first known version is often later than the start of the subscription
            when typed.change_type = 'started' and moments.paid_from <= typed.moment then moments.paid_from
            when typed.change_type = 'cancelled' then coalesce(try_cast(moments.ended_at as timestamptz), typed.moment)
            else typed.moment
        end at time zone 'UTC',
        '%Y-%m-%dT%H:%M:%S+00:00'
    ) as changed_at
from typed
inner join moments on typed.version_id = moments.version_id
left join cancel_reason on moments.feedback = cancel_reason.theirs
where typed.change_type is not null
