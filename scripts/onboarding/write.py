"""The texts of mapping.yml and vars.yml: each line with its certainty, the reason, and an example.

The files may be committed to git, so examples of e-mail addresses, phone numbers and names are masked.
"""

import json
import re
from collections.abc import Sequence

from customer_journey.privacy import masks
from customer_journey.raw.raw_files import READ, delimiter_of

from onboarding.findings import Finding
from onboarding.names import plain_name
from onboarding.patterns import files_word
from onboarding.proposal import ITEMS, ORDERS, REFUNDS, AdapterUse, Match, Proposal, Source, instead_of
from onboarding.seeds import is_refusing, seed_of
from onboarding.sniff import Sheet
from onboarding.values import Kind, masked

# ends the line above the commands that map unknown values
ASKED_BELOW = "map them with"
_HEAD = """\
# Written by `journey init`: the files of this folder, and how a build reads them. docs/mapping.md explains every key.
#   sure     names and values prove it
#   guess    likely; please check
#   unknown  cannot be found out from the files: a line that begins with # is not read until you remove the #
"""
# Comments begin here where the line is shorter.
_COMMENT_AT = 44
_PLAIN = re.compile(r"[^\W\d_][\w ./()%-]*", re.UNICODE)
_NO_TEXTS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
_UNKNOWN_SHOWN = 60
# Words in names of columns whose values are persons or free text, whatever they look like.
_PERSONAL = re.compile(
    r"\b(name|address|street|notes?|comments?|phone|mobile|mail|email|zip|postcode|ip|birthday|birth|"
    r"ten|dia chi|ghi chu|nguoi|dien thoai|sdt|sinh|duong)\b"
)


