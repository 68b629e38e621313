"""What the values of a column say: dates and in which order, numbers and by which signs, e-mails, phones, few codes.

All are proposals from the texts alone. What cannot be told from them is said to be a guess.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

_EMAIL = re.compile(r"(mailto:)?[^@\s,;]+@[^@\s,;]+\.[^@\s,;]{2,}")
_PHONE = re.compile(r"'?[+(]*[0-9][0-9 .()/*x•-]{6,22}", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[0-9]{1,3}(?:[.,' \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?|[-+]?[0-9]+(?:[.,][0-9]+)?")
_CURRENCY_SIGNS = {"₫": "VND", "đ": "VND", "vnđ": "VND", "vnd": "VND", "$": None, "us$": "USD", "usd": "USD",
                   "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "¥": None, "฿": "THB", "thb": "THB", "₹": "INR",
                   "inr": "INR", "₩": "KRW", "krw": "KRW", "jpy": "JPY", "rp": "IDR", "idr": "IDR"}  # fmt: skip
_SIGN = "|".join(sorted((re.escape(sign) for sign in _CURRENCY_SIGNS), key=len, reverse=True))
_MONEY = re.compile(rf"(?P<before>{_SIGN})?\s*(?P<number>[-+]?[0-9][0-9.,' \u00a0\u202f]*)\s*(?P<after>{_SIGN})?", re.I)

_DAY = re.compile(
    r"(?P<one>[0-9]{1,4})(?P<sign>[./-])(?P<two>[0-9]{1,2})(?P=sign)(?P<three>[0-9]{4}|[0-9]{2})"
    r"(?P<gap>T|,? ?|\s+)(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?P<fraction>[.,][0-9]+)?)?)?"
    r"(?P<half>\s?[AaPp]\.?[Mm]\.?)?(?P<offset>\s?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_TIME_FIRST = re.compile(
    r"(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?P<gap>,? +)"
    r"(?P<one>[0-9]{1,4})(?P<sign>[./-])(?P<two>[0-9]{1,2})(?P=sign)(?P<three>[0-9]{4}|[0-9]{2})"
)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?: ?(?P<offset>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
# So much of a column must be of a kind for the column to be of it: a sheet has a line of totals, and `--` for nothing.
_MOST = 0.9
_MOST_WITH_TOTALS = 0.7
FEW = 30
DAY_FIRST, MONTH_FIRST = "day first", "month first"


@dataclass(frozen=True)
class Dates:
    """The dates of a column: the strptime formats that read all of it, and how far their order is certain."""

    formats: tuple[str, ...]
    # "day first", "month first" or "" where the values do not decide; None where there is nothing to decide
    order: str | None
    # a value that decides the order, or one that shows that both are there
    evidence: str
    # both 13/01 and 01/13 are there: no one format reads the column
    is_mixed: bool
    # whether there are times of day, and whether any of them comes without an offset
    has_times: bool
    has_local_times: bool
    # how many texts are no dates
    strays: int = 0


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column: which sign stands before decimals and between thousands, "" where none was seen."""

    decimal: str
    thousands: str
    # whether the signs can be read in one way alone
    is_sure: bool
    evidence: str
    currency: str | None
    # how many texts are no numbers
    strays: int = 0


@dataclass(frozen=True)
class Kind:
    """What a column of texts is, by its values: `email`, `phone`, `date`, `number`, `code` or `text`; `blank`."""

    name: str
    example: str
    distinct: int
    blank_share: float
    dates: Dates | None = None
    numbers: Numbers | None = None
    # how many of its distinct values are no dates, no numbers
    strays: int = 0
    # of a column of few distinct values: each with how often it is there, the commonest first
    counts: dict[str, int] = field(default_factory=dict)


def looks_like_a_value(text: str) -> bool:
    """Tell whether a text is a value rather than the name of a column: a number, a date, an address."""
    text = text.strip()
    return bool(
        _EMAIL.fullmatch(text)
        or _ISO.fullmatch(text)
        or _DAY.fullmatch(text)
        or (_NUMBER.fullmatch(text) and len(text) > 1)
        or (_PHONE.fullmatch(text) and sum(map(str.isdigit, text)) >= 8)
    )


def is_epoch(text: str) -> bool:
    """Tell whether a number may be seconds, milliseconds or microseconds since 1970, of the years 2001 to 2100."""
    return bool(re.fullmatch(r"([1-3][0-9]{9}|4[01][0-9]{8})([0-9]{3}|[0-9]{6})?(\.[0-9]+)?", text))


def kind_of(texts: Sequence[str], rows: int) -> Kind:
    """Return what a column is, given its texts that are not blank and how many rows there are."""
    if not texts:
        return Kind("blank", "", 0, 1.0)
    counts = Counter(texts)
    distinct, example = len(counts), texts[0]
    blank = 1 - len(texts) / rows if rows else 0.0
    few = dict(counts.most_common(FEW)) if distinct <= FEW else {}
    # what is alike is looked at once
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
    # a long plain number is an id or an amount unless it begins as phones do
    return text[0] in "+(0'" or digits.startswith("84") or not text.isdigit()


