"""Cases of amounts and exchange rates."""

from tests.cross_engine.cases.case import Cases

CASES: dict[str, Cases] = {
    "to_reporting_currency": Cases(
        "{{ to_reporting_currency('cast(x as decimal(18, 4))', 'cast(y as decimal(19, 12))') }}",
        {
            ("1.0050", None): "1.0100",
            ("-1.0050", None): "-1.0100",
            ("0.0050", "0.999999999999"): "0.0000",
            ("100.0000", "0.00003912"): "0.0000",
            ("255000.0000", "0.000039215686"): "10.0000",
            ("0.0049", "1.000000000001"): "0.0000",
            (None, "1"): None,
        },
    ),
    "refunded_net": Cases(
        "{{ refunded_net('cast(x as decimal(18, 4))', 'cast(y as decimal(18, 4))', 'cast(z as decimal(18, 4))') }}",
        {
            ("50", "80", "100"): "40.0000",
            ("1.005", "100", "100"): "1.0100",
            ("10", "10", "30"): "3.3300",
            ("10", "20", "30"): "6.6700",
            ("5", "5", "0"): "0.0000",
            # tax and shipping exceed the total, so there was no net revenue
            ("5", "-2", "10"): "0.0000",
            (None, "5", "5"): "0.0000",
        },
    ),
    "cost_coverage": Cases(
        "{{ cost_coverage('cast(x as decimal(18, 4))', 'cast(y as decimal(18, 4))') }}",
        {
            ("50", "100"): "0.5",
            ("100", "40"): "1.0",
            ("-5", "55"): "0.0",
            ("-5", "-5"): "1.0",
            ("0", "0"): None,
            (None, "1"): None,
        },
    ),
    "is_ambiguous_amount": Cases(
        "{{ is_ambiguous_amount('x') }}",
        {
            "450.000": "true",
            "-450.000": "true",
            "1234.500": "true",
            "0.500": "true",
            "450.00": "false",
            "450.0000": "false",
            "450000": "false",
            "1.450.000": "false",
            "1,450.000": "false",
            ".500": "false",
            "450.000 VND": "false",
            None: None,
        },
    ),
}