def scalar(text: str) -> str:
    """Return a text as a YAML scalar: plain if that is safe, else quoted."""
    is_plain = _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in _NO_TEXTS
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def rows_of(count: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def mapping_text(proposal: Proposal) -> str:
    """Return the text of mapping.yml."""
    lines = [_HEAD.rstrip()]
    by_label: dict[str, list[Source]] = {}
    for source in proposal.sources:
        by_label.setdefault(source.table.label, []).append(source)
    if by_label:
        lines += ["", "tables:"]
        for label, sources in by_label.items():
            if lines[-1] != "tables:":
                lines.append("")
            if len(sources) == 1 and _is_as_it_stands(proposal, sources[0]):
                files = masks.masked(", ".join(_relative(proposal, sheet) for sheet in sources[0].sheets[:5]))
                lines.append(f"  # {label}: needs no mapping, {rows_of(sources[0].row_count)}: {files}")
            elif len(sources) == 1:
                lines += _entry(proposal, sources[0], f"  {label}:", "    ", "    ")
            else:
                is_left_out = all(source.missing for source in sources)
                lines.append(f"  {'# ' if is_left_out else ''}{label}:")
                for source in sources:
                    lines += _entry(proposal, source, None, "    - ", "      ")
    if proposal.adapters:
        lines += ["", "adapters:"]
        for use in proposal.adapters:
            lines += _adapter(proposal, use)
    if not by_label and not proposal.adapters:
        lines += ["", "tables: {}"]
    if proposal.same_orders:
        lines += [
            "",
            "# Do these sources hold the same orders? Then remove the #. The source that stands first counts.",
        ]
        lines += ["# same_records:"]
        lines += [
            f"#   orders/orders: {{{one}: {scalar(column)}, {other}: {scalar(theirs)}}}"
            for (one, column), (other, theirs) in proposal.same_orders
        ]
    lines += _leftovers(proposal)
    return "\n".join(lines) + "\n"


def settings_text(proposal: Proposal) -> str | None:
    """Return the text of vars.yml; None if the files of the folder suggest no setting."""
    hints = proposal.hints
    lines = []
    if hints.currency:
        lines.append(_line(f"reporting_currency: {scalar(hints.currency.value)}", _said(hints.currency)))
        if hints.currency.value in ("VND", "JPY", "KRW"):
            lines.append(_line("currency_decimals: 0", "sure: it has no minor unit"))
    if hints.timezone:
        lines.append(
            _line(f"reporting_timezone: {hints.timezone.value}", f"{_said(hints.timezone)}; days and months are of it")
        )
    if hints.country:
        lines.append(
            _line(f"default_phone_country: {hints.country.value}", f"{_said(hints.country)}; of phones without +")
        )
    if not lines:
        return None
    head = "# Written by `journey init`: settings of your company, all of them in docs/settings.md."
    return "\n".join([head, *lines]) + "\n"


def _is_as_it_stands(proposal: Proposal, source: Source) -> bool:
    """Return whether a source matches the contract, so that it needs no entry in mapping.yml."""
    usual = {"encoding": ("utf-8",), "delimiter": (delimiter_of(source.sheets[0].path),)}
    return (
        files_word(proposal, source) is None
        and not (source.missing or source.constants or source.values or source.id_prefix or source.notes)
        and not (source.summed_per or source.refund_rows or source.left_out_rows or source.computed or source.file_date)
        and all(match.theirs == match.column and match.is_sure and not match.others for match in source.matches)
        and all(word in usual and value in usual[word] for word, (_, value) in source.reading.items())
    )


def _line(text: str, comment: str = "") -> str:
    return f"{text.ljust(_COMMENT_AT)}  # {masks.masked(' '.join(comment.split()))}" if comment else text


def _said(finding: Finding) -> str:
    return f"{'sure' if finding.is_sure else 'guess'}: {finding.why}"


def _entry(proposal: Proposal, source: Source, head: str | None, first: str, indent: str) -> list[str]:
    """Return the lines of one source; `first` starts the first line, if the source is an item of a list."""
    if source.missing:
        # with an incomplete entry a build would fail
        whole = _lines_of_entry(proposal, source, head, first, indent)
        why = f"  # left out: name the column of {' and '.join(source.missing)} below, then remove the #:"
        return [why, *(f"  # {line.removeprefix('  ')}" for line in whole)]
    return _lines_of_entry(proposal, source, head, first, indent)


def _lines_of_entry(proposal: Proposal, source: Source, head: str | None, first: str, indent: str) -> list[str]:
    lines: list[str] = []
    if name := proposal.name_of(source):
        lines.append(_line(f"source: {name}", "its name, for same_records below"))
    patterns = files_word(proposal, source)
    if patterns is not None:
        lines.append(f"files: [{', '.join(json.dumps(text, ensure_ascii=False) for text in patterns)}]")
    for word, (finding, value) in source.reading.items():
        if finding is None:
            lines.append(_line(f"# {word}: ???", f"unknown: {_ASKED[word]}"))
        else:
            said = _said(finding) + (f". {_WHAT_IF[word]}" if not finding.is_sure and word in _WHAT_IF else "")
            lines.append(_line(f"{word}: {_value(value)}", said))
    if source.id_prefix:
        lines.append(
            _line(
                f"id_prefix: {json.dumps(source.id_prefix, ensure_ascii=False)}",
                "guess: another source has the same ids; remove this line if they mean the same",
            )
        )
    if source.file_date:
        why = "guess: of rows with one key, those of the file with the latest date in its name count"
        lines.append(_line(f"file_date: {json.dumps(source.file_date)}", why))
    if source.one_row_per:
        lines.append(_line(f"one_row_per: {source.one_row_per}", "guess: the other rows of an order are its lines"))
    if source.summed_per:
        lines.append(_line(f"summed_per: {source.summed_per}", "guess: the rows with one number are one, and add up"))
    if source.refund_rows:
        rows = source.refund_rows
        text = rows if isinstance(rows, str) else _rows_with(rows)
        lines.append(_line(f"refund_rows: {text}", f"guess: {_REFUND_ROWS[source.table.label]}"))
    if source.left_out_rows:
        lines.append(_line(f"left_out_rows: {_rows_with(source.left_out_rows)}", "guess: these rows are no records"))
    if source.numbered_per:
        lines.append(_line(f"numbered_per: {source.numbered_per}", "guess: the files have no number of the line"))
    renamed = [match for match in source.matches if match.theirs != match.column or match.others]
    if renamed:
        lines.append("columns:")
        for match in renamed:
            certainty = "sure" if match.is_sure else "guess"
            lines.append(
                _line(
                    f"  {match.column}: {_named(match)}",
                    f"{certainty}: {match.why}{_example(match.theirs, match.column, match.kind)}",
                )
            )
    if source.times:
        lines.append("times:")
        lines += [
            _line(f"  {column}: {scalar(theirs)}", "guess: the time of that day stands here")
            for column, theirs in source.times.items()
        ]
    if source.computed:
        lines.append("computed:")
        lines += [
            _line(f"  {column}: {json.dumps(formula, ensure_ascii=False)}", "guess: no column has it")
            for column, formula in source.computed.items()
        ]
    if same := [match for match in source.matches if match.theirs == match.column and not match.others]:
        lines.append(f"# columns that need no mapping: {', '.join(match.column for match in same)}")
        lines += [f"#   guess: {match.column}, {match.why}" for match in same if not match.is_sure]
    for column in source.missing:
        instead = instead_of(column)
        lines.append(
            _line(f"# {column}: ???", f"missing: {source.table.label} needs it; name the column under columns")
        )
        if instead:
            value, _, when = instead.partition("   ")
            lines.append(f"#   or, if it is the same for all rows: constants: {{{column}: {value}}}  ({when.strip()})")
        else:
            lines.append("#   or export the file again with this column: a build needs it")
    if source.constants:
        lines.append("constants:")
        lines += [
            _line(f"  {column}: {scalar(finding.value)}", _said(finding))
            for column, finding in source.constants.items()
        ]
    lines += _values(source)
    if source.unknown:
        shown = list(source.unknown.items())[:_UNKNOWN_SHOWN]
        lines.append("# columns that are not read:")
        lines += [f"#   {masks.masked(name)}: {_shape(name, kind)}" for name, kind in shown]
        if len(source.unknown) > len(shown):
            lines.append(f"#   and {len(source.unknown) - len(shown)} more")
    counted = rows_of(source.row_count) + ("" if source.is_whole else " looked at, there are more")
    about = [f"# {len(source.sheets)} files, {counted}" if len(source.sheets) > 1 else f"# {counted}"]
    if not source.is_sure and not source.missing:
        about.append(f"# guess: these files are {source.table.label}; please check, or remove this entry")
    about += [f"# note: {masks.masked(note)}" for note in source.notes]
    is_read = any(not line.startswith("#") for line in lines)
    if not is_read and head is not None and patterns is None:
        # a key without a value would be no entry
        return [
            f"  # {source.table.label}: needs no mapping",
            *(f"  #   {line.removeprefix('# ')}" for line in [*about, *lines]),
        ]
    if not is_read:
        files = ", ".join(json.dumps(_relative(proposal, sheet), ensure_ascii=False) for sheet in source.sheets)
        lines.insert(0, f"files: [{files}]")
    if head is None:
        # an item of a list must start with a key, not with a comment
        position = next(number for number, line in enumerate(lines) if not line.startswith("#"))
        word = lines.pop(position)
        return [first + word, *(indent + line for line in [*about, *lines])]
    return [head, *(indent + line for line in [*about, *lines])]


_ASKED = {"timezone": "its times have no offset; without this line they are read as UTC. Write for example Asia/Tokyo"}
_ASKED_OF_ADAPTER = (
    "some of its times have no offset, and a build stops at them or reads them as UTC. Write the zone of the account, "
    "for example Asia/Tokyo"
)
_REFUND_ROWS = {
    ORDERS: "these rows are refunds, read as orders/refunds",
    ITEMS: "these rows are lines of refunds",
    REFUNDS: "these rows alone are read, without their minus",
}
_WHAT_IF = {
    "date_format": "Write it the other way round if days and months are swapped",
    "encoding": "Try that of your Windows, such as cp1252, cp1250 or cp1258, if letters look wrong",
    "decimal": "Look at one amount in the published tables",
    "timezone": "It is that of the program that wrote the file",
}


def _rows_with(rows: dict[str, list[str]]) -> str:
    of_columns = [f"{scalar(column)}: [{', '.join(map(_in_list, values))}]" for column, values in rows.items()]
    return f"{{{', '.join(of_columns)}}}"


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(json.dumps(text, ensure_ascii=False) for text in value)}]"
    if isinstance(value, int):
        return str(value)
    # a format or a sign is easier to read between quotation marks
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z][\w/-]*", text) else json.dumps(text, ensure_ascii=False)


