"""SQL that converts numbers and times of a source to the notation of the contract (macros of adapters/macros.sql)."""

from customer_journey.raw.mapping import EPOCH, Reading
from customer_journey.raw.months import english_of, has_words, weekday_removed
from customer_journey.warehouse import quoted

# Blanks, tabs and signs that nobody sees, such as marks of direction: around a value they are none of it.
PADDING = (
    " \t\r\n\u00a0\u202f\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068"
    "\u2069\ufeff"
)


def number_of_contract(text: str, how: Reading) -> str:
    """Return the SQL that converts a number to the notation of the contract."""
    return f"read_number({text}, '{quoted(_decimal_sign(how))}', '{quoted(how.thousands or '')}')"


def _decimal_sign(how: Reading) -> str:
    return how.decimal or ("," if how.thousands == "." else ".")


def as_decimal(text: str) -> str:
    """Return the SQL of the number that a text in the notation of the contract holds; null if it holds none."""
    return f"try_cast(read_number({text}, '.', '') as decimal(38, 6))"


def when_date(text: str, form: str) -> str:
    """Return the branch of a CASE that reads a text of this date_format."""
    if form == EPOCH:
        # at least ten digits: 2024 would be a year, not seconds
        return f"when regexp_matches(trim({text}), '^[0-9]{{10,19}}([.][0-9]+)?$') then epoch_time({text})"
    if form.startswith("%A"):
        text, form = weekday_removed(f"trim({text})"), form.removeprefix("%A").lstrip(", ")
    if has_words(form):
        text, form = english_of(f"trim({text})"), form.replace("%b", "%B")
    return f"when try_strptime(trim({text}), '{quoted(form)}') is not null then read_time({text}, '{quoted(form)}')"


def in_contract(text: str, how: Reading) -> str:
    """Return the SQL that converts each cell that is a number or time in the declared notation; others stay.

    An adapter reads cells of all kinds as texts, so only those are numbers that have one of the separators.
    """
    branches = [when_date(text, form) for form in how.date_format]
    if how.decimal or how.thousands:
        converted = number_of_contract(text, how)
        has_sign = f"regexp_matches({text}, '[{quoted(_decimal_sign(how) + (how.thousands or ''))}]')"
        is_number = f"try_cast({converted} as decimal(38, 6)) is not null"
        branches.append(f"when {has_sign} and {is_number} then {converted}")
    return f"case {' '.join(branches)} else {text} end" if branches else text
