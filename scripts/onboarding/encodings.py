"""Detects the encoding of a text: UTF-8, UTF-16, or one of the code pages that Excel and older programs write.

A single-byte code page can decode any text, so the letters decide: the right one gives words of one language.
"""

import codecs
import re
import unicodedata
from itertools import pairwise

from charset_normalizer import from_bytes
from customer_journey.raw.broken_lines import KEEP_STRAYS, count_strays

from onboarding.findings import Finding

# enough words of a language; more would only take longer
_SAMPLE = 64 * 2**10
# Letters beside a-z by the code page that writes them: the languages of each. Hebrew passes for other alphabets in
# small letters, but not they for Hebrew: it stands before them.
_LETTERS = {
    "cp1252": (
        "äöüßéèáàç", "àâæçéèêëîïôœùûüÿäö", "áéíñóúüç", "ãáàâçéêíóôõúüñ", "àèéìíòóùú", "åäöæøéü", "éëïöüèêáóíú",
    ),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğ\u0131İöşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1251": (
        "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "абвгдђежзијклљмнњопрстћуфхцчџш",
    ),
    "koi8-r": ("абвгдежзийклмнопрстуфхцчшщъыьэюяё",),
    "cp866": ("абвгдежзийклмнопрстуфхцчшщъыьэюяё",),
    "cp1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگکی",),
    "cp874": ("".join(map(chr, range(0xE01, 0xE3B))) + "".join(map(chr, range(0xE40, 0xE5C))),),
}  # fmt: skip
# Alphabets without a-z; of Cyrillic and Greek words at least a quarter of the letters are vowels.
_OWN_ALPHABET = ("cp1251", "koi8-r", "cp866", "cp1253", "cp1255", "cp1256", "cp874")
_VOWELS = frozenset("аеёиоуыэюяіїєαεηιουωάέήίόύώ")
_VIETNAMESE_VOWELS = frozenset("aăâeêioôơuưy")
_WITH_VOWELS = ("cp1251", "koi8-r", "cp866", "cp1253")
# syllables of Thai: a vowel before its consonant, marks above and below it
_THAI = re.compile("(?:[เ-ไ]?[ก-ฮ][ัิ-ฺ]?[็-๎]?[ะาำๅ]?|[ฯๆ])+")
# Of the others, the pages that write two bytes a letter; each with the letters that make up nearly all of such a text.
_TWO_BYTES = {
    "euc_kr": re.compile("[가-힣]"),
    "gb2312": re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
    "cp932": re.compile("[\u3040-\u30ff\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e]"),
    "cp950": re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"),
}
_NAMES = {"euc_kr": "cp949", "gb2312": "gb18030"}
_ENOUGH = 0.85
_OF_SEVERAL = 0.9
# how much better than Windows-1252 the words of another page must be
_BETTER = 0.05
# signs of every language
_SIGNS = frozenset("€£«»“”„‘’\u201a–—…·•°ºª№§©®™\u00a0\u200f\u200e฿₫،؛؟")
_WORD = re.compile(r"[^\W\d_]+")
_THAI_WORD = re.compile("[\u0e00-\u0e7f]+")


def encoding_of(content: bytes, is_whole: bool) -> Finding:
    """Propose the encoding of the first bytes of a text; `is_whole` says whether these are all."""
    if content.startswith(codecs.BOM_UTF8):
        return Finding("utf-8", True, "it begins with the mark of UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Finding("utf-16", True, "it begins with the mark of UTF-16")
    head = content[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd > len(head) / 8:
        return Finding("utf-16-le" if odd > even else "utf-16-be", False, "every other byte is NUL")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, is_whole)
    except UnicodeDecodeError:
        strays, others = count_strays(content.decode("utf-8", errors=KEEP_STRAYS))
        if strays < others:
            return Finding("utf-8", False, f"all but {strays:,} of its bytes are UTF-8")
        return _code_page(content)
    return Finding("utf-8", True, "all bytes are UTF-8")


def _code_page(content: bytes) -> Finding:
    """Guess among the code pages.

    Windows-1258 and Windows-1252 differ only in a few letters: 1258 writes Vietnamese tones as combining marks after
    the vowel. If marks stand elsewhere, or there are none, the text is not Windows-1258.
    """
    if b"\0" not in content:
        vietnamese = content.decode("cp1258", errors="replace")
        after = [before.lower() for before, mark in pairwise(vietnamese) if unicodedata.combining(mark)]
        if after and sum(letter not in _VIETNAMESE_VOWELS for letter in after) <= len(after) * 0.02:
            return Finding("cp1258", False, "its bytes make Vietnamese words in Windows-1258")
    sample = content[:_SAMPLE]
    scores = {page: max(_share(sample, page, letters) for letters in of_page) for page, of_page in _LETTERS.items()}
    # names of several languages: less certain than words of one
    scores["cp1252"] = max(scores["cp1252"], _OF_SEVERAL * _share(sample, "cp1252", "".join(_LETTERS["cp1252"])))
    best = max(scores, key=lambda page: scores[page])
    if scores[best] <= scores["cp1252"] + _BETTER:
        best = "cp1252"
    # letters of two bytes may pass for Thai, but Thai words of odd length end within such a letter
    if scores[best] < _ENOUGH or best == "cp874":
        for page, letters in _TWO_BYTES.items():
            if _is_nearly_all(sample, page, letters):
                return Finding(_NAMES.get(page, page), False, f"its bytes make words in {_NAMES.get(page, page)}")
    if scores[best] >= _ENOUGH:
        return Finding(best, False, f"its bytes make words of one language in {best}")
    found = from_bytes(sample).best()
    name = found.encoding if found is not None else "cp1252"
    # for short texts charset-normalizer may name a rare relative of the Western code page
    if name in ("latin_1", "iso8859_15", "cp1252", "cp775", "mac_roman", "hp_roman8", "cp437", "cp850", "cp1250"):
        name = "cp1252" if b"\x81" not in sample and b"\x8d" not in sample else "latin-1"
    return Finding(name.replace("_", "-"), False, "it is no UTF-8, and its bytes look like this code page")


def _share(sample: bytes, page: str, letters: str) -> float:
    """Return the share of the letters beside ASCII that stand in words of a language, written as words are."""
    text = sample.decode(page, errors="replace")
    total = sum(sign > "\x7f" and sign not in _SIGNS for sign in text)
    if not total:
        return float(page == "cp1252")
    known = {*letters, *letters.upper()} | (set() if page in _OWN_ALPHABET else set(map(chr, range(128))))
    right = vowels = small = 0
    for word in _THAI_WORD.findall(text) if page == "cp874" else _WORD.findall(text):
        is_spelled = word.isupper() or word[1:] == word[1:].lower()
        if page == "cp874":
            is_spelled = _THAI.fullmatch(word) is not None
        if is_spelled and set(word) <= known:
            right += sum(sign > "\x7f" for sign in word)
            vowels += sum(sign in _VOWELS for sign in word.lower())
            small += sum(sign.islower() for sign in word)
    if (page in _WITH_VOWELS and vowels < right / 4) or (page in ("koi8-r", "cp866") and small < right / 2):
        return 0.0
    return right / total


def _is_nearly_all(sample: bytes, page: str, letters: re.Pattern[str]) -> bool:
    # the sample may end within a letter
    for end in range(2):
        try:
            text = sample[: len(sample) - end].decode(page)
        except UnicodeDecodeError:
            continue
        others = [sign for sign in text if sign > "\x7f"]
        return bool(others) and sum(bool(letters.match(sign)) for sign in others) >= 0.9 * len(others)
    return False
