"""Dates with the names of months in the languages of exports: `15 janv. 2026`, `3 de marzo de 2026`, `3. März 2026`.

strptime knows English names alone, so the others are translated first.
"""

import re
from collections.abc import Mapping

# English, German, French, Spanish, Portuguese, Italian; no name means two months
NAMES: Mapping[str, str] = {
    "January": "january jan januar jänner janvier janv enero ene janeiro gennaio gen",
    "February": "february feb februar février fevrier févr fevr fév fev febrero fevereiro febbraio",
    "March": "march mar märz maerz mär mrz mars marzo março marco",
    "April": "april apr avril avr abril abr aprile",
    "May": "may mai mayo maio maggio mag",
    "June": "june jun juni juin junio junho giugno giu",
    "July": "july jul juli juillet juil julio julho luglio lug",
    "August": "august aug août aout agosto ago",
    "September": "september sep sept septembre septiembre setiembre setembro set settembre",
    "October": "october oct oktober okt octobre octubre outubro out ottobre ott",
    "November": "november nov novembre noviembre novembro",
    "December": "december dec dezember dez décembre decembre déc diciembre dic dezembro dicembre",
}
# what is to be replaced, in this order: the day's point or ending, the words between the parts, the names
_PATTERNS = (
    (r"^([0-9]{1,2})(?:[.º°]|er)? (?:de |di )?", r"\1 "),
    (r" (?:de|del|di) ([0-9]{4})", r" \1"),
    (r"([0-9]{4}),? (?:à|a las|às|alle|alle ore|um) ", r"\1 "),
    *(
        (rf"\b(?:{'|'.join(sorted(names.split(), key=len, reverse=True))})\b\.?", english)
        for english, names in NAMES.items()
    ),
)


def in_english(text: str) -> str:
    """Return a date with the English name of its month, as english_months_of does in SQL."""
    for pattern, replacement in _PATTERNS:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    return text


def english_months_of(text: str) -> str:
    """Return the SQL of a text with the English names of months in full, which strptime reads as %B."""
    for pattern, replacement in _PATTERNS:
        text = f"regexp_replace({text}, '{pattern}', '{replacement}', 'gi')"
    return text


def has_named_month(form: str) -> bool:
    """Return whether a strptime format has the name of a month."""
    return "%b" in form or "%B" in form
