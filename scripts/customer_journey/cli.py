"""The command line `journey`: its commands, and how each ends."""

import contextlib
import logging
import os
import sys
from importlib import import_module

import click

from customer_journey.ending import ending_of
from customer_journey.errors import ExitCode
from customer_journey.terminal import PlainConsole, plain_line

# the module of each command; imported only when the command is called, so that each starts fast
_MODULES = {
    "build": "customer_journey.commands.build",
    "publish": "customer_journey.commands.publish",
    "rotate-key": "customer_journey.commands.privacy",
    "demo": "customer_journey.commands.demo",
    "diff": "customer_journey.commands.comparison",
    "lift-erasure": "customer_journey.commands.privacy",
    "export-audience": "customer_journey.commands.privacy",
    "export-mart": "customer_journey.commands.files",
    "quarantine": "customer_journey.commands.files",
    "report": "customer_journey.commands.pages",
    "docs": "customer_journey.commands.pages",
    "compare-engines": "customer_journey.commands.comparison",
    "clean": "customer_journey.operations.clean",
    "watch": "customer_journey.operations.watch",
    "init": "onboarding.commands",
    "map-value": "onboarding.commands",
    "new": "workbench.commands",
    "check": "workbench.commands",
    "dry-run": "workbench.commands",
}


class _Commands(click.Group):
    """The commands of `journey`, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(_MODULES[cmd_name]), cmd_name.replace("-", "_"))
        return command


def _show_versions(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from customer_journey.versions import versions

        click.echo("\n".join(versions()))
        context.exit()


@click.group(cls=_Commands)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_versions,
    help="Show the versions of the project, dbt and the engines, and exit.",
)  # fmt: skip
def app() -> None:
    """customer_journey: raw CRM, web and order tables in, validated marts out."""


def main() -> None:
    """Run the command line; every expected failure is one line on standard error and a documented exit code."""
    # on a full disk, logging would print a traceback for each line that it cannot write
    logging.raiseExceptions = False
    # the matrices of a fit are small, and each thread would reserve memory: on a machine of many cores, gigabytes
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = _run()
    if "pyspark" in sys.modules:
        # its threads keep DuckDB's module alive, which prints a long warning about that at exit
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    sys.exit(code)


def _run() -> int:
    try:
        app(standalone_mode=False)
    except BaseException as error:
        code, line = ending_of(error)
        if line is not None:
            _say(line)
        return code
    return ExitCode.PUBLISHED


def _say(text: str) -> None:
    """Print an error as one line on standard error; ignore it if even that cannot be written."""
    with contextlib.suppress(OSError):
        PlainConsole(stderr=True, soft_wrap=True).print(f"error: {plain_line(text)}")
