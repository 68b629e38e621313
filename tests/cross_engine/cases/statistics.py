"""Cases of intervals, tests and the sums they are made of."""

from tests.cross_engine.cases.case import Cases

NEWCOMBE = (
    "\"(cast(split_part(x, '/', 1) as double) / cast(split_part(x, '/', 2) as double))\","
    " \"cast(split_part(x, '/', 2) as double)\","
    " \"(cast(split_part(y, '/', 1) as double) / cast(split_part(y, '/', 2) as double))\","
    " \"cast(split_part(y, '/', 2) as double)\""
)

CASES: dict[str, Cases] = {
    # x the share of five conversions, y customers, z sums of squares and products. By hand 0.24 / 0.06 = 4 trials, over
    # (1 + 4.84146 / 16 + 138.249 / 1536 + 500.756 / 24576)² = 1.99649, and (2.77645 / 1.95996)² is 2.00671;
    # no spread between customers is worth no more than the five; one customer tells nothing
    "effective_trials": Cases(
        "round({{ effective_trials('cast(x as double)', '5e0', 'cast(y as bigint)',"
        " \"cast(split_part(z, '/', 1) as decimal(38, 18))\", \"cast(split_part(z, '/', 2) as decimal(38, 18))\","
        " 'cast(5 as decimal(38, 18))') }}, 4)",
        {
            ("0.6", "5", "3/3"): "2.0035",
            ("0", "5", "0/0"): "5.0",
            ("1", "5", "5/5"): "5.0",
            ("0.5", "5", "1.25/2.5"): "5.0",
            ("0.6", "1", "3/3"): None,
        },
    ),
    # 0 of 10 by hand: z²/(10 + z²) = 3.8415/13.8415
    "wilson_bound": Cases(
        "round({{ wilson_bound('(cast(x as double) / cast(y as double))', 'cast(y as double)', '+') }}, 4)",
        {("0", "10"): "0.2775", ("10", "10"): "1.0", ("7", "7"): "1.0"},
    ),
    # Newcombe 1998, table II, contrasts (a) to (h), method 10; x holds successes and trials of one group, y of the
    # other
    "newcombe_bound below": Cases(
        f"round({{{{ newcombe_bound({NEWCOMBE}, '-') }}}}, 4)",
        {
            ("56/70", "48/80"): "0.0524",
            ("9/10", "3/10"): "0.1705",
            ("6/7", "2/7"): "0.0582",
            ("5/56", "0/29"): "-0.0381",
            ("0/10", "0/20"): "-0.1611",
            ("0/10", "0/10"): "-0.2775",
            ("10/10", "0/20"): "0.6791",
            ("10/10", "0/10"): "0.6075",
        },
    ),
    "newcombe_bound above": Cases(
        f"round({{{{ newcombe_bound({NEWCOMBE}, '+') }}}}, 4)",
        {
            ("56/70", "48/80"): "0.3339",
            ("9/10", "3/10"): "0.809",
            ("6/7", "2/7"): "0.8062",
            ("5/56", "0/29"): "0.1926",
            ("0/10", "0/20"): "0.2775",
            ("0/10", "0/10"): "0.2775",
            ("10/10", "0/20"): "1.0",
            ("10/10", "0/10"): "1.0",
        },
    ),
    # Abramowitz and Stegun, tables 26.1 and 26.2 (in millionths)
    "normal_upper_tail": Cases(
        "round(1000000 * {{ normal_upper_tail('cast(x as double)') }}, 6)",
        {
            "0": "500000.0",
            "1": "158655.253931",
            "1.959963984540054": "25000.0",
            "3": "1349.898032",
            "5": "0.286652",
            "40": "0.0",
            None: None,
        },
    ),
    # the sum 1 + … + x; null if there are no numbers
    "sum_over": Cases(
        "{{ sum_over('1', 'cast(x as int)', 'number', 'number * 1e0') }}",
        {"4": "10.0", "1": "1.0", "0": "0.0"},
    ),
    # 0!, 1!, 5! and 10!
    "log_factorial": Cases(
        "round(exp({{ log_factorial('cast(x as double)') }}), 5)",
        {"0": "1.0", "1": "1.0", "5": "120.0", "10": "3628800.0", None: None},
    ),
    # 5 of 10 drawn, with 4 hits among the 10: 3 hits or less likely tables: 110 of 210. Fisher's tea test: 3 of 4 cups,
    # 34 of 70.
    "fisher_p_value": Cases(
        "round({{ fisher_p_value('cast(x as int)', 'cast(z as int)', 'cast(y as int)', 'cast(z as int)') }}, 6)",
        {
            ("3", "1", "5"): "0.52381",
            ("3", "1", "4"): "0.485714",
            ("4", "0", "4"): "0.028571",
            ("2", "2", "4"): "1.0",
            ("0", "0", "4"): "1.0",
        },
    ),
    # 1 degree of freedom: 1 - 2 atan(t) / pi; 10 and 30 from published tables
    "t_p_value": Cases(
        "round({{ t_p_value('cast(x as double)', 'cast(y as double)') }}, 6)",
        {
            ("1", "1"): "0.5",
            ("0", "3"): "1.0",
            ("2.2281388519649385", "10"): "0.05",
            ("2.7499956535670305", "30"): "0.01",
            (None, "3"): None,
        },
    ),
    # there already, or nearly
    "t_95_step": Cases(
        "round({{ t_95_step('cast(x as double)', 'cast(y as double)') }}, 5)",
        {
            ("12.7062047", "1"): "12.7062",
            ("4.3026527", "2"): "4.30265",
            ("2.228139", "10"): "2.22814",
            ("1.96", "1000000"): "1.95997",
            (None, "3"): None,
        },
    ),
    # table 26.8: values exceeded with probability 5 %, 0.1 %, 1 %, 95 % and 0.1 %
    "chi_square_upper_tail": Cases(
        "round({{ chi_square_upper_tail('cast(x as double)', 'cast(y as int)') }}, 6)",
        {
            ("0", "1"): "1.0",
            ("3.841458820694124", "1"): "0.05",
            ("13.815510557964274", "2"): "0.001",
            ("11.344866730144373", "3"): "0.01",
            ("1.145476226061769", "5"): "0.95",
            ("26.124481558376136", "8"): "0.001",
            ("1", "10"): None,
            (None, "2"): None,
        },
    ),
}
