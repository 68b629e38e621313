"""Where things lie: the project's own folders, and the files of one output folder."""

import os
from dataclasses import dataclass
from pathlib import Path

# Another dbt project on the same raw tables: tests of builds name one that has few models.
PROJECT = Path(os.environ.get("JOURNEY_PROJECT") or Path(__file__).parents[2]).resolve()
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
        """All files that a build writes under names of their own."""
        databases = (self.warehouse, self.published, self.publishing)
        logs_of_databases = tuple(file.with_name(f"{file.name}.wal") for file in databases)
        return (self.lock, self.built_from, self.published_on_spark, *databases, *logs_of_databases)

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders that a build makes."""
        return (self.landed, self.exports, self.root / "dbt", self.logs, self.data_docs)

    def dbt_folder(self, target: str) -> Path:
        """What dbt compiles for a target, and its run results."""
        return self.root / "dbt" / target

    @property
    def logs(self) -> Path:
        """The logs of dbt."""
        return self.root / "logs"

    @property
    def data_docs(self) -> Path:
        """The pages of Great Expectations."""
        return self.root / "data_docs"
