"""Of dbt's events, those for debugging are dropped before a message is made of them."""

from customer_journey.dbt_events import EventsOfNote
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import JinjaLogInfo, LogStartLine
from dbt_common.events.base_types import BaseEvent, EventLevel


def _names_of_noted(event: BaseEvent, level: EventLevel | None = None) -> list[str]:
    noted: list[str] = []
    events = EventsOfNote()
    events.add_callback(lambda message: noted.append(message.info.name))
    events.fire_event(event, level)
    return noted


def test_what_a_build_shows_is_noted() -> None:
    """The lines of the progress bar and the rules that a test logs reach the callbacks."""
    assert _names_of_noted(LogStartLine(description="a model", index=1, total=2)) == ["LogStartLine"]
    assert _names_of_noted(JinjaLogInfo(msg="a rule")) == ["JinjaLogInfo"]


def test_what_is_for_debugging_is_not() -> None:
    """Neither an event whose kind is for debugging nor one that is fired at that level; but one fired above it is."""
    statement = SQLQuery(conn_name="a", sql="select 1")
    assert _names_of_noted(statement) == []
    assert _names_of_noted(JinjaLogInfo(msg="a rule"), EventLevel.DEBUG) == []
    assert _names_of_noted(statement, EventLevel.WARN) == ["SQLQuery"]