def _named(match: Match) -> str:
    if not match.others:
        return scalar(match.theirs)
    return f"[{', '.join(map(_in_list, (match.theirs, *match.others)))}]"


def _in_list(text: str) -> str:
    return scalar(text) if "," not in text else json.dumps(text, ensure_ascii=False)


def _example(name: str, column: str, kind: Kind) -> str:
    """Return an example for the comment of a line, masked if it may be personal data."""
    if not kind.example or kind.name == "blank":
        return ""
    if column in ("full_name", "comment", "body", "outcome"):
        return f", as {masked(kind.example, 'text')}"
    if column == "phone" or (_PERSONAL.search(plain_name(name)) and kind.name not in ("email", "date", "code")):
        return f", as {masked(kind.example, 'phone' if any(map(str.isdigit, kind.example)) else 'text')}"
    # mask ids too: an id may be a phone number
    shown = "phone" if kind.name == "phone" and column != "order_id" else kind.name
    return f", as {masked(kind.example, shown if shown in ('email', 'phone') else 'code')}"


def _shape(name: str, kind: Kind) -> str:
    """Return the kind of a column's values, with an example if it is no personal data."""
    if kind.name == "blank":
        return "blank"
    if kind.name in ("email", "phone") or _PERSONAL.search(plain_name(name)):
        return f"as {masked(kind.example, kind.name if kind.name in ('email', 'phone') else 'text')}"
    if kind.name == "code":
        shown = [masked(value, "email" if "@" in value else "code") for value in list(kind.counts)[:4]]
        return f"{kind.distinct} values: {', '.join(shown)}{', …' if kind.distinct > len(shown) else ''}"
    if kind.name in ("date", "number"):
        return f"{kind.name}s, as {masked(kind.example, 'code')}"
    return f"texts, as {masked(kind.example, 'text')}"


