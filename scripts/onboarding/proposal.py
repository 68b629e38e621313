"""The proposal of `journey init`: raw tables, columns and tools, with the certainty of each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from customer_journey.contract import RawTable, raw_tables
from customer_journey.raw.adapters import Adapter

from onboarding.findings import Finding
from onboarding.names import plain_name
from onboarding.sniff import Sheet
from onboarding.values import Kind

ORDERS = "orders/orders"
DEALS = "crm/deals"
EVENTS = "web/events"
ITEMS = "orders/order_items"
REFUNDS = "orders/refunds"
# suffixes of text files that hold tables in some exports, as Amazon's
TEXTS = (".txt", ".dat", ".tab", ".text")
_BUYERS = {"email", "phone", "contact_id", "anonymous_id"}
# Constants for required columns that an export may lack, and what using each means.
_INSTEAD = {
    "status": "completed   if all rows are paid orders",
    "created_at": "2024-01-01   a day for all of them: they then count as new on that day",
    "platform": "facebook   if all rows are of one platform",
    "survey_type": "nps   if all rows are answers to one kind of question",
    "identifier_type": "email   if identifier_value is an e-mail in all rows",
    "place_type": "store   if all rows are visits to stores",
    "event_name": "page_view   if all rows are page views",
    "activity_type": "call   if all rows are of one kind",
    "purpose": "marketing   if all rows are about one purpose",
}


@dataclass(frozen=True)
class Match:
    """A column of the contract, the column of the file that is matched to it, and the reason."""

    column: str
    theirs: str
    is_sure: bool
    why: str
    kind: Kind
    # the weight of the name: 1 for the contract's own name, 0 if the name is no evidence
    weight: float = 0.0
    # further columns, whose texts are joined with it
    others: tuple[str, ...] = ()


@dataclass
class Source:
    """Files of one format, and the raw table proposed for them."""

    table: RawTable
    sheets: list[Sheet]
    matches: list[Match]
    # the columns without a match, with the kind of their values
    unknown: dict[str, Kind]
    # required columns of the contract without a match in the file
    missing: list[str]
    # the kinds of all columns, by their names
    kinds: dict[str, Kind] = field(default_factory=dict)
    # reading options for mapping.yml, in their order; value None: cannot be determined
    reading: dict[str, tuple[Finding | None, Any]] = field(default_factory=dict)
    constants: dict[str, Finding] = field(default_factory=dict)
    # by column: values that neither the contract nor a seed knows, with the probable meaning and the frequency
    values: dict[str, dict[str, tuple[str | None, int]]] = field(default_factory=dict)
    # by column: values that a seed knows
    known_values: dict[str, list[str]] = field(default_factory=dict)
    id_prefix: str = ""
    # contract name: the column with the time of day, where the day stands in another
    times: dict[str, str] = field(default_factory=dict)
    # contract name: the formula of a number that no column holds
    computed: dict[str, str] = field(default_factory=dict)
    # as in mapping.yml: the column by which a file with a row for each line of an order is read
    one_row_per: str = ""
    summed_per: str = ""
    numbered_per: str = ""
    # as in mapping.yml: the format of the date in the names of the files
    file_date: str = ""
    # as in mapping.yml: which rows of a list of sales are refunds
    refund_rows: str | dict[str, list[str]] = ""
    # as in mapping.yml: the rows that are not read
    left_out_rows: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    is_sure: bool = True

    @property
    def is_of_nobody(self) -> bool:
        """Whether these are orders that do not say who bought."""
        return self.table.label == ORDERS and not _BUYERS & {match.column for match in self.matches}

    @property
    def row_count(self) -> int:
        """The number of examined rows."""
        return sum(sheet.row_count for sheet in self.sheets)

    @property
    def is_whole(self) -> bool:
        """Whether all rows were examined."""
        return all(sheet.is_whole for sheet in self.sheets)


@dataclass
class AdapterUse:
    """A tool's export that an adapter reads: its files by input, below one folder."""

    name: str
    adapter: Adapter
    folder: Path
    files: dict[str, list[Sheet]]
    # whether times of the export may lack an offset, and the time zone proposed for them
    is_zone_asked: bool
    timezone: Finding | None
    id_prefix: str = ""
    # reading options for mapping.yml that differ from the adapter's own
    reading: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Hints:
    """Hints of the folder on its origin, each with its reason; None if there is no hint."""

    timezone: Finding | None
    currency: Finding | None
    country: Finding | None
    # the existing setting in vars.yml
    reporting_currency: str | None


@dataclass
class Proposal:
    """The content of a folder, and the proposal how to read it."""

    folder: Path
    hints: Hints
    sources: list[Source] = field(default_factory=list)
    adapters: list[AdapterUse] = field(default_factory=list)
    # files recognised neither as a raw table nor as a tool's export, with the reason
    unknown: list[tuple[Sheet, str]] = field(default_factory=list)
    # files of formats that cannot be read
    unread: list[Path] = field(default_factory=list)
    # two sources that seem to hold the same orders, each as its name and the column of the shared number
    same_orders: list[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=list)

    def name_of(self, source: Source) -> str:
        """Return the name by which same_orders calls a source; empty if it does not."""
        name = slug_of(source.sheets[0].path.stem.split(".")[0])
        names = {name for pair in self.same_orders for name, _ in pair}
        return name if source.table.label == ORDERS and name in names else ""

    @property
    def lacks_main_table(self) -> bool:
        """Whether the folder has none of the main tables, of which a build needs at least one."""
        return all(table in self.absent for table in raw_tables() if table.is_main)

    @property
    def absent(self) -> list[RawTable]:
        """The raw tables for which the folder has no file."""
        there = {source.table.label for source in self.sources if not source.missing}
        there |= {table.label for use in self.adapters for table in use.adapter.selects}
        return [table for table in raw_tables() if table.label not in there]


def slug_of(text: str) -> str:
    """Return a short name for a source, made of the name of its file or folder."""
    return plain_name(text).replace(" ", "_")[:20]


def instead_of(column: str) -> str | None:
    """Return a constant for a required column that the export lacks; None if no constant is possible."""
    return _INSTEAD.get(column)
