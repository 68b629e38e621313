"""Detects the kind of a column from its values: dates and their order, numbers and their signs, e-mails, phones, codes.

All results are proposals, based only on the texts. Results that the texts do not determine are marked as guesses.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from customer_journey.privacy import masks
from customer_journey.raw.months import in_english, without_weekday

_EMAIL = re.compile(r"(mailto:)?[^@\s,;]+@[^@\s,;]+\.[^@\s,;]{2,}")
_PHONE = re.compile(r"'?[+(]*[0-9][0-9 .()/*x•-]{6,22}", re.IGNORECASE)
# 1,25,000 is how India groups digits
_NUMBER = re.compile(
    r"[-+−]?[0-9]{1,3}(?:[.,'’ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"
    r"|[-+−]?[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?|[-+−]?[0-9]+(?:[.,][0-9]+)?"
)
# Signs and words for currencies beside amounts, in lower case; None: of several countries. read_number in
# adapters/macros.sql takes the same ones away.
CURRENCY_SIGNS: Mapping[str, str | None] = {
    "$": None, "kr": None, "¥": None,
    **{sign: code for code, signs in {
        "VND": "₫ đ vnđ", "USD": "us$", "EUR": "€", "GBP": "£", "THB": "฿ บาท baht", "INR": "₹ rs rs.", "KRW": "₩ 원",
        "JPY": "円 ￥ \\", "CNY": "元 rmb", "IDR": "rp rp.", "BRL": "r$", "MXN": "mx$", "CHF": "fr.", "PLN": "zł",
        "CZK": "kč", "HUF": "ft", "RON": "lei", "BGN": "лв лв.", "RUB": "₽ руб руб.",  # noqa: RUF001
        "UAH": "₴ грн грн.", "TRY": "₺ tl", "ILS": "₪", "PHP": "₱", "MYR": "rm", "SGD": "s$", "HKD": "hk$",
        "TWD": "nt$", "AUD": "a$ au$", "CAD": "c$ ca$", "NZD": "nz$", "AED": "د.إ", "SAR": "ر.س", "EGP": "ج.م",
        "KWD": "د.ك", "ZAR": "r", "NGN": "₦", "KES": "ksh", "PEN": "s/", "SEK": "", "NOK": "", "DKK": "", "ISK": "",
        "COP": "", "CLP": "", "ARS": "",
    }.items() for sign in (*signs.split(), code.lower())},
}  # fmt: skip
_SIGN = "|".join(sorted((re.escape(sign) for sign in CURRENCY_SIGNS), key=len, reverse=True))
# Letters before digits may begin an id (R001, PEN17), unless a blank or a separator shows an amount.
_WORDS_BEFORE = re.compile(r"(?!r[sp])[^\W\d_]+[0-9]+", re.IGNORECASE)
_MONEY = re.compile(
    rf"\(?[-+−]?\s*(?P<before>{_SIGN})?\s*(?P<number>[-+−]?[0-9][0-9.,'’ \u00a0\u202f]*)\s*(?P<after>{_SIGN})?"
    r"\s*[-−]?\)?",
    re.IGNORECASE,
)

_DAY = re.compile(
    r"(?P<one>[0-9]{1,4})(?P<sign>[./-])(?P<two>[0-9]{1,2})(?P=sign)(?P<three>[0-9]{4}|[0-9]{2})"
    r"(?P<gap>T|,? ?|\s+)(?P<time>[0-9]{1,2}(?P<clock>[:h.])[0-9]{2}(?:(?P=clock)[0-9]{2}(?P<fraction>[.,][0-9]+)?)?)?"
    r"(?P<half>\s?[AaPp]\.?\s?[Mm]\.?)?(?P<offset>\s?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_TIME_FIRST = re.compile(
    r"(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?P<gap>,? +)"
    r"(?P<one>[0-9]{1,4})(?P<sign>[./-])(?P<two>[0-9]{1,2})(?P=sign)(?P<three>[0-9]{4}|[0-9]{2})"
)
# 2026年1月15日 13:05, 2026. 1. 15. PM 1:05
_EAST_ASIAN = re.compile(
    r"(?P<year>[0-9]{4})(?P<one>年|년 ?|\. ?|[/-])(?P<month>[0-9]{1,2})(?P<two>月|월 ?|\. ?|[/-])"
    r"(?P<day>[0-9]{1,2})(?P<three>日|일|\.|)"
    r"(?:(?P<gap> ?)(?P<half>[AP]M ?)?(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?"
)
# a year as it is counted in Thailand
_BUDDHIST_YEAR = re.compile(r"(?<![0-9])2[45][0-9]{2}(?![0-9])")
_NAMED_MONTH = re.compile(
    r"(?:(?P<day>[0-9]{1,2})(?P<one>[ /-])(?P<month>[A-Za-z]{3,9})(?P<two>,? |[/-])"
    r"|(?P<first>[A-Za-z]{3,9}) [0-9]{1,2}(?P<comma>,? ))"
    r"(?P<year>[0-9]{4}|[0-9]{2})(?P<gap>,? (?:at )?)?"
    r"(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<offset> ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_ENGLISH = {*_MONTHS, *(name[:3] for name in _MONTHS)}
_COMPACT = re.compile(
    r"(19[7-9][0-9]|20[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?)?"
)
_COMPACT_FORMS = {"9" * 8: "%Y%m%d", "9" * 12: "%Y%m%d%H%M", "9" * 14: "%Y%m%d%H%M%S"}
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?: ?(?P<offset>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
# The share of a column's values that must be of a kind. Not all: sheets have total rows, and `--` for empty values.
_MOST = 0.9
_MOST_WITH_TOTALS = 0.7
FEW = 30
DAY_FIRST, MONTH_FIRST = "day first", "month first"


@dataclass(frozen=True)
class Dates:
    """The dates of a column: the strptime formats that read all of them, and how certain their order is."""

    formats: tuple[str, ...]
    # "day first", "month first" or "" if the values do not decide; None if the format has no such ambiguity
    order: str | None
    # a value that decides the order, or one that shows that both orders occur
    evidence: str
    # both 13/01 and 01/13 occur: no single format reads the column
    is_mixed: bool
    # whether there are times of day, and whether any of them has no UTC offset
    has_times: bool
    has_local_times: bool
    # the number of texts that are not dates
    strays: int = 0
    # whether years are counted as in Thailand: 2569 is 2026
    is_buddhist: bool = False


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column: their decimal and thousands separators, "" if none occurs."""

    decimal: str
    thousands: str
    # whether only one pair of separators is possible
    is_sure: bool
    evidence: str
    currency: str | None
    # the number of texts that are not numbers
    strays: int = 0
    # whether a number is below zero and none above
    is_negative: bool = False
    # the currencies beside the numbers: their codes, or the signs of which several countries have one
    currencies: frozenset[str] = frozenset()
    # whether something stands beside the digits of a number: a currency, brackets, a sign behind it
    is_dressed: bool = False


