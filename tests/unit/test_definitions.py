"""Which definitions a build names as changed since the published one."""

import duckdb
import pytest
from customer_journey.comparison import definitions
from customer_journey.comparison.definitions import Definitions, changed, definitions_in_force, differences

BEFORE: Definitions = {
    ("setting", "lead_cold_days"): "90",
    ("setting", "bot_user_agents"): "a" * 100,
    ("version of", "duckdb"): "1.4.0",
    ("stage definitions", "lead"): "digest",
    ("stage definitions", "customer"): "digest",
    ("seeds", "personas"): "digest",
}


def test_both_values_of_a_setting_and_the_names_of_all_else() -> None:
    now = {
        **BEFORE,
        ("setting", "lead_cold_days"): "60",
        ("setting", "bot_user_agents"): "b" * 100,
        ("version of", "duckdb"): "2.0.1",
        ("stage definitions", "lead"): "another",
        ("stage definitions", "trial"): "digest",
    }
    del now["seeds", "personas"]
    assert differences(BEFORE, now) == [
        f"setting bot_user_agents: {'a' * 60}… before, {'b' * 60}… now",
        "setting lead_cold_days: 90 before, 60 now",
        "version of duckdb: 1.4.0 before, 2.0.1 now",
        "seeds: personas (removed)",
        "stage definitions: lead, trial (new)",
    ]


def test_a_new_release_is_no_wall_of_names() -> None:
    now = {("models", f"m{number:03}"): "digest" for number in range(120)}
    assert differences({}, now) == [
        "models: " + ", ".join(f"m{number:03} (new)" for number in range(10)) + " and 110 more"
    ]


def test_the_published_build_is_compared_with_and_no_other() -> None:
    """A build that failed or was killed has changed nothing that anybody reads."""
    with duckdb.connect() as connection:
        connection.execute("create schema private")
        assert changed(connection, "b1", None, BEFORE) == []
        other = {**BEFORE, ("setting", "lead_cold_days"): "60"}
        line = "setting lead_cold_days: 90 before, 60 now"
        assert changed(connection, "b2", "b1", other) == [line]
        # b2 failed: b1 is still what readers see
        assert changed(connection, "b3", "b1", other) == [line]
        assert changed(connection, "b4", "b3", other) == []
        builds = connection.execute("select distinct build_id from private.definitions order by 1").fetchall()
        assert builds == [("b3",), ("b4",)]


def test_the_definitions_of_this_project(monkeypatch: pytest.MonkeyPatch) -> None:
    files = ("models/stages/lead.sql", "models/stages/lead.yml", "models/marts/core/dim_stages.sql",
             "seeds/personas.csv", "seeds/_seeds.yml", "adapters/shopify/adapter.yml", "uv.lock")  # fmt: skip
    monkeypatch.setattr(definitions, "digests_of_project", lambda: dict.fromkeys(files, "digest"))
    now = definitions_in_force({"as_of": "2026-06-30", "lead_cold_days": 60})
    assert now["setting", "lead_cold_days"] == "60"
    assert now["setting", "funnel_window_days"] == "90"
    assert ("setting", "as_of") not in now
    assert {key for key in now if key[0] not in ("setting", "version of")} == {
        ("stage definitions", "lead"),
        ("models", "dim_stages"),
        ("seeds", "personas"),
        ("adapters", "shopify/adapter.yml"),
    }
