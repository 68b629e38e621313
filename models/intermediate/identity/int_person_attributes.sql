{#-
    Survivorship: at each moment a person has one value per attribute. Contacts that survived a merge (or were never merged) have
    priority over merged ones, then the contact whose row changed last; an empty value never replaces a value of another contact. If no
    contact has a company, that of the latest order is taken.
-#}
{%- set beginning = "timestamp '1900-01-01 00:00:00'" -%}
{%- set attributes = ['persona', 'country', 'company_id', 'buying_role'] -%}
{%- set free_texts = ['persona', 'country', 'buying_role'] -%}

with versions as (

    select
        *,
        row_status = 'accepted' as is_current,
        max(case when row_status = 'accepted' then created_at end) over (partition by contact_id) as contact_created_at,
        row_number() over version_order as version_number,
        lead(coalesce(updated_at, {{ beginning }})) over version_order as replaced_at
    from {{ shown_texts(ref('stg_crm__contacts'), 'crm.contacts', free_texts) }} as contacts
    where row_status = 'accepted' or row_reason = 'superseded'
    window version_order as (
        partition by contact_id
        order by
            updated_at nulls first,
            case when row_status = 'accepted' then 1 else 0 end,
            {{ attributes | join(' nulls last, ') }} nulls last
    )

),

merged_contacts as (

    select distinct merged_contact_id from {{ ref('int_contact_merges') }}

),

described as (

    select
        person_identifiers.person_key,
        versions.*,
        case when merged_contacts.merged_contact_id is null then 1 else 2 end as priority,
        {# the first landed version counts from the creation of the contact, since earlier versions are unknown #}
        case
            when versions.version_number = 1 then versions.contact_created_at
            else greatest(coalesce(versions.updated_at, versions.contact_created_at), versions.contact_created_at)
        end as valid_from,
        greatest(coalesce(versions.updated_at, versions.contact_created_at), versions.contact_created_at) as stated_at
    from versions
    inner join {{ accepted('crm', 'contacts') }} as contacts on versions.contact_id = contacts.contact_id
    inner join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'versions.contact_id') }} = person_identifiers.identifier
    left join merged_contacts on versions.contact_id = merged_contacts.merged_contact_id

),

order_companies as (

    select
        person_key,
        company_id,
        ordered_at,
        order_id,
        lag(company_id) over (partition by person_key order by ordered_at, order_id) as company_id_before
    from {{ ref('int_order_persons') }}
    where company_id is not null

),

statements as (

    {%- for attribute in attributes %}
    select
        person_key,
        '{{ attribute }}' as attribute,
        {{ attribute }}{{ '_shown' if attribute in free_texts }} as attribute_value,
        valid_from,
        replaced_at as valid_to,
        priority,
        stated_at,
        contact_id as source_id
    from described
    where {{ attribute }} is not null and (replaced_at is null or valid_from < replaced_at)
    union all
    {%- endfor %}
    select
        person_key,
        'company_id' as attribute,
        company_id as attribute_value,
        ordered_at as valid_from,
        cast(null as timestamp) as valid_to,
        3 as priority,
        ordered_at as stated_at,
        order_id as source_id
    from order_companies
    where company_id is distinct from company_id_before

),

moments as (

    select
        person_key,
        attribute,
        valid_from as moment
    from statements
    union
    select
        person_key,
        attribute,
        valid_to as moment
    from statements
    where valid_to is not null

),

values_at_moments as (

    select
        moments.person_key,
        moments.attribute,
        moments.moment,
        statements.attribute_value
    from moments
    left join statements
        on moments.person_key = statements.person_key
        and moments.attribute = statements.attribute
        and moments.moment >= statements.valid_from
        and (statements.valid_to is null or moments.moment < statements.valid_to)
    qualify row_number() over (
        partition by moments.person_key, moments.attribute, moments.moment
        order by statements.priority nulls last, statements.stated_at desc, statements.source_id desc, statements.attribute_value
    ) = 1

),

compared as (

    select
        *,
        lag(attribute_value) over (partition by person_key, attribute order by moment) as value_before
    from values_at_moments

),

periods as (

    select
        person_key,
        attribute,
        attribute_value,
        moment as valid_from,
        lead(moment) over (partition by person_key, attribute order by moment) as valid_to
    from compared
    where attribute_value is distinct from value_before

)

select * from periods
where attribute_value is not null
