-- No two accepted rows share a key, or one fact would count twice. Ad spend is left out: the parts of one sum may share a key there.
{% for source_name, table_name in staged_tables() if (source_name, table_name) != ('marketing', 'ad_spend') %}
{%- set keys = key_columns(source_name, table_name) %}
select
    '{{ source_name }}.{{ table_name }}' as source_table,
    count(*) as repeated_keys
from (
    select {{ keys | join(', ') }}
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    where row_status = 'accepted'
    group by {{ keys | join(', ') }}
    having count(*) > 1
) as repeated
having count(*) > 0
{{ 'union all' if not loop.last }}
{% endfor %}
