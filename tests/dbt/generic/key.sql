{#- Fails where the key is missing or repeated: dbt's unique and not_null in one node, since a node costs more than its query. -#}
{% test key(model, column_name) %}
select {{ column_name }}
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null
{% endtest %}
