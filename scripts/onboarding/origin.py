"""Guesses the country that files come from: its time zone, currency and phone numbers."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from customer_journey.settings import FILE_NAME as SETTINGS_FILE

from onboarding.adapters import adapters, recognised
from onboarding.findings import Finding
from onboarding.match import SURE
from onboarding.names import plain_name, vocabularies
from onboarding.proposal import Hints
from onboarding.sniff import Sheet
from onboarding.values import Kind


@dataclass(frozen=True)
class _Home:
    """A country where a language is spoken: the probable origin of files in that language, or of its currency."""

    language: str
    words: re.Pattern[str]
    timezone: str
    currency: str
    country: str
    phones: re.Pattern[str]
    # whether the currency tells the country; the euro does not
    has_own_currency: bool


# words that no other of these languages writes so
_FRENCH = re.compile(
    r"\b(commandes?|factures?|montant|livraison|t[ée]l[ée]phone|courriel|quantit[ée]|pr[ée]nom|soci[ée]t[ée])\b", re.I
)
_SPANISH = re.compile(r"\b(fecha|correo|importe|env[íi]o|nombre|cantidad|art[íi]culos?)\b", re.I)
_PORTUGUESE = re.compile(
    r"\b(telefone|telem[óo]vel|endere[çc]o|encomendas?|quantidade|frete|situa[çc][ãa]o|data d[oa]|cpf)\b", re.I
)
_ITALIAN = re.compile(
    r"\b(ordin[ei]|fattur[ae]|importo|quantit[àa]|spedizione|cellulare|valuta|creato|cognome)\b", re.I
)

_GERMAN = re.compile(
    r"\b(bestell|kunden|rechnungs|auftrags|beleg|artikel)(nr|nummer|datum|status|positionen)\b", re.IGNORECASE
)

_HOMES = (
    _Home(
        "Vietnamese",
        re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE),
        "Asia/Ho_Chi_Minh",
        "VND",
        "VN",
        re.compile(r"'?(\+?84|0[35789])"),
        True,
    ),
    _Home(
        "German",
        _GERMAN,
        "Europe/Berlin",
        "EUR",
        "DE",
        re.compile(r"'?(\+?49|0[1-9])"),
        False,
    ),
    _Home("German", _GERMAN, "Europe/Zurich", "CHF", "CH", re.compile(r"'?(\+?41|0[1-9])"), False),
    *(
        _Home("French", _FRENCH, timezone, currency, country, re.compile(phones), False)
        for timezone, currency, country, phones in (
            ("Europe/Paris", "EUR", "FR", r"'?(\+?33|0[1-9])"),
            ("Europe/Zurich", "CHF", "CH", r"'?(\+?41|0[1-9])"),
            ("America/Toronto", "CAD", "CA", r"'?[(]?(\+?1|[2-9])"),
        )
    ),
    *(
        _Home("Spanish", _SPANISH, timezone, currency, country, re.compile(phones), currency != "EUR")
        for timezone, currency, country, phones in (
            ("Europe/Madrid", "EUR", "ES", r"'?(\+?34|[6-9])"),
            ("America/Mexico_City", "MXN", "MX", r"'?[(]?(\+?52|[1-9])"),
            ("America/Bogota", "COP", "CO", r"'?[(]?(\+?57|[36])"),
            ("America/Argentina/Buenos_Aires", "ARS", "AR", r"'?[(]?(\+?54|[0-9])"),
            ("America/Santiago", "CLP", "CL", r"'?[(]?(\+?56|[29])"),
        )
    ),
    *(
        _Home("Portuguese", _PORTUGUESE, timezone, currency, country, re.compile(phones), currency != "EUR")
        for timezone, currency, country, phones in (
            ("Europe/Lisbon", "EUR", "PT", r"'?(\+?351|[29])"),
            ("America/Sao_Paulo", "BRL", "BR", r"'?[(]?(\+?55|[1-9])"),
        )
    ),
    *(
        _Home(language, re.compile(words, re.IGNORECASE), timezone, currency, country, re.compile(phones), True)
        for language, words, timezone, currency, country, phones in (
            (
                "Polish",
                r"\b(zam[óo]wieni[ae]|klient[aów]*|sprzeda[żz]y?|kwota|waluta|imi[ęe])\b",
                "Europe/Warsaw",
                "PLN",
                "PL",
                r"'?(\+?48|[4-8])",
            ),
            (
                "Turkish",
                r"\b(sipari[şs]|m[üu][şs]teri|tutar\w?|tarihi)\b",
                "Europe/Istanbul",
                "TRY",
                "TR",
                r"'?(\+?90|0?[25])",
            ),
            ("Indonesian", r"\b(pesanan|pelanggan|tanggal|pembayaran)\b", "Asia/Jakarta", "IDR", "ID", r"'?(\+?62|0)"),
            ("Thai", "[ก-๎]", "Asia/Bangkok", "THB", "TH", r"'?(\+?66|0)"),
            ("Japanese", "[ぁ-ゖァ-ヺ]|注文|顧客|金額", "Asia/Tokyo", "JPY", "JP", r"'?(\+?81|0)"),
            ("Korean", "[가-힣]", "Asia/Seoul", "KRW", "KR", r"'?(\+?82|0)"),
        )
    ),
    _Home("Italian", _ITALIAN, "Europe/Rome", "EUR", "IT", re.compile(r"'?(\+?39|[03])"), False),
)


def hints_of(
    folder: Path,
    sheets: Sequence[Sheet],
    groups: Sequence[Sequence[Sheet]],
    kinds: Sequence[Sequence[Kind]],
    timezone: str | None,
    currency: str | None,
) -> Hints:
    """Collect hints on the origin of the files: options, vars.yml, the language, currency signs, phone numbers.

    `sheets` are all tables, also those that only an adapter can read and that are in no group.
    """
    settings = _existing_settings(folder)
    names = list(dict.fromkeys(name for sheet in sheets for name in (*sheet.columns, sheet.path.stem)))
    currencies = Counter(
        kind.numbers.currency for of_columns in kinds for kind in of_columns if kind.numbers and kind.numbers.currency
    )
    for group, of_columns in zip(groups, kinds, strict=True):
        for name, kind in zip(group[0].columns, of_columns, strict=True):
            in_brackets = re.search(
                r"[(\[](VND|VNĐ|₫|đ|USD|EUR|€|GBP|AUD|SGD|THB|JPY|BRL|MXN|COP|ARS|CLP|CAD|CHF)[)\]]", name
            )
            if in_brackets:
                currencies[{"VNĐ": "VND", "₫": "VND", "đ": "VND", "€": "EUR"}.get(in_brackets[1], in_brackets[1])] += 1
            if len(kind.counts) == 1 and _is_of_currency(plain_name(name)):
                currencies[kind.example.upper()] += 1
        # a tool of one country, as KiotViet
        tool = recognised(group[0].columns)
        if tool is not None and (fixed := adapters()[tool.adapter].variables.get("currency")):
            currencies[fixed] += 1
    phones = [kind.example for of_columns in kinds for kind in of_columns if kind.name == "phone"]
    seen = currencies.most_common(1)[0][0] if currencies else None
    home, why = _home(names, seen)
    if home is None and timezone:
        home = next((one for one in _HOMES if one.timezone == timezone), None)
        why = f"--timezone is {timezone}"
    zone = None
    if timezone:
        zone = Finding(timezone, True, "given by --timezone")
    elif settings.get("reporting_timezone"):
        zone = Finding(str(settings["reporting_timezone"]), False, f"reporting_timezone in {SETTINGS_FILE}")
    elif home:
        zone = Finding(home.timezone, False, why)
    money = None
    if currency:
        money = Finding(currency, True, "given by --currency")
    elif seen:
        money = Finding(seen, True, "the files say so")
    elif settings.get("reporting_currency"):
        money = Finding(str(settings["reporting_currency"]), False, f"reporting_currency in {SETTINGS_FILE}")
    elif home:
        money = Finding(home.currency, False, why)
    is_home = home is not None and (not phones or any(home.phones.match(phone) for phone in phones))
    country = Finding(home.country, False, why) if home and is_home else None
    return Hints(zone, money, country, settings.get("reporting_currency"))


def _home(names: Sequence[str], currency: str | None) -> tuple[_Home | None, str]:
    """Return the country that the names of columns and files, or the currency, point to, and the reason."""
    for language in dict.fromkeys(home.language for home in _HOMES):
        homes = [home for home in _HOMES if home.language == language]
        if name := next((name for name in names if homes[0].words.search(name)), None):
            why = f"the names are {language} ({name})"
            if len(homes) == 1 or currency is None:
                return homes[0], why
            # a language of several countries: the currency says which of them, or that it is another one
            home = next((home for home in homes if home.currency == currency), None)
            return home, f"{why} and the amounts are in {currency}"
    for home in _HOMES:
        if home.has_own_currency and home.currency == currency:
            return home, f"the amounts are in {currency}"
    return None, ""


def _is_of_currency(name: str) -> bool:
    with_money = [vocabulary for vocabulary in vocabularies().values() if "currency" in vocabulary.columns]
    return any(vocabulary.weight("currency", name) >= SURE for vocabulary in with_money)


def _existing_settings(folder: Path) -> Mapping[str, Any]:
    file = folder / SETTINGS_FILE
    if not file.is_file():
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        # ignore the error here: the build reports it
        return {}
    return found if isinstance(found, dict) else {}
