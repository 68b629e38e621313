"""The simulated week of docs/schedules.md on a project with few marts: what an engineer sees after each night."""

from pathlib import Path

from tools.week import run_week

from tests.support.small_project import MARTS, make_small_project


def test_a_week_of_nights(tmp_path: Path) -> None:
    project = make_small_project(tmp_path / "small", (*MARTS, "audit_freshness"))
    week = run_week(tmp_path, scale=0.3, project=project)
    assert [seen["code"] for seen in week.seen] == [0, 0, 2, 0, -9, 0, 0, 0, 0]
    status = [seen["summary"]["status"] for seen in week.seen]
    assert status == [
        "published", "published", "unusable_input", "published", "running", "published", "published", "published",
        "nothing_new",
    ]  # fmt: skip
    first, fresh, broken, again, killed, after, partly, last, second = week.seen
    assert broken["stderr"].startswith("error: ")
    assert "web/events/2026-06-26.parquet: cannot be read as Parquet" in broken["webhook"][0]
    assert killed["summary"]["steps"][-1] == {
        **killed["summary"]["steps"][-1],
        "step": "Models and tests",
        "seconds": None,
    }
    assert killed["webhook"] == []
    # new warnings come before those that persist for weeks
    _, low, *_ = partly["webhook"][0].splitlines()
    assert low.startswith("- new: raw tables have their usual volume on audit_freshness: ")
    assert "web/events: " in low
    assert partly["webhook"][0].splitlines()[0].endswith(", 1 of them new")
    assert all(seen["webhook"][0].splitlines()[0].endswith(", none of them new") for seen in (fresh, again, after))
    # the missing file has arrived, so there is no more alarm
    assert not any(
        "web/events" in line for seen in (first, fresh, again, after, last) for line in seen["summary"]["warnings"]
    )
    assert second["changed"][0].startswith("nothing is new since build ")
