"""The table of folders in the architecture page names exactly the folders of the project."""

import re
import subprocess

import pytest
from customer_journey.paths import PROJECT

_PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
_ON_MAP = re.findall(r"^\| `([\w/]+/)` \|", _PAGE, re.MULTILINE)
# paths that the page names outside its table of folders
_NAMED = re.findall(r"`((?:models|scripts|macros|tests|expectations)/[\w/]+(?:\.\w+)?)`", _PAGE)
# folders with code, whose subfolders must all be in the table
_MAPPED = ("", "models/intermediate/", "scripts/")


def _folders_in(folder: str) -> set[str]:
    """Return the folders of the project in a folder, without those that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"{folder or '.'}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    inside = {file.removeprefix(folder) for file in listed}
    return {folder + file.split("/")[0] + "/" for file in inside if "/" in file and not file.startswith(".")}


@pytest.mark.parametrize("path", sorted({*_ON_MAP, *_NAMED}))
def test_what_the_page_names_is_there(path: str) -> None:
    """Every folder named on the page exists."""
    assert (PROJECT / path).exists()


@pytest.mark.parametrize("folder", _MAPPED)
def test_every_folder_is_on_the_map(folder: str) -> None:
    """Every folder is explained on the page, itself or together with its subfolders."""
    there = _folders_in(folder)
    assert there
    missing = {name for name in there if not any(path.startswith(name) for path in _ON_MAP)}
    assert missing == set()
