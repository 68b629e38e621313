"""Seeds as an analyst's spreadsheet leaves them: read with the line of each row, changed a row at a time."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from customer_journey.errors import InputError


@dataclass
class SeedRow:
    """One row of a seed: the line it begins at, its text and its cells by column."""

    line: int
    text: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


class SeedFile:
    """One CSV file under seeds/.

    Raises:
        InputError: the file is missing, or cannot be read as a table with a header.
    """

    def __init__(self, project: Path, name: str) -> None:
        self.path = f"seeds/{name}.csv"
        self._file = project / self.path
        lines = self._lines()
        self._newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
        reader = csv.reader(lines, strict=True)
        records: list[tuple[int, str, list[str]]] = []
        end = 0
        try:
            for cells in reader:
                if cells:
                    records.append((end + 1, "".join(lines[end : reader.line_num]), cells))
                end = reader.line_num
        except csv.Error as error:
            raise InputError(f"{self.path}:{end + 1}: cannot be read as CSV ({error}).") from error
        _, self._header, self.columns = records[0]
        self.rows = [self._row(*record) for record in records[1:]]

    def _lines(self) -> list[str]:
        try:
            text = self._file.read_bytes().decode("utf-8-sig")
        except FileNotFoundError as error:
            raise InputError(f"{self.path}: there is no such file. Restore it.") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path}: is not UTF-8. Save it as CSV UTF-8 (comma delimited).") from error
        lines = list(io.StringIO(text, newline=""))
        if not lines or not lines[0].strip():
            raise InputError(f"{self.path}: is empty. Restore it; its first line must name the columns.")
        if "," not in lines[0]:
            raise InputError(
                f"{self.path}:1: has no comma in its first line {lines[0].strip()!r}."
                " Save it as CSV UTF-8 (comma delimited)."
            )
        return lines

    def _row(self, line: int, text: str, cells: list[str]) -> SeedRow:
        if len(cells) != len(self.columns):
            raise InputError(
                f"{self.path}:{line}: has {len(cells)} cells where the first line names {len(self.columns)} columns."
                " A cell with a comma in it wants quotation marks around it."
            )
        return SeedRow(line, text, dict(zip(self.columns, cells, strict=True)))

    def values(self, column: str) -> list[str]:
        """Return the values of a column, each once, in the order of the file."""
        return list(dict.fromkeys(row[column] for row in self.rows))

    def insert(self, position: int, cells: Mapping[str, object]) -> None:
        """Put a row before the one at `position`; columns that the file does not have are left out."""
        self.rows.insert(position, SeedRow(0, "", {column: str(cells.get(column, "")) for column in self.columns}))
        self._write_row(self.rows[position])

    def append(self, cells: Mapping[str, object]) -> None:
        """Put a row at the end."""
        self.insert(len(self.rows), cells)

    def change(self, row: SeedRow, column: str, value: object) -> None:
        """Give a cell another value."""
        row.cells[column] = str(value)
        self._write_row(row)

    def _write_row(self, row: SeedRow) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator=self._newline).writerow(row.cells.values())
        row.text = line.getvalue()

    def text(self) -> str:
        """Return the file as it is to be written."""
        return "".join(_ended(text, self._newline) for text in self._texts())

    def _texts(self) -> Iterable[str]:
        yield self._header
        for row in self.rows:
            yield row.text


def _ended(line: str, newline: str) -> str:
    return line if line.endswith(("\n", "\r")) else line + newline
