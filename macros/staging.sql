{#-
    Staging of one raw table: types, cleans and judges every landed row. Each stg_ model is one call of this macro.

    Parameters: source_name and table_name of the raw table; rules, a dict from reason code to the SQL condition under which a row is
      quarantined, over the typed columns of the table.
    Returns: a select with the columns of the source, updated_at, is_deleted, _file_id, _row_number, row_status, row_reason and
      row_hash.
    Example: {{ stage('feedback', 'reviews', rules={'rating_out_of_range': 'rating not between 1 and 5'}) }}

    Columns, kinds, keys and required columns come from the .yml of the source, which landing also checks files against.
    row_status is one of:
    - quarantined: the row breaks a rule; row_reason names it (docs/reason_codes.md).
    - deferred: its business time or its updated_at lies after the as-of.
    - duplicate: another row with the same key counts; row_reason is exact or superseded.
    - accepted: the row counts, unless it is a tombstone (is_deleted): macro accepted() leaves tombstones out.

    Meta keys of the source that change this: `currency_of` adds the column ambiguous_amount, because only a join with the parent
    tells the currency and so what 450.000 means. `adds_up` accepts all latest rows of a key, because they are parts of one sum, that
    of the column it names.
-#}
{% macro stage(source_name, table_name, rules={}) -%}
{%- set landed = source(source_name, table_name) -%}
{%- set spec = source_spec(source_name, table_name) -%}
{%- set meta = spec.config.meta -%}
{%- set columns = spec.columns.values() | list -%}
{%- set keys = key_columns(source_name, table_name) -%}
{%- set amounts = columns | selectattr('config.meta.kind', 'equalto', 'amount') | list -%}
{%- set currency = "coalesce(upper(nullif(" ~ trimmed('landed.currency') ~ ", '')), '" ~ setting('reporting_currency') ~ "')"
    if 'currency' in spec.columns else "'" ~ setting('reporting_currency') ~ "'" -%}
{%- set key_conditions = [] -%}
{%- for key in keys -%}
    {%- do key_conditions.append('judged.' ~ key ~ ' is not distinct from repeated_keys.' ~ key) -%}
{%- endfor -%}

{# No import CTE: DuckDB would materialize the landed table in memory, which takes five times as long as all the rest. #}
with typed as (

    select
        {%- for column in columns %}
        {{ typed_value(column) }} as {{ column.name }},
        {%- endfor %}
        {{ text_to_timestamp(trimmed('landed.updated_at')) }} as updated_at,
        coalesce({{ text_to_boolean(trimmed('landed.is_deleted')) }}, false) as is_deleted,
        landed._file_id,
        landed._row_number,
        case
            {#- a row that landing made for a line that cannot be split into columns #}
            when landed.is_deleted = '(broken line)' then 'broken_line'
            {%- for column in columns if column.config.meta.required %}
            when {{ is_blank('landed.' ~ column.name) }}
                {%- if is_id(column) %} or {{ is_word_for_nothing(trimmed('landed.' ~ column.name)) }}{% endif %} then 'missing_{{ column.name }}'
            {%- endfor %}
            {%- for group in meta.get('one_of', []) %}
            when {% for name in group %}{{ is_blank('landed.' ~ name) }}{{ ' and ' if not loop.last }}{% endfor %} then 'missing_{{ group | join("_or_") }}'
            {%- endfor %}
            {%- for column in columns if column.config.meta.kind in fallible_kinds() or (column.config.meta.required and column.config.meta.kind in ['email', 'phone', 'identifier']) %}
            when not {{ is_blank('landed.' ~ column.name) }} and {{ typed_value(column) }} is null then 'invalid_{{ column.name }}'
            {%- endfor %}
            {%- for group in meta.get('one_of', []) %}
            when {% for name in group %}{{ typed_value(spec.columns[name]) }} is null{{ ' and ' if not loop.last }}{% endfor %} then 'invalid_{{ group | join("_or_") }}'
            {%- endfor %}
            when not {{ is_blank('landed.updated_at') }} and {{ text_to_timestamp(trimmed('landed.updated_at')) }} is null then 'invalid_updated_at'
            when not {{ is_blank('landed.is_deleted') }} and {{ text_to_boolean(trimmed('landed.is_deleted')) }} is null then 'invalid_is_deleted'
            {%- for column in columns if column.config.meta.kind in ['amount', 'rate'] %}
            when {{ typed_value(column) }} < 0 then 'negative_{{ column.name }}'
            {%- endfor %}
            {%- for column in amounts %}
            when {{ typed_value(column) }} >= {{ amount_limit() }} then 'too_large_{{ column.name }}'
            {%- if not meta.currency_of %}
            when {{ is_ambiguous_amount(trimmed('landed.' ~ column.name)) }} and {{ is_without_decimals(currency) }} then 'ambiguous_{{ column.name }}'
            {%- endif %}
            {%- endfor %}
        end as input_reason,
        {%- if meta.currency_of %}
        case
            {%- for column in amounts %}
            when {{ is_ambiguous_amount(trimmed('landed.' ~ column.name)) }} then '{{ column.name }}'
            {%- endfor %}
        end as ambiguous_amount,
        {%- endif %}
        case when input_reason is not null then {{ row_md5('landed', columns, is_text=true) }} end as landed_hash
    from {{ landed }} as landed

),

judged as (

    select
        *,
        case
            when input_reason is not null then input_reason
            {%- if meta.business_time %}
            when {{ meta.business_time }} < {{ earliest(spec.columns[meta.business_time]) }} then 'too_early_{{ meta.business_time }}'
            {%- endif %}
            {%- for reason, condition in rules.items() %}
            when {{ condition }} then '{{ reason }}'
            {%- endfor %}
        end as quarantine_reason,
        {%- if meta.ignores_as_of %}
        false as is_deferred
        {%- else %}
        coalesce(updated_at > {{ as_of() }}, false)
        {%- if meta.business_time %}
            or coalesce({{ lies_after_as_of(spec.columns[meta.business_time]) }}, false)
        {%- endif %} as is_deferred
        {%- endif %}
    from typed

),

repeated_keys as (

    select {{ keys | join(', ') }}
    from judged
    where quarantine_reason is null and not is_deferred
    group by {{ keys | join(', ') }}
    having count(*) > 1

),

ranked as (

    select
        judged._file_id,
        judged._row_number,
        {%- if meta.adds_up %}
        {# Rows with the greatest updated_at are the parts of the sum; rows with an older one are superseded. #}
        rank() over (partition by {{ 'judged.' ~ keys | join(', judged.') }} order by judged.updated_at desc nulls last) as row_rank,
        'superseded' as duplicate_reason
        {%- else %}
        row_number() over row_versions as row_rank,
        case
            when {{ row_md5('judged', columns) }} = first_value({{ row_md5('judged', columns) }}) over row_versions then 'exact'
            else 'superseded'
        end as duplicate_reason
        {%- endif %}
    from judged
    inner join repeated_keys
        on {{ key_conditions | join('\n        and ') }}
    where judged.quarantine_reason is null and not judged.is_deferred
    {%- if not meta.adds_up %}
    window row_versions as (partition by {{ 'judged.' ~ keys | join(', judged.') }} order by judged.updated_at desc nulls last, {{ row_md5('judged', columns) }})
    {%- endif %}

)

select
    {%- for column in columns %}
    {{ as_seen(column, meta) }} as {{ column.name }},
    {%- endfor %}
    {%- if meta.currency_of %}
    judged.ambiguous_amount,
    {%- endif %}
    judged.updated_at,
    judged.is_deleted,
    judged._file_id,
    judged._row_number,
    case
        when judged.quarantine_reason is not null then 'quarantined'
        when judged.is_deferred then 'deferred'
        when ranked.row_rank > 1 then 'duplicate'
        else 'accepted'
    end as row_status,
    coalesce(judged.quarantine_reason, case when ranked.row_rank > 1 then ranked.duplicate_reason end) as row_reason,
    case when judged.quarantine_reason is not null then coalesce(judged.landed_hash, {{ row_md5('judged', columns) }}) end as row_hash
from judged
left join ranked on judged._file_id = ranked._file_id and judged._row_number = ranked._row_number
{%- endmacro %}

{#-
    The rows of a raw table that count. Models read raw tables through this macro only.

    Parameters: source_name and table_name of the raw table.
    Returns: a subquery of the accepted rows, without tombstones and without rows that int_integrity_rejects refuses after a join with
      other tables.
    Example: select * from {{ accepted('crm', 'deals') }} as deals
-#}
{% macro accepted(source_name, table_name) -%}
    (
        select staged.*
        from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
        {%- if source_name ~ '.' ~ table_name in joined_tables() %}
        left join {{ ref('int_integrity_rejects') }} as rejects
            on rejects.source_table = '{{ source_name }}.{{ table_name }}'
            and staged._file_id = rejects._file_id
            and staged._row_number = rejects._row_number
        where staged.row_status = 'accepted' and not staged.is_deleted and rejects.source_table is null
        {%- else %}
        where staged.row_status = 'accepted' and not staged.is_deleted
        {%- endif %}
    )
{%- endmacro %}

{#-
    The left join of the record that counts in the place of the one that `id` names, where two sources hold it (same_records of
    mapping.yml); macro kept_id() reads it.

    Example: {{ join_kept('kept_deals', 'crm.deals', 'quotes.deal_id') }}
-#}
{% macro join_kept(alias, source_table, id) -%}
    left join (
        select
            record_id,
            min(kept_id) as kept_id
        from {{ ref('int_same_records') }}
        where source_table = '{{ source_table }}'
        group by record_id
    ) as {{ alias }} on {{ id }} = {{ alias }}.record_id
{%- endmacro %}

{#- The id of the record that counts. Example: {{ kept_id('kept_deals', 'quotes.deal_id') }} as deal_id -#}
{% macro kept_id(alias, id) -%}
    coalesce({{ alias }}.kept_id, {{ id }})
{%- endmacro %}

{#-
    Raw tables that have rules which need a join, such as "the order exists" or "no other source holds it". int_integrity_rejects holds the
    rows that break them.
-#}
{% macro joined_tables() -%}
    {{ return([
        'orders.orders', 'orders.order_items', 'orders.refunds', 'crm.activities', 'crm.deals', 'crm.deal_changes', 'crm.quotes',
        'crm.subscription_changes', 'crm.tickets', 'marketing.ad_spend',
    ]) }}
{%- endmacro %}

{#-
    The entry of a raw table in its source .yml, as dbt's graph has it.

    Returns: a dict with `columns` and `config.meta`; empty while dbt parses, because there is no graph yet.
    Example: source_spec('crm', 'deals').config.meta.business_time is 'created_at'
-#}
{% macro source_spec(source_name, table_name) -%}
    {%- if execute -%}
        {{ return(graph.sources['source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name]) }}
    {%- endif -%}
    {{ return({'columns': {}, 'config': {'meta': {}}}) }}
{%- endmacro %}

{#-
    Names of the columns that form the key of a raw table, as a list. Example: key_columns('orders', 'order_items') is ['order_id',
    'line_number']
-#}
{% macro key_columns(source_name, table_name) -%}
    {%- set keys = [] -%}
    {%- for column in source_spec(source_name, table_name).columns.values() if column.config.meta.key -%}
        {%- do keys.append(column.name) -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}

{#- SQL condition: the text is null, empty or white space only. -#}
{% macro is_blank(text) -%}coalesce({{ trimmed(text) }}, '') = ''{%- endmacro %}

{#- Whether a column holds ids: of kind id, or the ids of persons and cookies, which are never published. -#}
{% macro is_id(column) -%}
    {{ return(column.config.meta.kind == 'id' or (column.config.meta.kind == 'text' and column.name.endswith('_id'))) }}
{%- endmacro %}

{#-
    SQL condition: the text is a word that a program writes where it has no value, as databases write NULL or \N and spreadsheets
    #N/A. As an id it would make one record, or one person, of all rows that have none.
-#}
{% macro is_word_for_nothing(text) -%}
    {%- set words = 'null (null) <null> \\n none nil nan nat <na> n/a #n/a undefined (blank) - --'.split(' ') -%}
    {{ lower_case(text) }} in ({% for word in words %}{{ string_literal(word) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#-
    Kinds of columns whose text may be unreadable. Such a row is quarantined as invalid_<column>; text of every other kind is always
    readable.
-#}
{% macro fallible_kinds() -%}
    {{ return(['amount', 'rate', 'number', 'integer', 'boolean', 'timestamp', 'planned_timestamp', 'date', 'planned_date']) }}
{%- endmacro %}

{#-
    Whether a column identifies the person or record that the row belongs to: an e-mail, phone or contact id of the person, or the
    row's own id.

    Parameters: column, an entry of source_spec(…).columns.
    Returns: true or false in Jinja. False for owner_id and company_id, which name an employee and a company.
-#}
{% macro is_of_owner(column) -%}
    {{ return(
        column.config.meta.kind in ['email', 'phone', 'identifier', 'id_list'] or column.config.meta.key | default(false)
        or 'contact_id' in column.name or column.name == 'anonymous_id'
    ) }}
{%- endmacro %}

{#-
    SQL that reads the landed text of a column as its kind; null where the text is not of that kind.

    Parameters: column, an entry of source_spec(…).columns.
    Returns: an expression over the alias `landed`. Ids, labels and codes are masked where they hold personal data.
    Example: a column of kind amount becomes text_to_decimal(…, 18, 4).
-#}
{% macro typed_value(column) -%}
    {%- set kind = column.config.meta.kind -%}
    {%- set text = "nullif(" ~ trimmed('landed.' ~ column.name) ~ ", '')" -%}
    {%- if kind == 'text' and is_id(column) -%}case when {{ is_word_for_nothing(text) }} then null else {{ text }} end
    {%- elif kind == 'text' -%}{{ text }}
    {%- elif kind == 'id' -%}
        {#- An id whose name does not end in _id, such as line_number, may look like a phone number, so it is checked for all kinds of personal data. -#}
        {%- set own = publishable_id(text) if column.name.endswith('_id') else publishable_id(text, var('personal_data_patterns') | list) -%}
        case when {{ is_word_for_nothing(text) }} then null else {{ own }} end
    {%- elif kind == 'label' -%}{{ masked(text) }}
    {%- elif kind == 'code' -%}{{ lower_case(masked(text)) }}
    {%- elif kind == 'currency' -%}upper({{ text }})
    {%- elif kind == 'id_list' -%}case when {{ is_word_for_nothing(text) }} then null else {{ normalize_id_list(text) }} end
    {%- elif kind == 'email' -%}{{ normalize_email(text) }}
    {%- elif kind == 'phone' -%}{{ normalize_phone(text) }}
    {%- elif kind == 'identifier' -%}
        case {{ lower_case(trimmed('landed.identifier_type')) }}
            when 'email' then {{ normalize_email(text) }}
            when 'phone' then {{ normalize_phone(text) }}
            else case when {{ is_word_for_nothing(text) }} then null else {{ text }} end
        end
    {%- elif kind == 'amount' -%}{{ text_to_decimal(text, 18, 4) }}
    {%- elif kind == 'rate' -%}{{ text_to_decimal(text, 19, 12) }}
    {%- elif kind == 'number' -%}{{ text_to_decimal(text, 18, 4) }}
    {%- elif kind == 'integer' -%}{{ text_to_integer(text) }}
    {%- elif kind == 'boolean' -%}{{ text_to_boolean(text) }}
    {%- elif kind in ['timestamp', 'planned_timestamp'] -%}{{ text_to_timestamp(text) }}
    {%- elif kind in ['date', 'planned_date'] -%}{{ text_to_date(text) }}
    {%- else -%}{{ exceptions.raise_compiler_error("Column " ~ column.name ~ " has the unknown kind '" ~ kind ~ "'.") }}
    {%- endif -%}
{%- endmacro %}

{#-
    SQL condition: the time in a column is later than the as-of. A date is compared with the as-of's day in the reporting time zone.
-#}
{% macro lies_after_as_of(column) -%}
    {%- if column.config.meta.kind == 'date' -%}{{ column.name }} > {{ reporting_date(as_of()) }}
    {%- else -%}{{ column.name }} > {{ as_of() }}
    {%- endif -%}
{%- endmacro %}

{#-
    The earliest time that counts, as an SQL literal: setting earliest_date at 00:00 in the reporting time zone, in UTC. For a date
    column, the day itself.
-#}
{% macro earliest(column=none) -%}
    {%- set day = modules.datetime.datetime.fromisoformat(setting('earliest_date')) -%}
    {%- set moment = modules.pytz.timezone(setting('reporting_timezone')).localize(day).astimezone(modules.pytz.utc) -%}
    {%- if column and column.config.meta.kind == 'date' -%}cast('{{ day.strftime('%Y-%m-%d') }}' as date)
    {%- else -%}cast('{{ moment.strftime('%Y-%m-%d %H:%M:%S') }}' as timestamp)
    {%- endif -%}
{%- endmacro %}

{#-
    A column as it was known at the as-of: a timestamp after the as-of or before earliest_date reads as null. A status whose meta
    `open_before` names a time reads as open while that time lies after the as-of.

    Parameters: column, an entry of source_spec(…).columns; meta, that of its table.
    Returns: an expression over the alias `judged`. The business time is left alone, because macro stage defers or quarantines the
      whole row by it.
-#}
{% macro as_seen(column, meta) -%}
    {%- if column.config.meta.kind == 'timestamp' and column.name != meta.business_time -%}
        case when judged.{{ column.name }} between {{ earliest(column) }} and {{ as_of() }} then judged.{{ column.name }} end
    {%- elif column.config.meta.open_before -%}
        case when judged.{{ column.config.meta.open_before }} > {{ as_of() }} then 'open' else judged.{{ column.name }} end
    {%- else -%}judged.{{ column.name }}
    {%- endif -%}
{%- endmacro %}

{#-
    md5 of a row. It breaks ties between versions of a row and gives a quarantined row its key.

    Parameters: relation, an alias; columns, entries of source_spec(…).columns; is_text, true for the landed text and false for typed
      columns.
    Returns: an expression of 32 hexadecimal digits.
    Do not simplify: without the leading '=' a null and an empty text would have the same hash; without decimal_to_text a small rate
      would have different hashes on DuckDB and Spark.
-#}
{% macro row_md5(relation, columns, is_text=false) -%}
    md5(concat_ws('|'
        {%- for column in columns %}
        {%- set name = relation ~ '.' ~ column.name -%}
        {%- set text = decimal_to_text(name, 12) if column.config.meta.kind == 'rate' and not is_text else 'cast(' ~ name ~ ' as string)' -%}
        , coalesce('=' || {{ text }}, '')
        {%- endfor -%}
        {%- for name in ['updated_at', 'is_deleted'] -%}
        , coalesce('=' || cast({{ relation }}.{{ name }} as string), '')
        {%- endfor -%}
    ))
{%- endmacro %}

{#-
    All raw tables, as a list of (source, table), each with a staging model.

    Do not simplify: the list cannot be read from the graph, because dbt needs it while it parses (to find refs) and the graph does
      not exist yet. As soon as it does, the macro fails if list and sources differ.
-#}
{% macro staged_tables() -%}
    {%- set tables = [
        ('crm', 'activities'), ('crm', 'companies'), ('crm', 'contacts'), ('crm', 'deal_changes'), ('crm', 'deals'),
        ('crm', 'lifecycle_changes'), ('crm', 'loyalty_events'), ('crm', 'quotes'), ('crm', 'referrals'),
        ('crm', 'subscription_changes'), ('crm', 'tickets'), ('feedback', 'reviews'), ('feedback', 'survey_invitations'),
        ('feedback', 'survey_responses'), ('finance', 'exchange_rates'), ('marketing', 'ad_spend'),
        ('marketing', 'email_events'), ('marketing', 'offline_visits'), ('marketing', 'social_interactions'),
        ('orders', 'order_items'), ('orders', 'orders'), ('orders', 'products'), ('orders', 'refunds'),
        ('privacy', 'consents'), ('privacy', 'erasure_requests'), ('web', 'events'), ('web', 'experiment_exposures'),
        ('web', 'identities'),
    ] -%}
    {%- if execute -%}
        {%- set described = [] -%}
        {%- for table in graph.sources.values() if table.package_name == project_name and table.config.meta.main is defined -%}
            {%- do described.append((table.source_name, table.name)) -%}
        {%- endfor -%}
        {%- if tables | sort != described | sort -%}
            {%- set unlisted = described | reject('in', tables) | map('join', '.') | sort | join(', ') -%}
            {%- set undescribed = tables | reject('in', described) | map('join', '.') | sort | join(', ') -%}
            {{ exceptions.raise_compiler_error(
                "macros/staging.sql: staged_tables() and the sources of models/staging differ."
                ~ (" Add to staged_tables(): " ~ unlisted ~ "." if unlisted else "")
                ~ (" Describe as a source, or remove from staged_tables(): " ~ undescribed ~ "." if undescribed else "")
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return(tables) }}
{%- endmacro %}

{#-
    Raw tables whose rows show identifiers of a person.

    Returns: a dict of two lists of tuples. `named`: source, table, business time and the names of its identifier columns. `typed`:
      tables with identifier_type and identifier_value, with the column that holds the cookie beside them, if any.
    Consents and erasure requests are left out: they name identifiers without showing whose they are.
-#}
{% macro tables_of_identifiers() -%}
    {%- set identifiers = ['contact_id', 'email', 'phone', 'anonymous_id', 'merged_into_contact_id'] -%}
    {%- set found = {'named': [], 'typed': []} -%}
    {%- for source_name, table_name in staged_tables() if source_name != 'privacy' -%}
        {%- set spec = source_spec(source_name, table_name) -%}
        {%- set names = spec.columns | list -%}
        {%- set present = identifiers | select('in', names) | list -%}
        {%- if 'identifier_value' in names -%}
            {%- do found.typed.append((source_name, table_name, spec.config.meta.business_time, present | first)) -%}
        {%- elif present -%}
            {%- do found.named.append((source_name, table_name, spec.config.meta.business_time, present)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- md5 of a staged row over the columns of its source. See row_md5. Example: {{ staged_row_md5('staged', 'crm', 'deals') }} -#}
{% macro staged_row_md5(relation, source_name, table_name) -%}
    {{ row_md5(relation, source_spec(source_name, table_name).columns.values()) }}
{%- endmacro %}
