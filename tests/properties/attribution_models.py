"""The nine attribution models in plain Python, written from docs and papers alone, without the project's SQL.

Markov removes each channel from the transition matrix and solves the chain again; Shapley values enumerate all
coalitions of channels.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import combinations, pairwise
from math import factorial

import numpy as np

from tests.properties.paths import Conversion, Touch, World

LOOKBACK = timedelta(days=90)
HALF_LIFE = timedelta(days=7)
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"


@dataclass(frozen=True)
class Path:
    """The attributable touches of a conversion in order, and when the person became a lead and an opportunity."""

    conversion: Conversion
    touches: Sequence[Touch]
    turns: Sequence[datetime]

    @property
    def channels(self) -> list[str]:
        """Return the channel of each touch."""
        return [touch.channel for touch in self.touches]


class Attribution:
    """The paths of a world, and the credit that the models give."""

    def __init__(self, world: World) -> None:
        self._touches: dict[str, list[Touch]] = defaultdict(list)
        self._conversions: dict[str, list[Conversion]] = defaultdict(list)
        for touch in sorted(world.touches, key=lambda touch: (touch.touched_at, touch.touchpoint_id)):
            if touch.is_attributable:
                self._touches[touch.person_id].append(touch)
        for conversion in world.conversions:
            self._conversions[conversion.person_id].append(conversion)
        self.conversion_types = sorted({conversion.conversion_type for conversion in world.conversions})
        self.paths = [self._path(conversion) for conversion in world.conversions]

    def _path(self, conversion: Conversion) -> Path:
        person = self._conversions[conversion.person_id]
        opened = max(
            [
                one.converted_at
                for one in person
                if one.conversion_type == conversion.conversion_type and one.converted_at < conversion.converted_at
            ]
            + [conversion.converted_at - LOOKBACK]
        )
        turns = [
            min(one.converted_at for one in person if one.conversion_type == kind)
            for kind in ("lead", "opportunity")
            if any(one.conversion_type == kind for one in person)
        ]
        touches = [t for t in self._touches[conversion.person_id] if opened < t.touched_at <= conversion.converted_at]
        return Path(conversion, touches, [turn for turn in turns if turn <= conversion.converted_at])

    def _idle_paths(self, conversion_type: str) -> Iterable[list[str]]:
        """Yield the channels of each path that led to no conversion of the type."""
        for person, touches in self._touches.items():
            converted = [c.converted_at for c in self._conversions[person] if c.conversion_type == conversion_type]
            later = [touch for touch in touches if not converted or touch.touched_at > max(converted)]
            path: list[str] = []
            for before, touch in zip([None, *later], later, strict=False):
                if before is not None and touch.touched_at - before.touched_at > LOOKBACK:
                    yield path
                    path = []
                path.append(touch.channel)
            if path:
                yield path

    @cached_property
    def removal_effects(self) -> dict[tuple[str, str], float]:
        """Return the removal effect of each conversion type and channel."""
        effects = {}
        for kind in self.conversion_types:
            converting = [p.channels for p in self.paths if p.conversion.conversion_type == kind and p.touches]
            steps: Counter[tuple[str, str]] = Counter()
            for channels in converting:
                steps.update(pairwise([START, *channels, CONVERSION]))
            for channels in self._idle_paths(kind):
                steps.update(pairwise([START, *channels, NULL]))
            whole = _conversion_probability(steps, removed=None)
            for channel in {to for _, to in steps} - {CONVERSION, NULL}:
                effects[kind, channel] = 1 - _conversion_probability(steps, removed=channel) / whole
        return effects

    def shapley_values(self, conversion_type: str) -> dict[str, float]:
        """Return the Shapley value of each channel; a set of channels earns the paths that use only its channels."""
        needed = Counter(
            frozenset(path.channels)
            for path in self.paths
            if path.conversion.conversion_type == conversion_type and path.touches
        )
        return shapley_values(needed)

    def weights(self, model: str) -> dict[tuple[str, str], float]:
        """Return the weight of each touch of each conversion; for time decay relative to the last touch."""
        weigh = MODELS.get(model, self._markov)
        weights = {}
        for path in filter(lambda path: path.touches, self.paths):
            of_path = weigh(path)
            for touch, weight in zip(path.touches, of_path, strict=True):
                scale = of_path[-1] if model == "time_decay" else 1
                weights[path.conversion.conversion_id, touch.touchpoint_id] = weight / scale
        return weights

    def credits(self, model: str) -> dict[tuple[str, str], float]:
        """Return the credit of each touch of each conversion; touches without credit are left out."""
        weights = self.weights(model)
        totals: dict[str, float] = defaultdict(float)
        for (conversion, _), weight in weights.items():
            totals[conversion] += weight
        return {key: weight / totals[key[0]] for key, weight in weights.items() if weight > 0}

    def _markov(self, path: Path) -> list[float]:
        effects = [self.removal_effects[path.conversion.conversion_type, channel] for channel in path.channels]
        return effects if any(effect > 0 for effect in effects) else [1.0] * len(effects)


def _conversion_probability(steps: Mapping[tuple[str, str], int], removed: str | None) -> float:
    states = sorted({state for step in steps for state in step} - {CONVERSION, NULL})
    place = {state: number for number, state in enumerate(states)}
    leaving = Counter[str]()
    for (from_state, _), count in steps.items():
        leaving[from_state] += count
    moves, ends = np.zeros((len(states), len(states))), np.zeros(len(states))
    for (from_state, to_state), count in steps.items():
        if to_state == CONVERSION:
            ends[place[from_state]] += count / leaving[from_state]
        elif to_state not in (NULL, removed):
            moves[place[from_state], place[to_state]] += count / leaving[from_state]
    return float(np.linalg.solve(np.eye(len(states)) - moves, ends)[place[START]])


def shapley_values(needed: Mapping[frozenset[str], int]) -> dict[str, float]:
    """Return each player's Shapley value by full enumeration, where a coalition earns the sets that lie within it."""
    players = sorted(set().union(*needed))

    def worth(coalition: frozenset[str]) -> int:
        return sum(count for channels, count in needed.items() if channels <= coalition)

    values = {}
    for player in players:
        others = [other for other in players if other != player]
        values[player] = sum(
            factorial(size) * factorial(len(others) - size) / factorial(len(players))
            * (worth(frozenset({*coalition, player})) - worth(frozenset(coalition)))
            for size in range(len(players))
            for coalition in combinations(others, size)
        )  # fmt: skip
    return values