@dataclass(frozen=True)
class Kind:
    """The kind of a column by its values: `email`, `phone`, `date`, `number`, `code`, `text` or `blank`."""

    name: str
    example: str
    distinct: int
    blank_share: float
    dates: Dates | None = None
    numbers: Numbers | None = None
    # the number of distinct values that are not of the kind, for dates and numbers
    strays: int = 0
    # for a column with few distinct values: each value with its frequency, most frequent first
    counts: dict[str, int] = field(default_factory=dict)


def looks_like_a_value(text: str) -> bool:
    """Return whether a text is a value (a number, a date, an e-mail address) rather than a column name."""
    text = text.strip()
    return bool(
        _EMAIL.fullmatch(text)
        or _ISO.fullmatch(text)
        or _DAY.fullmatch(text)
        or (_NUMBER.fullmatch(text) and len(text) > 1)
        or (_PHONE.fullmatch(text) and sum(map(str.isdigit, text)) >= 8)
    )


def is_epoch(text: str) -> bool:
    """Return whether a number may be an epoch time in seconds or down to nanoseconds, from 2001 to 2100."""
    return bool(re.fullmatch(r"([1-3][0-9]{9}|4[01][0-9]{8})([0-9]{3}){0,3}(\.[0-9]+)?", text))


def compact_form(texts: Sequence[str]) -> str | None:
    """Return the strptime format of dates without separators, as 20260115 or 20260115102233; None if one is none."""
    found = {re.sub("[0-9]", "9", text) for text in texts if _COMPACT.fullmatch(text)}
    is_all = all(_COMPACT.fullmatch(text) for text in texts)
    return _COMPACT_FORMS.get(found.pop()) if is_all and len(found) == 1 else None


