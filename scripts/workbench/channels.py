"""What a rule in seeds/channel_rules.csv must hold to be understood by both engines."""

import re
from collections.abc import Iterator

import duckdb

from workbench.project import closest, is_name
from workbench.seeds import SeedFile, SeedRow

PATTERNS = ("source_pattern", "medium_pattern", "campaign_pattern")
CONDITIONS = (*PATTERNS, "source_category")


def pattern_problem(pattern: str) -> str | None:
    """Say what is wrong with a regular expression; None if nothing is."""
    if not pattern:
        return None
    if "[[:" in pattern:
        return "[:class:] is understood by DuckDB alone; write the characters: [a-z], [0-9]"
    if any(character.isupper() for character in re.sub(r"\\.", "", pattern)):
        return f"it is matched with lower-case text; write {pattern.lower()!r}"
    try:
        # DuckDB's regular expressions are stricter: what it accepts, Spark accepts too
        with duckdb.connect(":memory:") as connection:
            connection.execute("select regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        return f"is not a regular expression ({str(error).splitlines()[0].removeprefix('Invalid Input Error: ')})"
    return None


def channel_rule_problems(rules: SeedFile, channels: SeedFile, sources: SeedFile) -> Iterator[str]:
    """Yield what is wrong with the rules, a line each."""
    known_channels, categories = channels.values("channel"), sources.values("category")
    rule_ids: dict[str, int] = {}
    priorities: dict[str, str] = {}
    for row in rules.rows:
        where, rule = f"{rules.path}:{row.line}", row["rule_id"]
        if not is_name(rule):
            yield f"{where}: rule_id {rule!r} is not snake_case"
        if rule in rule_ids:
            yield f"{where}: rule_id {rule} stands on line {rule_ids[rule]} already"
        rule_ids.setdefault(rule, row.line)
        if not row["priority"].isdigit():
            yield f"{where}: priority {row['priority']!r} of {rule} is not a whole number"
        elif row["priority"] in priorities:
            yield f"{where}: {rule} has priority {row['priority']}, which {priorities[row['priority']]} has"
        priorities.setdefault(row["priority"], rule)
        if row["channel"] not in known_channels:
            yield (
                f"{where}: {rule} leads to channel {row['channel']!r}, which seeds/channels.csv does not have"
                f" ({closest(row['channel'], known_channels)})"
            )
        if row["source_category"] and row["source_category"] not in categories:
            yield (
                f"{where}: {rule} asks for source_category {row['source_category']!r}, which no row of"
                f" seeds/channel_sources.csv has ({closest(row['source_category'], categories)})"
            )
        for column in PATTERNS:
            problem = pattern_problem(row[column])
            if problem:
                yield f"{where}: {column} {row[column]!r} of {rule}: {problem}"
    yield from _hidden_rules(rules)


def _hidden_rules(rules: SeedFile) -> Iterator[str]:
    ordered = sorted((row for row in rules.rows if row["priority"].isdigit()), key=_priority)
    for position, row in enumerate(ordered[:-1]):
        if not any(row[column] for column in CONDITIONS):
            yield (
                f"{rules.path}:{row.line}: {row['rule_id']} has no condition, so it matches every session and"
                f" {ordered[position + 1]['rule_id']} after it is never reached"
            )


def _priority(row: SeedRow) -> int:
    return int(row["priority"])