def _values(source: Source) -> list[str]:
    """Return lines for the unknown values; those with a likely meaning are active, the others comments."""
    proposed: list[str] = []
    asked: list[str] = []
    for column, found in source.values.items():
        likely = {
            theirs: ours for theirs, (ours, _) in found.items() if ours is not None and not masks.looks_personal(theirs)
        }
        if likely:
            proposed.append(f"  {column}:")
            proposed += [
                _line(
                    f"    {scalar(theirs)}: {scalar(ours)}",
                    f"guess: {'by its name' if ours else 'it is no value'}, in {rows_of(found[theirs][1])}",
                )
                for theirs, ours in likely.items()
            ]
        rest = {theirs: count for theirs, (_, count) in found.items() if theirs not in likely}
        if rest:
            asked.append(f"# {column}: {_why_unknown(source, column)}; {ASKED_BELOW}")
            asked += [
                f"#   journey map-value DIR {source.table.label} {column} {json.dumps(theirs, ensure_ascii=False)} ???"
                f"   ({rows_of(count)})"
                for theirs, count in rest.items()
                if not masks.looks_personal(theirs)
            ]
            if personal := sum(map(masks.looks_personal, rest)):
                asked.append(
                    f"#   not shown: {personal:,} e-mail addresses or phone numbers. Is this the right column?"
                )
    return [*(["values:", *proposed] if proposed else []), *asked]


