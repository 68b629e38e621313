"""Writes the demo company batch by batch (clean rows, then dirt), then the company-wide tables and the settings."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from customer_journey.privacy.hash_key import mark_demo

from demo_company import dirt as dirty
from demo_company import facts, odd_people, reference, spend
from demo_company.batch import Batch, make_batch
from demo_company.broken_rows import broken_rows, unreadable_rows
from demo_company.columns import Ints, stream
from demo_company.customer_a import customer_a
from demo_company.dirt import Dirt
from demo_company.heavy_dirt import ZONES, make_untidy
from demo_company.tables import EVENTS
from demo_company.truth import Truth
from demo_company.world import AS_OF, BUSINESS_PEOPLE, CONSUMERS, DAY, DAYS, MONTH_OF_DAY, START
from demo_company.writer import LANDING_MONTHS, RawWriter

Progress = Callable[[str, float], None]
SEED = 20260630
_SETTINGS = Path(__file__).parent / "vars.yml"
_LANDING_MONTH = np.array([*MONTH_OF_DAY, len(LANDING_MONTHS) - 1], dtype=np.int64)


@dataclass(frozen=True)
class GeneratedDemo:
    """The result of a run: the folder, the row count of each raw table, and the as-of moment of the demo."""

    out: Path
    rows: Mapping[str, int]
    as_of: str = AS_OF


def generate(
    out: Path,
    *,
    scale: float = 1.0,
    seed: int = SEED,
    truth: Path | None = None,
    is_heavy: bool = False,
    on_progress: Progress | None = None,
) -> GeneratedDemo:
    """Write the demo company's raw tables and settings under a folder; the same seed and scale give the same files.

    A record of the written files is kept beside them: only rows listed there may be built with the demo's public key.

    Args:
        out: folder that receives `<source>/<table>` and vars.yml; files of an earlier run are overwritten.
        scale: number of people, relative to a company with some 130,000 web events; memory use does not grow with it.
        seed: seed of all random draws.
        truth: folder for the truth about the company (see `demo_company.truth`), for tests.
        is_heavy: whether to add much more dirt (see `demo_company.heavy_dirt`), which the truth does not record, and a
            mapping.yml with the time zones of some tables.
        on_progress: called with a short text and the share done.
    """
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale}")
    batches = math.ceil(scale)
    consumers, business = round(CONSUMERS * scale / batches), round(BUSINESS_PEOPLE * scale / batches)
    writer, answers, visits = RawWriter(out, ZONES if is_heavy else {}), Truth(truth), spend.Visits.none()
    for number in range(batches):
        if on_progress:
            on_progress(f"people {number + 1} of {batches}", number / (batches + 1))
        dirt = Dirt(number, stream(seed, number, "dirt"), answers)
        batch = make_batch(seed, number, max(consumers, 1), business, dirt)
        visits.add(batch.sessions)
        facts.note(answers, batch)
        _write(writer, dirt, batch, make_untidy(batch.tables) if is_heavy else batch.tables)
    if on_progress:
        on_progress("ad spend, products, rates, Customer A", batches / (batches + 1))
    for table, rows in {
        **customer_a(answers),
        "marketing/ad_spend": dirty.restated_spend(
            Dirt(0, stream(seed, 0, "spend dirt"), answers),
            spend.write_spend(stream(seed, 0, "spend"), visits, scale),
        ),
        "orders/products": reference.products(),
        "finance/exchange_rates": reference.exchange_rates(stream(seed, 0, "rates")),
    }.items():
        _add(writer, table, rows)
    answers.planted("marketing/social_interactions", "unknown_column", ("post_language", "ingested_by"), "accepted")
    rows_written = writer.close()
    answers.close(rows_written)
    shutil.copyfile(_SETTINGS, out / _SETTINGS.name)
    if is_heavy:
        mapping = {"tables": {table: {"timezone": zone} for table, zone in ZONES.items()}}
        (out / "mapping.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    mark_demo(out, writer.files)
    if on_progress:
        on_progress("written", 1.0)
    return GeneratedDemo(out, rows_written)


def _write(writer: RawWriter, dirt: Dirt, batch: Batch, clean: Mapping[str, pa.Table]) -> None:
    """Write the clean rows of a batch together with their dirt."""
    for table in ("crm/contacts", "orders/orders"):
        dirty.note_spellings(dirt, table, clean[table])
    parts = [
        dirty.repeat_rows(dirt, clean),
        dirty.older_versions(dirt, clean),
        dirty.later_versions(dirt, clean),
        dirty.tombstones(dirt),
        dirty.former_emails(dirt, clean["crm/contacts"]),
        broken_rows(dirt, clean),
        {
            "crm/contacts": odd_people.odd_contacts(dirt),
            "orders/orders": odd_people.odd_orders(dirt),
            "web/identities": odd_people.kiosk_identities(dirt, batch.people, batch.contacts),
            EVENTS: odd_people.leaked_addresses(dirt),
        },
    ]
    for table, rows in clean.items():
        if table == EVENTS:
            writer.add_events(rows, dirty.land(dirt, rows, _months(rows)))
        else:
            writer.add(table, rows)
    for part in parts:
        for table, rows in part.items():
            _add(writer, table, rows)
    for table, rows in unreadable_rows(dirt).items():
        writer.add_text(table, rows)


def _add(writer: RawWriter, table: str, rows: pa.Table) -> None:
    if table == EVENTS:
        writer.add_events(rows, _months(rows))
    else:
        writer.add(table, rows)


def _months(events: pa.Table) -> Ints:
    """The position in LANDING_MONTHS of the local month of each event."""
    seconds = pc.fill_null(events["occurred_at"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()), START).to_numpy()
    months: Ints = _LANDING_MONTH[np.clip((seconds - START) // DAY, 0, DAYS)]
    return months
