{#-
    Whether two figures that were worked out by two roads differ: one of them is null alone, or they lie further apart than what doubles lose on
    the way. For the tests that recount a mart.
-#}
{% macro differ(one, other) -%}
    {%- set one = 'cast(' ~ one ~ ' as double)' -%}
    {%- set other = 'cast(' ~ other ~ ' as double)' -%}
    (
        ({{ one }} is null) <> ({{ other }} is null)
        or coalesce(abs({{ one }} - {{ other }}) > 1e-9 * greatest(abs({{ one }}), abs({{ other }}), cast(1 as double)), false)
    )
{%- endmacro %}

{#- The middle one of some durations, or the mean of both middle ones, in hours: from their places, not by the engine's median. -#}
{% macro middle_hours(relation, by, microseconds) -%}
    select
        {{ by }},
        sum(cast({{ microseconds }} as double)) / count(*) / cast(3600000000 as double) as middle_hours
    from (
        select
            {{ by }},
            {{ microseconds }},
            row_number() over (partition by {{ by }} order by {{ microseconds }}) as place,
            count(*) over (partition by {{ by }}) as places
        from {{ relation }}
        where {{ microseconds }} is not null
    ) as placed
    where 2 * place between places and places + 2
    group by {{ by }}
{%- endmacro %}
