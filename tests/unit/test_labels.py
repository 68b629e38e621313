"""Charts need no joins: each key column of a mart has its rank and its labels in two languages beside it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from customer_journey.paths import PROJECT

# columns of marts with a stage, channel, department, direction or status
SHOWN = re.compile(
    r"^((from|to|current|most_advanced)_)?stage$|^stage_at_(?!\w+_(rank|label_en|label_vi)$)\w+$|^(\w+_)?channel$|^department$|^direction$|^(\w+_)?status$"
    r"|^dimension_value$"
)
# a mart whose rank and labels are those of its stage
OF_THE_ROW = {
    "journey_map",
    "journey_map_emotions",
    "journey_positions",
    "kpi_funnel",
    "dim_framework_stages",
    "dim_stages",
}
WITHOUT = {
    ("dim_channels", "channel"): "label_en and label_vi are its own",
    ("fct_stage_entries", "stage"): "the largest mart; fct_stage_transitions, its view, has them",
    ("fct_stage_entries", "from_stage"): "likewise",
    ("fct_stage_entries", "direction"): "likewise",
    ("fct_stage_entries", "channel"): "likewise",
}


def _marts() -> Iterator[tuple[str, list[str]]]:
    """Every mart with its columns."""
    for file in sorted((PROJECT / "models/marts").rglob("*.yml")):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
            yield model["name"], [column["name"] for column in model["columns"]]


def _seed(name: str) -> list[dict[str, str]]:
    with Path(PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("mart", "columns"), list(_marts()))
def test_labels_stand_beside(mart: str, columns: list[str]) -> None:
    """Every key column has its label columns beside it."""
    for column in columns:
        if not SHOWN.match(column) or (mart, column) in WITHOUT:
            continue
        base = column.removesuffix("_stage") if column in {"from_stage", "to_stage"} else column
        prefix = "" if column == "stage" and mart in OF_THE_ROW else f"{base}_"
        assert {f"{prefix}label_en", f"{prefix}label_vi"} <= set(columns), f"{mart}.{column} has no labels"


def test_what_seeds_name_has_labels() -> None:
    """Every department, owner and status in the seeds has labels in two languages."""
    labels = _seed("value_labels")
    known = {(row["kind"], row["value"]) for row in labels}
    assert len(known) == len(labels)
    assert all(row["label_en"] and row["label_vi"] for row in labels)
    assert {("department", row["department"]) for row in _seed("framework_stages")} <= known
    assert {("department", row["owner"]) for row in _seed("journey_actions_planned")} <= known
    assert {("action_status", row["status"]) for row in _seed("journey_actions_planned")} <= known
    assert {("order_status", row["order_status"]) for row in _seed("order_status_map")} <= known
