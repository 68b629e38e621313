"""Published marts are read within the memory limit, and what does not fit stays in the output folder."""

from pathlib import Path

import duckdb
import pytest
from customer_journey.publishing.published import reading_marts


def test_rows_that_do_not_fit_go_to_the_output_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not written where the command was started: that folder may be anybody's, and marts are not."""
    duckdb.connect(str(tmp_path / "journey.duckdb")).close()
    monkeypatch.setenv("JOURNEY_MEMORY_LIMIT", "64MiB")
    with reading_marts(tmp_path / "journey.duckdb") as connection:
        limits = connection.execute("select current_setting('temp_directory'), current_setting('memory_limit')")
        assert limits.fetchone() == (str(tmp_path / ".marts.tmp"), "64.0 MiB")