# columns for which the contract proposes values but allows others
_OPEN = ("orders/orders.sales_channel", "crm/deals.deal_type", "web/events.event_name")


def _why_unknown(source: Source, column: str) -> str:
    seed = seed_of(source.table.label, column)
    if seed is None:
        is_open = f"{source.table.label}.{column}" in _OPEN
        return "these stand as they are" if is_open else "these are none of the contract's and their rows are refused"
    return f"these are not in seeds/{seed}.csv" + (
        " and their rows are refused" if is_refusing(source.table.label, column) else ""
    )


def _adapter(proposal: Proposal, use: AdapterUse) -> list[str]:
    folder = use.folder.relative_to(proposal.folder).as_posix()
    lines = [f"  - adapter: {use.name}", f"    folder: {_value(folder)}"]
    for name, sheets in use.files.items():
        rows = sum(sheet.row_count for sheet in sheets)
        paths = ", ".join(_relative(proposal, sheet) for sheet in sheets[:5])
        lines.append(f"    # {name}: {masks.masked(paths)}: {rows_of(rows)}")
    lines += [
        _line(f"    {word}: {_value(value)}", "sure: its files are saved so") for word, value in use.reading.items()
    ]
    lines += [f"    # note: {masks.masked(note)}" for note in use.notes]
    if use.is_zone_asked:
        if use.timezone:
            lines.append("    " + _line(f"timezone: {use.timezone.value}", _said(use.timezone)))
        else:
            lines.append("    " + _line("# timezone: ???", f"unknown: {_ASKED_OF_ADAPTER}"))
    if use.id_prefix:
        lines.append(
            "    "
            + _line(
                f"id_prefix: {json.dumps(use.id_prefix, ensure_ascii=False)}",
                "guess: two exports of one tool, whose numbers may be the same",
            )
        )
    if use.adapter.variables:
        lines.append("    # variables, with their defaults; adapters/" + use.name + "/README.md says what they do:")
        lines += [
            f"    #   {name}: {'null' if value is None else value}" for name, value in use.adapter.variables.items()
        ]
    return lines


def _relative(proposal: Proposal, sheet: Sheet) -> str:
    return sheet.path.relative_to(proposal.folder).as_posix()


def _leftovers(proposal: Proposal) -> list[str]:
    lines = []
    if proposal.unknown:
        lines += ["", "# files that are not read, with why:"]
        lines += [
            line
            for sheet, why in proposal.unknown
            for line in (
                f"#   {_relative(proposal, sheet)}{f' sheet {sheet.sheet}' if sheet.sheet else ''}: {why}",
                *_columns_of(sheet),
            )
        ]
    if proposal.unread:
        lines += ["", f"# not read ({READ}):"]
        lines += [f"#   {path.relative_to(proposal.folder).as_posix()}" for path in proposal.unread[:_UNKNOWN_SHOWN]]
    return [masks.masked(" ".join(line.split("\n"))) for line in lines]


def _columns_of(sheet: Sheet) -> list[str]:
    """Return a line with the columns of a file, which whoever writes its entry by hand needs."""
    names = [name for name in sheet.columns if name]
    more = f" and {len(names) - _UNKNOWN_SHOWN} more" if len(names) > _UNKNOWN_SHOWN else ""
    return [f"#     its columns: {', '.join(map(scalar, names[:_UNKNOWN_SHOWN]))}{more}"] if names else []


def refused_commands(sources: Sequence[Source]) -> int:
    """Return the number of unknown values whose rows are quarantined until they are mapped."""
    return sum(
        sum(ours is None for ours, _ in found.values())
        for source in sources
        for column, found in source.values.items()
        if seed_of(source.table.label, column) and is_refusing(source.table.label, column)
    )
