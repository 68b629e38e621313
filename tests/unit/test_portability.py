"""The linter for SQL that runs on only one engine: what it finds, what it accepts, and its messages."""

from pathlib import Path

import pytest
from customer_journey.paths import PROJECT
from tools import portability
from tools.portability import RULES, check_project, check_sql, check_yaml

# By rule: SQL that it refuses, and what says the same on both engines.
EXAMPLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "concat()": (
        ("select concat(a, b)", "select {{ masked('concat(a, b)') }}"),
        ("select a || b", "concat_ws('', a, b)"),
    ),
    "the day of the week": (
        ("select dayofweek(d)", "select weekday(d)", "extract(dow from d)"),
        ("select {{ iso_weekday('d') }}", "select d as weekday"),
    ),
    "regexp_replace()": (("select regexp_replace(a, 'x', '')",), ("select {{ regex_remove('a', \"'x'\") }}",)),
    "regexp_extract() without the number of a group": (
        ("select regexp_extract(a, 'x(.)')", "select regexp_extract(coalesce(a, f(b)), 'x')"),
        ("select regexp_extract(a, 'x(.)', 1)", "regexp_extract({{ lower_case('a') }}, 'a,b', 0)"),
    ),
    "substr() from 0": (
        ("select substr(a, 0, 3)", "substring(f(a, b), 0)"),
        ("select substr(a, 1, 3)", "substr(a, 10)"),
    ),
    "left() and right()": (
        ("select left(a, -2)",),
        ("select 1 from a left join b on a.x = b.x", "select 1 from a left join (select 1) as b"),
    ),
    "an interval added": (
        ("select d + interval 1 day", "select d - interval '1' month"),
        ("select {{ add_days('d', 1) }}",),
    ),
    "a difference of times": (
        ("select ended_at - started_at", "select a.order_date - b.first_date"),
        ("select {{ hours_between('started_at', 'ended_at') }}", "select total_amount - tax_amount"),
    ),
    "dbt's macro": (("select {{ dbt.datediff('a', 'b', 'hour') }}",), ("select {{ hours_between('a', 'b') }}",)),
    "avg()": (("select avg(score)",), ("select sum(cast(score as double)) / count(score)",)),
    "any_value(), first() and last()": (
        ("select any_value(a)", "select first(a)"),
        ("select min(a)", "order by a nulls first"),
    ),
    "mode()": (("select mode(a)",), ("select {{ setting('mode') }}", "select mode from a")),
    "log()": (("select log(a)",), ("select log10(a), ln(a)",)),
    "^": (
        ("select a ^ 2", "select a ** 2"),
        ("select power(a, 2)", "{{ regex_like('a', \"'^[^\" ~ whitespace() ~ \"^]'\") }}"),
    ),
    "trunc()": (("select trunc(a)",), ("select floor(a)", "select date_trunc('month', a)")),
    "chr()": (("select chr(7841)",), ("select 'ạ'",)),
    "trim()": (("select trim(a)", "{{ masked('trim(a)') }}"), ("select {{ trimmed('a') }}",)),
    "lower()": (("select lower(a)",), ("select {{ lower_case('a') }}",)),
    "try_cast() of text": (
        ("try_cast(a as date)", "try_cast(nullif(trim(a), '') as timestamp)", "try_cast(a as boolean)"),
        ("{{ text_to_date('a') }}", "try_cast(a * b as decimal(18, 4))", "cast(null as date)"),
    ),
    "a backslash in a literal": (
        ("select 'a\\nb'", "where a like '50\\%'", "{{ regex_like('a', \"'[0-9]\\\\.'\") }}"),
        ("where a like '50!%' escape '!'", "{{ regex_like('a', \"'[0-9][.]'\") }}"),
    ),
    "$ in a pattern": (
        ("{{ regex_like('a', \"'^[0-9]+$'\") }}", "regexp_extract(a, '^x$', 0)"),
        ("{{ regex_like('a', \"'^[0-9]+\" ~ text_end() ~ \"'\") }}", "select '5 $'"),
    ),
    "extract()": (("select extract(second from a)", "select date_part('epoch', a)"), ("select second(a)",)),
    "the engine's clock": (
        ("select now()", "where a < current_date", "where a < current_timestamp"),
        ("where a < {{ as_of() }}",),
    ),
    "hash()": (("select hash(a)",), ("select md5(a)", "select row_hash")),
    "date_diff()": (
        ("select date_diff('day', a, b)", "select datediff(a, b)", "select date_add(a, 1)"),
        ("select {{ days_between('a', 'b') }}",),
    ),
    "(?…) in a pattern": (("{{ regex_like('a', \"'(?i)bot'\") }}",), ("{{ regex_like('a', \"'(?:bot|crawl)'\") }}",)),
    "regexp_matches()": (
        ("where regexp_matches(a, 'x')", "where a similar to 'x'", "where a ~ 'x'"),
        ("where {{ regex_like('a', \"'x'\") }}", "where regexp_extract(a, 'x', 0) <> ''"),
    ),
    "[:class:] in a pattern": (
        ("{{ regex_like('a', \"'[[:alpha:]]'\") }}",),
        ("{{ regex_like('a', \"'[\" ~ whitespace() ~ \"a-z]'\") }}",),
    ),
    "string_agg(… order by …)": (
        ("select string_agg(a, ',' order by a)", "select listagg(a)"),
        ("select min(a), max(a)",),
    ),
    "lists": (
        ("select list(a)", "select unnest(a)", "select explode(a)", "select [1, 2]", "select a[1]", "array_agg(a)"),
        ("select a from (values (1), (2)) as numbers (a)", "select {{ keyed_hash(['a', 'b']) }}"),
    ),
    "arg_max()": (("select arg_max(a, b)",), ("select max_by(a, b)",)),
    "epoch()": (
        ("select epoch(a)", "select to_seconds(a)", "select unix_micros(a)"),
        ("{{ seconds_between('a', 'b') }}",),
    ),
    "strftime()": (
        ("select strftime(a, '%Y')", "select date_format(a, 'yyyy')"),
        ("select cast(a as string)", "select year(a)"),
    ),
    "week()": (("select week(a)", "select isodow(a)"), ("select weekofyear(a)",)),
    "at time zone": (
        ("select a at time zone 'UTC'", "select from_utc_timestamp(a, 'UTC')"),
        ("select {{ to_reporting_time('a') }}",),
    ),
    "generate_series()": (
        ("from generate_series(1, 3)", "select sequence(1, 3)"),
        ("select 1 from range(3)", "{{ date_spine('a', 'b') }}"),
    ),
    "asof join": (("from a asof join b on a.x >= b.x",), ("select 1 from a inner join b on a.x >= b.valid_from",)),
    "JSON": (("select a ->> 'x'", "select get_json_object(a, '$.x')"), ("select a > 1",)),
    "over a named window, less something": (
        ("select sum(x) over w - y from a window w as (order by x)",),
        ("select (sum(x) over w) - y from a window w as (order by x)", "select row_number() over w as n from a"),
    ),
    "//": (("select a // b", "select a div b"), ("select floor(a / b)", "select 'https://x'", "-- see https://x")),
    "sha256()": (("select sha256(a)", "select sha2(a, 256)"), ("select {{ keyed_hash(['a']) }}",)),
    "a name in quotation marks": (
        ('select "order" from a', "select `order` from a"),
        ("select ordered from a", "select '\"x\"'"),
    ),
    "sum() of a condition": (
        ("select sum(is_bot)", "select sum(a = 1)", "select sum(a is null)"),
        ("select count_if(is_bot)", "select sum(case when a = 1 then 1 else 0 end)", "select sum(a) = sum(b)"),
    ),
    "varchar without a length": (
        ("cast(a as varchar)", "a::varchar", "a::text"),
        ("cast(a as string)", "cast(a as varchar(10))"),
    ),
    "this type": (
        ("cast(a as hugeint)", "cast(a as timestamptz)"),
        ("cast(a as decimal(38, 0))", "timestamp '2026-01-01'"),
    ),
    "a star with exceptions": (
        ("select * exclude (a) from b", "select columns('x.*')"),
        ("select b.* from b", "select a * b"),
    ),
    "from without select": (("from a", "with a as (from b) select 1"), ("select * from a",)),
    "this function": (
        ("select try(1 / 0)", "select strpos(a, 'b')"),
        ("select instr(a, 'b')", "select a / nullif(b, 0)"),
    ),
    "a function of Spark": (
        ("select nvl(a, b)", "select try_divide(a, b)", "select add_months(a, 1)"),
        ("select coalesce(a, b)", "select {{ add_months('a', 1) }}"),
    ),
    "rlike": (("where a rlike 'x'", "where regexp_like(a, 'x')"), ("where {{ regex_like('a', \"'x'\") }}",)),
    "lateral view": (
        ("from a lateral view explode(b) t", "from a left anti join b on a.x = b.x"),
        ("where not exists (select 1 from b)",),
    ),
}


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_a_rule_finds_its_construct_and_passes_what_it_asks_for(name: str) -> None:
    refused, portable = EXAMPLES[name]
    for sql in refused:
        assert name in {finding.rule.name for finding in check_sql("models/a.sql", sql)}, sql
    for sql in portable:
        assert name not in {finding.rule.name for finding in check_sql("models/a.sql", sql)}, sql


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_what_a_rule_asks_for_is_refused_by_no_other(name: str) -> None:
    assert [str(finding) for sql in EXAMPLES[name][1] for finding in check_sql("models/a.sql", sql)] == []


