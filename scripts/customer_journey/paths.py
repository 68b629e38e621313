"""Where things lie: the project's own folders, and the files of one output folder."""

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from customer_journey.errors import InputError

# A wheel brings a copy of the dbt project with it; in a checkout the project lies around this package.
INSTALLED_PROJECT = Path(__file__).parent / "project"
_OWN_PROJECT = INSTALLED_PROJECT if INSTALLED_PROJECT.is_dir() else Path(__file__).parents[2]
# Another dbt project on the same raw tables: tests of builds name one that has few models.
PROJECT = Path(os.environ.get("JOURNEY_PROJECT") or _OWN_PROJECT).resolve()
DOCS = _OWN_PROJECT / "docs"
EXPECTATIONS = PROJECT / "expectations"
# the raw tables of the demo company, as demo_company generates them
DEMO = PROJECT / "examples" / "demo"


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
        """The file that is to take the published one's place, while it is written."""
        return self.root / ".journey.publishing.duckdb"

    @property
    def published_on_spark(self) -> Path:
        """Where the files of the marts lie that were published on Spark last."""
        return self.root / "published.json"

    @property
    def built_from(self) -> Path:
        """What the published build was made from, as digests."""
        return self.root / "built_from.json"

    @property
    def summary(self) -> Path:
        """How the last run of a build went, for programs."""
        return self.root / "summary.json"

    @property
    def lock(self) -> Path:
        """The lock that admits one build at a time."""
        return self.root / ".lock"

    @property
    def landed(self) -> Path:
        """The landed tables as Parquet, where Spark reads them."""
        return self.root / "landed"

    @property
    def exports(self) -> Path:
        """What Spark writes of an EL tool's tables, until it has landed."""
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
        """All folders that a build makes."""
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
        """What dbt compiles for a target, and its run results."""
        return self.root / "dbt" / target

    @property
    def erasure_receipts(self) -> Path:
        """What was erased for which request and when, by table, without a word of whom."""
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
        """The pages of dbt on models and columns, in one file."""
        return self.root / "docs" / "index.html"

    @property
    def report(self) -> Path:
        """The page that shows what is published."""
        return self.root / "report" / "index.html"

    def own(self) -> list[Path]:
        """Whatever builds leave directly under OUT: nobody else's files are among them."""
        folders = ("data_docs", "exports", "spark-warehouse", "spark-metastore", "judging")
        names = (*folders, "hash_key", "hash_key.next")
        return sorted({*self.files, *self.folders, *(self.root / name for name in names)})


def write_whole(file: Path, text: str, mode: int = 0o600) -> None:
    """Write a file under a temporary name and rename it, so that nobody reads half of it, even if the disk is full."""
    unfinished = file.with_suffix(f".{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(mode)
        os.replace(unfinished, file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def make_private(folder: Path) -> None:
    """Make a folder that nobody but its owner can look into, and what it lies in; one that is there stays as it is."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def published_mode() -> int:
    """Return who may read the published file, by JOURNEY_PUBLISHED_MODE, as chmod has it: without it its owner alone.

    Raises:
        InputError: it is no mode, or lets others write.
    """
    text = os.environ.get("JOURNEY_PUBLISHED_MODE") or "600"
    if re.fullmatch(r"0?6[04][04]", text) is None:
        raise InputError(f"JOURNEY_PUBLISHED_MODE {text!r}: write 600, 640 (the group reads too) or 644 (everybody).")
    return int(text, 8)


def keep_private(output: Output) -> None:
    """Let nobody but their owner read the files of a build, also those that an earlier release left open to all.

    Who may read the published file may also read the report, and pass through its folder and OUT, but not list them.
    What has an access list of its own is left to whoever made that, and so is what belongs to another user.
    """
    mode = published_mode()
    passing = (mode & 0o044) >> 2
    for file in (*output.own(), output.report):
        if file.is_dir():
            close_to_others(file, 0o700 | passing if file == output.report.parent else 0o700)
        else:
            close_to_others(file, mode if file in (output.published, output.report) else 0o600)
    # the folder may be none, or not there yet: the build says so
    with contextlib.suppress(OSError):
        found = stat.S_IMODE(output.root.stat().st_mode)
        if found & passing != passing:
            output.root.chmod(found | passing)


def close_to_others(file: Path, mode: int = 0o600) -> None:
    """Give a file this mode, unless it has an access list or is somebody else's."""
    # of Linux alone
    lists = getattr(os, "listxattr", None)
    with contextlib.suppress(OSError):
        if lists is not None and any(name.startswith("system.posix_acl") for name in lists(file)):
            return
        if stat.S_IMODE(file.stat().st_mode) != mode:
            file.chmod(mode)
