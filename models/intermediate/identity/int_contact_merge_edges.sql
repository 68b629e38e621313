with contact_pairs as (

    select
        {{ identifier_key("'contact_id'", 'merged_contact_id') }} as merged,
        {{ identifier_key("'contact_id'", 'surviving_contact_id') }} as surviving
    from {{ ref('int_contact_merges') }}

)

{# two contacts may each name the other as merged into it #}
select distinct
    least(merged, surviving) as low,
    greatest(merged, surviving) as high
from contact_pairs
