{#- Fails where the reference is missing or leads nowhere: dbt's relationships and not_null in one node. -#}
{% test required_relationships(model, column_name, to, field) %}
select child.{{ column_name }}
from {{ model }} as child
left join {{ to }} as parent on child.{{ column_name }} = parent.{{ field }}
where parent.{{ field }} is null
{% endtest %}
