"""The journey map as data: what each cell says, in English, for the table that is readable without JavaScript.

figures.yml says what a cell holds. `static/map.js` fills the same lines for other selections and languages; a test
holds the two equal for the default one.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from report.tables import short
from report.words import columns_of, figure, fill

Row = dict[str, Any]
_HEIGHT, _TOP, _BOTTOM = 160, 24, 34


def view(
    lines: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    texts: Mapping[str, Mapping[str, str]],
    meta: Mapping[str, Any],
) -> Row:
    """Return the map of everybody in the primary framework: stages, facts of the persona card, rows of cells.

    `lines` is what figures.yml says of the map, `tables` are those of the page by name, `texts` its words by key and
    language. A cell is a list of lines: text, big, value, note, bar (0 to 100; -1 for none), tone (good, neutral, bad)
    and tag (source, few, hidden).
    """
    return _Map(tables, texts, meta).view(lines)


class _Map:
    def __init__(self, tables: Mapping[str, pa.Table], texts: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        self.tables, self.meta = tables, meta
        types = {f"touchpoint_type.{row['touchpoint_type']}": row["label_en"] for row in self.rows("touchpoint_types")}
        self.texts = {key: words["en"] for key, words in texts.items()} | types
        self.kpi_formats = {row["kpi_name"]: row["format"] for row in self.rows("kpi_formats")}
        framework = {"framework": meta["primary_framework"]}
        chosen = {**framework, "customer_type": "all", "persona": "all", "period": "all"}
        self.framework = self.rows("frameworks", **framework)[0]["label_en"]
        self.stages = self.rows("framework_stages", **framework)
        stages = {stage["stage"]: stage for stage in self.stages}
        self.of = {
            name: [{**stages[row["stage"]], **row} for row in self.rows(name, **chosen)]
            for name in ("framework_stages", "actions", "map", "map_items", "map_touchpoints")
        }
        self.cells = {cell["stage"]: cell for cell in self.of["map"]}

    def rows(self, name: str, **where: str) -> list[Row]:
        """Return the rows of a table that equal `where`; only those become objects."""
        table = self.tables[name]
        for column, value in where.items():
            if column in table.column_names:
                table = table.filter(pc.equal(table.column(column), value))
        # the page's data has six digits; rounding twice may give another number than rounding once
        return [
            {column: short(value) if isinstance(value, float) else value for column, value in row.items()}
            for row in table.to_pylist()
        ]

    def filled(self, templates: str | Sequence[str], row: Mapping[str, Any]) -> str:
        """Return the first of the texts of which every column has a value, filled from a row; none is an empty text."""
        for template in [templates] if isinstance(templates, str) else templates:
            words = self.texts.get(template, template)
            if all(row.get(f"{column}_en", row.get(column)) not in (None, "") for column in columns_of(words)):
                kinds = {"kpi": self.kpi_formats.get(row.get("kpi_name"), "number")}
                return fill(words, row, "en", self.meta["currency"], self.texts, kinds)
        return ""

    def number(self, value: float, kind: str = "number") -> str:
        return figure(value, kind, "en", self.meta["currency"])

    def picked(self, line: Mapping[str, Any]) -> list[Row]:
        """Return the rows that a line is filled from, of all stages."""
        wanted = line.get("where", {})
        rows = [row for row in self.of[line["of"]] if all(row[name] == value for name, value in wanted.items())]
        if order := line.get("order"):
            column, sign = order.lstrip("-"), -1 if order.startswith("-") else 1
            rows = sorted((row for row in rows if row[column] is not None), key=lambda row: sign * float(row[column]))
        return rows

    def lines(self, line: Mapping[str, Any], stage: str) -> list[Row]:
        rows, bar = self.picked(line), line.get("bar", "")
        most = max([row[bar] or 0 for row in rows] or [0]) if bar else 0
        found = []
        for row in [row for row in rows if row["stage"] == stage][: line.get("most")]:
            parts = {part: self.filled(line[part], row) for part in ("text", "big", "value") if part in line}
            if all(parts.values()):
                notes = [self.filled(note, row) for note in line.get("note", [])]
                found.append(
                    {"text": "", "big": "", "value": ""} | parts | {
                        "note": " · ".join(note for note in notes if note),
                        "bar": round(100 * (row[bar] or 0) / most, 1) if most else -1,
                        "tone": self.filled(line.get("tone", ""), row),
                        "tag": line.get("tag", ""),
                    }
                )  # fmt: skip
        return found

    def cell(self, row: Mapping[str, Any], stage: str) -> list[Row]:
        found = [each for line in row["lines"] for each in self.lines(line, stage)]
        if row.get("measured", True) and all(line["tag"] == "source" for line in found):
            empty = {"text": self.texts["unmeasured"], "big": "", "value": "", "note": "", "bar": -1, "tone": ""}
            return [{**empty, "tag": "hidden"}, *found]
        return found

    def facts(self, lines: Sequence[Mapping[str, Any]]) -> list[Row]:
        found = []
        for line in lines:
            rows = self.picked(line)
            values = dict.fromkeys(self.filled(line["value"], row) for row in rows[: line.get("most")])
            if len(rows) >= line.get("least", 1):
                found.append(
                    {"text": self.texts[line["text"]], "value": ", ".join(values), "tone": line.get("tone", "")}
                )
        return found

    def view(self, lines: Mapping[str, Any]) -> Row:
        everything = {"persona": self.texts["all"], "customer_type": self.texts["all"], "framework": self.framework}
        most = max([cell["persons"] for cell in self.cells.values()] or [1])
        return {
            "caption": self.filled("map.caption", {**everything, "period": self.texts["period.all"]}),
            "stages": [
                {
                    "label": stage["label_en"],
                    "persons": self.number(cell["persons"], "persons") if cell else "",
                    "bar": round(100 * cell["persons"] / most, 1) if cell else 0,
                    "note": "" if stage["is_in_funnel"] else self.texts["map.outside"],
                }
                for stage in self.stages
                for cell in [self.cells.get(stage["stage"])]
            ],
            "card": {"name": self.texts["map.everybody"], "facts": self.facts(lines["facts"])},
            "rows": [
                {
                    "key": row["row"],
                    "title": self.texts[f"map.row.{row['row']}"],
                    "hint": self.filled(self.texts.get(f"map.hint.{row['row']}", ""), self.meta),
                    **(self.emotion(row) if row["row"] == "emotion" else {
                        "cells": [self.cell(row, stage["stage"]) for stage in self.stages]
                    }),
                }
                for row in lines["rows"]
            ],
        }  # fmt: skip

    def emotion(self, row: Mapping[str, Any]) -> Row:
        """Return the emotion line: a point a stage at its height in the drawing, with interval, n and touchpoints."""
        scored = [cell for cell in self.cells.values() if cell["emotion_score"] is not None]
        ends = [0.0, *(cell[f"emotion_{end}"] for cell in scored for end in ("score", "low", "high"))]
        low, high = min(ends), max(ends)
        high = high if high > low else low + 1

        def y(value: float) -> float:
            return round(float(_TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)), 1)

        points: list[Row] = []
        for place, stage in enumerate(self.stages):
            cell = self.cells.get(stage["stage"], {})
            score, answers = cell.get("emotion_score"), cell.get("emotion_responses") or 0
            point: Row = {"x": round(100 * (place + 0.5) / len(self.stages), 3), "y": y(score or 0), "few": answers > 0}
            if score is None:
                note = self.filled("few_n", {"n": self.number(answers)}) if answers else self.texts["no_answers"]
                points.append({**point, "value": "", "tone": "few", "note": note})
                continue
            bounds = {end: y(cell[f"emotion_{end}"]) for end in ("low", "high")}
            value, note = self.number(score, "score"), f"n = {self.number(answers)}"
            points.append({**point, **bounds, "tone": cell["emotion_tone"], "value": value, "note": note})
        return {
            "height": _HEIGHT,
            "zero": y(0),
            "points": points,
            # no arrow leads to a stage outside the order
            "segments": [
                pair
                for pair, stage in zip(pairwise(points), self.stages[1:], strict=True)
                if pair[0]["value"] and pair[1]["value"] and stage["is_in_funnel"]
            ],
            "alt": "; ".join(
                f"{stage['label_en']} {point['value']} {point['note']}"
                for stage, point in zip(self.stages, points, strict=True)
            ),
        } | {
            side: [[each for line in row[side] for each in self.lines(line, stage["stage"])] for stage in self.stages]
            for side in ("above", "below")
        }  # fmt: skip
