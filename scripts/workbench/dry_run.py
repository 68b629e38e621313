"""Compares a trial of the working tree with the published marts: what would change if it were published.

Changed definitions and frameworks move persons between stages; changed identity rules merge or split persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.publishing.publish import SCHEMA
from customer_journey.warehouse import quoted

from workbench.trial import ENTRIES, EVIDENCE

_EPISODE = "stage, person_id, entered_at, left_at, evidence, is_override"
_INTERVAL = "framework, person_id, stage, entered_at, exited_at"


@dataclass(frozen=True)
class DefinitionChange:
    """The number of episodes of one definition, before and after."""

    definition: str
    before: int
    after: int
    new: int
    removed: int
    persons: int


@dataclass(frozen=True)
class FrameworkChange:
    """For a framework, the number of persons with a changed stage history, and of those with another current stage."""

    framework: str
    persons: int
    changed_histories: int
    moved: int


@dataclass(frozen=True)
class Move:
    """Number of persons who would move from one current stage of a framework to another; None: never entered it."""

    framework: str
    from_stage: str | None
    to_stage: str | None
    persons: int


@dataclass(frozen=True)
class MoveExample:
    """One person who would move: the new stage, since when, and the evidence."""

    framework: str
    person_id: str
    from_stage: str | None
    to_stage: str | None
    since: datetime | None
    evidence: str | None


@dataclass(frozen=True)
class EpisodeExample:
    """One episode that only one side has."""

    definition: str
    is_new: bool
    person_id: str
    entered_at: datetime
    left_at: datetime | None
    evidence: str


@dataclass(frozen=True)
class Regrouping:
    """The number of persons who would be merged or split, and the number of persons that would result."""

    kind: str
    before: int
    after: int


@dataclass(frozen=True)
class RegroupingExample:
    """A person who would be split, or would result from a merge, with the person_ids on the other side."""

    kind: str
    person_id: str
    others: Sequence[str]


@dataclass(frozen=True)
class SkippedChange:
    """Number of identifiers that the changed identity rules skip for another reason, skip newly or no longer skip.

    `before` and `after` are the reasons for which an identifier does not link persons; None if it does link them.
    """

    identifier_type: str
    before: str | None
    after: str | None
    identifiers: int


@dataclass(frozen=True)
class PersonsDryRun:
    """The effect of changed identity rules on persons."""

    # number of persons, and number of known persons
    before: tuple[int, int]
    after: tuple[int, int]
    regroupings: Sequence[Regrouping]
    examples: Sequence[RegroupingExample]
    skipped: Sequence[SkippedChange]


@dataclass(frozen=True)
class DryRun:
    """All changes, in a deterministic order."""

    definitions: Sequence[DefinitionChange]
    episodes: Sequence[EpisodeExample]
    frameworks: Sequence[FrameworkChange]
    moves: Sequence[Move]
    movers: Sequence[MoveExample]


def require_published(output: Output) -> None:
    """Make sure that there are published marts to compare with.

    Raises:
        InputError: there are no marts published here on DuckDB.
    """
    if not output.published.exists():
        raise InputError(
            f"{output.root}: nothing is published here to compare with. Build it: scripts/build --out {output.root}."
        )


def compare_stages(output: Output, trial: Path, examples: int) -> DryRun:
    """Compare the stages of a trial with the published marts."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, file in (("before", output.published), ("after", trial)):
            connection.execute(f"attach '{quoted(file)}' as {name} (read_only)")
        for side in ("before", "after"):
            connection.execute(f"create view {side}_episodes as select {_EPISODE} from {side}.{SCHEMA}.{EVIDENCE}")
            connection.execute(f"create view {side}_intervals as select * from {side}.{SCHEMA}.{ENTRIES}")
        connection.execute(_CHANGED_EPISODES)
        connection.execute(_MOVERS)
        return DryRun(
            definitions=[DefinitionChange(*row) for row in connection.execute(_DEFINITIONS).fetchall()],
            episodes=[EpisodeExample(*row) for row in connection.execute(_EPISODE_EXAMPLES, [examples]).fetchall()],
            frameworks=[FrameworkChange(*row) for row in connection.execute(_FRAMEWORKS).fetchall()],
            moves=[Move(*row) for row in connection.execute(_MOVES).fetchall()],
            movers=[MoveExample(*row) for row in connection.execute(_MOVER_EXAMPLES, [examples]).fetchall()],
        )


def compare_persons(output: Output, trial: Path, examples: int) -> PersonsDryRun:
    """Compare the persons of a trial with the published ones, identifier by identifier.

    Raises:
        InputError: the published marts cannot be compared.
    """
    with duckdb.connect(":memory:") as connection:
        for name, file in (("before", output.published), ("after", trial)):
            connection.execute(f"attach '{quoted(file)}' as {name} (read_only)")
        try:
            connection.execute(_BEFORE_AND_AFTER)
        except duckdb.CatalogException as error:
            raise InputError(f"{output.root}: was published by an older version. Build it again first.") from error
        counts = connection.execute(_PERSONS).fetchone()
        assert counts is not None
        if counts[0] and not counts[-1]:
            raise InputError(f"{output.root}: was published with another JOURNEY_HASH_KEY. Set that one.")
        return PersonsDryRun(
            before=counts[:2],
            after=counts[2:4],
            regroupings=[Regrouping(*row) for row in connection.execute(_REGROUPINGS).fetchall()],
            examples=[RegroupingExample(*row) for row in connection.execute(_REGROUPED, [examples]).fetchall()],
            skipped=[SkippedChange(*row) for row in connection.execute(_SKIPPED).fetchall()],
        )


