"""Finds rows of an export that are no records: totals below the rows, and names of columns that stand there again."""

from onboarding.match import SURE
from onboarding.names import Vocabulary, plain_name, total_words, vocabularies
from onboarding.proposal import Source

# more values than these would be listed one by one
_MOST = 20


def leave_out_no_records(source: Source) -> None:
    """Propose to leave out totals, which would count once more, and repeated headers, and say so."""
    vocabulary = vocabularies()[source.table.label]
    own = {match.column: match.theirs for match in source.matches if not match.others}
    for column in [name for name in source.table.key if name in own]:
        found: dict[str, int] = {}
        for sheet in source.sheets:
            for text in sheet.values(sheet.columns.index(own[column])):
                if _is_total(text) or _is_name(text, own[column], vocabulary, column):
                    found[text] = found.get(text, 0) + 1
        if found:
            values = list(found)[:_MOST]
            source.left_out_rows[own[column]] = values
            what = "totals" if all(map(_is_total, values)) else "no records but names of columns or totals"
            source.notes.append(f"its rows with {own[column]} {' or '.join(values[:3])} are {what} and are left out")


def _is_total(text: str) -> bool:
    words = plain_name(text)
    return words in total_words() or any(words.startswith(f"{word} ") for word in total_words() if " " in word)


def _is_name(text: str, name: str, vocabulary: Vocabulary, column: str) -> bool:
    words = plain_name(text)
    is_known = not any(map(str.isdigit, text)) and vocabulary.weight(column, words) >= SURE
    return bool(words) and (words == plain_name(name) or is_known)
