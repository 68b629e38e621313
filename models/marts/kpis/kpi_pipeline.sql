{%- set labels = {'dimension_value': 'dimension'} -%}

{#- A lead has no pipeline and no deal type. -#}
{%- set deal_dimensions = ['pipeline', 'deal_type', 'customer_type', 'first_channel'] -%}
{%- set lead_dimensions = ['customer_type', 'first_channel'] -%}
{%- set dimensions_with_leads = "'" ~ (['all'] + lead_dimensions) | join("', '") ~ "'" -%}
{%- set as_of_date = reporting_date(as_of()) -%}

with persons as (

    select * from {{ ref('dim_persons') }}

),

deals as (

    select
        deals.*,
        case when deals.company_id <> 'unknown' then companies.customer_type else persons.customer_type end as customer_type,
        persons.first_channel,
        {{ month_of('deals.created_date') }} as created_month,
        {{ month_of('deals.closed_date') }} as closed_month
    from {{ ref('fct_deals') }} as deals
    inner join persons on deals.person_id = persons.person_id
    inner join {{ ref('dim_companies') }} as companies on deals.company_id = companies.company_id

),

{# changes of the pipeline by month; a closed deal without a closing day is never open here, since nobody knows how long it was #}
deal_moves as (

    select
        created_month as month_start,
        pipeline,
        deal_type,
        customer_type,
        first_channel,
        1 as created,
        0 as won,
        0 as lost,
        0 as won_with_amount,
        cast(0 as decimal(28, 4)) as won_amount,
        cast(null as bigint) as cycle_microseconds,
        case when status = 'open' or closed_month is not null then 1 else 0 end as opened,
        case when status = 'open' or closed_month is not null then coalesce(amount, 0) else 0 end as opened_amount
    from deals
    union all
    select
        closed_month as month_start,
        pipeline,
        deal_type,
        customer_type,
        first_channel,
        0 as created,
        case when status = 'won' then 1 else 0 end as won,
        case when status = 'lost' then 1 else 0 end as lost,
        case when status = 'won' and amount is not null then 1 else 0 end as won_with_amount,
        case when status = 'won' then coalesce(amount, 0) else 0 end as won_amount,
        case
            when status = 'won' and closed_at >= created_at then {{ microseconds_between('created_at', 'closed_at') }}
        end as cycle_microseconds,
        0 as opened,
        cast(0 as decimal(28, 4)) as opened_amount
    from deals
    where closed_month is not null
    union all
    {# a deal created in the CRM after it closed leaves in the month it entered, so it is never open at the end of a month #}
    select
        greatest(created_month, closed_month) as month_start,
        pipeline,
        deal_type,
        customer_type,
        first_channel,
        0 as created,
        0 as won,
        0 as lost,
        0 as won_with_amount,
        cast(0 as decimal(28, 4)) as won_amount,
        cast(null as bigint) as cycle_microseconds,
        -1 as opened,
        -coalesce(amount, 0) as opened_amount
    from deals
    where closed_month is not null

),

{# by what was known at that moment: present knowledge would bias the rates, because whoever buys becomes known #}
lead_conversions as (

    select
        conversions.person_id,
        conversions.conversion_type,
        coalesce(history.customer_type, 'unknown') as customer_type,
        coalesce(history.first_channel, 'unknown') as first_channel,
        conversions.converted_at as entered_at
    from {{ ref('fct_conversions') }} as conversions
    {{ join_known_at('conversions', 'converted_at') }}
    where conversions.conversion_type in ('lead', 'mql')

),

leads as (

    select
        lead_conversions.person_id,
        lead_conversions.customer_type,
        lead_conversions.first_channel,
        lead_conversions.entered_at,
        min(activities.occurred_at) as answered_at
    from lead_conversions
    left join {{ ref('fct_activities') }} as activities
        on lead_conversions.person_id = activities.person_id
        and activities.occurred_at > lead_conversions.entered_at
        and activities.occurred_at <= {{ add_days('lead_conversions.entered_at', setting('lead_answer_days')) }}
        and (activities.direction = 'outbound' or activities.activity_type = 'meeting')
    where lead_conversions.conversion_type = 'lead'
    group by lead_conversions.person_id, lead_conversions.customer_type, lead_conversions.first_channel, lead_conversions.entered_at

),

{# accepted: a sales lead at the time of the MQL, or within the window after it #}
mqls as (

    select
        lead_conversions.person_id,
        lead_conversions.customer_type,
        lead_conversions.first_channel,
        lead_conversions.entered_at,
        count(accepted.person_id) > 0 as is_accepted
    from lead_conversions
    left join {{ ref('fct_stage_evidence') }} as accepted
        on lead_conversions.person_id = accepted.person_id
        and accepted.stage = '{{ setting('sql_stage') }}'
        and accepted.entered_at <= {{ add_days('lead_conversions.entered_at', setting('funnel_window_days')) }}
        and (accepted.left_at is null or accepted.left_at > lead_conversions.entered_at)
    where lead_conversions.conversion_type = 'mql'
    group by lead_conversions.person_id, lead_conversions.customer_type, lead_conversions.first_channel, lead_conversions.entered_at

),

lead_moves as (

    select
        {{ month_of(reporting_date('entered_at')) }} as month_start,
        customer_type,
        first_channel,
        1 as leads,
        case when answered_at is not null then 1 else 0 end as answered_leads,
        {{ microseconds_between('entered_at', 'answered_at') }} as answer_microseconds,
        0 as mqls,
        0 as accepted_mqls
    from leads
    union all
    select
        {{ month_of(reporting_date('entered_at')) }} as month_start,
        customer_type,
        first_channel,
        0 as leads,
        0 as answered_leads,
        cast(null as bigint) as answer_microseconds,
        1 as mqls,
        case when is_accepted then 1 else 0 end as accepted_mqls
    from mqls

),

deal_counts as (

    {{ by_dimension('deal_moves', deal_dimensions, {
        'created_deals': 'cast(sum(created) as bigint)',
        'won_deals': 'cast(sum(won) as bigint)',
        'lost_deals': 'cast(sum(lost) as bigint)',
        'won_with_amount': 'cast(sum(won_with_amount) as bigint)',
        'won_amount': 'sum(won_amount)',
        'median_cycle_microseconds': 'median(cycle_microseconds)',
        'opened': 'sum(opened)',
        'opened_amount': 'sum(opened_amount)',
    }) }}

),

lead_counts as (

    {{ by_dimension('lead_moves', lead_dimensions, {
        'leads': 'cast(sum(leads) as bigint)',
        'answered_leads': 'cast(sum(answered_leads) as bigint)',
        'median_answer_microseconds': 'median(answer_microseconds)',
        'mqls': 'cast(sum(mqls) as bigint)',
        'accepted_mqls': 'cast(sum(accepted_mqls) as bigint)',
    }) }}

),

first_months as (

    select
        dimension,
        dimension_value,
        min(month_start) as first_month
    from (
        select
            dimension,
            dimension_value,
            month_start
        from deal_counts
        union all
        select
            dimension,
            dimension_value,
            month_start
        from lead_counts
    ) as months_with_rows
    group by dimension, dimension_value

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(first_month) from first_months)', as_of_date) }} as days

),

{# months without any change still have open deals #}
counted as (

    select
        months.month_start,
        first_months.dimension,
        first_months.dimension_value,
        first_months.dimension in ({{ dimensions_with_leads }}) as has_leads,
        coalesce(deal_counts.created_deals, 0) as created_deals,
        coalesce(deal_counts.won_deals, 0) as won_deals,
        coalesce(deal_counts.lost_deals, 0) as lost_deals,
        coalesce(deal_counts.won_with_amount, 0) as won_with_amount,
        coalesce(deal_counts.won_amount, 0) as won_amount,
        deal_counts.median_cycle_microseconds,
        sum(coalesce(deal_counts.opened, 0)) over so_far as open_deals,
        sum(coalesce(deal_counts.opened_amount, 0)) over so_far as open_amount,
        coalesce(lead_counts.leads, 0) as leads,
        coalesce(lead_counts.answered_leads, 0) as answered_leads,
        lead_counts.median_answer_microseconds,
        coalesce(lead_counts.mqls, 0) as mqls,
        coalesce(lead_counts.accepted_mqls, 0) as accepted_mqls
    from months
    inner join first_months on months.month_start >= first_months.first_month
    left join deal_counts
        on months.month_start = deal_counts.month_start
        and first_months.dimension = deal_counts.dimension
        and first_months.dimension_value = deal_counts.dimension_value
    left join lead_counts
        on months.month_start = lead_counts.month_start
        and first_months.dimension = lead_counts.dimension
        and first_months.dimension_value = lead_counts.dimension_value
    window so_far as (
        partition by first_months.dimension, first_months.dimension_value
        order by months.month_start
        rows between unbounded preceding and current row
    )

),

rated as (

    select
        *,
        {{ days_between(add_months('month_start', 1), as_of_date) }} as days_since_month,
        won_deals + lost_deals as closed_deals,
        cast(won_deals as double) / nullif(won_deals + lost_deals, 0) as win_rate,
        cast(won_amount as double) / nullif(won_with_amount, 0) as average_deal_value,
        median_cycle_microseconds / cast(86400000000 as double) as median_cycle_days,
        cast(accepted_mqls as double) / nullif(mqls, 0) as acceptance_rate
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    days_since_month >= 0 as is_complete,
    created_deals,
    won_deals,
    lost_deals,
    cast(open_deals as bigint) as open_deals,
    cast(open_amount as decimal(28, 4)) as open_amount,
    win_rate,
    {{ wilson_bound('win_rate', 'closed_deals', '-') }} as win_rate_low,
    {{ wilson_bound('win_rate', 'closed_deals', '+') }} as win_rate_high,
    cast(won_amount as decimal(28, 4)) as won_amount,
    won_with_amount,
    average_deal_value,
    median_cycle_days,
    open_deals * win_rate * average_deal_value / nullif(median_cycle_days, 0) as pipeline_velocity,
    case when has_leads then leads end as leads,
    case when has_leads then answered_leads end as answered_leads,
    case
        when days_since_month >= {{ setting('lead_answer_days') }} then cast(answered_leads as double) / nullif(leads, 0)
    end as lead_answer_rate,
    median_answer_microseconds / cast(3600000000 as double) as median_hours_to_answer,
    case when has_leads then mqls end as mqls,
    case when has_leads then accepted_mqls end as accepted_mqls,
    case when days_since_month >= {{ setting('funnel_window_days') }} then acceptance_rate end as mql_acceptance_rate,
    case
        when days_since_month >= {{ setting('funnel_window_days') }} then {{ wilson_bound('acceptance_rate', 'mqls', '-') }}
    end as mql_acceptance_low,
    case
        when days_since_month >= {{ setting('funnel_window_days') }} then {{ wilson_bound('acceptance_rate', 'mqls', '+') }}
    end as mql_acceptance_high
from {{ with_labels('rated', labels) }} as rated