def numbers_of(texts: Iterable[str]) -> Numbers | None:
    """Return how the numbers of a column are written; None where it holds others than numbers."""
    ambiguous: dict[str, str] = {}
    counts: Counter[str] = Counter()
    decimal = thousands = evidence = ""
    currency: str | None = None
    total = others = 0
    has_plain_thousands = False
    for text in texts:
        total += 1
        found = _MONEY.fullmatch(text.strip())
        number = found["number"].strip() if found else ""
        if not found or not _NUMBER.fullmatch(number):
            others += 1
            # a column of texts is left early
            if others > 20 and _are_too_many(others, total):
                return None
            continue
        currency = currency or _CURRENCY_SIGNS.get((found["before"] or found["after"] or "").lower())
        signs = re.findall(r"[.,' \u00a0\u202f]", number)
        if not signs:
            has_plain_thousands |= len(number.lstrip("+-")) > 3
        elif len(set(signs)) > 1:
            decimal, thousands, evidence = signs[-1], signs[0], text
        elif len(signs) > 1 or signs[0] not in ".,":
            thousands, evidence = signs[0], evidence or text
        elif len(number.rpartition(signs[0])[2]) != 3:
            decimal, evidence = signs[0], evidence or text
        else:
            # 1.250 may be 1250 or 1.25
            counts[signs[0]] += 1
            ambiguous.setdefault(signs[0], text)
    if _are_too_many(others, total):
        return None
    other = {".": ",", ",": "."}
    if decimal and decimal == thousands:
        # 1.250.000 and 12.5 in one column: no pair of signs reads both
        return Numbers(decimal, "", False, evidence, currency, others)
    if decimal or thousands:
        decimal = decimal or other.get(thousands, ".")
        thousands = thousands or (other[decimal] if counts[other[decimal]] else "")
        return Numbers(decimal, thousands, True, evidence, currency, others)
    if counts:
        sign = max(counts, key=lambda found: (counts[found], found))
        if has_plain_thousands:
            # where 1250 is written without a sign, 1.250 has decimals
            return Numbers(sign, "", False, ambiguous[sign], currency, others)
        return Numbers(other[sign], sign, False, ambiguous[sign], currency, others)
    return Numbers("", "", True, "", currency, others)


def dates_of(texts: Iterable[str]) -> Dates | None:
    """Return how the dates of a column are written; None where it holds others than dates.

    The order of day and month is decided by all values: 13/01 can only be day first.
    """
    forms: Counter[tuple[str, str]] = Counter()
    has_times = has_local = False
    day_first = month_first = undecided = ""
    total = others = 0
    for text in texts:
        total += 1
        iso = _ISO.fullmatch(text)
        if iso:
            forms["iso", ""] += 1
            has_times |= ":" in text
            has_local |= ":" in text and not iso["offset"]
            continue
        found = _DAY.fullmatch(text) or _TIME_FIRST.fullmatch(text)
        form = _form(found) if found else None
        if found is None or form is None:
            others += 1
            # a column of texts is left early
            if others > 20 and _are_too_many(others, total):
                return None
            continue
        forms[form] += 1
        groups = found.groupdict()
        if groups.get("time"):
            has_times = True
            has_local |= not groups.get("offset")
        one, two = int(found["one"]), int(found["two"])
        if len(found["one"]) == 4:
            continue
        if one > 12:
            day_first = day_first or text
        elif two > 12:
            month_first = month_first or text
        else:
            undecided = undecided or text
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
    if day_first and month_first:
        return Dates(
            tuple(dict.fromkeys(formats)), "", f"{day_first} and {month_first}", True, has_times, has_local, others
        )
    return Dates(
        tuple(dict.fromkeys(formats)), order, day_first or month_first or undecided, False, has_times, has_local, others
    )


def _are_too_many(others: int, total: int) -> bool:
    """Tell whether a column is of another kind, given how many of its texts are no dates, no numbers."""
    return others == total or others > max(total * (1 - _MOST_WITH_TOTALS), min(1, total // 3))


def with_order(dates: Dates, order: str) -> Dates:
    """Return the dates of a column as they read in another order of day and month."""
    if order != MONTH_FIRST or dates.order != "":
        return dates
    swapped = tuple(
        re.sub(r"%d(.)%m", r"%m\1%d", text) if re.search(r"%d.%m.%[yY]", text) else text for text in dates.formats
    )
    return replace(dates, formats=swapped)


def _form(found: re.Match[str]) -> tuple[str, str] | None:
    """Return the strptime format of one date, with its order left open as `{day}`; None where it is no date."""
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
        # 19.99.20 is no date, 1.2.24 may be one
        day = f"{{day}}{{{sign}}}{sign}{'%Y' if len(three) == 4 else '%y'}"
    time = groups.get("time")
    if time is None:
        return (day, "") if not (groups.get("half") or groups.get("offset")) else None
    clock = ("%I" if groups.get("half") else "%H") + ":%M" + (":%S" if time.count(":") > 1 else "")
    clock += ".%f" if groups.get("fraction") else ""
    if groups.get("half"):
        clock += (" " if groups["half"][0].isspace() else "") + "%p"
    if groups.get("offset"):
        clock += (" " if groups["offset"][0].isspace() else "") + "%z"
    gap = found["gap"]
    if found.re is _TIME_FIRST:
        return f"{clock}{gap}{day}", ""
    return f"{day}{gap}{clock}", ""


def _filled(form: str, order: str) -> str:
    """Fill the order of day and month into a form: `{day}{/}` stands for the two with their sign between them."""
    first, second = ("%m", "%d") if order == MONTH_FIRST else ("%d", "%m")
    return re.sub(r"\{day\}\{(.)\}", rf"{first}\1{second}", form)


def masked(text: str, kind: str) -> str:
    """Return what may stand in a file that is committed to git: of e-mails and phones their shape alone."""
    text = " ".join(text.split())
    if text[:1] in ("{", "["):
        # the address in a nested record has no shape of its own
        return "{…}" if text[0] == "{" else "[…]"
    if kind == "email" or "@" in text:
        name, _, domain = text.partition("@")
        return f"{name[:1]}…@….{domain.rpartition('.')[2]}"
    if kind == "phone":
        return f"{text[:2]}…"
    if kind == "text":
        return " ".join(f"{word[:1]}…" for word in text.split()[:4])
    return text if len(text) <= 40 else f"{text[:40]}…"
