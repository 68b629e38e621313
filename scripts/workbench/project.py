"""The working tree of the project as the workbench sees it: stage definitions, and the names that are taken."""

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from customer_journey.errors import InputError

from workbench.seeds import SeedFile

PROJECT_FILE = "dbt_project.yml"
STAGES = "models/stages"
DEFINITIONS = "stage_definitions"
# models that derive stages from the episodes of definitions
LIFECYCLE = "models/intermediate/lifecycle"
ATTRIBUTION = "models/intermediate/attribution"
ATTRIBUTION_MODELS = "attribution_models"
# No stage definitions: the position without an open stage, the row for unknown values, the slice over everybody.
RESERVED = {
    "none": "the place of those who stand in no stage",
    "unknown": "the row of dim_stages for what is not known",
    "all": "the slice of a mart that holds everybody",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LINE_LENGTH = 140


def is_name(text: str) -> bool:
    """Tell whether a text is lower snake_case."""
    return _NAME.fullmatch(text) is not None


def definition_file(name: str) -> str:
    """Return where a stage definition is written."""
    return f"{STAGES}/{name}.sql"


def attribution_model_file(name: str) -> str:
    """Return where an attribution model is written."""
    return f"{ATTRIBUTION}/{name}.sql"


def closest(name: str, names: Collection[str]) -> str:
    """Say which of the names was perhaps meant, or which there are."""
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(names))}"


@dataclass(frozen=True)
class Listed:
    """A name in a list of dbt_project.yml and the line it stands on."""

    name: str
    line: int


class NameList:
    """A list of names under `vars` in dbt_project.yml, which is changed as text, so that comments and format stay.

    Raises:
        InputError: dbt_project.yml cannot be read, or has no such list.
    """

    def __init__(self, project: Path, key: str = DEFINITIONS) -> None:
        try:
            self._text = (project / PROJECT_FILE).read_bytes().decode("utf-8")
            document = yaml.compose(self._text, Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{PROJECT_FILE}: cannot be read ({' '.join(str(error).split())}).") from error
        found = _value(_value(document, "vars"), key)
        if not isinstance(found, yaml.SequenceNode) or not found.value:
            raise InputError(f"{PROJECT_FILE}: has no list {key} under vars.")
        self._node = found
        self.listed = [Listed(item.value, item.start_mark.line + 1) for item in found.value]

    @property
    def names(self) -> list[str]:
        """The names in the list."""
        return [listed.name for listed in self.listed]

    def with_name(self, name: str) -> str:
        """Return the text of dbt_project.yml with one more name at the end of the list."""
        last = self._node.value[-1]
        text, place = self._text, last.end_mark.index
        if not self._node.flow_style:
            line_end = text.find("\n", place)
            place = len(text) if line_end < 0 else line_end
            # the value of a list item follows its dash
            line_start = text.rindex("\n", 0, last.start_mark.index) + 1
            return f"{text[:place]}\n{text[line_start : last.start_mark.index]}{name}{text[place:]}"
        line_start = text.rindex("\n", 0, place) + 1
        line_end = text.find("\n", place)
        has_room = (line_end if line_end >= 0 else len(text)) - line_start + len(f", {name}") <= _LINE_LENGTH
        first_on_line = next(item for item in self._node.value if item.start_mark.line == last.start_mark.line)
        indent = "\n" + " " * first_on_line.start_mark.column
        return f"{text[:place]},{' ' if has_room else indent}{name}{text[place:]}"


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    return None


def files_by_name(project: Path) -> dict[str, str]:
    """Return what dbt knows by a name that may be there only once: models and seeds, each with its file."""
    return {file.stem: file.relative_to(project).as_posix() for file in _files(project)}


def _files(project: Path) -> Iterator[Path]:
    yield from sorted((project / "models").rglob("*.sql"))
    yield from sorted((project / "seeds").glob("*.csv"))


def stages_of(framework_stages: SeedFile) -> dict[str, list[str]]:
    """Return the stages of each framework in the order of the file."""
    frameworks: dict[str, list[str]] = {}
    for row in framework_stages.rows:
        frameworks.setdefault(row["framework"], []).append(row["stage"])
    return frameworks
