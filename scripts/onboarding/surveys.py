"""Recognises the answers of a survey form: its columns are questions, and no column has an id or the kind of survey."""

from collections.abc import Sequence

from onboarding.findings import Finding
from onboarding.names import plain_name
from onboarding.proposal import Match, Source
from onboarding.values import Kind

RESPONSES = "feedback/survey_responses"
# beginnings of words in the question whose answer is the score, by the kind of survey
_ASKED = {
    "nps": ("recommend", "gioi thieu", "empfehl", "recommand", "recomend", "consigli", "polec", "aanbevel"),
    "csat": ("satisf", "hai long", "zufrieden", "soddisf", "satisfech", "satisfeit", "tevreden", "zadowol"),
    "ces": ("effort", "how easy", "de dang", "wie leicht", "wie einfach", "facile", "facil"),
}
# a name of fewer words is no question
_WORDS = 3


def question_in(names: Sequence[str], kinds: Sequence[Kind]) -> tuple[str, str] | None:
    """Return the column of a question that is answered by a number up to ten, and the kind of survey."""
    for survey_type, stems in _ASKED.items():
        for name, kind in zip(names, kinds, strict=True):
            words = f" {plain_name(name)}"
            is_question = words.count(" ") >= _WORDS and any(f" {stem}" in words for stem in stems)
            if is_question and kind.numbers is not None and _is_score(kind):
                return name, survey_type
    return None


def _is_score(kind: Kind) -> bool:
    scores = _scores(kind)
    # SurveyMonkey puts a row of `Response` below the names
    return bool(scores) and max(scores) <= 10 and len(kind.counts) - len(scores) <= 1


def _scores(kind: Kind) -> list[int]:
    return [int(text) for text in kind.counts if text.isdigit()]


def of_answers(matches: Sequence[Match], question: tuple[str, str] | None, kinds: dict[str, Kind]) -> list[Match]:
    """Return the matches of answers with the question as score, and with an id made of the person and the time."""
    own = {match.column: match for match in matches if question is None or match.theirs != question[0]}
    if question is not None:
        if "survey_type" in own and not {text.lower() for text in own["survey_type"].kind.counts} <= _ASKED.keys():
            # Typeform's Response Type says whether the form was completed
            del own["survey_type"]
        own["score"] = Match("score", question[0], True, "it asks for a score", kinds[question[0]], 1.0)
    if "response_id" not in own:
        parts = [own[column].theirs for column in ("email", "contact_id", "responded_at") if column in own]
        if len(parts) > 1:
            why = "no column has ids: a person answers once at a moment"
            own["response_id"] = Match("response_id", parts[0], False, why, kinds[parts[0]], 0.0, tuple(parts[1:]))
    return list(own.values()) if "score" in own else list(matches)


def name_survey(source: Source, question: tuple[str, str]) -> None:
    """Give answers the kind of survey that their question shows, and the scale if the answers leave the usual one."""
    name, survey_type = question
    if not any(match.column == "survey_type" for match in source.matches):
        source.constants["survey_type"] = Finding(survey_type, True, f"as {name[:60]} asks")
    highest = max(_scores(source.kinds[name]))
    usual = {"nps": 10, "csat": 5, "ces": 7}[survey_type]
    if highest > usual and not {"scale_min", "scale_max"} & {match.column for match in source.matches}:
        why = f"{name[:60]} has answers up to {highest}"
        source.constants["scale_min"] = Finding("1", False, why)
        source.constants["scale_max"] = Finding("10" if highest > 7 else "7", False, why)