def _last_non_direct(path: Path) -> list[float]:
    others = [place for place, channel in enumerate(path.channels) if channel != "direct"]
    taker = others[-1] if others else len(path.touches) - 1
    return [float(place == taker) for place in range(len(path.touches))]


def _position_based(path: Path) -> list[float]:
    between = len(path.touches) - 2
    if between < 1:
        return [1.0] * len(path.touches)
    return [0.4, *[0.2 / between] * between, 0.4]


def _w_shaped(path: Path) -> list[float]:
    anchors = [0]
    for turn in path.turns:
        before = [place for place, touch in enumerate(path.touches) if touch.touched_at <= turn]
        anchors += before[-1:]
    rest = [place for place in range(len(path.touches)) if place not in anchors]
    weights = [0.3 * anchors.count(place) for place in range(len(path.touches))]
    for place in rest:
        weights[place] = 0.1 / len(rest)
    return weights


def _time_decay(path: Path) -> list[float]:
    return [0.5 ** ((path.conversion.converted_at - touch.touched_at) / HALF_LIFE) for touch in path.touches]


def _shapley(path: Path) -> list[float]:
    values = shapley_values({frozenset(path.channels): 1})
    return [values[channel] / path.channels.count(channel) for channel in path.channels]


MODELS: Mapping[str, Callable[[Path], list[float]]] = {
    "first_touch": lambda path: [1.0, *[0.0] * (len(path.touches) - 1)],
    "last_touch": lambda path: [*[0.0] * (len(path.touches) - 1), 1.0],
    "last_non_direct": _last_non_direct,
    "linear": lambda path: [1.0] * len(path.touches),
    "position_based": _position_based,
    "w_shaped": _w_shaped,
    "time_decay": _time_decay,
    "shapley": _shapley,
}