# A long number in scientific notation, as a spreadsheet writes it; DuckDB reads the pattern alike.
ROUNDED = "^[0-9]([.,][0-9]+)?[Ee][+][0-9]+$"


def is_rounded(text: str) -> bool:
    """Return whether a spreadsheet wrote a long number in scientific notation: the last digits are lost."""
    return re.match(ROUNDED, text) is not None


def kind_of(texts: Sequence[str], rows: int) -> Kind:
    """Return the kind of a column, given its texts that are not blank and the number of rows."""
    if not texts:
        return Kind("blank", "", 0, 1.0)
    counts = Counter(texts)
    distinct, example = len(counts), texts[0]
    blank = 1 - len(texts) / rows if rows else 0.0
    few = dict(counts.most_common(FEW)) if distinct <= FEW else {}
    # examine each distinct text only once
    shares = {text: count / len(texts) for text, count in counts.items()}
    if _share(shares, lambda text: bool(_EMAIL.fullmatch(text))) >= _MOST:
        return Kind("email", example, distinct, blank)
    dates = dates_of(shares)
    if dates is not None:
        return Kind("date", example, distinct, blank, dates=dates, strays=dates.strays)
    if _share(shares, _is_phone) >= _MOST:
        return Kind("phone", example, distinct, blank, numbers=numbers_of(shares))
    numbers = numbers_of(shares)
    if numbers is not None:
        return Kind("number", example, distinct, blank, numbers=numbers, strays=numbers.strays, counts=few)
    if few and (distinct <= len(texts) / 2 or len(texts) < 6):
        return Kind("code", example, distinct, blank, counts=few)
    return Kind("text", example, distinct, blank, counts=few)


def _share(shares: dict[str, float], is_one: object) -> float:
    assert callable(is_one)
    return sum(share for text, share in shares.items() if is_one(text))


def _is_phone(text: str) -> bool:
    digits = re.sub(r"[^0-9*x•]", "", text.lower())
    if not _PHONE.fullmatch(text) or not 8 <= len(digits) <= 15:
        return False
    if re.fullmatch(r"[1-9]?[0-9]*[.,][0-9]+", text) and not re.match("0[1-9]", text):
        # a number with decimals
        return False
    # a long number of digits only is an id or an amount, unless it begins like a phone number
    return text[0] in "+(0'" or digits.startswith("84") or not text.isdigit()


def number_in(text: str, numbers: Numbers | None) -> Decimal | None:
    """Return the number that a text holds in the notation of its column; None if it holds none."""
    found = _MONEY.fullmatch(text.strip())
    if found is None or numbers is None:
        return None
    digits = re.sub(r"[^0-9.,]", "", found["number"])
    decimal = numbers.decimal if numbers.decimal in (".", ",") else "."
    whole, sign, rest = digits.partition(decimal)
    value = Decimal(f"{re.sub('[.,]', '', whole) or '0'}.{rest if sign and rest.isdigit() else '0'}")
    return -value if is_below_zero(text) else value


def is_below_zero(text: str) -> bool:
    """Return whether a number has a sign of negative ones: -5, 5-, (5)."""
    return bool(re.match(r"\s*\(|[^0-9]*[-−]", text) or re.search(r"[0-9]\s*[-−]\s*$", text))


