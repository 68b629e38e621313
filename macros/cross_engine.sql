{#-
    Everything that DuckDB and Spark spell or answer differently, in one place. A model never uses such a construct itself.
    Each macro dispatches on the engine; `default__` is DuckDB's.
-#}

{#- A keyed hash of the parts: sha256 over the session's key and the parts. Nulls count as empty, the key never stands in SQL. -#}
{% macro keyed_hash(parts) -%}{{ return(adapter.dispatch('keyed_hash', 'customer_journey')(parts)) }}{%- endmacro %}
{% macro default__keyed_hash(parts) -%}
    sha256(concat_ws('|', getvariable('hash_key'){% for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor %}))
{%- endmacro %}

{#- Regular expressions: DuckDB matches with a function, Spark with an operator; DuckDB replaces only the first match unless told. -#}
{% macro regex_like(text, pattern) -%}{{ return(adapter.dispatch('regex_like', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_like(text, pattern) -%}regexp_matches({{ text }}, {{ pattern }}){%- endmacro %}

{% macro regex_remove(text, pattern) -%}{{ return(adapter.dispatch('regex_remove', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_remove(text, pattern) -%}regexp_replace({{ text }}, {{ pattern }}, '', 'g'){%- endmacro %}

{#- Text to a timestamp in UTC. The sessions of both engines run in UTC, so text without an offset is read as UTC. -#}
{% macro text_to_timestamp(text) -%}{{ return(adapter.dispatch('text_to_timestamp', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__text_to_timestamp(text) -%}cast(try_cast({{ text }} as timestamptz) as timestamp){%- endmacro %}

{#- A UTC timestamp as the clock of the reporting time zone shows it; the zone's own rules for daylight saving apply. -#}
{% macro to_reporting_time(timestamp) -%}{{ return(adapter.dispatch('to_reporting_time', 'customer_journey')(timestamp)) }}{%- endmacro %}
{% macro default__to_reporting_time(timestamp) -%}
    (({{ timestamp }}) at time zone 'UTC' at time zone '{{ setting('reporting_timezone') }}')
{%- endmacro %}

{% macro reporting_date(timestamp) -%}cast({{ to_reporting_time(timestamp) }} as date){%- endmacro %}

{#- Truncating a date gives a date on one engine and a timestamp on the other. -#}
{% macro month_of(date) -%}cast(date_trunc('month', {{ date }}) as date){%- endmacro %}

{#- Adding an interval: DuckDB's multiplication takes a column; Spark wants make_interval. -#}
{% macro add_seconds(timestamp, seconds) -%}{{ return(adapter.dispatch('add_seconds', 'customer_journey')(timestamp, seconds)) }}{%- endmacro %}
{% macro default__add_seconds(timestamp, seconds) -%}({{ timestamp }} + to_seconds({{ seconds }})){%- endmacro %}
{% macro add_minutes(timestamp, minutes) -%}{{ add_seconds(timestamp, '60 * (' ~ minutes ~ ')') }}{%- endmacro %}
{% macro add_days(timestamp, days) -%}{{ add_seconds(timestamp, '86400 * (' ~ days ~ ')') }}{%- endmacro %}

{#- Differences: dbt.datediff rounds differently on the two engines below a day. -#}
{% macro seconds_between(earlier, later) -%}{{ return(adapter.dispatch('seconds_between', 'customer_journey')(earlier, later)) }}{%- endmacro %}
{% macro default__seconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0{%- endmacro %}
{% macro hours_between(earlier, later) -%}({{ seconds_between(earlier, later) }}) / 3600.0{%- endmacro %}
{% macro days_between(earlier_date, later_date) -%}{{ return(adapter.dispatch('days_between', 'customer_journey')(earlier_date, later_date)) }}{%- endmacro %}
{% macro default__days_between(earlier_date, later_date) -%}({{ later_date }} - {{ earlier_date }}){%- endmacro %}

{#- Every day from the first to the last, as a table with the column date_day. -#}
{% macro date_spine(first_date, last_date) -%}{{ return(adapter.dispatch('date_spine', 'customer_journey')(first_date, last_date)) }}{%- endmacro %}
{% macro default__date_spine(first_date, last_date) -%}
    (select cast(day_start as date) as date_day from (select unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as day_start))
{%- endmacro %}

{#- Monday is 1 and Sunday 7 on both. -#}
{% macro iso_weekday(date) -%}{{ return(adapter.dispatch('iso_weekday', 'customer_journey')(date)) }}{%- endmacro %}
{% macro default__iso_weekday(date) -%}isodow({{ date }}){%- endmacro %}

{#-
    Connected components over the table `edges` (low, high: two ends of an edge, each edge once): a table of
    node, component, where the component is named by its least node. DuckDB keeps one row a node while it recurses.
-#}
{% macro connected_components(edges) -%}{{ return(adapter.dispatch('connected_components', 'customer_journey')(edges)) }}{%- endmacro %}
{% macro default__connected_components(edges) -%}
    with recursive neighbours as materialized (
        select low as node, high as neighbour from {{ edges }}
        union all
        select high as node, low as neighbour from {{ edges }}
    ),

    components (node, component) using key (node) as (
        select node, least(node, min(neighbour)) as component from neighbours group by node
        union
        select
            neighbours.neighbour as node,
            min(components.component) as component
        from components
        inner join neighbours on components.node = neighbours.node
        inner join recurring.components as known on neighbours.neighbour = known.node
        where components.component < known.component
        group by neighbours.neighbour
    )

    select node, component from components
{%- endmacro %}

{#- A date some months later, as a date: DuckDB's interval addition makes it a timestamp. -#}
{% macro add_months(date, months) -%}{{ return(adapter.dispatch('add_months', 'customer_journey')(date, months)) }}{%- endmacro %}
{% macro default__add_months(date, months) -%}cast({{ date }} + to_months({{ months }}) as date){%- endmacro %}
