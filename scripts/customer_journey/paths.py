"""Paths: the folders of the project, and the files of an output folder."""

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from customer_journey.errors import InputError

# A wheel contains a copy of the dbt project; in a checkout this package is inside the project.
INSTALLED_PROJECT = Path(__file__).parent / "project"
_OWN_PROJECT = INSTALLED_PROJECT if INSTALLED_PROJECT.is_dir() else Path(__file__).parents[2]
# JOURNEY_PROJECT names another dbt project on the same raw tables: tests of builds use one with few models.
PROJECT = Path(os.environ.get("JOURNEY_PROJECT") or _OWN_PROJECT).resolve()
DOCS = _OWN_PROJECT / "docs"
EXPECTATIONS = PROJECT / "expectations"
# the raw tables of the demo company, as demo_company generates them
DEMO = PROJECT / "examples" / "demo"
# only the user who runs a command may read the files that it writes (docs/keys.md)
PRIVATE_UMASK = 0o077


class _Place:
    """A file or folder at a fixed place below the output folder."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def __get__(self, output: "Output", owner: type | None = None) -> Path:
        return output.root.joinpath(*self._parts)


@dataclass(frozen=True)
class Output:
    """The files under OUT."""

    root: Path

    # the private warehouse, which holds personal data and is never read by BI
    warehouse = _Place("warehouse.duckdb")
    # the published file, and the file being written that will replace it
    published = _Place("journey.duckdb")
    publishing = _Place(".journey.publishing.duckdb")
    # where DuckDB puts what does not fit its memory while the published marts are read
    spilled_marts = _Place(".marts.tmp")
    # the list of the files of the marts that were last published on Spark
    published_on_spark = _Place("published.json")
    # the digests of the inputs of the published build
    built_from = _Place("built_from.json")
    # the machine-readable summary of the last build
    summary = _Place("summary.json")
    # the lock that allows only one build at a time
    lock = _Place(".lock")
    # the landed tables as Parquet files for Spark
    landed = _Place("landed")
    # the temporary files to which Spark exports an EL tool's tables, until they are landed
    exports = _Place("exports")
    # the receipts of erasure: request, time and number of rows by table, without any personal data
    erasure_receipts = _Place("erasure_receipts.csv")
    # the logs of dbt
    logs = _Place("logs")
    # the pages of Great Expectations
    data_docs = _Place("data_docs")
    # the page of dbt that documents models and columns, in one file
    docs = _Place("docs", "index.html")
    # the report on the published marts, one HTML page
    report = _Place("report", "index.html")

    @property
    def files(self) -> tuple[Path, ...]:
        """All files with a fixed name that a build writes."""
        databases = (self.warehouse, self.published, self.publishing)
        logs_of_databases = tuple(file.with_name(f"{file.name}.wal") for file in databases)
        return (
            self.lock, self.summary, self.built_from, self.published_on_spark, self.erasure_receipts,
            *databases, *logs_of_databases,
        )  # fmt: skip

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that a build creates."""
        own = (self.landed, self.exports, self.root / "dbt", self.logs, self.data_docs)
        return (*own, self.report.parent, self.docs.parent)

    def dbt_folder(self, target: str) -> Path:
        """The target folder of dbt for a target of the profile: compiled SQL and run results."""
        return self.root / "dbt" / target

    def own(self) -> list[Path]:
        """All files and folders that builds leave directly under OUT, and no others."""
        folders = ("data_docs", "exports", "spark-warehouse", "spark-metastore", "judging")
        names = (*folders, "hash_key", "hash_key.next")
        return sorted({*self.files, *self.folders, *(self.root / name for name in names)})


def write_whole(file: Path, text: str, mode: int = 0o600) -> None:
    """Write a file under a temporary name and rename it, so that no reader sees a partial file, even on a full disk."""
    unfinished = file.with_suffix(f".{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(mode)
        os.replace(unfinished, file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def make_private(folder: Path) -> None:
    """Create a folder (and its parents) that only its owner can read; an existing folder is left unchanged."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def published_mode() -> int:
    """Return the file mode of the published file from JOURNEY_PUBLISHED_MODE; by default only its owner may read it.

    Raises:
        InputError: the value is not a file mode, or it lets others write.
    """
    text = os.environ.get("JOURNEY_PUBLISHED_MODE") or "600"
    if re.fullmatch(r"0?6[04][04]", text) is None:
        raise InputError(f"JOURNEY_PUBLISHED_MODE {text!r}: write 600, 640 (the group reads too) or 644 (everybody).")
    return int(text, 8)


def keep_private(output: Output) -> None:
    """Restrict the files of a build to their owner, also those that an earlier release left readable for all.

    Users who may read the published file may also read the report, and traverse its folder and OUT without listing
    them. Files with an access control list, and files of other users, are left unchanged.
    """
    mode = published_mode()
    passing = (mode & 0o044) >> 2
    for file in (*output.own(), output.report):
        if file.is_dir():
            close_to_others(file, 0o700 | passing if file == output.report.parent else 0o700)
        else:
            close_to_others(file, mode if file in (output.published, output.report) else 0o600)
    # OUT may be missing or no folder: the build reports that later
    with contextlib.suppress(OSError):
        found = stat.S_IMODE(output.root.stat().st_mode)
        if found & passing != passing:
            output.root.chmod(found | passing)


def close_to_others(file: Path, mode: int = 0o600) -> None:
    """Set the mode of a file, unless it has an access control list or belongs to another user."""
    # available on Linux only
    lists = getattr(os, "listxattr", None)
    with contextlib.suppress(OSError):
        if lists is not None and any(name.startswith("system.posix_acl") for name in lists(file)):
            return
        if stat.S_IMODE(file.stat().st_mode) != mode:
            file.chmod(mode)
