"""Names the files of a source in mapping.yml, by one pattern where that is possible."""

import re
from collections.abc import Sequence
from pathlib import Path

from customer_journey.privacy.hash_key import DEMO_MARK
from customer_journey.raw.mapping import FILE_NAME
from customer_journey.raw.raw_files import files_below, fits
from customer_journey.settings import FILE_NAME as SETTINGS_FILE

from onboarding.match import usual_place
from onboarding.proposal import Proposal, Source


def exports_below(folder: Path) -> list[Path]:
    """Return the files of a folder that may be exports: without notes, settings and hidden files."""
    found = files_below(folder)
    own = {folder / FILE_NAME, folder / SETTINGS_FILE, folder / DEMO_MARK}
    # leave out notes and settings beside the exports
    return [path for path in found if path not in own and path.suffix.lower() not in (".md", ".yml", ".yaml")]


def files_word(proposal: Proposal, source: Source) -> list[str] | None:
    """Return patterns that match only the files of a source; None if the files are at the usual place."""
    paths = list(dict.fromkeys(sheet.path.relative_to(proposal.folder).as_posix() for sheet in source.sheets))
    others = [other for other in proposal.sources if other.table.label == source.table.label and other is not source]
    in_folder_of_tool = any(
        sheet.path.is_relative_to(use.folder) for use in proposal.adapters for sheet in source.sheets
    )
    is_usual = all(usual_place(proposal.folder, sheet.path) == source.table.label for sheet in source.sheets)
    if is_usual and not others and not in_folder_of_tool:
        return None
    pattern = _pattern(paths) if len(paths) > 1 else None
    everything = {path.relative_to(proposal.folder).as_posix() for path in exports_below(proposal.folder)}
    if pattern and {path for path in everything if fits(path, pattern)} == set(paths):
        return [pattern]
    return paths


def _pattern(paths: Sequence[str]) -> str | None:
    """Return one pattern for files in one folder whose names differ only in the middle."""
    folders = {path.rpartition("/")[0] for path in paths}
    if len(folders) > 1:
        return None
    start = paths[0]
    while not all(path.startswith(start) for path in paths):
        start = start[:-1]
    end = paths[0][len(start) :]
    while not all(path[len(start) :].endswith(end) for path in paths):
        end = end[1:]
    # treat a number or a date as a whole: 2025 and 2026 share digits only by chance
    start = re.sub(r"[0-9][0-9._-]*$", "", start)
    end = re.sub(r"^[-_.0-9]*[0-9]", "", end)
    return f"{start}*{end}" if len(start.rpartition("/")[2]) > 2 else None