def test_the_project_itself_is_portable() -> None:
    assert [str(finding) for finding in check_project(PROJECT)] == []


def test_an_analysts_new_model_is_refused_with_its_line_and_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "models/stages/vip.sql"
    model.parent.mkdir(parents=True)
    model.write_text(
        "with signals as (\n\n    select\n        person_id,\n        occurred_at,\n"
        "        arg_max(event_type, occurred_at) as evidence\n"
        "    from {{ ref('int_person_events') }}\n    group by all\n\n)\n\n{{ episodes('signals', days=30) }}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(portability, "PROJECT", tmp_path)
    assert portability.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "models/stages/vip.sql:6: arg_max() is DuckDB's alone;"
        " write max_by(x, y) where y has no ties, else row_number() over (… order by …)",
        "1 to mend. Why, and what else differs: docs/portable_sql.md",
    ]
    model.write_text(model.read_text(encoding="utf-8").replace("arg_max", "max_by"), encoding="utf-8")
    assert portability.main([str(model)]) == 0


def test_comments_literals_and_jinjas_own_words_are_left_alone() -> None:
    sql = (
        "-- concat(a, b)\n/* epoch(a)\n list(b) */\n{# strftime(a) #}\n{%- set list = ['a', \"b\"] -%}\n"
        "select 'concat(a, b) it''s now()', {{ add_months('month', 1) }}, '{{ var(\"x\") }}' as first\n"
    )
    assert [str(finding) for finding in check_sql("models/a.sql", sql)] == []


