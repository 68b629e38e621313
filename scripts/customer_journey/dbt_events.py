"""The events of dbt that a build takes note of."""

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager


class EventsOfNote(EventManager):
    """Drops debug events at once.

    dbt makes a message of each of its events, some twenty a node, before it drops those that no log wants. Nearly all
    are debug events, which neither dbt's log of a build nor its progress has.
    """

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: Any = None,  # noqa: ANN401  (as dbt declares it)
        force_warn_or_error_handling: bool = False,
    ) -> None:
        """Pass the event on to dbt's logs and to the callbacks, unless it is for debugging."""
        if (level or e.level_tag()) != EventLevel.DEBUG:
            super().fire_event(e, level, node, force_warn_or_error_handling)
