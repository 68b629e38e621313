with entries as (

    select * from {{ ref('int_stage_entries') }}

),

first_entries as (

    select
        *,
        {{ add_days('entered_at', setting('funnel_window_days')) }} as window_ends_at
    from entries
    where entry_number = 1 and rank > 0

),

conversions as (

    select
        first_entries.person_key,
        first_entries.stage_number,
        min(later.entered_at) as converted_at
    from first_entries
    inner join entries as later
        on first_entries.person_key = later.person_key
        and first_entries.framework_number = later.framework_number
        and first_entries.rank < later.rank
        and later.entered_at > first_entries.entered_at
        and later.entered_at <= first_entries.window_ends_at
    where first_entries.outcome = 'converted'
    group by first_entries.person_key, first_entries.stage_number

),

{# entries of several frameworks often have the same timestamp, so the last touch is looked up once per timestamp #}
moments as (

    select distinct
        person_key,
        entered_at as moment
    from first_entries

),

channels as (

    {{ last_touches('moments', '<=', 'is_attributable') }}

)

select
    first_entries.person_key,
    first_entries.stage_number,
    first_entries.entered_at,
    first_entries.entered_date,
    first_entries.exited_at,
    first_entries.outcome,
    conversions.converted_at,
    coalesce(channels.channel, 'unattributed') as channel
from first_entries
left join conversions
    on first_entries.person_key = conversions.person_key
    and first_entries.stage_number = conversions.stage_number
left join channels
    on first_entries.person_key = channels.person_key
    and first_entries.entered_at = channels.moment
