"""Lines for people and logs, without the e-mail addresses and phone numbers in them."""

import re
from functools import cache

from customer_journey.raw.raw_files import ARCHIVES, SUFFIXES
from customer_journey.settings import personal_data_patterns

_SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted((*SUFFIXES, *ARCHIVES), key=len, reverse=True))
# the end of a word that is the path of a file with data, and the colon behind it
_END_OF_FILE = re.compile(rf"((?:{_SUFFIXES}):?)$", re.IGNORECASE)


def masked(text: str) -> str:
    """Return a text with every word masked that looks like an e-mail address or a phone number.

    Lines name files, columns and reasons, but people write addresses into names, and an engine's error text may quote a
    value of a row. Of the path of a file, the folder and the suffix stay.
    """
    word, *numbers = _patterns()
    text = word.sub(lambda found: _masked_word(found[0]), text)
    for pattern in numbers:
        text = pattern.sub("…", text)
    return text


def looks_personal(text: str) -> bool:
    """Return whether a text holds what looks like an e-mail address or a phone number."""
    return any(pattern.search(text) for pattern in _patterns())


def _masked_word(word: str) -> str:
    folder, sign, name = word.rpartition("/")
    end = _END_OF_FILE.search(name)
    if end is None or re.search(f"{personal_data_patterns()['address']}|://", folder):
        return "…:" if word.endswith(":") else "…"
    return f"{folder}{sign}…{end[1]}"


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    patterns = personal_data_patterns()
    # mask the whole word around an e-mail address, but of phone numbers only the number itself, not the words beside it
    return (
        re.compile(rf"[^\s'\"(),;<>]*(?:{patterns['address']})[^\s'\"(),;<>]*"),
        re.compile(patterns["international"]),
        re.compile(r"(?<![0-9A-Za-z.%:-])[(]?0[1-9](?:[ .()/-]{0,2}[0-9]){7,9}(?![0-9A-Za-z])"),
        # behind the hyphen of a name, as in orders-0912345678.csv
        re.compile(r"(?<=[A-Za-z_]-)0[1-9][0-9]{8,9}(?![0-9A-Za-z-])"),
    )