def numbers_of(texts: Iterable[str]) -> Numbers | None:
    """Return the notation of a column's numbers; None if it is not a column of numbers."""
    texts = list(texts)
    found = _notation_of(texts)
    if found is None:
        return None
    # zero has no sign
    below = [is_below_zero(text) for text in texts if re.search("[1-9]", text)]
    return replace(found, is_negative=bool(below) and all(below))


def _notation_of(texts: Iterable[str]) -> Numbers | None:
    ambiguous: dict[str, str] = {}
    counts: Counter[str] = Counter()
    decimal = thousands = evidence = ""
    currency: str | None = None
    currencies: set[str] = set()
    total = others = 0
    has_plain_thousands = is_dressed = False
    for text in texts:
        total += 1
        found = _MONEY.fullmatch(text.strip())
        number = found["number"].strip() if found else ""
        if not found or not _NUMBER.fullmatch(number) or _WORDS_BEFORE.fullmatch(text.strip()):
            others += 1
            # stop early on a column of texts
            if others > 20 and _are_too_many(others, total):
                return None
            continue
        if sign := (found["before"] or found["after"] or "").lower():
            currencies.add(CURRENCY_SIGNS[sign] or sign)
            currency = currency or CURRENCY_SIGNS[sign]
        is_dressed |= re.fullmatch(r"-?[0-9.,]+", text.strip()) is None
        signs = re.findall(r"[.,'’ \u00a0\u202f]", number)
        if not signs:
            has_plain_thousands |= len(number.lstrip("+-−")) > 3
        elif len(set(signs)) > 1:
            decimal, thousands, evidence = signs[-1], signs[0], text
        elif len(signs) > 1 or signs[0] not in ".,":
            thousands, evidence = signs[0], evidence or text
        elif len(number.rpartition(signs[0])[2]) != 3:
            decimal, evidence = signs[0], evidence or text
        else:
            # ambiguous: 1.250 may be 1250 or 1.25
            counts[signs[0]] += 1
            ambiguous.setdefault(signs[0], text)
    if _are_too_many(others, total):
        return None
    other = {".": ",", ",": "."}
    if decimal and decimal == thousands:
        # 1.250.000 and 12.5 in one column: no pair of separators reads both
        return Numbers(
            decimal, "", False, evidence, currency, others, is_dressed=is_dressed, currencies=frozenset(currencies)
        )
    if decimal or thousands:
        decimal = decimal or other.get(thousands, ".")
        thousands = thousands or (other[decimal] if counts[other[decimal]] else "")
        return Numbers(
            decimal,
            thousands,
            True,
            evidence,
            currency,
            others,
            is_dressed=is_dressed,
            currencies=frozenset(currencies),
        )
    if counts:
        sign = max(counts, key=lambda found: (counts[found], found))
        if has_plain_thousands:
            # the column writes 1250 without a thousands separator, so 1.250 has decimals
            return Numbers(
                sign,
                "",
                False,
                ambiguous[sign],
                currency,
                others,
                is_dressed=is_dressed,
                currencies=frozenset(currencies),
            )
        return Numbers(
            other[sign],
            sign,
            False,
            ambiguous[sign],
            currency,
            others,
            is_dressed=is_dressed,
            currencies=frozenset(currencies),
        )
    return Numbers("", "", True, "", currency, others, is_dressed=is_dressed, currencies=frozenset(currencies))