def test_a_literal_that_goes_on_behind_a_call_is_one() -> None:
    sql = '{{ regex_like(\'a\', "\'^[^@" ~ whitespace() ~ "]+[0-9]" ~ text_end() ~ "\'") }}'
    assert [str(finding) for finding in check_sql("models/a.sql", f"select {sql}")] == []


def test_queries_in_yaml_are_read_and_other_words_are_not() -> None:
    text = (
        "version: 2\ndescription: concat(a, b) and now()\ntables:\n  t:\n    - name: list(a)\n"
        "      unexpected_rows_query: |\n        select 1 from {batch}\n        where epoch(a) > 0\n"
        "    - unexpected_rows_query: select 1 from {batch} where regexp_matches(a, 'x')\n"
        "unit_tests:\n  - given:\n      - format: sql\n        rows: |\n          select hash(a)\n"
    )
    found = [(finding.line, finding.rule.name) for finding in check_yaml("expectations/a.yml", text)]
    assert found == [(8, "epoch()"), (9, "regexp_matches()"), (14, "hash()")]


def test_what_differs_by_purpose_stays_in_the_files_for_it() -> None:
    assert all((PROJECT / file).exists() for file in portability.ENGINE_FILES)
    source = (PROJECT / "macros/cross_engine.sql").read_text(encoding="utf-8")
    assert len(list(check_sql("macros/cross_engine.sql", source))) > 10
