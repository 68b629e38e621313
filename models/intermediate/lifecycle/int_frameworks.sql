{%- set built = setting('frameworks') -%}

select
    frameworks.*,
    framework = '{{ setting('primary_framework') }}' as is_primary
from {{ ref('frameworks') }} as frameworks
{#- null: all frameworks; an empty list: the primary one only #}
{%- if built is not none %}
where
    framework in ('{{ built | join("', '") }}')
    or framework = '{{ setting('primary_framework') }}'
{%- endif %}
