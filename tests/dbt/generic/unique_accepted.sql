{#- Two accepted rows of one key would count one thing twice. -#}
{% test unique_accepted(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
where row_status = 'accepted'
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