def dates_of(texts: Iterable[str]) -> Dates | None:
    """Return the notation of a column's dates; None if it is not a column of dates.

    All values together decide the order of day and month: 13/01 can only be day first.
    """
    forms: Counter[tuple[str, str]] = Counter()
    has_times = has_local = False
    day_first = month_first = undecided = ""
    total = others = buddhist = 0
    for text in texts:
        total += 1
        written = text
        if year := _BUDDHIST_YEAR.search(text):
            text = text.replace(year[0], str(int(year[0]) - 543))
            buddhist += 1
        iso = _ISO.fullmatch(text)
        if iso:
            forms["iso", ""] += 1
            has_times |= ":" in text
            has_local |= ":" in text and not iso["offset"]
            continue
        bare = without_weekday(text)
        weekday, text = "" if bare == text else "%A, ", bare
        if named := _form_of_named_month(text) or _form_of_east_asia(text):
            forms[f"{weekday}{named}", ""] += 1
            has_times |= ":" in text
            has_local |= ":" in text and "%z" not in named
            continue
        found = _DAY.fullmatch(text) or _TIME_FIRST.fullmatch(text) or _DAY.fullmatch(in_english(text))
        form = _form(found) if found else None
        if found is None or form is None:
            others += 1
            # stop early on a column of texts
            if others > 20 and _are_too_many(others, total):
                return None
            continue
        forms[f"{weekday}{form[0]}", form[1]] += 1
        groups = found.groupdict()
        if groups.get("time"):
            has_times = True
            has_local |= not groups.get("offset")
        one, two = int(found["one"]), int(found["two"])
        if len(found["one"]) == 4:
            continue
        if one > 12:
            day_first = day_first or written
        elif two > 12:
            month_first = month_first or written
        else:
            undecided = undecided or written
    if not forms or _are_too_many(others, total):
        return None
    needs_order = any("{day}" in form for form, _ in forms)
    order: str | None = None
    if needs_order:
        order = DAY_FIRST if day_first else MONTH_FIRST if month_first else ""
    formats = [
        _filled(form, MONTH_FIRST if order == MONTH_FIRST else DAY_FIRST)
        for (form, _), _ in forms.most_common()
        if form != "iso"
    ]
    is_mixed = bool(day_first and month_first)
    return Dates(
        tuple(dict.fromkeys(formats)),
        "" if is_mixed else order,
        f"{day_first} and {month_first}" if is_mixed else day_first or month_first or undecided,
        is_mixed,
        has_times,
        has_local,
        others,
        2 * buddhist > total,
    )


