{#-
    Fails where two persons share the 60 bits that they are joined by: they would be one person in every mart. One pair is to be expected
    among a thousand million persons. Then change the key with `journey rotate-key`, which draws every hash anew.
-#}
{% test person_key_is_unique(model, column_name) %}
select
    {{ column_name }},
    min(person_id) as person_id,
    max(person_id) as other_person_id
from {{ model }}
group by {{ column_name }}
having count(*) > 1 or {{ column_name }} is null
{% endtest %}
