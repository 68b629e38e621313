"""The named scenario Customer A with fixed ids; `customer_a.yml` lists its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from demo_company.book import Row
from demo_company.catalog import PAGE, PAGES, PRODUCTS, SITE
from demo_company.columns import from_rows
from demo_company.tables import SCHEMAS
from demo_company.truth import Truth
from demo_company.web import AGENTS
from demo_company.world import local_time

FIRST_PERSON = 99_999_999_001
"""Person numbers that no batch reaches."""

Step = Mapping[str, Any]


def customer_a(truth: Truth) -> dict[str, pa.Table]:
    """The raw rows of A and of A's friend B."""
    text = Path(__file__).with_name("customer_a.yml").read_text(encoding="utf-8")
    story = yaml.safe_load(text)
    rows: dict[str, list[Row]] = defaultdict(list)
    for step in story["steps"]:
        for visit in step.get("visits", ()):
            rows["web/events"].extend(_events(visit, step["at"], len(rows["web/events"])))
        for table, listed in step.get("rows", {}).items():
            rows[table].extend(_timed(table, row) for row in listed)
    truth.scenario = [{"at": step["at"], "step": step["step"]} for step in story["steps"]]
    for number, person in enumerate(story["persons"]):
        for kind, values in person.items():
            truth.identifiers(np.full(len(values), FIRST_PERSON + number), kind, pa.array(values))
    truth.planted("crm/contacts", "superseded_version", ["A"], "duplicate")
    return {table: from_rows(table, listed) for table, listed in rows.items()}


def _events(visit: Step, at: str, before: int) -> Iterator[Row]:
    """The events of a web session: the visit's own columns (such as UTM) on the first event, its order on the last."""
    start, cookie, tail = local_time(visit.get("at", at)), visit["cookie"], visit.get("tail", [])
    paths = visit["pages"] + visit["pages"][-1:] * len(tail)
    first = {name: value for name, value in visit.items() if name in SCHEMAS["web/events"].names and name != "order_id"}
    for number, path in enumerate(paths):
        page = PAGES[PAGE[path]]
        viewed = "product_view" if page.product >= 0 else "page_view"
        yield {
            "event_id": f"{cookie}-{before + number + 1:03d}",
            "anonymous_id": cookie,
            "occurred_at": start + 60 * number,
            "event_name": viewed if number < len(visit["pages"]) else tail[number - len(visit["pages"])],
            "page_url": SITE + path,
            "referrer_url": SITE + paths[number - 1] if number else None,
            "content_group": page.group,
            "product_id": PRODUCTS[page.product].product_id if page.product >= 0 else None,
            "order_id": visit.get("order_id") if number == len(paths) - 1 else None,
            "device_type": "desktop" if "laptop" in cookie else "mobile",
            "user_agent": AGENTS[1 if "laptop" in cookie else 0],
            "engagement_ms": 48_000,
            "page_load_ms": 1_400,
            **(first if number == 0 else {}),
        }


def _timed(table: str, row: Row) -> Row:
    """Convert the local times of a row to seconds since the epoch."""
    times = {field.name for field in SCHEMAS[table] if pa.types.is_timestamp(field.type)}
    return {name: local_time(str(value)) if name in times else value for name, value in row.items()}
