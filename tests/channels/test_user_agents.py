"""Each user agent of user_agents.csv against what it is: somebody's browser, or a bot, previewer, audit or script."""

import csv
from pathlib import Path

import duckdb
import pytest
from onboarding.macros import Macros

with (Path(__file__).parent / "user_agents.csv").open(encoding="utf-8", newline="") as stream:
    AGENTS = list(csv.DictReader(stream))


@pytest.mark.parametrize("agent", AGENTS, ids=[f"line {row + 2}: {agent['why']}" for row, agent in enumerate(AGENTS)])
def test_user_agent(agent: dict[str, str]) -> None:
    """Each user agent is recognised as a person's browser or as a bot."""
    call = Macros("duckdb").render("{{ is_bot_agent('agent') }}")
    with duckdb.connect() as connection:
        row = connection.execute(f"select {call} from (select ? as agent)", [agent["user_agent"]]).fetchone()
    assert row == (agent["is_bot"] == "true",)
