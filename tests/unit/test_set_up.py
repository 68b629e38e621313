"""Set-up and connections: whose certificates are trusted, and what does not leak into logs."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from customer_journey.paths import PROJECT
from customer_journey.warehouse import open_warehouse


@pytest.mark.parametrize(("given", "expected"), [({}, "true true"), ({"UV_SYSTEM_CERTS": "false"}, "false true")])
def test_set_up_trusts_the_certificates_of_the_system(given: dict[str, str], expected: str) -> None:
    """Behind a proxy that inspects TLS, uv's own certificates would refuse every registry."""
    names = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
    environment = {name: value for name, value in os.environ.items() if name not in names} | given
    script = f'source "{PROJECT}/scripts/bootstrap.sh" && env | sort -r | grep -E "^({"|".join(names)})=" | cut -d= -f2'
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected.split()


def test_the_progress_bar_of_duckdb_leaks_into_no_log(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        assert connection.execute("select current_setting('enable_progress_bar')").fetchone() == (False,)
    # the connections of dbt
    profiles = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    targets = profiles["customer_journey"]["outputs"]
    assert targets["duckdb"]["settings"]["enable_progress_bar"] is False