_BEFORE_AND_AFTER = f"""
    create temp table before_and_after as
    select published.person_id as person_before, found.person_id as person_after
    from before.{SCHEMA}.bridge_person_identifiers as published
    inner join after.intermediate.int_person_identifiers as found using (identifier_hash)
    where published.is_current
"""

_PERSONS = f"""
    select persons_before, known_before, persons_after, known_after, identifiers from
    (
        select count(*) as persons_before, count(*) filter (where is_known) as known_before
        from before.{SCHEMA}.dim_persons where person_id <> 'unknown'
    ),
    (
        select count(*) as persons_after, count(*) filter (where is_known) as known_after
        from after.intermediate.int_persons where person_id <> 'unknown'
    ),
    (select count(*) as identifiers from before_and_after)
"""

_GROUPS = """
    with groups as (
        select 'merge' as kind, person_after as person_id, list_distinct(list(person_before)) as others
        from before_and_after group by person_after
        union all
        select 'split' as kind, person_before as person_id, list_distinct(list(person_after)) as others
        from before_and_after group by person_before
    ),
    regrouped as (select * from groups where len(others) > 1)
"""

_REGROUPINGS = f"""
    {_GROUPS},
    counted as (
        select kind, count(distinct person_id) as persons, count(distinct other) as others
        from (select kind, person_id, unnest(others) as other from regrouped) group by kind
    )
    select kind, if(kind = 'merge', others, persons), if(kind = 'merge', persons, others) from counted order by kind
"""

_REGROUPED = f"""
    {_GROUPS}
    select kind, person_id, list_sort(others) from regrouped
    qualify row_number() over (partition by kind order by len(others) desc, person_id) <= ?
    order by kind, len(others) desc, person_id
"""

_SKIPPED = f"""
    with before as (select identifier_type, identifier_hash, reason from before.{SCHEMA}.audit_identifiers_skipped),
    after as (select identifier_type, identifier_hash, reason from after.intermediate.int_identifiers_skipped)
    select coalesce(before.identifier_type, after.identifier_type) as identifier_type,
        before.reason, after.reason, count(*)
    from before full join after using (identifier_hash)
    where before.reason is distinct from after.reason
    group by all order by all
"""

_CHANGED_EPISODES = f"""
    create temp table changed_episodes as
    select true as is_new, * from (select {_EPISODE} from after_episodes except select {_EPISODE} from before_episodes)
    union all
    select false as is_new, * from (select {_EPISODE} from before_episodes except select {_EPISODE} from after_episodes)
"""

_DEFINITIONS = """
    with before as (select stage, count(*) as episodes from before_episodes group by stage),
    after as (select stage, count(*) as episodes from after_episodes group by stage),
    changes as (
        select
            stage,
            count(*) filter (where is_new) as new,
            count(*) filter (where not is_new) as removed,
            count(distinct person_id) as persons
        from changed_episodes
        group by stage
    )
    select stage, coalesce(before.episodes, 0), coalesce(after.episodes, 0), new, removed, persons
    from changes left join before using (stage) left join after using (stage)
    order by stage
"""

_EPISODE_EXAMPLES = """
    select stage, is_new, person_id, entered_at, left_at, evidence from changed_episodes
    qualify row_number() over (
        partition by stage, is_new order by entered_at desc, person_id, left_at, evidence
    ) <= ?
    order by stage, is_new desc, entered_at desc, person_id, left_at, evidence
"""

_MOVERS = """
    create temp table movers as
    with before as (select * from before_intervals where is_current),
    after as (select * from after_intervals where is_current)
    select
        coalesce(before.framework, after.framework) as framework,
        coalesce(before.person_id, after.person_id) as person_id,
        before.stage as from_stage,
        after.stage as to_stage,
        after.entered_at as since,
        after.evidence
    from before full join after on before.framework = after.framework and before.person_id = after.person_id
    where before.stage is distinct from after.stage
"""

_FRAMEWORKS = f"""
    with intervals as (
        select true as is_after, {_INTERVAL} from after_intervals
        union all select false as is_after, {_INTERVAL} from before_intervals
    ),
    changed as (
        select framework, person_id from intervals group by {_INTERVAL} having count(*) = 1
    ),
    persons as (select framework, count(distinct person_id) as persons from intervals group by framework),
    histories as (select framework, count(distinct person_id) as persons from changed group by framework),
    moves as (select framework, count(*) as persons from movers group by framework)
    select framework, persons.persons, coalesce(histories.persons, 0), coalesce(moves.persons, 0)
    from persons left join histories using (framework) left join moves using (framework)
    order by framework
"""

_MOVES = """
    select framework, from_stage, to_stage, count(*) as persons from movers
    group by framework, from_stage, to_stage
    order by framework, persons desc, from_stage nulls first, to_stage nulls first
"""

_MOVER_EXAMPLES = """
    select framework, person_id, from_stage, to_stage, since, evidence from movers
    qualify row_number() over (partition by framework order by since desc nulls last, person_id) <= ?
    order by framework, since desc nulls last, person_id
"""
