"""Dates with words in the languages of exports: `15 janv. 2026`, `3 de marzo de 2026`, `3. März`, `3:04 p. m. ICT`.

strptime knows English words alone, so the others are translated first.
"""

import re
from collections.abc import Mapping

# English, German, French, Spanish, Portuguese, Italian, Polish, Dutch, Swedish; no name means two months
NAMES: Mapping[str, str] = {
    "January": "january jan januar jänner janvier janv enero ene janeiro gennaio gen stycznia sty",
    "February": "february feb februar février fevrier févr fevr fév fev febrero fevereiro febbraio lutego lut februari",
    "March": "march mar märz maerz mär mrz mars marzo março marco marzec marca maart mrt",
    "April": "april apr avril avr abril abr aprile kwietnia kwi",
    "May": "may mai mayo maio maggio mag maj maja mei",
    "June": "june jun juni juin junio junho giugno giu czerwiec czerwca cze",
    "July": "july jul juli juillet juil julio julho luglio lug lipiec lipca lip",
    "August": "august aug août aout agosto ago sierpnia sie augustus augusti",
    "September": "september sep sept septembre septiembre setiembre setembro set settembre września wrz",
    "October": "october oct oktober okt octobre octubre outubro out ottobre ott października",
    "November": "november nov novembre noviembre novembro listopad listopada lis",
    "December": "december dec dezember dez décembre decembre déc diciembre dic dezembro dicembre grudnia gru",
}
# Names of time zones and their offsets. Left out are those with several: CST is China's and Chicago's.
ZONES: Mapping[str, str] = {
    **dict.fromkeys(("ICT", "WIB"), "+07"), **dict.fromkeys(("SGT", "HKT", "WITA"), "+08"),
    **dict.fromkeys(("JST", "KST"), "+09"), "AEST": "+10", "AEDT": "+11", "NZST": "+12", "NZDT": "+13",
    "CET": "+01", "CEST": "+02", "EEST": "+03", "MSK": "+03",
    "EDT": "-04", "EST": "-05", "CDT": "-05", "MDT": "-06", "MST": "-07", "PDT": "-07", "PST": "-08",
}  # fmt: skip
# Vietnamese counts the months; the longer words first
_VIETNAMESE = {
    "December": "12|mười hai", "November": "11|mười một", "October": "10|mười", "January": "0?1|một",
    "February": "0?2|hai", "March": "0?3|ba", "April": "0?4|tư|bốn", "May": "0?5|năm", "June": "0?6|sáu",
    "July": "0?7|bảy", "August": "0?8|tám", "September": "0?9|chín",
}  # fmt: skip
_WEEKDAYS = (
    "monday mon tuesday tues tue wednesday wed thursday thurs thur thu friday fri saturday sat sunday sun montag "
    "dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi "
    "dimanche lunes martes miércoles jueves viernes sábado domingo segunda-feira terça-feira quarta-feira "
    "quinta-feira sexta-feira lunedì martedì mercoledì giovedì venerdì sabato domenica"
)
_DAYS_OF_WEEK = [*sorted(_WEEKDAYS.split(), key=len, reverse=True), "thứ (?:hai|ba|tư|năm|sáu|bảy)", "chủ nhật"]
_WEEKDAY = rf"^(?:{'|'.join(_DAYS_OF_WEEK)})[.]?,? +"
# what is to be replaced, in this order: offsets, the day's point or ending, the words between the parts, the names
_PATTERNS = (
    # GMT+0700 (Indochina Time), GMT+7, (UTC+07:00)
    (r" \([A-Za-z ]+\)$", ""),
    (r" ?\(?(?:GMT|UTC) ?\+([0-9])(:?[0-9]{2})?\)?$", r" +0\1\2"),
    (r" ?\(?(?:GMT|UTC) ?-([0-9])(:?[0-9]{2})?\)?$", r" -0\1\2"),
    (r" ?\(?(?:GMT|UTC) ?([+-][0-9]{2})(:?[0-9]{2})?\)?$", r" \1\2"),
    (r"(?:GMT|UTC|Z)$", "+00"),
    *((rf" {name}$", f" {offset}") for name, offset in ZONES.items()),
    ("^ngày ", ""),
    *((rf"(?:tháng|thg\.?) ?(?:{names})", english) for english, names in _VIETNAMESE.items()),
    (",? năm ([0-9]{4})", r" \1"),
    (r"^([0-9]{1,2})(?:[.º°]|er)? (?:de |di )?", r"\1 "),
    (r" (?:de|del|di) ([0-9]{4})", r" \1"),
    (r"([0-9]{4}),? (?:à|a las|às|alle|alle ore|um) ", r"\1 "),
    *(
        (rf"\b(?:{'|'.join(sorted(names.split(), key=len, reverse=True))})\b\.?", english)
        for english, names in NAMES.items()
    ),
    # spaces that do not break, as macOS puts before PM
    ("[\u00a0\u202f]", " "),
    # halves of the day: a. m. in Spanish, Vietnamese, Chinese, Japanese and Korean, Arabic
    (r"\b([ap])\.? ?m\.?( [+-][0-9:]+)?$", r"\1M\2"),
    (r"\bSA( [+-][0-9:]+)?$", r"AM\1"),
    (r"\bCH( [+-][0-9:]+)?$", r"PM\1"),
    ("上午 ?|午前 ?|오전 ?", "AM "),
    ("下午 ?|午後 ?|오후 ?", "PM "),
    (" ?ص$", " AM"),
    (" ?م$", " PM"),
)


def in_english(text: str) -> str:
    """Return a date with English words, as english_of does in SQL."""
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    return text


def english_of(text: str) -> str:
    """Return the SQL of a text with English words; names of months in full, which strptime reads as %B."""
    for pattern, replacement in _PATTERNS:
        text = f"regexp_replace({text}, '{pattern}', '{replacement}', 'gi')"
    return text


def without_weekday(text: str) -> str:
    """Return a date without the day of the week before it."""
    return re.sub(_WEEKDAY, "", text, flags=re.IGNORECASE)


def weekday_removed(text: str) -> str:
    """Return the SQL of a text without the day of the week before its date."""
    return f"regexp_replace({text}, '{_WEEKDAY}', '', 'i')"


def has_words(form: str) -> bool:
    """Return whether a strptime format has the name of a month, the half of a day or an offset, which may be a name."""
    return any(word in form for word in ("%b", "%B", "%p", "%z"))
