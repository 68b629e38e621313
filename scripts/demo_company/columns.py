"""Builds columns of raw tables from numpy arrays, a batch at a time.

Times are whole seconds since the epoch, `NEVER` where there is none; codes are positions in a vocabulary, -1 for
null. Arrow makes the strings: at a hundred million events, Python objects would cost more than everything else.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from demo_company.tables import SCHEMAS

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Column: TypeAlias = Ints | Floats | Flags | pa.Array | str
Frame: TypeAlias = Mapping[str, Column]

NEVER = int(np.iinfo(np.int64).min)

_HEX = np.array([f"{byte:02x}".encode() for byte in range(256)], dtype="S2")


def stream(seed: int, batch: int, theme: str) -> np.random.Generator:
    """A random stream for one theme of a batch: changing one theme leaves the draws of the others unchanged."""
    return np.random.default_rng([seed, batch, zlib.crc32(theme.encode())])


def choose(rng: np.random.Generator, weights: Sequence[float] | Floats | Ints, size: int | tuple[int, ...]) -> Ints:
    """Draw positions by weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right").astype(np.int64)
    return drawn


def sigmoid(log_odds: Floats) -> Floats:
    """The probability of given log-odds."""
    result: Floats = 1.0 / (1.0 + np.exp(-log_odds))
    return result


def scramble(numbers: Ints | npt.NDArray[np.uint64], salt: int = 0) -> npt.NDArray[np.uint64]:
    """Hash 64-bit numbers with splitmix64, a bijection: distinct numbers stay distinct."""
    z = numbers.astype(np.uint64) + np.uint64((salt * 0xD1B54A32D192ED03 + 0x9E3779B97F4A7C15) % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def unit(numbers: Ints | npt.NDArray[np.uint64], salt: int) -> Floats:
    """A pseudo-random value in [0, 1) that depends only on the number and the salt."""
    return (scramble(numbers, salt) >> np.uint64(11)).astype(np.float64) / 2.0**53


def anonymous_ids(cookies: Ints) -> pa.Array:
    """The anonymous id in a browser's cookie: 16 hexadecimal digits; a negative number is null."""
    raw = scramble(cookies, salt=7).astype(">u8").view(np.uint8)
    digits = np.ascontiguousarray(_HEX[raw]).view("S16").reshape(len(cookies))
    return hide(pa.array(digits, type=pa.binary()).cast(pa.string()), cookies < 0)


def ids(prefix: str, numbers: Ints, width: int = 0) -> pa.Array:
    """Ids such as `C0000012`; a negative number is null."""
    digits = pa.array(numbers, mask=numbers < 0).cast(pa.string())
    if width:
        digits = pc.utf8_lpad(digits, width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def pick(vocabulary: Sequence[str | None] | pa.Array, codes: Ints) -> pa.Array:
    """The vocabulary entry for each code; -1 is null."""
    words = vocabulary if isinstance(vocabulary, pa.Array) else pa.array(vocabulary, pa.string())
    return words.take(pa.array(codes, mask=codes < 0))


def join(*parts: pa.Array | str) -> pa.Array:
    """Concatenate strings row by row; null where one part is null."""
    return pc.binary_join_element_wise(*parts, "")


def hide(column: pa.Array, where: Flags) -> pa.Array:
    """Set the values to null where the flag is true."""
    return pc.if_else(pa.array(where), pa.scalar(None, column.type), column)


def either(where: Flags, these: pa.Array, those: pa.Array) -> pa.Array:
    """Take `these` where the flag is true, `those` elsewhere."""
    return pc.if_else(pa.array(where), these, those)


def take(column: pa.Array, positions: Ints) -> pa.Array:
    """The values at positions; a negative position is null."""
    return column.take(pa.array(positions, mask=positions < 0))


def unless(where: Flags, times: Ints) -> Ints:
    """The times, replaced by NEVER where the flag is true."""
    return np.where(where, NEVER, times)


def _typed(column: Column, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(column, str):
        return pa.repeat(pa.scalar(column), rows)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.Array):
        return column.cast(kind)
    if column.dtype.kind == "f":
        return pa.array(column, mask=np.isnan(column)).cast(kind)
    if pa.types.is_timestamp(kind):
        return pa.array(np.where(column == NEVER, 0, column) * 1_000_000, mask=column == NEVER).cast(kind)
    if pa.types.is_date(kind):
        return pa.array(np.where(column == NEVER, 0, column).astype(np.int32), mask=column == NEVER).cast(kind)
    if pa.types.is_decimal(kind):
        return pa.array(column).cast(pa.decimal128(21, 2)).cast(kind)
    if column.dtype.kind == "i":
        return pa.array(column, mask=column == NEVER).cast(kind)
    return pa.array(column).cast(kind)


def build(table: str, frame: Frame, rows: int | None = None) -> pa.Table:
    """Build a raw table from some of its columns; the others are null. A single string is repeated on every row."""
    schema = SCHEMAS[table]
    unknown = set(frame) - set(schema.names)
    if unknown:
        raise KeyError(f"{table} has no columns {sorted(unknown)}")
    if rows is None:
        rows = max(len(column) for column in frame.values() if not isinstance(column, str))
    arrays = [
        _typed(frame[field.name], field.type, rows) if field.name in frame else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def from_rows(table: str, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Build a raw table from dictionaries; times are seconds, dates are dates, absent columns are null."""
    schema = SCHEMAS[table]
    arrays = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        if pa.types.is_timestamp(field.type):
            seconds = np.array([NEVER if value is None else value for value in values], dtype=np.int64)
            arrays.append(_typed(seconds, field.type, len(rows)))
        elif pa.types.is_decimal(field.type):
            arrays.append(pa.array(values, pa.float64()).cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
