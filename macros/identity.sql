{#- An identifier as the key of a node: its type and its value. -#}
{% macro identifier_key(type, value) -%}{{ type }} || ':' || {{ value }}{%- endmacro %}

{#-
    Joins that find the person of a row by its identifiers, and the person_key that they give: that of the first identifier, in the
    order given, that anybody is known by; a hub, which may be many people's, only where the row has nothing better, unless it is the
    contact that the row names; 0, the unknown person, where there is none. Use both in one select.
-#}
{% macro join_persons(relation, columns, happened_at) -%}
    {%- for column in columns %}
    {%- set identifier = identifier_key("'" ~ column ~ "'", relation ~ '.' ~ column) %}
    {%- if column in ['email', 'phone'] %}
    {{ join_former_identifier('former_' ~ column, identifier, relation ~ '.' ~ happened_at) }}
    left join {{ ref('int_person_identifiers') }} as person_by_{{ column }}
        on person_by_{{ column }}.identifier = coalesce(former_{{ column }}.contact_identifier, {{ identifier }})
    {%- else %}
    left join {{ ref('int_person_identifiers') }} as person_by_{{ column }}
        on person_by_{{ column }}.identifier = {{ identifier }}
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#-
    Joins the contact whose e-mail or phone this was at the moment, where that contact has another one now. A placeholder was nobody's:
    with `even_placeholders` it is joined too, by who judges placeholders later.
-#}
{% macro join_former_identifier(alias, identifier, happened_at, even_placeholders=false) -%}
    left join {{ ref('int_former_identifiers') }} as {{ alias }}
        on {{ alias }}.identifier = {{ identifier }}
        {%- if not even_placeholders %}
        and not {{ alias }}.is_placeholder
        {%- endif %}
        and {{ happened_at }} >= {{ alias }}.valid_from
        and {{ happened_at }} < {{ alias }}.valid_to
{%- endmacro %}

{% macro person_key_of(columns) -%}
    coalesce(
        {%- for column in columns %}
        {%- if column == 'contact_id' %}
        person_by_{{ column }}.person_key,
        {%- else %}
        case when not person_by_{{ column }}.is_hub then person_by_{{ column }}.person_key end,
        {%- endif %}
        {%- endfor %}
        {%- for column in columns %}
        person_by_{{ column }}.person_key,
        {%- endfor %}
        0
    )
{%- endmacro %}

{#- Joins the placeholders among the e-mails and phones of a relation: addresses such as noemail@… that identify nobody. -#}
{% macro join_placeholders(relation) -%}
    {%- for type in ['email', 'phone'] %}
    left join {{ ref('identifier_placeholders') }} as {{ type }}_placeholders
        on {{ type }}_placeholders.identifier_type = '{{ type }}'
        and {{ relation }}.{{ type }} = {{ type }}_placeholders.identifier_value
    {%- endfor %}
{%- endmacro %}

{#- b2b or b2c of a person: as the joined company says, b2b with any other company, else b2c for whom contact or purchase is known. -#}
{% macro customer_type_of(companies, company_id, is_contact_or_buyer) -%}
    case
        when {{ companies }}.customer_type in ('b2b', 'b2c') then {{ companies }}.customer_type
        when {{ company_id }} is not null then 'b2b'
        when {{ is_contact_or_buyer }} then 'b2c'
        else 'unknown'
    end
{%- endmacro %}

{#- Columns of text by their names: those of `given` as it says, the others null. -#}
{% macro text_columns(names, given) -%}
    {%- for name in names %}
    {{ given.get(name, 'cast(null as string)') }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
    Post-hook of int_person_changes: what it found becomes what the next run starts from. Changes first: a run that dies between the
    two finds some of them again, and loses none. A run with --empty has seen nobody, and leaves what is remembered.
-#}
{% macro remember_persons() -%}
    {%- if execute and not flags.EMPTY -%}
        {%- do replace_table(source('private', 'person_changes'), 'select * from ' ~ this) -%}
        {%- do replace_table(source('private', 'persons_before'), 'select identifier_hash, person_id from ' ~ ref('int_person_identifiers')) -%}
    {%- endif -%}
{%- endmacro %}
