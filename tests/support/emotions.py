"""Emotion scores recalculated from the published answers alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import fmean
from typing import NamedTuple

import duckdb


class Answer(NamedTuple):
    """An answer of a known person; `adjusted` is corrected for its survey type, roughly from -1 to 1."""

    person: str
    responded_at: datetime
    touchpoint: str
    survey_type: str
    score: float
    adjusted: float


def answers_of(marts: duckdb.DuckDBPyConnection) -> Sequence[Answer]:
    """Return all answers with a score; the correction uses means over persons of their means."""
    rows = marts.execute(
        "select person_id, responded_at, touchpoint, survey_type, emotion_score from marts.fct_survey_responses"
        " where person_id <> 'unknown' and emotion_score is not null"
    ).fetchall()
    by_survey: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    of_everybody: defaultdict[str, list[float]] = defaultdict(list)
    for person, _, _, survey_type, score in rows:
        by_survey[survey_type][person].append(score)
        of_everybody[person].append(score)
    mean = mean_of_persons(of_everybody)
    shifts = {survey_type: mean - mean_of_persons(scores) for survey_type, scores in by_survey.items()}
    return [
        Answer(person, responded_at, touchpoint, survey_type, score, score + shifts[survey_type])
        for person, responded_at, touchpoint, survey_type, score in rows
    ]


def mean_of_persons(scores: Mapping[str, Iterable[float]]) -> float:
    """Return the mean of the persons' means."""
    return fmean(fmean(of) for of in scores.values())


def on_scale(score: float) -> float:
    """Limit a mean of adjusted answers to -1 to 1, which the correction may exceed."""
    return max(-1.0, min(score, 1.0))
