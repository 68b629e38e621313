"""The journey map as data: what each cell says, in English, for the table that is readable without JavaScript.

`static/map.js` makes the same cells for other selections and languages; a test holds the two equal for the default one.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]
SHOWN, NEAR = 3, 0.05
EMOTION_HEIGHT, EMOTION_TOP, EMOTION_BOTTOM = 160, 24, 34
MONEY_KPIS = {"revenue_per_person", "average_order_value"}


def rows(table: Mapping[str, Any], **where: object) -> Iterator[Row]:
    """Yield the rows of an encoded table (column lists; text as dictionary `d` and indices `i`) that equal `where`."""
    columns = {name: table["data"][name] for name in table["columns"]}
    plain = {name: [column["d"][i] if i >= 0 else None for i in column["i"]] if isinstance(column, dict) else column for name, column in columns.items() if name in where}
    for number in range(table["n"]):
        if all(plain[name][number] == value for name, value in where.items()):
            yield {name: _value(column, number) for name, column in columns.items()}


def _value(column: Any, number: int) -> Any:
    if isinstance(column, dict):
        index = column["i"][number]
        return column["d"][index] if index >= 0 else None
    return column[number]


def _rounded(value: float, digits: int) -> str:
    """Return the number as Intl writes it in English: decimal rounding half up, commas between thousands."""
    return f"{Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def _short(value: float, digits: int) -> str:
    """Return the number rounded to at most `digits` decimals, without trailing zeros."""
    text = _rounded(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def formatted(value: float | None, kind: str, meta: Mapping[str, Any]) -> str:
    """Return a number in English as the page writes it: kind is rate, number, money, hours, score or ratio."""
    if value is None:
        return "–"
    if kind == "rate":
        return _rounded(value * 100, 1) + "%" if abs(value) < 1e6 else _rounded(value, 0)
    if kind == "score":
        text = _rounded(value, 2)
        return f"+{text}" if value > 0 and text != "0.00" else text.replace("-0.00", "0.00")
    if kind == "hours":
        return f"{_short(value, 1 if value < 10 else 0)} h" if value < 48 else f"{_short(value / 24, 1 if value < 240 else 0)} days"
    if kind == "money":
        return f"{_compact(value, meta['currency_decimals'])} {meta['currency']}"
    return _short(value, 0 if abs(value) >= 100 else 2)


def _compact(value: float, decimals: int) -> str:
    """Return the number with three significant digits and K, M, B or T from a thousand on."""
    if abs(value) < 1000:
        return _short(value, decimals)
    exact = Decimal(repr(float(value)))
    exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP)
    power = min(exact.adjusted() // 3, 4)
    return _short(float(exact.scaleb(-3 * power)), 2) + " KMBT"[power]


def view(tables: Mapping[str, Any], texts: Mapping[str, Mapping[str, str]], meta: Mapping[str, Any], framework: str, customer_type: str = "all", persona: str = "all", period: str = "all") -> Row:
    """Return the map of one selection: stages, the persona card, rows of cells and the emotion line.

    `tables` are those of the payload, encoded; `texts` the words by key and language; a cell is a list of lines
    {text, value, note, bar (0 to 100), tone (good, neutral, bad), tag (source, few, hidden)}.
    """
    return _Map(tables, texts, meta, framework, {"customer_type": customer_type, "persona": persona, "period": period}).view()


class _Map:
    def __init__(self, tables: Mapping[str, Any], texts: Mapping[str, Mapping[str, str]], meta: Mapping[str, Any], framework: str, chosen: Mapping[str, str]) -> None:
        self.tables, self.texts, self.meta, self.chosen = tables, texts, meta, chosen
        self.framework = framework
        self.filtered = chosen["customer_type"] != "all" or chosen["persona"] != "all"
        self.label = next(rows(tables["frameworks"], framework=framework))["label_en"]
        found = {row["stage"]: row for row in rows(tables["map"], framework=framework, **chosen)}
        self.stages = [{**row, "cell": found.get(row["stage"])} for row in sorted(rows(tables["framework_stages"], framework=framework), key=lambda row: row["rank"]) if row["stage"] != "none"]
        self.items: dict[tuple[str, str], list[Row]] = {}
        for row in rows(tables["map_items"], framework=framework, **chosen):
            self.items.setdefault((row["stage"], row["item_type"]), []).append(row)
        self.touches: dict[str, list[Row]] = {}
        for row in rows(tables["map_touchpoints"], framework=framework, **chosen):
            self.touches.setdefault(row["stage"], []).append(row)
        self.kpis = {row["kpi_name"]: row.get("kpi") for row in rows(tables["framework_stages"])}
        self.types = {row["touchpoint_type"]: row["label_en"] for row in rows(tables["touchpoint_types"])}
        self.actions = list(rows(tables["actions"], framework=framework))

    def text(self, key: str, **values: str) -> str:
        found = self.texts[key]["en"]
        for name, value in values.items():
            found = found.replace("{" + name + "}", value)
        return found

    def number(self, value: float | None, kind: str = "number") -> str:
        return formatted(value, kind, self.meta)

    def known(self, key: str, fallback: str) -> str:
        return self.texts[key]["en"] if key in self.texts else fallback

    def view(self) -> Row:
        most = max([stage["cell"]["persons"] for stage in self.stages if stage["cell"]] or [1])
        rates = [stage["cell"]["conversion_rate"] for stage in self.stages if stage["cell"] and stage["is_in_funnel"] and stage["cell"]["conversion_rate"] is not None]
        persona = self.text("all") if self.chosen["persona"] == "all" else next(rows(self.tables["personas"], persona=self.chosen["persona"]))["label_en"]
        return {
            "caption": self.text(
                "map.caption", framework=self.label, persona=persona, customer_type=self.text("all") if self.chosen["customer_type"] == "all" else self.text(f"customer_type.{self.chosen['customer_type']}"), period=self.text("period.all") if self.chosen["period"] == "all" else self.chosen["period"]
            ),
            "stages": [
                {
                    "stage": stage["stage"],
                    "label": stage["label_en"],
                    "persons": self.text("persons", n=self.number(stage["cell"]["persons"])) if stage["cell"] else "",
                    "bar": round(100 * stage["cell"]["persons"] / most, 1) if stage["cell"] else 0,
                    "note": "" if stage["is_in_funnel"] else self.text("map.outside"),
                }
                for stage in self.stages
            ],
            "card": {"name": self.text("map.everybody") if self.chosen["persona"] == "all" else persona, "facts": self.facts()},
            "emotion": self.emotion(),
            "before": [self.row("goal", [self.goal(stage) for stage in self.stages]), self.row("action", [self.listed(stage, "action") for stage in self.stages])],
            "after": [
                self.row("touchpoint", [self.touchpoints(stage) for stage in self.stages]),
                self.row("channel", [self.listed(stage, "channel") for stage in self.stages]),
                self.row("pain_point", [self.listed(stage, "pain_point") for stage in self.stages]),
                self.row("opportunity", [self.listed(stage, "opportunity") for stage in self.stages]),
                self.row("actions", [self.planned(stage) for stage in self.stages]),
                self.row("rate", [self.rate(stage, rates) for stage in self.stages]),
                self.row("time", [self.time(stage) for stage in self.stages]),
                self.row("kpi", [self.kpi(stage) for stage in self.stages]),
                self.row("department", [self.department(stage) for stage in self.stages]),
            ],
        }

    def row(self, key: str, cells: Sequence[list[Row]]) -> Row:
        return {"key": key, "title": self.text(f"map.row.{key}"), "hint": self.known(f"map.hint.{key}", ""), "cells": list(cells)}

    def absent(self, stage: Row) -> list[Row]:
        """Return the line of a cell without a row: hidden where a filter is on, else not measured."""
        if stage["cell"] is None and self.filtered:
            return [{"text": self.text("hidden", n=str(self.meta["min_persons"])), "tag": "hidden"}]
        return [{"text": self.text("unmeasured"), "tag": "hidden"}]

    def facts(self) -> list[Row]:
        cells = [(stage, stage["cell"]) for stage in self.stages if stage["cell"]]
        felt = [(stage, cell) for stage, cell in cells if cell["emotion_score"] is not None]
        found: list[Row] = []
        if cells:
            stage, cell = max(cells, key=lambda pair: pair[1]["persons"])
            found.append({"text": self.text("map.card.largest"), "value": f"{stage['label_en']}: {self.text('persons', n=self.number(cell['persons']))}", "tone": ""})
        if len(felt) > 1:
            for key, tone, pair in (("best", "good", max(felt, key=lambda pair: pair[1]["emotion_score"])), ("worst", "bad", min(felt, key=lambda pair: pair[1]["emotion_score"]))):
                found.append({"text": self.text(f"map.card.{key}"), "value": f"{pair[0]['label_en']}: {self.number(pair[1]['emotion_score'], 'score')}", "tone": tone})
        channels: dict[str, list[Any]] = {}
        for (_, kind), items in self.items.items():
            for item in items if kind == "channel" else []:
                channels.setdefault(item["item"], [0, item["item_en"]])[0] += item["value"]
        if channels:
            found.append({"text": self.text("map.card.channels"), "value": ", ".join(label for _, label in sorted(channels.values(), key=lambda pair: (-pair[0], pair[1]))[:SHOWN]), "tone": ""})
        for key, kind, measure in (("pain", "pain_point", "persons"), ("opportunity", "opportunity", "value")):
            best = [(item[measure], stage, item) for stage in self.stages for item in self.items.get((stage["stage"], kind), []) if item[measure]]
            if best:
                value, stage, item = max(best, key=lambda triple: triple[0])
                amount = self.text("persons", n=self.number(value)) if key == "pain" else self.number(value, "money")
                found.append({"text": self.text(f"map.card.{key}"), "value": f"{item['item_en']} ({stage['label_en']}): {amount}", "tone": "bad" if key == "pain" else "good"})
        return found

    def goal(self, stage: Row) -> list[Row]:
        found = [{"text": stage["customer_goal"], "tag": "source"}] if stage["customer_goal"] else []
        if stage["thought"]:
            found.append({"text": f"“{stage['thought']}”", "tag": "source", "note": self.text("map.feels", emotion=stage["typical_emotion"]) if stage["typical_emotion"] else ""})
        return found

    def listed(self, stage: Row, kind: str) -> list[Row]:
        measure = "value" if kind == "opportunity" else "persons"
        top = max([item[measure] or 0 for (_, of), items in self.items.items() if of == kind for item in items] or [0])
        found: list[Row] = []
        for item in sorted(self.items.get((stage["stage"], kind), []), key=lambda item: item["rank"])[:SHOWN]:
            line: Row = {"text": item["item_en"], "value": self.number(item["persons"])}
            if kind == "opportunity":
                line = {"text": item["item_en"], "value": self.number(item["value"], "money"), "note": self.text("persons", n=self.number(item["persons"]))}
            if kind in ("pain_point", "opportunity") and top:
                line |= {"bar": round(100 * (item[measure] or 0) / top, 1), "tone": "bad" if kind == "pain_point" else "good"}
            found.append(line)
        found = found or self.absent(stage)
        source = {"pain_point": "barrier", "opportunity": "content"}.get(kind)
        if source and stage[source]:
            found.append({"text": self.text(f"map.{source}", text=stage[source]), "tag": "source"})
        return found

    def touchpoints(self, stage: Row) -> list[Row]:
        """Return the leading touchpoint types by persons; the steps of one e-mail are one line."""
        touches = [touch for touch in self.touches.get(stage["stage"], []) if touch["persons"]]
        steps = {touch["touchpoint_type"]: touch for touch in touches if touch["touchpoint_type"].startswith("email_")}
        lines = [(touch["persons"], touch["touchpoint_type"], {"text": self.types.get(touch["touchpoint_type"], touch["touchpoint_type"]), "value": self.number(touch["persons"])}) for touch in touches if touch["touchpoint_type"] not in steps]
        if steps:
            count = {step: self.number(steps[f"email_{step}"]["touches"] if f"email_{step}" in steps else 0) for step in ("sent", "opened", "clicked")}
            persons = max(touch["persons"] for touch in steps.values())
            lines.append((persons, "email", {"text": next(rows(self.tables["channels"], channel="email"))["label_en"], "value": self.number(persons), "note": self.text("map.email_steps", **count)}))
        return [line for _, _, line in sorted(lines, key=lambda triple: (-triple[0], triple[1]))[:SHOWN]] or self.absent(stage)

    def planned(self, stage: Row) -> list[Row]:
        found = []
        for action in self.actions:
            if action["stage"] == stage["stage"]:
                kind = _kpi_format(self.kpis.get(action["kpi_name"]))
                change = self.text("map.baseline", kpi=action["kpi_name"], baseline=self.number(action["kpi_baseline"], kind), now=self.number(action["kpi_now"], kind)) if action["kpi_name"] else ""
                owner = self.known(f"department.{action['owner']}", action["owner"])
                status = self.text("status.overdue") if action["is_overdue"] else self.known(f"status.{action['status']}", action["status"])
                found.append({"text": action["title_en"], "value": status, "note": " · ".join(part for part in (self.text("map.due", owner=owner, date=str(action["due_date"])), change) if part)})
        return found

    def rate(self, stage: Row, rates: Sequence[float]) -> list[Row]:
        cell = stage["cell"]
        if cell is None:
            return self.absent(stage)
        rate = cell["conversion_rate"]
        entered = self.text("map.entered", n=self.number(cell["entered"]))
        if rate is None:
            return [{"text": self.text("last_stage" if stage is self.stages[-1] else "too_early"), "note": entered, "tag": "hidden"}]
        tone = "neutral" if len(rates) < 3 or not stage["is_in_funnel"] or rate not in (min(rates), max(rates)) else "bad" if rate == min(rates) else "good"
        return [{"text": "", "big": self.number(rate, "rate"), "tone": tone, "note": f"{self.number(cell['rate_low'], 'rate')} – {self.number(cell['rate_high'], 'rate')} · {entered}"}]

    def time(self, stage: Row) -> list[Row]:
        if stage["cell"] is None:
            return self.absent(stage)
        return [{"text": self.text(f"map.{key}"), "value": self.number(stage["cell"][f"median_hours_{key}"], "hours")} for key in ("to_next", "in_stage") if stage["cell"][f"median_hours_{key}"] is not None]

    def kpi(self, stage: Row) -> list[Row]:
        cell = stage["cell"]
        if cell is None or cell["kpi_name"] is None or cell["kpi_value"] is None:
            return self.absent(stage)
        return [{"text": "", "big": self.number(cell["kpi_value"], _kpi_format(self.kpis.get(cell["kpi_name"]))), "note": cell["kpi_name"]}]

    def department(self, stage: Row) -> list[Row]:
        name = stage["department"]
        return [{"text": stage.get("department_label_en") or self.known(f"department.{name}", name)}] if name else []

    def emotion(self) -> Row:
        """Return the emotion line: a point a stage at its height in the drawing, with interval, n and the touchpoints by it."""
        cells = [stage["cell"] for stage in self.stages]
        values = [0.0] + [value for cell in cells if cell for value in (cell["emotion_score"], cell["emotion_low"], cell["emotion_high"]) if value is not None]
        low, high = min(values), max(values)
        high = high if high > low else low + 1

        def y(value: float) -> float:
            return round(EMOTION_TOP + (high - value) / (high - low) * (EMOTION_HEIGHT - EMOTION_TOP - EMOTION_BOTTOM), 1)

        points = []
        for place, cell in enumerate(cells):
            x = round(100 * (place + 0.5) / len(cells), 3)
            score, answers = (cell["emotion_score"], cell["emotion_responses"]) if cell else (None, 0)
            if score is None:
                points.append({"x": x, "y": y(0), "few": bool(answers), "note": self.text("few_n", n=self.number(answers)) if answers else self.text("no_answers")})
                continue
            tone = "good" if cell["emotion_low"] > 0 else "bad" if cell["emotion_high"] < 0 else "neutral"
            points.append({"x": x, "y": y(score), "low": y(cell["emotion_low"]), "high": y(cell["emotion_high"]), "tone": tone, "value": self.number(score, "score"), "note": f"n = {self.number(answers)}"})
        segments = [(one, two) for one, two in zip(points, points[1:], strict=False) if "value" in one and "value" in two]
        felt = [self.felt(stage) for stage in self.stages]
        alt = "; ".join(f"{stage['label_en']} {point.get('value', '')} {point['note']}" for stage, point in zip(self.stages, points, strict=True))
        return {**self.row("emotion", []), "alt": alt, "height": EMOTION_HEIGHT, "zero": y(0), "lines": [{"points": points, "segments": segments}], "above": [lines[0] for lines in felt], "below": [lines[1] for lines in felt]}

    def felt(self, stage: Row) -> tuple[list[Row], list[Row]]:
        """Return the touchpoints felt better than the stage, best first, and those felt worse, worst first: two each."""
        score = (stage["cell"] or {}).get("emotion_score") or 0
        lines = sorted(
            ((touch["emotion_score"], self.types.get(touch["touchpoint_type"]) or self.known(f"touchpoint.{touch['touchpoint_type']}", touch["touchpoint_type"])) for touch in self.touches.get(stage["stage"], []) if touch["emotion_score"] is not None), key=lambda pair: (-pair[0], pair[1])
        )

        def line(value: float, label: str) -> Row:
            return {"text": label, "value": self.number(value, "score"), "tone": "neutral" if abs(value - score) < NEAR else "good" if value > score else "bad"}

        above, below = [line(*pair) for pair in lines if pair[0] >= score], [line(*pair) for pair in lines if pair[0] < score]
        return above[:2], below[::-1][:2]


def _kpi_format(kpi: str | None) -> str:
    """Return how a KPI of the stages is written, by its key."""
    if kpi is None:
        return "number"
    return "money" if kpi in MONEY_KPIS else "hours" if kpi.endswith("_hours") else "rate" if kpi.endswith("_rate") or kpi == "csat" else "number"
