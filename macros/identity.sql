{#- Key of an identifier: its type and value. Example: {{ identifier_key("'email'", 'orders.email') }} is email:lan@shop.vn -#}
{% macro identifier_key(type, value) -%}{{ type }} || ':' || {{ value }}{%- endmacro %}

{#-
    Joins that find the person of a row by its identifiers. person_key_of, in the same select, picks one of the results.

    Parameters: relation, an alias; columns, its identifier columns in order of preference; happened_at, its time column. A former
      e-mail or phone leads to the contact that held it at that time.
    Example: {{ join_persons('tickets', ['contact_id', 'email'], 'opened_at') }}
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
    Joins the contact that held an e-mail or phone at a given time and has another one now.

    Parameters: alias; identifier, an identifier_key; happened_at, an expression; even_placeholders, true to join placeholders too,
      for models that handle them later. Otherwise a placeholder belongs to nobody.
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

{#-
    Person of a row, after join_persons on the same columns: that of the first identifier with a known person.

    Returns: a person_key; 0, the unknown person, if there is none. An identifier that many people share (a hub) counts only if the
      row has no better one, except for the contact_id, which the row states itself.
-#}
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

{#-
    Joins the placeholders among the e-mails and phones of a relation: values such as noemail@… that people type in place of their
    own.
-#}
{% macro join_placeholders(relation) -%}
    {%- for type in ['email', 'phone'] %}
    left join {{ ref('identifier_placeholders') }} as {{ type }}_placeholders
        on {{ type }}_placeholders.identifier_type = '{{ type }}'
        and {{ relation }}.{{ type }} = {{ type }}_placeholders.identifier_value
    {%- endfor %}
{%- endmacro %}

{#-
    Customer type of a person: the type of the company; b2b if the company's type is unknown; b2c for a contact or buyer without a
    company; else unknown.
-#}
{% macro customer_type_of(companies, company_id, is_contact_or_buyer) -%}
    case
        when {{ companies }}.customer_type in ('b2b', 'b2c') then {{ companies }}.customer_type
        when {{ company_id }} is not null then 'b2b'
        when {{ is_contact_or_buyer }} then 'b2c'
        else 'unknown'
    end
{%- endmacro %}

{#-
    Text columns by name: the given expressions, and null for the others. It makes the branches of a union all alike.

    Parameters: names, a list; given, a dict from name to expression.
-#}
{% macro text_columns(names, given) -%}
    {%- for name in names %}
    {{ given.get(name, 'cast(null as string)') }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
    Post-hook of int_person_changes: saves the changes found and the current persons, from which the next run starts.

    Do not simplify: changes are saved first. A run that dies between the two statements finds some changes again, but loses none. A
      run with --empty saves nothing, because it saw nobody.
-#}
{% macro remember_persons() -%}
    {%- if execute and not flags.EMPTY -%}
        {%- do replace_table(source('private', 'person_changes'), 'select * from ' ~ this) -%}
        {%- do replace_table(source('private', 'persons_before'), 'select identifier_hash, person_id from ' ~ ref('int_person_identifiers')) -%}
    {%- endif -%}
{%- endmacro %}
