{#-
    Fails where two persons share the 60 bits of their hash that joins use: every mart would read them as one person. Expect one such pair
    among a thousand million persons. To resolve it, change the key with `journey rotate-key`, which computes every hash anew.
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
