{#- Days of the reporting time zone. What the engines write differently about times is in cross_engine.sql. -#}

{#- Day of a UTC timestamp in the reporting time zone. Example: {{ reporting_date('orders.ordered_at') }} as ordered_date -#}
{% macro reporting_date(timestamp) -%}cast({{ to_reporting_time(timestamp) }} as date){%- endmacro %}

{#-
    SQL condition: a timestamp is the first moment of a day in the reporting time zone. A planned or closing time that is one nearly always
    comes from a source that knows days alone, so it means some time of that day.
-#}
{% macro is_whole_day(timestamp) -%}({{ timestamp }} = {{ start_of_reporting_day(reporting_date(timestamp)) }}){%- endmacro %}

{#- SQL condition: a moment is later than was planned. A planned day is over when it ends. Null if either is unknown. -#}
{% macro is_later_than(moment, planned) -%}
    case
        when {{ is_whole_day(planned) }} then {{ reporting_date(moment) }} > {{ reporting_date(planned) }}
        else {{ moment }} > {{ planned }}
    end
{%- endmacro %}
