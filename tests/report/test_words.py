"""Figures as people write them in English and in Vietnamese."""

import pytest
from report.words import figure, fill


@pytest.mark.parametrize(
    ("value", "kind", "english", "vietnamese"),
    [
        (1234567, "number", "1,234,567", "1.234.567"),
        (0.4193, "rate", "42 %", "42 %"),
        (0.0488, "rate", "4.9 %", "4,9 %"),
        (0, "rate", "0.0 %", "0,0 %"),
        (1_530_000_000, "money", "1.53 billion VND", "1,53 tỷ VND"),
        (37_800_000, "money", "37.8 million VND", "37,8 triệu VND"),
        (9_999, "money", "9,999 VND", "9.999 VND"),
        (-4_500_000, "money", "-4.5 million VND", "-4,5 triệu VND"),
        (12.93, "ratio", "12.9", "12,9"),
        (0.22, "points", "+22", "+22"),
        (-3.4, "nps", "−3", "−3"),
        (16.67, "nps", "+17", "+17"),
        (-0.004, "score", "0.00", "0,00"),
        (0.334, "score", "+0.33", "+0,33"),
        (5.5, "hours", "5.5 h", "5,5 giờ"),
        (195.86, "hours", "8.2 days", "8,2 ngày"),
        (None, "money", "–", "–"),
    ],
)
def test_figures_are_written_as_people_read_them(value: float | None, kind: str, english: str, vietnamese: str) -> None:
    assert figure(value, kind, "en", "VND") == english
    assert figure(value, kind, "vi", "VND") == vietnamese


def test_a_text_takes_names_in_its_language_and_figures() -> None:
    row = {"label_en": "Quote", "label_vi": "Báo giá", "rate": 0.25, "touchpoint": "support"}
    template = "{label}: {rate|rate}, {touchpoint}"
    assert fill(template, row, "en", "VND") == "Quote: 25 %, support"
    assert fill(template, row, "vi", "VND") == "Báo giá: 25 %, support"


@pytest.mark.parametrize(
    ("value", "currency", "english", "vietnamese"),
    [
        (12.4, "USD", "12.40 USD", "12,40 USD"),
        (-0.125, "KWD", "-0.12 KWD", "-0,12 KWD"),
        (0, "USD", "0 USD", "0 USD"),
        (133.4, "KWD", "133 KWD", "133 KWD"),
        (12.4, "JPY", "12 JPY", "12 JPY"),
    ],
)
def test_small_amounts_have_the_decimals_of_their_currency(
    value: float, currency: str, english: str, vietnamese: str
) -> None:
    assert figure(value, "money", "en", currency) == english
    assert figure(value, "money", "vi", currency) == vietnamese
