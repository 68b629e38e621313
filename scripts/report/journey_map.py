"""The journey map as data: what each cell says, in English, for the table that is readable without JavaScript.

`static/map.js` makes the same cells for other selections and languages; a test holds the two equal for the default one.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from report.words import figure

Row = dict[str, Any]
# the most lines of one kind in a cell; the difference from which a touchpoint counts as better or worse than its stage
SHOWN, NEAR = 3, 0.05
_HEIGHT, _TOP, _BOTTOM = 160, 24, 34
_MONEY = ("Revenue per person", "Average order value")
_WHOLE = ("Persons who entered",)


def view(tables: Mapping[str, pa.Table], texts: Mapping[str, Mapping[str, str]], meta: Mapping[str, Any]) -> Row:
    """Return the map of everybody in the primary framework: stages, the persona card, rows of cells, the emotion line.

    `tables` are those of the page by name, `texts` its words by key and language. A cell is a list of lines: text, big,
    value, note, bar (0 to 100; -1 for none), tone (good, neutral, bad) and tag (source, few, hidden).
    """
    return _Map(tables, texts, meta).view()


def kpi_format(name: str) -> str:
    """Return how a KPI of the stages is written, by its English name."""
    if name in _MONEY:
        return "money"
    if name.startswith("Hours"):
        return "hours"
    if "NPS" in name:
        return "nps"
    return "rate" if " rate" in name or "CSAT" in name else "number" if name in _WHOLE else "ratio"


def _line(text: str, **more: Any) -> Row:
    return {"text": text, "big": "", "value": "", "note": "", "bar": -1, "tone": "", "tag": "", **more}


class _Map:
    def __init__(self, tables: Mapping[str, pa.Table], texts: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        self.tables, self.texts, self.meta = tables, texts, meta
        self.framework = {"framework": meta["primary_framework"]}
        chosen = {**self.framework, "customer_type": "all", "persona": "all", "period": "all"}
        cells = {row["stage"]: row for row in self.rows("map", **chosen)}
        stages = sorted(
            self.rows("framework_stages", **self.framework),
            key=lambda row: (not row["is_in_funnel"], float(row["rank"])),
        )
        self.stages = [{**stage, "cell": cells.get(stage["stage"])} for stage in stages]
        self.found = [stage for stage in self.stages if stage["cell"]]
        self.items, self.touches = self.rows("map_items", **chosen), self.rows("map_touchpoints", **chosen)
        self.types: dict[str, str] = {row["touchpoint_type"]: row["label_en"] for row in self.rows("touchpoint_types")}
        self.actions = self.rows("actions", **self.framework)
        self.absent = [_line(self.text("unmeasured"), tag="hidden")]

    def rows(self, name: str, **where: str) -> list[Row]:
        """Return the rows of a table that equal `where`; only those become objects."""
        table = self.tables[name]
        for column, value in where.items():
            table = table.filter(pc.equal(table.column(column), value))
        found: list[Row] = table.to_pylist()
        return found

    def text(self, key: str, **values: str) -> str:
        return self.known(key, key, **values)

    def known(self, key: str, fallback: str, **values: str) -> str:
        found = str(self.texts[key]["en"]) if key in self.texts else fallback
        for name, value in values.items():
            found = found.replace("{" + name + "}", value)
        return found

    def number(self, value: float | None, kind: str = "number") -> str:
        # the page's data has six digits; rounding twice may give another number than rounding once
        return figure(None if value is None else float(f"{value:.6g}"), kind, "en", self.meta["currency"])

    def persons(self, count: float) -> str:
        return self.text("persons", n=self.number(count))

    def view(self) -> Row:
        of_all = {key: self.text("all") for key in ("persona", "customer_type")}
        framework = self.rows("frameworks", **self.framework)[0]["label_en"]
        caption = self.text("map.caption", framework=framework, period=self.text("period.all"), **of_all)
        most = max([stage["cell"]["persons"] for stage in self.found] or [1])
        kinds = ("touchpoint", "channel", "pain_point", "opportunity", "actions", "rate", "time", "kpi", "department")
        return {
            "caption": caption,
            "stages": [
                {
                    "label": stage["label_en"],
                    "persons": self.persons(stage["cell"]["persons"]) if stage["cell"] else "",
                    "bar": round(100 * stage["cell"]["persons"] / most, 1) if stage["cell"] else 0,
                    "note": "" if stage["is_in_funnel"] else self.text("map.outside"),
                }
                for stage in self.stages
            ],
            "card": {"name": self.text("map.everybody"), "facts": self.facts()},
            "emotion": self.emotion(),
            "before": [self.row(kind) for kind in ("goal", "action")],
            "after": [self.row(kind) for kind in kinds],
        }

    def row(self, key: str) -> Row:
        cells: dict[str, Callable[[Row], list[Row]]] = {
            "goal": self.goal, "touchpoint": self.touchpoint, "actions": self.planned, "rate": self.rate,
            "time": self.time, "kpi": self.kpi, "department": self.department,
        }  # fmt: skip
        make = cells.get(key)
        return {**self.head(key), "cells": [make(each) if make else self.listed(each, key) for each in self.stages]}

    def head(self, key: str) -> Row:
        return {
            "key": key,
            "title": self.text(f"map.row.{key}"),
            "hint": self.known(f"map.hint.{key}", "", share=self.number(self.meta["opportunity_share"], "rate")),
        }

    def of(self, stage: Row, kind: str) -> list[Row]:
        found = [item for item in self.items if item["stage"] == stage["stage"] and item["item_type"] == kind]
        return sorted(found, key=lambda item: int(item["rank"]))

    def facts(self) -> list[Row]:
        found: list[Row] = []
        if self.found:
            stage = max(self.found, key=lambda each: float(each["cell"]["persons"]))
            value = f"{stage['label_en']}: {self.persons(stage['cell']['persons'])}"
            found.append(_line(self.text("map.card.largest"), value=value))
        felt = [stage for stage in self.found if stage["cell"]["emotion_score"] is not None]
        for key, tone, sign in (("best", "good", 1), ("worst", "bad", -1)) if len(felt) > 1 else ():
            scores = [sign * stage["cell"]["emotion_score"] for stage in felt]
            stage = felt[scores.index(max(scores))]
            value = f"{stage['label_en']}: {self.number(stage['cell']['emotion_score'], 'score')}"
            found.append(_line(self.text(f"map.card.{key}"), value=value, tone=tone))
        channels: dict[str, float] = {}
        for item in self.items:
            if item["item_type"] == "channel":
                channels[item["item_en"]] = channels.get(item["item_en"], 0) + item["value"]
        if channels:
            leading = sorted(channels, key=lambda label: (-channels[label], label))[:SHOWN]
            found.append(_line(self.text("map.card.channels"), value=", ".join(leading)))
        for key, kind, measure, tone in (
            ("pain", "pain_point", "persons", "bad"),
            ("opportunity", "opportunity", "value", "good"),
        ):
            pairs = [(stage, item) for stage in self.stages for item in self.of(stage, kind) if item[measure]]
            if pairs:
                stage, item = max(pairs, key=lambda pair: float(pair[1][measure]))
                amount = self.persons(item["persons"]) if key == "pain" else self.number(item["value"], "money")
                value = f"{item['item_en']} ({stage['label_en']}): {amount}"
                found.append(_line(self.text(f"map.card.{key}"), value=value, tone=tone))
        return found

    def goal(self, stage: Row) -> list[Row]:
        found = [_line(stage["customer_goal"], tag="source")] if stage["customer_goal"] else []
        if stage["thought"]:
            feels = self.text("map.feels", emotion=stage["typical_emotion"]) if stage["typical_emotion"] else ""
            found.append(_line(f"“{stage['thought']}”", tag="source", note=feels))
        return found

    def listed(self, stage: Row, kind: str) -> list[Row]:
        measure = "value" if kind == "opportunity" else "persons"
        top = max([item[measure] or 0 for item in self.items if item["item_type"] == kind] or [0])
        found: list[Row] = []
        for item in self.of(stage, kind)[:SHOWN]:
            line = _line(item["item_en"], value=self.number(item["persons"]))
            if kind == "opportunity":
                # persons who went on from here brought no more revenue than those who did not, so there is no value to
                # state
                worth = self.number(item["value"], "money") if item["value"] else self.text("map.no_value")
                line |= {"value": worth, "note": self.persons(item["persons"])}
            if kind in ("pain_point", "opportunity") and top:
                tone = "bad" if kind == "pain_point" else "good"
                line |= {"bar": round(100 * (item[measure] or 0) / top, 1), "tone": tone}
            found.append(line)
        found = found or [*self.absent]
        source = {"pain_point": "barrier", "opportunity": "content"}.get(kind)
        if source and stage[source]:
            found.append(_line(self.text(f"map.{source}", text=stage[source]), tag="source"))
        return found

    def touchpoint(self, stage: Row) -> list[Row]:
        """Return the leading touchpoint types by persons; the steps of one e-mail are one line."""
        touches = [touch for touch in self.touches if touch["stage"] == stage["stage"] and touch["persons"]]
        steps = {touch["touchpoint_type"]: touch for touch in touches if touch["touchpoint_type"].startswith("email_")}
        lines = [
            (touch["persons"], kind, _line(self.types.get(str(kind), str(kind)), value=self.number(touch["persons"])))
            for touch in touches
            if (kind := touch["touchpoint_type"]) not in steps
        ]
        if steps:
            count = {
                step: self.number(steps.get(f"email_{step}", {"touches": 0})["touches"]) for step in ("sent", "opened")
            }
            persons = max(touch["persons"] for touch in steps.values())
            label = self.rows("channels", channel="email")[0]["label_en"]
            line = _line(label, value=self.number(persons), note=self.text("map.email_steps", **count))
            lines.append((persons, "email", line))
        lines.sort(key=lambda triple: (-triple[0], triple[1]))
        return [line for _, _, line in lines[:SHOWN]] or self.absent

    def planned(self, stage: Row) -> list[Row]:
        found = []
        for action in self.actions:
            if action["stage"] != stage["stage"]:
                continue
            name, status = action["kpi_name"], "overdue" if action["is_overdue"] else action["status"]
            owner = self.known(f"department.{action['owner']}", action["owner"])
            notes = [self.text("map.due", owner=owner, date=action["due_date"])]
            if name:
                ends = {end: self.number(action[f"kpi_{end}"], kpi_format(name)) for end in ("baseline", "now")}
                notes.append(self.text("map.baseline", kpi=name, **ends))
            found.append(
                _line(action["title_en"], value=self.known(f"status.{status}", status), note=" · ".join(notes))
            )
        return found

    def rate(self, stage: Row) -> list[Row]:
        cell = stage["cell"]
        if cell is None:
            return self.absent
        rate, entered = cell["conversion_rate"], self.text("map.entered", n=self.number(cell["entered"]))
        if rate is None:
            key = "last_stage" if stage is self.stages[-1] else "too_early"
            return [_line(self.text(key), note=entered, tag="hidden")]
        rates = [each["cell"]["conversion_rate"] for each in self.found if each["is_in_funnel"]]
        rates = sorted(each for each in rates if each is not None)
        tone = {rates[0]: "bad", rates[-1]: "good"}.get(rate, "neutral") if len(rates) > 2 else "neutral"
        tone = tone if stage["is_in_funnel"] else "neutral"
        low, high = (self.number(cell[end], "rate") for end in ("rate_low", "rate_high"))
        return [_line("", big=self.number(rate, "rate"), tone=tone, note=f"{low} – {high} · {entered}")]

    def time(self, stage: Row) -> list[Row]:
        if stage["cell"] is None:
            return self.absent
        medians = {key: stage["cell"][f"median_hours_{key}"] for key in ("to_next", "in_stage")}
        return [
            _line(self.text(f"map.{key}"), value=self.number(hours, "hours"))
            for key, hours in medians.items()
            if hours is not None
        ]

    def kpi(self, stage: Row) -> list[Row]:
        cell, name = stage["cell"], stage["kpi_name"]
        if cell is None or name is None or cell["kpi_value"] is None:
            return self.absent
        return [_line("", big=self.number(cell["kpi_value"], kpi_format(name)), note=name)]

    def department(self, stage: Row) -> list[Row]:
        name = stage["department"]
        return [_line(stage.get("department_label_en") or self.known(f"department.{name}", name))] if name else []

    def emotion(self) -> Row:
        """Return the emotion line: a point a stage at its height in the drawing, with interval, n and touchpoints."""
        scored = [stage["cell"] for stage in self.found if stage["cell"]["emotion_score"] is not None]
        ends = [0.0, *(cell[f"emotion_{end}"] for cell in scored for end in ("score", "low", "high"))]
        low, high = min(ends), max(ends)
        high = high if high > low else low + 1

        def y(value: float) -> float:
            return round(float(_TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)), 1)

        points: list[Row] = []
        for place, stage in enumerate(self.stages):
            cell = stage["cell"] or {"emotion_score": None, "emotion_responses": 0}
            score, answers = cell["emotion_score"], cell["emotion_responses"] or 0
            x = round(100 * (place + 0.5) / len(self.stages), 3)
            point: Row = {"x": x, "y": y(score or 0), "value": "", "tone": "few"}
            if score is None:
                note = self.text("few_n", n=self.number(answers)) if answers else self.text("no_answers")
                points.append({**point, "few": answers > 0, "note": note})
                continue
            tone = "good" if cell["emotion_low"] > 0 else "bad" if cell["emotion_high"] < 0 else "neutral"
            bounds = {"low": y(cell["emotion_low"]), "high": y(cell["emotion_high"])}
            value, note = self.number(score, "score"), f"n = {self.number(answers)}"
            points.append({**point, **bounds, "few": False, "tone": tone, "value": value, "note": note})
        felt = [self.felt(stage) for stage in self.stages]
        return {
            **self.head("emotion"),
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
            "above": [lines[0] for lines in felt],
            "below": [lines[1] for lines in felt],
        }

    def felt(self, stage: Row) -> tuple[Sequence[Row], Sequence[Row]]:
        """Return the touchpoints felt better than the stage, best first, and those felt worse, worst first."""
        score = (stage["cell"] or {}).get("emotion_score") or 0
        pairs = [
            (touch["emotion_score"], self.types.get(kind) or self.known(f"touchpoint.{kind}", kind))
            for touch in self.touches
            if touch["stage"] == stage["stage"] and touch["emotion_score"] is not None
            for kind in (touch["touchpoint_type"],)
        ]

        def line(value: float, label: str) -> Row:
            tone = "neutral" if abs(value - score) < NEAR else "good" if value > score else "bad"
            return _line(label, value=self.number(value, "score"), tone=tone)

        pairs.sort(key=lambda pair: (-pair[0], pair[1]))
        above, below = ([line(*pair) for pair in pairs if (pair[0] >= score) is better] for better in (True, False))
        return above[:2], below[::-1][:2]
