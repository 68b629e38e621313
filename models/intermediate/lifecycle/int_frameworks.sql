{%- set built = setting('frameworks') -%}

select
    frameworks.*,
    framework = '{{ setting('primary_framework') }}' as is_primary
from {{ ref('frameworks') }} as frameworks
{%- if built %}
where
    framework in ('{{ built | join("', '") }}')
    or framework = '{{ setting('primary_framework') }}'
{%- endif %}
