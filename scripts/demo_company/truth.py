"""The truth about the demo company (ground truth), for tests only: no build reads it.

Files written into the truth folder, if one is given:

- `persons.parquet`: person_id (`P` and a number), identifier_type (contact_id, email, phone, anonymous_id),
  identifier_value (e-mails in lower case, phones in E.164), component. One row per identifier of a true person
  that occurs in the raw tables. Identifiers of a person with the same component are linked by contacts,
  identities, orders or merges; no row links identifiers of different components. A former
  e-mail (`cu.…`) belongs to its person only until the contact changed. Bots, kiosks, shared phones and
  placeholders belong to nobody. The phone of a family is listed for each of its members.
- `sessions.parquet`: anonymous_id, person_id, started_at, ended_at, channel, event_count. One row per web
  session as generated, before duplicates; bots and kiosks are left out.
- `customers.parquet`: person_id, first_purchased_on, purchases (days), purchase_rate (a week), dropout,
  mean_value. One row per consumer who bought, with the latent parameters.
- `dirt.parquet`: source_table, kind, row_key (key columns joined by `|`), disposition (accepted, duplicate,
  quarantined or deferred). One row per planted row. Where the kind is about versions, the clean rows have the
  same key.
- `channel_effects.json`: for each channel, effect and signup_effect (log-odds), visits, first_touches,
  expected_conversions of consumers, and expected_conversions_without the channel.
- `purchase_process.json`: r, alpha, a, b (BG/NBD, weeks) and p, q, v (Gamma-Gamma, VND).
- `experiments.json`: for each experiment, its days, and for each variant the true lift of the chance that a
  visit ends in a first purchase, its share, persons exposed (in this variant alone), and how many of them
  first bought afterwards.
- `parameters.json`: hazards of the journey and effects of experience on survey answers.
- `dirt.json`: rows by source_table and kind. `rows.json`: raw rows by table.
- `customer_a.json`: the steps of the named scenario.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from demo_company.channels import CHANNELS
from demo_company.columns import Floats, Ints, ids
from demo_company.world import EXPERIENCE, EXPERIMENTS, HAZARDS, PURCHASES
from demo_company.writer import ParquetStream

_TIME = pa.timestamp("us", tz="UTC")
_FILES = {
    "persons": pa.schema(
        [
            ("person_id", pa.string()),
            ("identifier_type", pa.string()),
            ("identifier_value", pa.string()),
            ("component", pa.int64()),
        ]
    ),
    "sessions": pa.schema(
        [
            ("anonymous_id", pa.string()),
            ("person_id", pa.string()),
            ("started_at", _TIME),
            ("ended_at", _TIME),
            ("channel", pa.string()),
            ("event_count", pa.int64()),
        ]
    ),
    "customers": pa.schema(
        [
            ("person_id", pa.string()),
            ("first_purchased_on", pa.date32()),
            ("purchases", pa.int64()),
            ("purchase_rate", pa.float64()),
            ("dropout", pa.float64()),
            ("mean_value", pa.float64()),
        ]
    ),
    "dirt": pa.schema(
        [
            ("source_table", pa.string()),
            ("kind", pa.string()),
            ("row_key", pa.string()),
            ("disposition", pa.string()),
        ]
    ),
}


class Truth:
    """Collects the truth; keeps only counts in memory and writes the rest batch by batch."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._files = (
            {name: ParquetStream(root / f"{name}.parquet", schema) for name, schema in _FILES.items()} if root else {}
        )
        self.dirt: dict[tuple[str, str], int] = defaultdict(int)
        self.expected: Floats = np.zeros(1 + len(CHANNELS))
        self.visits: Ints = np.zeros(len(CHANNELS), dtype=np.int64)
        self.first_touches: Ints = np.zeros(len(CHANNELS), dtype=np.int64)
        self.exposed = [np.zeros((len(e.variants), 2), dtype=np.int64) for e in EXPERIMENTS]
        self.scenario: list[Mapping[str, str]] = []

    def planted(
        self, table: str, kind: str, keys: pa.Array | pa.ChunkedArray | Sequence[str], disposition: str
    ) -> None:
        """Record planted rows, and the disposition that a build should give them."""
        self.dirt[table, kind] += len(keys)
        keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        self._add("dirt", len(keys), source_table=table, kind=kind, row_key=keys, disposition=disposition)

    def identifiers(self, persons: Ints, kind: str, values: pa.Array, component: Ints | int = 0) -> None:
        """Record identifiers of persons; null values are left out."""
        present = values.is_valid()
        components = pa.array(np.broadcast_to(component, len(persons)))
        self._add(
            "persons",
            present.true_count,
            person_id=ids("P", persons).filter(present),
            identifier_type=kind,
            identifier_value=values.filter(present),
            component=components.filter(present),
        )

    def add(self, file: str, rows: int, columns: Mapping[str, object]) -> None:
        """Append rows to one of the Parquet files."""
        self._add(file, rows, **columns)

    def _add(self, file: str, rows: int, **columns: object) -> None:
        if file in self._files:
            schema = _FILES[file]
            arrays = [
                pa.repeat(columns[field.name], rows)
                if isinstance(columns[field.name], str)
                else pa.array(columns[field.name]).cast(field.type)
                for field in schema
            ]
            self._files[file].add(pa.Table.from_arrays(arrays, schema=schema))

    def close(self, rows: Mapping[str, int]) -> None:
        """Write the counts and parameters, and close the files."""
        for file in self._files.values():
            file.close()
        if self._root is None:
            return
        documents: dict[str, object] = {
            "channel_effects": {
                c.key: {
                    "effect": c.effect,
                    "signup_effect": c.signup_effect,
                    "visits": int(self.visits[i]),
                    "first_touches": int(self.first_touches[i]),
                    "expected_conversions": float(self.expected[0]),
                    "expected_conversions_without": float(self.expected[1 + i]),
                }
                for i, c in enumerate(CHANNELS)
            },
            "purchase_process": asdict(PURCHASES),
            "experiments": {
                e.key: {
                    "first_day": e.first_day,
                    "last_day": e.last_day,
                    "variants": [
                        {
                            "variant": e.variants[i],
                            "share": e.shares[i],
                            "lift": e.lifts[i],
                            "exposed": int(n),
                            "converted": int(k),
                        }
                        for i, (n, k) in enumerate(self.exposed[number])
                    ],
                }
                for number, e in enumerate(EXPERIMENTS)
            },
            "parameters": {"hazards": asdict(HAZARDS), "experience": asdict(EXPERIENCE)},
            "dirt": _by_table(self.dirt),
            "rows": dict(rows),
            "customer_a": {"steps": self.scenario},
        }
        for name, document in documents.items():
            text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)
            (self._root / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _by_table(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    tables: dict[str, dict[str, int]] = defaultdict(dict)
    for (table, kind), rows in counts.items():
        tables[table][kind] = rows
    return tables
