"""Finds numbers of customers that stand for nobody: the orders of all guests would be those of one person."""

from collections import defaultdict

from onboarding.names import guest_words, plain_name
from onboarding.proposal import ORDERS, Source

# with so many e-mail addresses, or so many phone numbers, an id is not of one person
_ADDRESSES = 5


def find_guests(source: Source) -> None:
    """Propose to read numbers of customers that stand for nobody as none, and say so."""
    own = {match.column: match.theirs for match in source.matches}
    if source.table.label != ORDERS or "contact_id" not in own:
        return
    rows: dict[str, int] = defaultdict(int)
    addresses: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"email": set(), "phone": set()})
    for sheet in source.sheets:
        places = {
            column: sheet.columns.index(own[column]) for column in ("contact_id", "email", "phone") if column in own
        }
        for row in sheet.rows:
            if contact := row[places["contact_id"]].strip():
                rows[contact] += 1
                for column in places.keys() - {"contact_id"}:
                    addresses[contact][column].add(row[places[column]].strip().lower())
    found = {}
    for contact, count in rows.items():
        most = max(len(texts - {""}) for texts in addresses[contact].values()) if contact in addresses else 0
        is_zero = contact in ("0", "-1") and count > 1
        if is_zero or plain_name(contact) in guest_words() or (most >= _ADDRESSES and 2 * most > count):
            found[contact] = count
    if not found:
        return
    source.values.setdefault("contact_id", {}).update({contact: ("", count) for contact, count in found.items()})
    shown = ", ".join(list(found)[:3])
    source.notes.append(
        f"{own['contact_id']} {shown} stands in {sum(found.values()):,} orders and seems to be nobody's number: they "
        "are read as without one, else they would be the orders of one person"
    )
