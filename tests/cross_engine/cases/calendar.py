"""Cases of days, months, time zones and durations."""

from tests.cross_engine.cases.case import Cases

CASES: dict[str, Cases] = {
    "to_reporting_time in New York": Cases(
        "{{ to_reporting_time('cast(x as timestamp)') }}",
        {
            "2026-03-08 06:59:59": "2026-03-08 01:59:59",
            "2026-03-08 07:00:00": "2026-03-08 03:00:00",
            "2026-11-01 05:30:00": "2026-11-01 01:30:00",
            "2026-11-01 06:30:00": "2026-11-01 01:30:00",
            "2026-11-01 07:30:00": "2026-11-01 02:30:00",
            "2026-01-01 04:59:59.999999": "2025-12-31 23:59:59.999999",
            None: None,
        },
        {"reporting_timezone": "America/New_York"},
    ),
    "to_reporting_time in London": Cases(
        "{{ to_reporting_time('cast(x as timestamp)') }}",
        {
            "2026-03-29 00:59:59": "2026-03-29 00:59:59",
            "2026-03-29 01:00:00": "2026-03-29 02:00:00",
            "2026-10-25 00:30:00": "2026-10-25 01:30:00",
            "2026-10-25 01:30:00": "2026-10-25 01:30:00",
            "1968-12-31 12:00:00": "1968-12-31 13:00:00",
        },
        {"reporting_timezone": "Europe/London"},
    ),
    "reporting_date in Vietnam": Cases(
        "{{ reporting_date('cast(x as timestamp)') }}",
        {
            "2026-01-31 16:59:59": "2026-01-31",
            "2026-01-31 17:00:00": "2026-02-01",
            "2024-02-28 17:00:00": "2024-02-29",
            "1899-12-31 12:00:00": "1899-12-31",
            None: None,
        },
        {"reporting_timezone": "Asia/Ho_Chi_Minh"},
    ),
    "text_to_timestamp in St. John's": Cases(
        "{{ text_to_timestamp('x') }}",
        {
            "2026-02-09": "2026-02-09 03:30:00",
            "2026/8/1": "2026-08-01 02:30:00",
            "2026-02-09 00:00": "2026-02-09 00:00:00",
            "2026-02-30": None,
            None: None,
        },
        {"reporting_timezone": "America/St_Johns"},
    ),
    # the clock is put back at 01:00, so that midnight comes twice; in spring there is no hour from 00:00 to 01:00
    "start_of_reporting_day in Havana": Cases(
        "{{ start_of_reporting_day('cast(x as date)') }}",
        {
            "2025-11-02": "2025-11-02 04:00:00",
            "2025-03-09": "2025-03-09 05:00:00",
            "2025-03-10": "2025-03-10 04:00:00",
            None: None,
        },
        {"reporting_timezone": "America/Havana"},
    ),
    # at midnight the clock is put back to 23:00 of the day that is over
    "start_of_reporting_day in Santiago": Cases(
        "{{ start_of_reporting_day('cast(x as date)') }}",
        {"2025-04-06": "2025-04-06 04:00:00", "2025-09-07": "2025-09-07 04:00:00"},
        {"reporting_timezone": "America/Santiago"},
    ),
    # midnight in Vietnam is 17:00 of the day before in UTC; a planned day is over when it ends, a planned time at once
    "is_later_than in Vietnam": Cases(
        "{{ is_later_than('cast(x as timestamp)', 'cast(y as timestamp)') }}",
        {
            ("2026-06-30 16:59:59", "2026-06-29 17:00:00"): "false",
            ("2026-06-30 17:00:00", "2026-06-29 17:00:00"): "true",
            ("2026-06-30 03:00:01", "2026-06-30 03:00:00"): "true",
            ("2026-06-30 03:00:00", "2026-06-30 03:00:00"): "false",
            # in UTC a day of its own, in Vietnam seven in the morning
            ("2026-06-30 00:00:01", "2026-06-30 00:00:00"): "true",
            (None, "2026-06-30 03:00:00"): None,
            ("2026-06-30 03:00:00", None): None,
        },
        {"reporting_timezone": "Asia/Ho_Chi_Minh"},
    ),
    "month_of": Cases(
        "{{ month_of('cast(x as date)') }}",
        {"2026-01-31": "2026-01-01", "2024-02-29": "2024-02-01", "1899-12-31": "1899-12-01", None: None},
    ),
    "quarter_of": Cases(
        "{{ quarter_of('cast(x as date)') }}",
        {"2026-01-01": "2026-01-01", "2024-02-29": "2024-01-01", "2026-12-31": "2026-10-01", None: None},
    ),
    "the quarter of a period of the map": Cases(
        "{{ period_name(quarter_number(period_number('cast(x as date)'))) }}",
        {
            "2026-01-01": "2026-Q1",
            "2026-03-31": "2026-Q1",
            "2026-04-01": "2026-Q2",
            "2025-09-30": "2025-Q3",
            "2025-10-01": "2025-Q4",
            "2025-12-31": "2025-Q4",
        },
    ),
    "add_seconds": Cases(
        "{{ add_seconds('cast(x as timestamp)', 'cast(y as bigint)') }}",
        {
            ("2026-01-31 23:59:59", "1"): "2026-02-01 00:00:00",
            ("2026-01-01 00:00:00.5", "-1"): "2025-12-31 23:59:59.5",
            ("2026-01-01 00:00:00", "0"): "2026-01-01 00:00:00",
            (None, "1"): None,
            ("2026-01-01 00:00:00", None): None,
        },
    ),
    "add_minutes": Cases(
        "{{ add_minutes('cast(x as timestamp)', 30) }}", {"2026-01-01 23:45:00": "2026-01-02 00:15:00"}
    ),
    "add_days": Cases(
        "{{ add_days('cast(x as timestamp)', 1) }}",
        {"2024-02-28 10:00:00": "2024-02-29 10:00:00", "2026-03-08 02:30:00": "2026-03-09 02:30:00", None: None},
    ),
    "add_days backwards": Cases(
        "{{ add_days('cast(x as timestamp)', '-' ~ 90) }}", {"2026-03-31 00:00:00": "2025-12-31 00:00:00"}
    ),
    "add_months": Cases(
        "{{ add_months('cast(x as date)', 1) }}",
        {
            "2026-01-31": "2026-02-28",
            "2024-01-31": "2024-02-29",
            "2026-02-28": "2026-03-28",
            "2026-12-15": "2027-01-15",
            None: None,
        },
    ),
    "microseconds_between": Cases(
        "{{ microseconds_between('cast(x as timestamp)', 'cast(y as timestamp)') }}",
        {
            ("2026-01-01 00:00:00", "2026-01-01 00:00:00.000001"): "1",
            ("2026-01-02 00:00:00", "2026-01-01 00:00:00"): "-86400000000",
            ("1899-12-31 23:59:59.5", "1900-01-01 00:00:00"): "500000",
            (None, "2026-01-01 00:00:00"): None,
        },
    ),
    "seconds_between": Cases(
        "cast({{ seconds_between('cast(x as timestamp)', 'cast(y as timestamp)') }} as decimal(18, 6))",
        {("2026-01-01 00:00:00", "2026-01-01 00:30:00.25"): "1800.250000", ("2026-01-01 00:00:00", None): None},
    ),
    "hours_between": Cases(
        "cast({{ hours_between('cast(x as timestamp)', 'cast(y as timestamp)') }} as decimal(18, 6))",
        {
            ("2026-01-01 00:00:00", "2026-01-27 13:30:00"): "637.500000",
            ("2026-03-08 00:00:00", "2026-03-09 00:00:00"): "24.000000",
        },
    ),
    "days_between": Cases(
        "{{ days_between('cast(x as date)', 'cast(y as date)') }}",
        {
            ("2024-02-28", "2024-03-01"): "2",
            ("2026-03-01", "2026-02-28"): "-1",
            ("2026-03-08", "2026-03-08"): "0",
            (None, "2026-01-01"): None,
        },
    ),
    "iso_weekday": Cases(
        "{{ iso_weekday('cast(x as date)') }} * 10",
        {"2026-01-04": "70", "2026-01-05": "10", "2024-02-29": "40", "1899-12-31": "70", None: None},
    ),
    "last_month_of in Vietnam": Cases(
        "{{ last_month_of('cast(x as timestamp)') }}",
        {
            "2026-06-30 16:59:59": "2026-06-01",
            "2026-06-30 17:00:00": "2026-06-01",
            "2026-06-30 17:00:00.000001": "2026-07-01",
            "2025-12-31 17:00:00": "2025-12-01",
            None: None,
        },
        {"reporting_timezone": "Asia/Ho_Chi_Minh"},
    ),
    # whole months up to the day after the last one; a rest of 16 days or more counts as a month
    "months_of_term": Cases(
        "{{ months_of_term('cast(x as date)', 'cast(y as date)') }}",
        {
            ("2026-01-01", "2026-12-31"): "12",
            ("2026-01-15", "2027-01-14"): "12",
            ("2026-01-10", "2027-01-10"): "12",
            ("2026-01-01", "2026-01-31"): "1",
            ("2026-01-31", "2026-02-28"): "1",
            ("2024-01-31", "2024-02-29"): "1",
            ("2026-01-31", "2026-03-30"): "2",
            ("2026-01-01", "2026-02-15"): "1",
            ("2026-01-01", "2026-02-16"): "2",
            ("2026-03-03", "2027-02-26"): "12",
            ("2026-01-01", "2026-01-01"): "1",
            ("2026-01-01", "2025-01-01"): "1",
            ("2026-01-01", None): "1",
            ("2026-01-01", "9999-12-31"): "1",
            ("2026-01-01", "2075-12-31"): "600",
        },
    ),
}
