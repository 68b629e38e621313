"""A linter that rejects SQL which runs on only one engine, or on both with different results.

It reads the text of the SQL, so it knows names and operators but no types; docs/portable_sql.md lists what it misses.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml
from customer_journey.paths import PROJECT

# Files in which the SQL of the engines differs on purpose.
ENGINE_FILES = frozenset({"macros/cross_engine.sql", "macros/spark_seeds.sql"})


class Rule(NamedTuple):
    """A construct, why it is rejected, and what to write instead."""

    name: str
    pattern: re.Pattern[str]
    why: str
    instead: str
    # True for rules that look inside string literals; the other rules skip them.
    in_literals: bool = False
    # False for rules that do not apply to queries of expectations: these cannot call the macro that would be needed, or
    # their own code handles the difference.
    in_queries: bool = True


class Finding(NamedTuple):
    """A place in the SQL that a rule rejects."""

    path: str
    line: int
    rule: Rule

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule.name} {self.rule.why}; write {self.rule.instead}"


def _rule(
    name: str, pattern: str, why: str, instead: str, *, in_literals: bool = False, in_queries: bool = True
) -> Rule:
    return Rule(name, re.compile(pattern, re.IGNORECASE), why, instead, in_literals, in_queries)


def _call(*names: str) -> str:
    """Return a pattern for calls of these functions, not for columns or aliases of the same name."""
    return rf"(?<![\w.])(?:{'|'.join(names)})\s*\("


# An argument of a function, with up to two levels of nested parentheses.
_ARGUMENT = r"(?:[^(),]|\((?:[^()]|\([^()]*\))*\))*"

DUCKDB = "is DuckDB's alone"
SPARK = "is Spark's alone"
ANOTHER_ON_DUCKDB = "is Spark's alone, or means something else on DuckDB"

# Runs on both engines with different results, without any error.
DIFFERENT = (
    _rule(
        "concat()",
        _call("concat"),
        "leaves out nulls on DuckDB and is null on Spark",
        "a || b, or concat_ws('', a, b)",
    ),
    _rule(
        "the day of the week",
        _call("dayofweek", "weekday") + r"|\b(?:extract\s*\(\s*|date_part\s*\([\s]*)(?:dow|dayofweek)\b",
        "counts from another day on each engine",
        "{{ iso_weekday(date) }}: Monday is 1, Sunday 7",
    ),
    _rule(
        "regexp_replace()",
        _call("regexp_replace"),
        "replaces the first match on DuckDB and every match on Spark",
        "{{ regex_remove(text, pattern) }}, or replace() and translate()",
    ),
    _rule(
        "regexp_extract() without the number of a group",
        rf"\bregexp_extract\s*\({_ARGUMENT},{_ARGUMENT}\)",
        "gives the whole match on DuckDB and the first group on Spark",
        "the third argument: regexp_extract(text, pattern, 0), or 1",
    ),
    _rule(
        "substr() from 0",
        rf"\bsubstr(?:ing)?\s*\({_ARGUMENT},\s*0\s*[,)]",
        "takes one character less on DuckDB",
        "substr(text, 1, length)",
    ),
    _rule(
        "left() and right()",
        _call("left", "right"),
        "read a negative length differently",
        "substr(text, 1, length), or substr(text, -length)",
    ),
    _rule(
        "an interval added",
        r"[+-]\s*interval\b",
        "to a date gives a timestamp on DuckDB and a date on Spark",
        "{{ add_days(timestamp, n) }}, {{ add_minutes(…) }}, {{ add_seconds(…) }} or {{ add_months(date, n) }}",
        in_queries=False,
    ),
    _rule(
        "a difference of times",
        r"\b\w*(?:_date|_day|_at)\s*-\s*(?:\w+\.)?\w*(?:_date|_day|_at)\b",
        "is a number or an interval, depending on engine and type",
        "{{ days_between(earlier, later) }}, {{ hours_between(…) }} or {{ seconds_between(…) }}",
        in_queries=False,
    ),
    _rule(
        "dbt's macro",
        r"\bdbt\.\w+\s*\(",
        "is spelled for each engine and not answered alike: hours are rounded, casts fail",
        "a macro of macros/cross_engine.sql: {{ hours_between(…) }}, {{ add_days(…) }}, {{ text_to_integer(…) }}",
    ),
    _rule(
        "avg()",
        _call("avg", "mean"),
        "of a decimal is a double on DuckDB and a decimal of four more digits on Spark",
        "sum(cast(x as double)) / count(x)",
    ),
    _rule(
        "any_value(), first() and last()",
        _call("any_value", "first", "last", "arbitrary"),
        "pass over nulls on DuckDB and not on Spark, and neither says which row counts",
        "min(x), max(x), or row_number() over (… order by …)",
    ),
    _rule(
        "mode()",
        _call("mode"),
        "takes another one of values that are equally frequent",
        "row_number() over (order by count(*) desc, x)",
    ),
    _rule(
        "log()",
        _call("log"),
        "is the decimal logarithm on DuckDB and the natural one on Spark",
        "log10(x) or ln(x)",
    ),
    _rule("^", r"\^|\*\*", "is a power on DuckDB and not on Spark", "power(x, y)"),
    _rule(
        "trunc()", _call("trunc"), "cuts a number on DuckDB and a date on Spark", "floor(x), or {{ month_of(date) }}"
    ),
    _rule("chr()", _call("chr"), "knows 256 characters on Spark", "the character itself, in quotation marks"),
    _rule(
        "trim()",
        _call("trim", "ltrim", "rtrim", "btrim"),
        "takes the blanks of every script on DuckDB and the plain one on Spark, and its arguments the other way round",
        "{{ trimmed(text) }}",
        in_queries=False,
    ),
    _rule(
        "lower()",
        _call("lower", "lcase"),
        "makes other letters of İ and of a Σ that ends a word",
        "{{ lower_case(text) }}",
        in_queries=False,
    ),
    _rule(
        "try_cast() of text",
        rf"\btry_cast\s*\({_ARGUMENT}\bas\s+(?:timestamp|date|bool|boolean|bigint|integer|int|smallint|tinyint)\b",
        "reads other texts on each engine: '2026', '1.5', '1_000', 'now'",
        "{{ text_to_timestamp(text) }}, {{ text_to_date(…) }}, {{ text_to_integer(…) }} or {{ text_to_boolean(…) }}",
        in_queries=False,
    ),
    _rule(
        "a backslash in a literal",
        r"'[^'\n]*\\[^'\n]*'",
        "is itself on DuckDB and an escape on Spark",
        "brackets in a pattern: [.] or [0-9]; like '…' escape '!'; {{ string_literal(text) }} where it must be",
        in_literals=True,
        in_queries=False,
    ),
    _rule(
        "$ in a pattern",
        r"(?:regex|regexp|rlike)\w*\s*\([^\n]*[^\n]\$'|\bpattern\b[^\n]*\$'|'\^[^'\n]*\$'",
        "means the place before a last line break too on Spark",
        "{{ text_end() }} at the end of the pattern",
        in_literals=True,
        in_queries=False,
    ),
    _rule(
        "extract()",
        r"\bextract\s*\(|\bdate_part\s*\(",
        "gives seconds without their fraction on DuckDB and with it on Spark, and knows other fields (epoch, isodow)",
        "year(x), quarter(x), month(x), day(x), hour(x), minute(x), second(x) or {{ iso_weekday(date) }}",
    ),
    _rule(
        "the engine's clock",
        _call("now", "today", "current_localtimestamp", "get_current_timestamp", "unix_timestamp")
        + r"|\bcurrent_(?:date|timestamp|time)\b",
        "is another moment on each machine and in every build",
        "{{ as_of() }}",
    ),
    _rule(
        "hash()",
        _call("hash", "xxhash64", "crc32"),
        "is another number on each engine and version",
        "md5(text), or {{ keyed_hash([…]) }} for what must not be guessed",
    ),
    _rule(
        "date_diff()",
        _call(
            "date_diff",
            "datediff",
            "datesub",
            "date_sub",
            "date_add",
            "dateadd",
            "timestampdiff",
            "timestampadd",
            "age",
        ),
        "takes other arguments on each engine",
        "{{ days_between(earlier, later) }}, {{ hours_between(…) }}, {{ add_days(timestamp, n) }}",
    ),
    _rule(
        "(?…) in a pattern",
        r"'[^'\n]*\(\?(?!:)",
        "is refused by DuckDB, or differs beyond ASCII",
        "a pattern without; {{ lower_case(text) }} for (?i)",
        in_literals=True,
    ),
)

ONE_ENGINE = (
    _rule(
        "regexp_matches()",
        _call("regexp_matches", "regexp_full_match", "regexp_split_to_array") + r"|\bsimilar\s+to\b|~",
        DUCKDB,
        "{{ regex_like(text, pattern) }}, or in a query regexp_extract(text, pattern, 0) <> ''",
    ),
    _rule(
        "[:class:] in a pattern",
        r"\[:\w+:\]",
        DUCKDB,
        "{{ whitespace() }} inside the brackets, or the characters: [a-z], [0-9]",
        in_literals=True,
    ),
    _rule(
        "string_agg(… order by …)",
        r"\b(?:string_agg|group_concat|listagg)\s*\(",
        "has no order that both engines can be told",
        "a row each, or min() and max(); putting texts in one line is for what shows them",
    ),
    _rule(
        "lists",
        _call(
            "list", "array_agg", r"list_\w+", "unnest", "collect_list", "collect_set", "explode", "posexplode", "array"
        )
        + r"|\[",
        "are spelled differently, and counted from 1 on DuckDB and from 0 on Spark",
        "a row each, with values or group by",
    ),
    _rule(
        "arg_max()",
        _call("arg_max", "arg_min", "argmax", "argmin"),
        DUCKDB,
        "max_by(x, y) where y has no ties, else row_number() over (… order by …)",
    ),
    _rule(
        "epoch()",
        _call(
            "epoch", "epoch_ms", "epoch_us", "epoch_ns", "to_seconds", "to_minutes", "to_hours", "to_days", "to_months"
        )
        + "|"
        + _call("to_timestamp", "timestamp_micros", "unix_micros", "unix_millis", "unix_seconds", "from_unixtime"),
        "is one engine's alone",
        "{{ seconds_between(earlier, later) }} or {{ add_seconds(timestamp, n) }}",
    ),
    _rule(
        "strftime()",
        _call("strftime", "strptime", "try_strptime", "date_format", "to_date", "to_char", "monthname", "dayname"),
        "is one engine's alone",
        "cast(x as string), year(x), month(x), day(x), {{ text_to_date(text) }}, or a label from a seed",
    ),
    _rule(
        "week()",
        _call("week", "isodow", "isoyear", "yearweek", "century", "decade", "era"),
        DUCKDB,
        "weekofyear(date), or {{ iso_weekday(date) }}",
    ),
    _rule(
        "at time zone",
        r"\bat\s+time\s+zone\b|" + _call("from_utc_timestamp", "to_utc_timestamp", "convert_timezone"),
        "is one engine's alone",
        "{{ to_reporting_time(timestamp) }} or {{ reporting_date(timestamp) }}",
    ),
    _rule(
        "generate_series()",
        _call("generate_series", "sequence"),
        "is one engine's alone",
        "{{ date_spine(first, last) }} for days, range(n) in from for numbers",
    ),
    _rule(
        "asof join",
        r"\b(?:asof|positional)\s+(?:left\s+|inner\s+)?join\b|\busing\s+sample\b|\busing\s+key\b",
        DUCKDB,
        "a join between valid_from and valid_to, or lag() over a union",
    ),
    _rule(
        "JSON",
        r"->>?|" + _call(r"json_\w+", "get_json_object", "from_json", "to_json"),
        "is taken apart differently on each engine",
        "a column of its own: whoever lands the rows takes the JSON apart",
    ),
    _rule(
        "over a named window, less something",
        r"\bover\s+\w+\s*-",
        "ends in an error on Spark, which takes the minus for a part of the name",
        "(sum(x) over w) - y",
    ),
    _rule("//", r"//|\bdiv\b", "is one engine's alone", "floor(x / y)"),
    _rule("sha256()", _call("sha256", "sha1", "sha2", "sha"), "is one engine's alone", "{{ keyed_hash([…]) }}"),
    _rule(
        "a name in quotation marks",
        r'"\w[\w ]*"|`[^`\n]+`',
        "is a text on Spark, and in backticks an error on DuckDB",
        "a name that needs none",
    ),
    _rule(
        "sum() of a condition",
        r"\bsum\s*\(\s*(?!case\b)(?:(?:\w+\.)?(?:is|has|was)_\w+\s*\)|[^()]*?(?:[<>=]|\bis\s+(?:not\s+)?null)[^()]*\))",
        DUCKDB,
        "count_if(condition), or count(*) filter (where condition)",
    ),
    _rule(
        "varchar without a length",
        r"(?:\bas\s+|::\s*)varchar\b(?!\s*\()|(?:\bcast\s*\([^()]*\bas\s+|::\s*)(?:text|bpchar)\b",
        DUCKDB,
        "string",
    ),
    _rule(
        "this type",
        r"(?:\bas\s+|::\s*)(?:hugeint|uhugeint|ubigint|uinteger|usmallint|utinyint|uuid|timestamptz|timestamp_\w+|json)\b"
        r"|\btimestamp\s+with\s+time\s+zone\b",
        DUCKDB,
        "bigint, decimal(38, 0), string, or timestamp, which is UTC everywhere",
        in_queries=False,
    ),
    _rule(
        "a star with exceptions",
        r"\*\s*(?:exclude|except|replace|rename)\b|(?<![\w.])columns\s*\(",
        "is spelled differently on each engine",
        "the names of the columns",
    ),
    _rule("from without select", r"(?:\A|\()\s*from\b", DUCKDB, "select * from …"),
    _rule(
        "this function",
        _call(
            "getvariable",
            "try",
            "error",
            "alias",
            "strpos",
            "prefix",
            "suffix",
            "strip_accents",
            "format",
            "levenshtein",
        ),
        DUCKDB,
        "standard SQL: instr(text, part), x / nullif(y, 0), case",
    ),
    _rule(
        "a function of Spark",
        _call(
            "nvl", "nvl2", "isnull", "isnotnull", r"try_(?:add|subtract|multiply|divide)", "months_between", "next_day"
        )
        + "|"
        + _call(
            "initcap", "format_number", "format_string", "percentile", "percentile_approx", "width_bucket", "bround"
        )
        + "|"
        + _call("add_months", "regexp_count", "regexp_substr", "named_struct", "stack", "soundex"),
        ANOTHER_ON_DUCKDB,
        "standard SQL: coalesce(a, b), x is null, a / nullif(b, 0), percentile_cont(); {{ add_months(date, n) }}",
    ),
    _rule("rlike", r"\brlike\b|\bregexp_like\s*\(|\bregexp\b", SPARK, "{{ regex_like(text, pattern) }}"),
    _rule(
        "lateral view",
        r"\blateral\s+view\b|\b(?:distribute|cluster|sort)\s+by\b|\bleft\s+(?:anti|semi)\s+join\b",
        SPARK,
        "a join, order by, exists or not exists",
    ),
)

RULES = DIFFERENT + ONE_ENGINE

_TEMPLATE = re.compile(r"{#.*?#}|{{.*?}}|{%.*?%}", re.DOTALL)
# Matches Jinja code character by character; only calls of dbt's own macros are captured, the rest is blanked out.
_JINJA_WORD = re.compile(r"(\bdbt\.\w+\s*\()|[^\n]")
_JINJA_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_SQL_COMMENT_OR_LITERAL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:''|[^'])*(?:'|\Z)", re.DOTALL)


def check_sql(path: str, sql: str, *, is_query: bool = False) -> Iterator[Finding]:
    """Yield the findings in a text of SQL and Jinja."""
    with_literals = _readable(sql, keep_literals=True)
    without = _readable(sql, keep_literals=False)
    seen: set[tuple[int, str]] = set()
    for rule in RULES:
        if is_query and not rule.in_queries:
            continue
        for match in rule.pattern.finditer(with_literals if rule.in_literals else without):
            line = sql.count("\n", 0, match.start()) + 1
            if (line, rule.name) not in seen:
                seen.add((line, rule.name))
                yield Finding(path, line, rule)


def check_yaml(path: str, text: str) -> Iterator[Finding]:
    """Yield the findings in the SQL of a .yml file: rows of unit tests and queries of expectations."""
    for node in _sql_nodes(yaml.compose(text, Loader=yaml.SafeLoader)):
        start, end = node.start_mark, node.end_mark
        before = "\n" * start.line
        yield from check_sql(path, before + text[start.index : end.index], is_query=True)


def check_project(project: Path, files: Sequence[Path] = ()) -> list[Finding]:
    """Return the findings in these files, or in all SQL of the project, by file and line."""
    findings = [finding for file in files or _project_files(project) for finding in _check_file(project, file)]
    return sorted(findings, key=lambda finding: finding[:2])


def _check_file(project: Path, file: Path) -> Iterator[Finding]:
    path = file.resolve().relative_to(project).as_posix()
    if path in ENGINE_FILES:
        return iter(())
    text = file.read_text(encoding="utf-8")
    return check_sql(path, text) if file.suffix == ".sql" else check_yaml(path, text)


def _project_files(project: Path) -> Iterator[Path]:
    for folder in ("models", "macros", "tests/dbt"):
        yield from sorted((project / folder).rglob("*.sql"))
    for folder in ("models", "expectations"):
        yield from sorted((project / folder).rglob("*.yml"))


def _readable(text: str, *, keep_literals: bool) -> str:
    """Blank out comments, Jinja code and, unless they are to be kept, literals; no character changes its position."""

    def sql(text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            found = match[0]
            return found if keep_literals and found.startswith("'") else _blank(found)

        return _SQL_COMMENT_OR_LITERAL.sub(replace, text)

    def jinja(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith("{#"):
            return _blank(found)
        kept, place = [], 0
        # string arguments of a macro are usually SQL: keep them
        for string in _JINJA_STRING.finditer(found):
            kept += [words(found[place : string.start()]), " ", string[0][1:-1], " "]
            place = string.end()
        # join the strings first: an SQL literal may continue after a call, as in "'[" ~ whitespace() ~ "]'"
        return sql("".join(kept) + words(found[place:]))

    def words(text: str) -> str:
        return _JINJA_WORD.sub(lambda match: match[1] or " ", text)

    return sql(_TEMPLATE.sub(jinja, text))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _sql_nodes(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _sql_nodes(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in ("rows", "unexpected_rows_query") and isinstance(value, yaml.ScalarNode):
                yield value
            else:
                yield from _sql_nodes(value)


def main(arguments: Iterable[str] = ()) -> int:
    """Check the named files, or all, print the findings and return the exit code."""
    findings = check_project(PROJECT, [Path(argument) for argument in arguments])
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} to mend. Why, and what else differs: docs/portable_sql.md")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
