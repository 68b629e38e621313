"""Lists of sales: with a row for each line of an order, and with refunds among the sales.

A till or an invoice program often has no list of orders and none of refunds, but one of everything that was booked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from customer_journey.contract import RawTable, raw_tables
from customer_journey.raw.formulas import Formula, parse
from customer_journey.raw.mapping import NEGATIVE

from onboarding.findings import Finding
from onboarding.match import find_times, matches_of, missing_in
from onboarding.names import amounts_in_parts, no_sale_words, places, plain_name, refund_words, scale_of, vocabularies
from onboarding.proposal import ITEMS, ORDERS, REFUNDS, Match, Source
from onboarding.sniff import Sheet
from onboarding.values import Kind, number_in

# of the orders with several rows, the share in which an amount is the same in all of them if it is that of the order
_MOST = 0.8
_ITEM_PRICE, _ITEM_TAX = "item price", "item tax"
# the least weight of a name by which an amount of the order is known beside that of its lines
_NAMED = 0.3
# words of names of columns that say what a row is: an invoice, a credit note
_OF_KINDS = {
    *("type", "kind", "art", "belegart", "dokumentart", "dokumenttyp", "tipo", "typ", "tip", "loai"),
    *("document", "event", "nature", "rodzaj", "transaction", "tur", "soort", "种类", "类型", "種別", "区分"),
}
# columns of an order's refund that are those of the order: theirs by ours
_OF_REFUND = {"refunded_at": "ordered_at", "amount": "total_amount", "currency": "currency"}


def table_called(label: str) -> RawTable:
    """Return the raw table with a label."""
    return next(table for table in raw_tables() if table.label == label)


def take_whole_units(source: Source) -> None:
    """Work out amounts that are counted in thousands or cents, as the names of their columns say."""
    for match in [match for match in source.matches if source.table.kind_of(match.column) == "amount"]:
        _, factor = scale_of(match.theirs)
        if factor and "]" not in match.theirs:
            source.matches.remove(match)
            source.computed[match.column] = f"[{match.theirs}] {factor}"
            source.notes.append(f"{match.column} is {source.computed[match.column]}, as the name of the column says")


def tell_places_apart(source: Source) -> None:
    """Join the number of an order with its shop, where shops count alike: one number then has several customers."""
    key = _match(source, "order_id")
    buyers = [match for match in source.matches if match.column in ("email", "phone", "contact_id")]
    if source.table.label != ORDERS or key is None or not buyers or not _has_conflict(source, [key.theirs], buyers):
        return
    for name in source.unknown:
        if plain_name(name) in places() and not _has_conflict(source, [name, key.theirs], buyers):
            place = source.matches.index(key)
            why = f"the same {key.theirs} is of several customers, by {name} it is not"
            source.matches[place] = replace(key, theirs=name, others=(key.theirs,), is_sure=False, why=why)
            del source.unknown[name]
            return
    source.notes.append(f"rows with one {key.theirs} name several customers: is it the number of an order?")


def _has_conflict(source: Source, key: Sequence[str], buyers: Sequence[Match]) -> bool:
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    for sheet, row in _rows(source):
        number = tuple(_cell(sheet, row, name) for name in key)
        for buyer in buyers:
            text = _cell(sheet, row, buyer.theirs)
            if text and number[-1] and seen.setdefault(number, {}).setdefault(buyer.column, text) != text:
                return True
    return False


def sum_lines(source: Source) -> None:
    """Propose how the rows of one order are read as one, where a list of orders has a row for each of its lines."""
    amounts = [match for match in source.matches if source.table.kind_of(match.column) == "amount"]
    key, total = _match(source, "order_id"), _match(source, "total_amount")
    is_known = total is not None or "total_amount" in source.computed
    if source.one_row_per or key is None or not is_known or not _has_lines(source):
        return
    groups = [rows for rows in _by_key(source, key) if len(rows) > 1]
    if not groups:
        return
    source.notes = [note for note in source.notes if "older versions" not in note]
    called = total.theirs if total is not None else source.computed["total_amount"]
    if _is_of_order(source, groups):
        source.one_row_per = "order_id"
        for match in [match for match in amounts if match.column != "total_amount"]:
            _take_that_of_the_order(source, match, groups)
        source.notes.append(
            f"{called} is the same in all rows of an order: they have a row for each line, so that the first of each "
            "is taken for the order"
        )
        return
    source.summed_per = "order_id"
    source.notes.append(f"{called} is of the lines of an order: they have a row each, so that the order is their sum")
    constant = {match.column for match in amounts if _is_constant(match, groups)} - {"total_amount"}
    for match in [match for match in source.matches if match.column in constant]:
        source.matches.remove(match)
        source.unknown[match.theirs] = match.kind
        source.notes.append(
            f"{match.theirs} is the same in all rows of an order, and would be added up: it is left out"
        )


def total_of_parts(source: Source) -> None:
    """Work out the total and the tax of an order from their parts, where no column has the total."""
    if "total_amount" not in source.missing:
        return
    parts = amounts_in_parts()
    # an item price without a tax of the item is that of one piece
    of_piece = set() if _ITEM_TAX in map(plain_name, source.kinds) else {_ITEM_PRICE}
    known = {plain_name(name): name for name, kind in source.kinds.items() if kind.numbers is not None}
    prices = [known[word] for word in parts["price"] if word in known and word not in of_piece][:1]
    taxes, shipping, discounts = (
        [known[word] for word in parts[part] if word in known] for part in ("tax", "shipping", "discount")
    )
    if not prices:
        return
    source.computed["total_amount"] = " + ".join(f"[{name}]" for name in [*prices, *taxes, *shipping])
    source.computed["total_amount"] += "".join(f" - [{name}]" for name in discounts)
    for column, names in (("tax_amount", taxes), ("shipping_amount", shipping)):
        if len(names) > 1:
            source.computed[column] = " + ".join(f"[{name}]" for name in names)
    taken = {*prices, *taxes, *shipping, *discounts}
    source.matches = [match for match in source.matches if match.column not in source.computed]
    source.unknown = {name: kind for name, kind in source.unknown.items() if name not in taken}
    source.missing.remove("total_amount")
    source.notes.append(f"no column has the total: it is taken to be {source.computed['total_amount']}")


def _take_that_of_the_order(source: Source, match: Match, groups: Sequence[Sequence[tuple[Sheet, list[str]]]]) -> None:
    """Replace an amount of a line by one of the whole order, or leave it out."""
    vocabulary = vocabularies()[source.table.label]
    place = source.matches.index(match)
    for name, kind in list(source.unknown.items()):
        other = replace(match, theirs=name, kind=kind, is_sure=False, why=f"it is the sum of {match.theirs}")
        is_named = vocabulary.weight(match.column, plain_name(name)) >= _NAMED
        if is_named and kind.numbers is not None and _is_sum_of(other, match, groups):
            source.matches[place] = other
            del source.unknown[name]
            source.unknown[match.theirs] = match.kind
            return
    if not _differs(match, groups):
        return
    source.unknown[match.theirs] = match.kind
    del source.matches[place]
    source.notes.append(f"{match.theirs} is of the lines of an order, not of the whole: it is left out")


def orders_of_lines(items: Source, kinds: Sequence[Kind]) -> Source | None:
    """Return the orders in a list of lines without totals, as sums of the lines; None if it has no day."""
    table = table_called(ORDERS)
    matches = [
        match
        for match in matches_of(vocabularies()[ORDERS], items.sheets[0].columns, kinds)
        if match.column != "total_amount" or match.weight
    ]
    missing = missing_in(table, [match.column for match in matches])
    taken = {match.theirs for match in matches}
    unknown = {name: kind for name, kind in items.kinds.items() if name and name not in taken}
    orders = Source(table, items.sheets, matches, unknown, missing, items.kinds, is_sure=False)
    orders.left_out_rows = dict(items.left_out_rows)
    find_times(orders)
    total_of_parts(orders)
    quantity, price = _match(items, "quantity"), _match(items, "unit_price")
    if "total_amount" in orders.missing and quantity is not None and price is not None:
        orders.computed["total_amount"] = f"[{quantity.theirs}] * [{price.theirs}]"
        orders.missing.remove("total_amount")
        orders.notes.append(
            f"no column has totals, so that an order is the sum of {quantity.theirs} times {price.theirs}"
        )
    if [column for column in orders.missing if column != "status"]:
        return None
    sum_lines(orders)
    return orders


def price_of_line(items: Source, orders: Source | None = None) -> None:
    """Work out the price of a piece from that of the line, where no column has it, or where orders add up the lines."""
    quantity, own = _match(items, "quantity"), _match(items, "unit_price")
    if items.table.label != ITEMS or quantity is None:
        return
    known = {plain_name(name): name for name, kind in items.kinds.items() if kind.numbers is not None}
    price = None
    if items.missing == ["unit_price"]:
        price = next((known[word] for word in amounts_in_parts()["price"] if word in known), None)
    elif own is not None and orders is not None and (total := orders.computed.get("total_amount")):
        columns = parse(total).columns()
        price = own.theirs if own.theirs in columns and quantity.theirs not in columns else None
    if price is not None:
        items.matches = [match for match in items.matches if match is not own]
        items.computed["unit_price"] = f"[{price}] / [{quantity.theirs}]"
        items.unknown.pop(price, None)
        items.missing = []
        items.notes.append(f"no column has the price of a piece: it is taken to be {items.computed['unit_price']}")


def assume_status(orders: Source) -> None:
    """Take all rows for completed sales where the list has no status, as that of a till."""
    if orders.missing == ["status"]:
        orders.missing = []
        why = "no column says which orders were cancelled or are not paid yet"
        orders.constants["status"] = Finding("completed", False, why)


def leave_out_payments(orders: Source) -> None:
    """Leave out rows whose kind is no sale, as payments in a list of invoices: their amounts would count twice."""
    for name, kind in orders.unknown.items():
        values = [value for value in kind.counts if plain_name(value) in no_sale_words()]
        others = [value for value in kind.counts if value not in values and not _is_refund(value)]
        if values and others and _OF_KINDS & set(plain_name(name).split()):
            orders.left_out_rows[name] = values
            orders.notes.append(f"its rows with {name} {' or '.join(values)} are no sales and are left out")
            return


def refunds_among(orders: Source) -> Source | None:
    """Find refunds among the sales: rows below zero, or of a kind such as `Credit note`; return them as a source."""
    key, kind_column = _match(orders, "order_id"), None
    if key is None or orders.missing:
        return None
    is_grouped = orders.summed_per or orders.one_row_per
    groups = _by_key(orders, key) if is_grouped else [[row] for row in _rows(orders)]
    totals = [(rows[0], _total(orders, rows)) for rows in groups]
    below = {_cell(sheet, row, key.theirs) for (sheet, row), total in totals if _is_below(total)}
    above = {_cell(sheet, row, key.theirs) for (sheet, row), total in totals if total is not None and total > 0}
    if below and above:
        orders.refund_rows = NEGATIVE
        why = f"{len(below):,} of its orders are below zero, and a build refuses those: they are read as refunds"
    else:
        found = _kind_of_rows(orders)
        if found is None:
            return None
        kind_column, values = found
        orders.refund_rows = {kind_column: values}
        orders.unknown.pop(kind_column, None)
        why = f"its rows with {kind_column} {' or '.join(values)} are read as refunds"
        below, above = set(), set()
        for sheet, row in _rows(orders):
            is_refund = _cell(sheet, row, kind_column) in values
            (below if is_refund else above).add(_cell(sheet, row, key.theirs))
    orders.notes.append(why)
    sales = [_cell(sheet, row, key.theirs) for (sheet, row), total in totals if not _is_below(total)]
    if len(sales) == len(set(sales)):
        orders.notes = [note for note in orders.notes if "older versions" not in note]
    table = table_called(REFUNDS)
    own = {match.column: match for match in orders.matches}
    matches = [replace(key, column="refund_id", is_sure=False, why="the number of the row")]
    reference = _reference(orders, key, below, above, kind_column)
    if reference is not None:
        matches.append(replace(reference, column="order_id", is_sure=False, why="it names the numbers of other rows"))
        orders.unknown.pop(reference.theirs, None)
    elif len(below & above) * 2 >= len(below):
        matches.append(replace(key, column="order_id", is_sure=False, why="the order has the same number"))
    matches += [
        replace(own[theirs], column=ours, is_sure=False, why="as of the orders")
        for ours, theirs in _OF_REFUND.items()
        if theirs in own
    ]
    refunds = Source(table, orders.sheets, matches, dict(orders.unknown), [], orders.kinds, is_sure=False)
    refunds.refund_rows, refunds.left_out_rows = orders.refund_rows, orders.left_out_rows
    refunds.times = {"refunded_at": orders.times["ordered_at"]} if "ordered_at" in orders.times else {}
    if orders.summed_per:
        refunds.summed_per = "refund_id"
    if "total_amount" in orders.computed:
        refunds.computed["amount"] = orders.computed["total_amount"]
    if not any(match.column == "order_id" for match in matches):
        refunds.notes.append("no column names the order that was refunded: they count in their month and in no order")
    return refunds


def _is_below(total: Decimal | None) -> bool:
    return total is not None and total < 0


def _match(source: Source, column: str) -> Match | None:
    return next((match for match in source.matches if match.column == column), None)


def _rows(source: Source) -> Iterator[tuple[Sheet, list[str]]]:
    for sheet in source.sheets:
        for row in sheet.rows:
            if not any(_cell(sheet, row, name) in values for name, values in source.left_out_rows.items()):
                yield sheet, row


def _cell(sheet: Sheet, row: Sequence[str], name: str) -> str:
    return row[sheet.columns.index(name)].strip()


def _by_key(source: Source, key: Match) -> list[list[tuple[Sheet, list[str]]]]:
    """Return the rows of each order; alone if the order takes one row."""
    groups: dict[str, list[tuple[Sheet, list[str]]]] = {}
    for sheet, row in _rows(source):
        if text := _cell(sheet, row, key.theirs):
            groups.setdefault(text, []).append((sheet, row))
    return list(groups.values())


def _has_lines(source: Source) -> bool:
    """Return whether the rows name a product or a quantity, as lines of orders do."""
    items = vocabularies()[ITEMS]
    names = [plain_name(name) for name in source.sheets[0].columns]
    products = vocabularies()["orders/products"]
    return any(
        items.weight(column, name) >= _MOST for column in ("product_id", "quantity", "unit_price") for name in names
    ) or any(products.weight("product_name", name) >= _MOST and name not in ("name", "title") for name in names)


def _is_constant(match: Match, groups: Sequence[Sequence[tuple[Sheet, list[str]]]]) -> bool:
    filled = [texts for rows in groups if any(texts := {_cell(sheet, row, match.theirs) for sheet, row in rows})]
    # a column of zeros says nothing
    told = [texts for texts in filled if any(any(sign in "123456789" for sign in text) for text in texts)]
    return bool(told) and sum(len(texts) == 1 for texts in told) >= _MOST * len(told)


def _is_sum_of(whole: Match, part: Match, groups: Sequence[Sequence[tuple[Sheet, list[str]]]]) -> bool:
    """Return whether an amount of orders is, in each of them, the sum of an amount of their lines."""
    sums = [
        (
            number_in(_cell(*rows[0], whole.theirs), whole.kind.numbers),
            sum(number_in(_cell(sheet, row, part.theirs), part.kind.numbers) or 0 for sheet, row in rows),
        )
        for rows in groups
    ]
    return any(total for total, _ in sums) and all(total == of_lines for total, of_lines in sums)


def _differs(match: Match, groups: Sequence[Sequence[tuple[Sheet, list[str]]]]) -> bool:
    return any(len({_cell(sheet, row, match.theirs) for sheet, row in rows}) > 1 for rows in groups)


def _is_of_order(source: Source, groups: Sequence[Sequence[tuple[Sheet, list[str]]]]) -> bool:
    """Return whether the total in a row is that of the whole order, not of one line.

    Lines of one price have one amount too: what is quantity times price in each row is the line's.
    """
    formula = _formula(source)
    columns, kinds = source.sheets[0].columns, source.kinds
    items = {
        match.column: match for match in matches_of(vocabularies()[ITEMS], columns, [kinds[name] for name in columns])
    }
    if formula is None:
        return False
    totals = [[_worked_out(formula, source, sheet, row) for sheet, row in rows] for rows in groups]
    if "quantity" in items and "unit_price" in items:
        line = parse(f"[{items['quantity'].theirs}] * [{items['unit_price'].theirs}]")
        lines = [[_worked_out(line, source, sheet, row) for sheet, row in rows] for rows in groups]
        pairs = [pair for one, other in zip(totals, lines, strict=True) for pair in zip(one, other, strict=True)]
        known = [(total, line) for total, line in pairs if total and line]
        if known and sum(abs(total - line) <= abs(line) / 100 for total, line in known) >= _MOST * len(known):
            return False
    told = [set(of_order) for of_order in totals if any(of_order)]
    return bool(told) and sum(len(values) == 1 for values in told) >= _MOST * len(told)


def _total(source: Source, rows: Sequence[tuple[Sheet, list[str]]]) -> Decimal | None:
    """Return the total of an order, added up if the source does."""
    formula = _formula(source)
    if formula is None:
        return None
    totals = [_worked_out(formula, source, sheet, row) for sheet, row in (rows if source.summed_per else rows[:1])]
    known = [total for total in totals if total is not None]
    return sum(known, Decimal(0)) if known else None


def _formula(source: Source) -> Formula | None:
    """Return how the total of a row is worked out; None if it is unknown."""
    match = _match(source, "total_amount")
    text = source.computed.get("total_amount") or (f"[{match.theirs}]" if match is not None else "")
    return parse(text) if text else None


def _worked_out(formula: Formula, source: Source, sheet: Sheet, row: Sequence[str]) -> Decimal | None:
    return formula.value(lambda column: number_in(_cell(sheet, row, column), source.kinds[column].numbers))


def _kind_of_rows(source: Source) -> tuple[str, list[str]] | None:
    """Return a column that says which rows are refunds, as `Type` with `Invoice` and `Credit note`, and its values."""
    for name, kind in source.unknown.items():
        if not _OF_KINDS & set(plain_name(name).split()):
            continue
        refunds = [value for value in kind.counts if _is_refund(value)]
        if refunds and len(refunds) < len(kind.counts):
            return name, refunds
    return None


def _is_refund(value: str) -> bool:
    """Return whether a kind of document is a refund, as `Credit note` and `Sales credit note` are."""
    words = plain_name(value)
    return any(words == word or words.endswith(f" {word}") or words.startswith(f"{word} ") for word in refund_words())


def _reference(orders: Source, key: Match, below: set[str], above: set[str], kind_column: str | None) -> Match | None:
    """Return a column in which the refunds name the numbers of sales; None if there is none."""
    taken = {match.theirs for match in orders.matches} | {kind_column}
    for name, kind in orders.unknown.items():
        if name in taken:
            continue
        texts = [_cell(sheet, row, name) for sheet, row in _rows(orders) if _cell(sheet, row, key.theirs) in below]
        named = [text for text in texts if text]
        if named and sum(text in above for text in named) >= _MOST * len(named):
            return Match("order_id", name, False, "", kind)
    return None
