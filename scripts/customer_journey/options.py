"""Types of command line options that several commands share."""

from pathlib import Path
from typing import Any

import click


class _FileOrFolder(click.Path):
    """A path; an empty text is refused, since an unset variable of a script would mean the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if value == "":
            self.fail("is empty. Name a folder, or leave the option out.", param, ctx)
        try:
            Path(value).resolve()
        except (OSError, RuntimeError) as error:
            # RuntimeError: symbolic links that form a loop
            self.fail(f"{str(value)!r} is not a usable path ({error}).", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _FileOrFolder(path_type=Path)
