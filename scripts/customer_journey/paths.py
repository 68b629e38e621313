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


@dataclass(frozen=True)
class Output:
    """The files under OUT."""

    root: Path

    @property
    def warehouse(self) -> Path:
        """The private warehouse, which holds personal data and is never read by BI."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The published file."""
        return self.root / "journey.duckdb"

    @property
    def publishing(self) -> Path:
        """The file being written that will replace the published one."""
        return self.root / ".journey.publishing.duckdb"

    @property
    def spilled_marts(self) -> Path:
        """The folder in which DuckDB puts what does not fit its memory while the published marts are read."""
        return self.root / ".marts.tmp"

    @property
    def published_on_spark(self) -> Path:
        """The list of the files of the marts that were last published on Spark."""
        return self.root / "published.json"

    @property
    def built_from(self) -> Path:
        """The digests of the inputs of the published build."""
        return self.root / "built_from.json"

    @property
    def summary(self) -> Path:
        """The machine-readable summary of the last build."""
        return self.root / "summary.json"

    @property
    def lock(self) -> Path:
        """The lock that allows only one build at a time."""
        return self.root / ".lock"

    @property
    def landed(self) -> Path:
        """The landed tables as Parquet files for Spark."""
        return self.root / "landed"

    @property
    def exports(self) -> Path:
        """The temporary files to which Spark exports an EL tool's tables, until they are landed."""
        return self.root / "exports"

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
        return (
            self.landed,
            self.exports,
            self.root / "dbt",
            self.logs,
            self.data_docs,
            self.report.parent,
            self.docs.parent,
        )

    def dbt_folder(self, target: str) -> Path:
        """The target folder of dbt for a target of the profile: compiled SQL and run results."""
        return self.root / "dbt" / target

    @property
    def erasure_receipts(self) -> Path:
        """The receipts of erasure: request, time and number of rows by table, without any personal data."""
        return self.root / "erasure_receipts.csv"

    @property
    def logs(self) -> Path:
        """The logs of dbt."""
        return self.root / "logs"

    @property
    def data_docs(self) -> Path:
        """The pages of Great Expectations."""
        return self.root / "data_docs"

    @property
    def docs(self) -> Path:
        """The page of dbt that documents models and columns, in one file."""
        return self.root / "docs" / "index.html"

    @property
    def report(self) -> Path:
        """The report on the published marts, one HTML page."""
        return self.root / "report" / "index.html"

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