def _are_too_many(others: int, total: int) -> bool:
    """Return whether so many of a column's texts do not fit a kind that the column is of another kind."""
    return others == total or others > max(total * (1 - _MOST_WITH_TOTALS), min(1, total // 3))


def with_order(dates: Dates, order: str) -> Dates:
    """Return the dates of a column with their formats in a given order of day and month."""
    if order != MONTH_FIRST or dates.order != "":
        return dates
    swapped = tuple(
        re.sub(r"%d(.)%m", r"%m\1%d", text) if re.search(r"%d.%m.%[yY]", text) else text for text in dates.formats
    )
    return replace(dates, formats=swapped)


def _form_of_named_month(text: str) -> str | None:
    """Return the strptime format of a date such as `2 Jan 2026` or `January 2, 2026 at 3:04 PM`; None for others."""
    found = _NAMED_MONTH.fullmatch(text)
    month = (found["month"] or found["first"]).lower() if found else ""
    if month not in _ENGLISH and (translated := in_english(text)) != text:
        # the names of other languages are read as English ones, in full
        found = _NAMED_MONTH.fullmatch(translated)
        month = (found["month"] or found["first"]).lower() if found else ""
    whole = month in _MONTHS
    if found is None or month not in _ENGLISH or bool(found["gap"]) > bool(found["time"]):
        return None
    if (found["half"] or found["offset"]) and not found["time"]:
        return None
    # May is both a full name and an abbreviation
    name = "%B" if whole and month != "may" else "%b"
    year = "%Y" if len(found["year"]) == 4 else "%y"
    form = f"%d{found['one']}{name}{found['two']}{year}" if found["day"] else f"{name} %d{found['comma']}{year}"
    if not found["time"]:
        return form
    clock = ("%I" if found["half"] else "%H") + ":%M" + (":%S" if found["time"].count(":") > 1 else "")
    half = (" " if found["half"][0] == " " else "") + "%p" if found["half"] else ""
    offset = (" " if found["offset"][0] == " " else "") + "%z" if found["offset"] else ""
    return f"{form}{found['gap'] or ''}{clock}{half}{offset}"


def _form_of_east_asia(text: str) -> str | None:
    """Return the strptime format of a date such as `2026年1月15日 13:05`; None for others."""
    found = _EAST_ASIAN.fullmatch(in_english(text))
    if found is None or not 1 <= int(found["month"]) <= 12 or not 1 <= int(found["day"]) <= 31:
        return None
    if found["one"] in "/-" and not found["half"]:
        return None
    form = f"%Y{found['one']}%m{found['two']}%d{found['three']}"
    if found["time"] is None:
        return form
    half = f"%p{found['half'][2:]}" if found["half"] else ""
    return f"{form}{found['gap']}{half}{'%I' if half else '%H'}:%M{':%S' if found['time'].count(':') > 1 else ''}"


def _form(found: re.Match[str]) -> tuple[str, str] | None:
    """Return the strptime format of one date, with the order left open as `{day}`; None if it is not a date."""
    groups = found.groupdict()
    one, two, three, sign = found["one"], found["two"], found["three"], found["sign"]
    if len(one) == 3 or not (1 <= int(two) <= 31):
        return None
    if len(one) == 4:
        if int(two) > 12 or len(three) != 2 or not 1 <= int(three) <= 31:
            return None
        day = f"%Y{sign}%m{sign}%d"
    else:
        if not 1 <= int(one) <= 31 or (int(one) > 12 and int(two) > 12):
            return None
        # 19.99.20 is not a date, 1.2.24 may be one
        day = f"{{day}}{{{sign}}}{sign}{'%Y' if len(three) == 4 else '%y'}"
    time = groups.get("time")
    if time is None:
        return (day, "") if not (groups.get("half") or groups.get("offset")) else None
    # 10h22, 10.22
    colon = groups.get("clock") or ":"
    if colon != ":" and not found["gap"]:
        return None
    clock = ("%I" if groups.get("half") else "%H") + f"{colon}%M" + (f"{colon}%S" if time.count(colon) > 1 else "")
    clock += ".%f" if groups.get("fraction") else ""
    if groups.get("half"):
        clock += (" " if groups["half"][0].isspace() else "") + "%p"
    if groups.get("offset"):
        clock += (" " if groups["offset"][0].isspace() else "") + "%z"
    gap = found["gap"]
    if found.re is _TIME_FIRST:
        return f"{clock}{gap}{day}", ""
    form = f"{day}{gap}{clock}"
    # english_of makes a plain blank of one that does not break
    return (re.sub(r"\s", " ", form) if "%p" in form else form), ""


def _filled(form: str, order: str) -> str:
    """Fill the order of day and month into a format: `{day}{/}` stands for both with their separator between them."""
    first, second = ("%m", "%d") if order == MONTH_FIRST else ("%d", "%m")
    return re.sub(r"\{day\}\{(.)\}", rf"{first}\1{second}", form)


def masked(text: str, kind: str) -> str:
    """Return a form of the text that may be committed to git: e-mails and phones are reduced to their shape."""
    text = " ".join(text.split())
    if text[:1] in ("{", "["):
        # mask nested records as a whole: an address inside cannot be masked separately
        return "{…}" if text[0] == "{" else "[…]"
    if kind == "email" or "@" in text:
        name, _, domain = text.partition("@")
        # the end of the domain stays; that of a handle, or what stands behind an address, does not
        end = re.fullmatch(r"[\w.-]+([.][a-z]{2,7})", domain, re.IGNORECASE)
        return f"{name[:1]}…@…{end[1] if name and end else ''}"
    if kind == "phone":
        return f"{text[:2]}…"
    if kind == "text":
        return " ".join(f"{word[:1]}…" for word in text.split()[:4])
    text = masks.masked(text)
    return text if len(text) <= 40 else f"{text[:40]}…"
