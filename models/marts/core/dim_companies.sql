{%- set labels = {'current_stage': 'stage'} -%}

with companies as (

    select * from {{ shown_texts(accepted('crm', 'companies'), 'crm.companies', ['industry', 'country']) }} as companies

),

persons as (

    select
        dim_persons.company_id,
        dim_persons.person_id,
        dim_persons.current_stage,
        dim_persons.buying_role,
        row_number() over (
            partition by dim_persons.company_id
            order by stages.rank desc nulls last, dim_persons.person_id
        ) as stage_rank
    from {{ ref('dim_persons') }} as dim_persons
    left join {{ ref('framework_stages') }} as stages
        on dim_persons.current_stage = stages.stage
        and stages.framework = '{{ setting('primary_framework') }}'

),

company_persons as (

    select
        company_id,
        max(case when stage_rank = 1 then current_stage end) as current_stage,
        max(case when stage_rank = 1 then person_id end) as most_advanced_person_id,
        count(*) as person_count,
        count(*) filter (where buying_role <> 'unknown') as buying_group_size
    from persons
    where company_id <> 'unknown'
    group by company_id

),

buying_roles as (

    select
        company_id,
        {{ text_list('buying_role', order_by='buying_role', separator=', ') }} as buying_roles
    from (
        select distinct
            company_id,
            buying_role
        from persons
        where company_id <> 'unknown' and buying_role <> 'unknown'
    ) as roles
    group by company_id

),

{# companies named by facts may be missing from the companies of the CRM #}
named as (

    select company_id from companies
    union
    select company_id from company_persons
    union
    select attribute_value as company_id from {{ ref('int_person_attributes') }}
    where attribute = 'company_id'
    union
    select company_id from {{ ref('fct_conversions') }}
    where company_id <> 'unknown'
    union
    select company_id from {{ accepted('crm', 'subscription_changes') }} as subscription_changes
    where company_id is not null
    union
    select company_id from {{ ref('fct_deals') }}
    where company_id <> 'unknown'
    union
    select company_id from {{ ref('fct_orders') }}
    where company_id <> 'unknown'
    union
    select company_id from {{ ref('fct_quotes') }}
    where company_id <> 'unknown'

),

with_unknown as (

    select
        named.company_id,
        coalesce(companies.company_name, 'unknown') as company_name,
        case when companies.customer_type in ('b2b', 'b2c') then companies.customer_type else 'b2b' end as customer_type,
        coalesce(companies.industry_shown, 'unknown') as industry,
        coalesce(companies.country_shown, 'unknown') as country,
        companies.employee_count,
        coalesce(company_persons.current_stage, 'none') as current_stage,
        coalesce(company_persons.most_advanced_person_id, 'unknown') as most_advanced_person_id,
        coalesce(company_persons.person_count, 0) as person_count,
        coalesce(company_persons.buying_group_size, 0) as buying_group_size,
        coalesce(buying_roles.buying_roles, '') as buying_roles
    from named
    left join companies on named.company_id = companies.company_id
    left join company_persons on named.company_id = company_persons.company_id
    left join buying_roles on named.company_id = buying_roles.company_id
    union all
    select
        'unknown' as company_id,
        'unknown' as company_name,
        'unknown' as customer_type,
        'unknown' as industry,
        'unknown' as country,
        cast(null as bigint) as employee_count,
        'none' as current_stage,
        'unknown' as most_advanced_person_id,
        0 as person_count,
        0 as buying_group_size,
        '' as buying_roles

)

select * from {{ with_labels('with_unknown', labels) }} as with_unknown
