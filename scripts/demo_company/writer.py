"""Writes raw tables batch by batch, so that memory use does not grow with the size of the company."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from demo_company.columns import Ints
from demo_company.tables import CSV_TABLES, EVENTS, SCHEMAS, text_schema
from demo_company.world import LOCAL_OFFSET, MONTHS

_ROWS_PER_GROUP = 20_000
LANDING_MONTHS = (*MONTHS, "2026-07")


class ParquetStream:
    """One Parquet file that grows by row groups."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, rows: pa.Table) -> None:
        """Append rows; small batches are buffered until they fill a row group."""
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows >= _ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks())
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        """Write the buffered rows and close the file."""
        self._flush()
        self._writer.close()


class RawWriter:
    """The raw folder: `<source>/<table>` as Parquet, as CSV, or (web events) as a folder of monthly files.

    Args:
        root: the raw folder.
        zones: CSV tables whose times are those of a clock on a wall, without an offset, and the time zone of the clock.
    """

    def __init__(self, root: Path, zones: Mapping[str, str]) -> None:
        self._zones = {table: ZoneInfo(zone) for table, zone in zones.items()}
        self.rows: dict[str, int] = defaultdict(int)
        self.files: list[Path] = []
        self._parquet: dict[str, ParquetStream] = {}
        self._csv: dict[str, pacsv.CSVWriter] = {}
        for table, schema in SCHEMAS.items():
            if table in CSV_TABLES:
                path = root / f"{table}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                self._csv[table] = pacsv.CSVWriter(path, text_schema(table))
                self.files.append(path)
            elif table == EVENTS:
                for month in LANDING_MONTHS:
                    self._open_parquet(f"{table}/{month}", root, schema)
            else:
                self._open_parquet(table, root, schema)
            self.rows[table] = 0

    def _open_parquet(self, name: str, root: Path, schema: pa.Schema) -> None:
        path = root / f"{name}.parquet"
        self._parquet[name] = ParquetStream(path, schema)
        self.files.append(path)

    def add(self, table: str, rows: pa.Table) -> None:
        """Append typed rows to a table other than the web events."""
        self.rows[table] += len(rows)
        if table in CSV_TABLES:
            self._csv[table].write_table(_as_text(rows, self._zones.get(table)))
        else:
            self._parquet[table].add(rows)

    def add_text(self, table: str, rows: pa.Table) -> None:
        """Append rows of text to a CSV table unchanged, also values that cannot be read."""
        self.rows[table] += len(rows)
        self._csv[table].write_table(rows)

    def add_events(self, rows: pa.Table, landed: Ints) -> None:
        """Append web events, each to the file of the month (of LANDING_MONTHS) in which it landed."""
        self.rows[EVENTS] += len(rows)
        rows = rows.take(pa.array(np.argsort(landed, kind="stable")))
        start = 0
        for month, count in zip(
            LANDING_MONTHS, np.bincount(landed, minlength=len(LANDING_MONTHS)).tolist(), strict=True
        ):
            if count:
                self._parquet[f"{EVENTS}/{month}"].add(rows.slice(start, count))
            start += count

    def close(self) -> dict[str, int]:
        """Close all files and return the number of rows written by table."""
        for stream in self._parquet.values():
            stream.close()
        for writer in self._csv.values():
            writer.close()
        return dict(self.rows)


def _as_text(rows: pa.Table, zone: ZoneInfo | None) -> pa.Table:
    """Format typed rows as CSV text.

    Without a zone, times alternate between local with offset, UTC without zone and UTC with Z.
    """
    turn = pa.array(np.arange(len(rows)) % 3)
    columns = []
    for column in rows.columns:
        column = column.combine_chunks()
        if pa.types.is_timestamp(column.type):
            utc = column.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())
            if zone is not None:
                columns.append(pa.array([_on_the_wall(moment, zone) for moment in utc.to_pylist()], pa.string()))
                continue
            local = pc.add(utc, LOCAL_OFFSET).cast(pa.timestamp("s"))
            utc = utc.cast(pa.timestamp("s"))
            column = pc.choose(
                turn,
                pc.binary_join_element_wise(pc.strftime(local, "%Y-%m-%dT%H:%M:%S"), "+07:00", ""),
                pc.strftime(utc, "%Y-%m-%d %H:%M:%S"),
                pc.binary_join_element_wise(pc.strftime(utc, "%Y-%m-%dT%H:%M:%S"), "Z", ""),
            )
        columns.append(column.cast(pa.string()))
    return pa.Table.from_arrays(columns, names=rows.schema.names)


def _on_the_wall(moment: int | None, zone: ZoneInfo) -> str | None:
    return None if moment is None else f"{datetime.fromtimestamp(moment, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"
