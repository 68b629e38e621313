-- sqlfluff:exclude_rules:layout.indent
{# The line above: a loop writes the columns, and they are indented for the reader of this file. #}
{#- Conversion types of setting w_shaped_anchors: the last touch before each of them is an anchor. -#}
{%- set anchors = setting('w_shaped_anchors').split(',') | map('trim') | list -%}

with paths as (

    select * from {{ ref('int_paths') }}

),

conversions as (

    select
        conversion_id,
        conversion_type,
        converted_at,
        {{ attribution_unit(key_of('person_id'), 'company_id') }} as unit_key
    from {{ ref('fct_conversions') }}

),

anchors as (

    select
        unit_key,
        {%- for anchor in anchors %}
        min(case when conversion_type = {{ string_literal(anchor) }} then converted_at end)
            as anchored_at_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from conversions
    group by unit_key

),

anchors_of_paths as (

    select
        paths.conversion_number,
        {#- an anchor is a lead or opportunity up to the conversion; a later one is none #}
        {%- for anchor in anchors %}
        case
            when anchors.anchored_at_{{ loop.index }} <= paths.converted_at then anchors.anchored_at_{{ loop.index }}
        end as anchored_at_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from paths
    inner join conversions on paths.conversion_id = conversions.conversion_id
    inner join anchors on conversions.unit_key = anchors.unit_key
    where paths.touch_number = 1

),

with_anchors as (

    select
        paths.conversion_number,
        paths.touch_number,
        {%- for anchor in anchors %}
        max(case when paths.touched_at <= anchors_of_paths.anchored_at_{{ loop.index }} then paths.touch_number end)
            over (partition by paths.conversion_number) as anchor_touch_number_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from paths
    left join anchors_of_paths on paths.conversion_number = anchors_of_paths.conversion_number

),

anchored as (

    select
        conversion_number,
        touch_number,
        (case when touch_number = 1 then 1 else 0 end)
        {%- for anchor in anchors %}
        + (case when touch_number = anchor_touch_number_{{ loop.index }} then 1 else 0 end)
        {%- endfor %} as anchors
    from with_anchors

),

counted as (

    select
        *,
        count(*) filter (where anchors = 0) over (partition by conversion_number) as rest_count
    from anchored

)

select
    conversion_number,
    touch_number,
    {#
        30 % for each anchor and 10 % for the rest, as whole numbers. The share of a missing part goes to the others, since only the
        proportion of weights matters.
    #}
    case when anchors > 0 then 3 * anchors * greatest(rest_count, 1) else 1 end as weight
from counted
