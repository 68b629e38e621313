"""Positions of persons by the words of the contract: computed from the evidence moment by moment."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

FOREVER = datetime.max


@dataclass(frozen=True)
class Episode:
    """One row of fct_stage_evidence."""

    definition: str
    entered_at: datetime
    left_at: datetime | None
    is_override: bool


@dataclass(frozen=True)
class Framework:
    """A framework: its stages by rank, and the definitions that lead to each."""

    ranks: Mapping[str, Decimal]
    in_funnel: frozenset[str]
    definitions: Mapping[str, frozenset[str]]

    def rank(self, stage: str) -> Decimal:
        """Return the rank of a stage; none is 0."""
        return self.ranks.get(stage, Decimal(0))

    def position(self, episodes: Iterable[Episode], moment: datetime) -> str:
        """Return the highest-ranked stage with an episode that is open at the moment and not overridden before it."""
        standing = "none"
        episodes = list(episodes)
        for stage, definitions in self.definitions.items():
            if self.rank(stage) <= self.rank(standing):
                continue
            for episode in episodes:
                if episode.definition in definitions and self._counts(episode, stage, episodes, moment):
                    standing = stage
                    break
        return standing

    def _counts(self, episode: Episode, stage: str, episodes: Iterable[Episode], moment: datetime) -> bool:
        if not episode.entered_at <= moment < (episode.left_at or FOREVER):
            return False
        return not any(
            other.is_override
            and episode.entered_at <= other.entered_at <= moment
            and any(
                other.definition in definitions and self.rank(lower) < self.rank(stage)
                for lower, definitions in self.definitions.items()
            )
            for other in episodes
        )

    def intervals(self, episodes: Iterable[Episode]) -> Iterator[tuple[str, datetime, datetime | None]]:
        """Return stage, entry and exit of each stay, `none` included from the first entry on."""
        episodes = [one for one in episodes if any(one.definition in some for some in self.definitions.values())]
        moments = sorted({one.entered_at for one in episodes} | {one.left_at for one in episodes if one.left_at})
        stays: list[tuple[str, datetime]] = []
        for moment in moments:
            stage = self.position(episodes, moment)
            if not stays or stays[-1][0] != stage:
                stays.append((stage, moment))
        for place, (stage, entered_at) in enumerate(stays):
            yield stage, entered_at, stays[place + 1][1] if place + 1 < len(stays) else None

    def direction(self, before: str, after: str, held_before: bool) -> str:
        """Return the direction of a transition."""
        if self.rank(after) < self.rank(before):
            return "backward"
        if held_before:
            return "reentry"
        between = [one for one in self.in_funnel if self.rank(before) < self.rank(one) < self.rank(after)]
        return "skip" if between else "forward"

    def outcome(
        self, stays: list[tuple[str, datetime, datetime | None]], stage: str, as_of: datetime, window: timedelta
    ) -> str:
        """Return the outcome of the first entry into a stage: converted, dropped or in_progress."""
        entered_at = next(entered for name, entered, _ in stays if name == stage)
        end = entered_at + window
        later = [(name, entered) for name, entered, _ in stays if entered_at < entered <= end]
        if any(self.rank(name) > self.rank(stage) for name, _ in later):
            return "converted"
        moment = min(end, as_of)
        standing = [name for name, entered, _ in stays if entered <= moment][-1]
        if self.rank(standing) < self.rank(stage) or end <= as_of:
            return "dropped"
        return "in_progress"


def frameworks_of(seeds: Path) -> dict[str, Framework]:
    """Read the frameworks from the seeds' CSV files."""
    ranks: dict[str, dict[str, Decimal]] = defaultdict(dict)
    in_funnel: dict[str, set[str]] = defaultdict(set)
    definitions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in _rows(seeds / "framework_stages.csv"):
        ranks[row["framework"]][row["stage"]] = Decimal(row["rank"])
        if row["is_in_funnel"] == "true":
            in_funnel[row["framework"]].add(row["stage"])
    for row in _rows(seeds / "framework_stage_definitions.csv"):
        definitions[row["framework"]][row["stage"]].add(row["definition"])
    return {
        name: Framework(
            ranks[name],
            frozenset(in_funnel[name]),
            {stage: frozenset(some) for stage, some in definitions[name].items()},
        )
        for name in ranks
    }


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
