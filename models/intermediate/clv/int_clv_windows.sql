{%- set weeks = setting('clv_holdout_weeks') -%}

select
    'all' as fit_window,
    {{ reporting_date(as_of()) }} as last_date,
    52 as weeks_ahead
union all
select
    'calibration' as fit_window,
    cast({{ add_days('cast(' ~ reporting_date(as_of()) ~ ' as timestamp)', '-7 * ' ~ weeks) }} as date) as last_date,
    {{ weeks }} as weeks_ahead
