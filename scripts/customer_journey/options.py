"""What options of the command line take, for all commands alike."""

from pathlib import Path
from typing import Any

import click


class _FileOrFolder(click.Path):
    """A path; an empty text is none: the empty variable of a script would mean the folder that it runs in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if value == "":
            self.fail("is empty. Name a folder, or leave the option out.", param, ctx)
        try:
            Path(value).resolve()
        except (OSError, RuntimeError) as error:
            # Python has an error of its own for links that lead round in a ring
            self.fail(f"{str(value)!r} leads nowhere ({error}).", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _FileOrFolder(path_type=Path)
