"""The report's page: what a build published, as one HTML file that opens anywhere and asks no network for anything."""

import base64
import hashlib
import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
import pyarrow as pa
from customer_journey.errors import first_line
from customer_journey.paths import Output, make_private, published_mode, write_whole
from customer_journey.project_files import read_yaml
from customer_journey.publishing.published import open_marts
from customer_journey.settings import default_settings
from markupsafe import Markup

from report import journey_map
from report.tables import CUT_TABLES, LIMITS, MIN_PERSONS, encoded, packed, query, read_table, rows_of
from report.words import LANGUAGES, decimals_of, figure, fill

HERE = Path(__file__).parent
STATIC = HERE / "static"
# the limit for any company, so that the page can be sent by mail
MOST_BYTES = 3_000_000
# data of the map and of names, which the page needs whatever figures it has
_ALWAYS = (
    "frameworks", "framework_stages", "channels", "personas", "touchpoint_types", "attribution_models", "kpi_formats",
    "map", "map_items", "map_touchpoints", "map_emotions", "actions",
)  # fmt: skip
_SPARK_MONTHS = 12


def write_report(output: Output) -> Path:
    """Write OUT/report/index.html of what is published in an output folder, and return where it lies.

    Raises:
        InputError: the folder has no published marts.
    """
    with open_marts(output) as connection:
        html = render(connection)
    make_private(output.report.parent)
    write_whole(output.report, html, published_mode())
    return output.report


def report_of_build(output: Output) -> str:
    """Write the report after a build, and return what the summary says of it.

    The page is an extra: if it cannot be written, the published marts stay published. The page of an earlier build is
    then removed, because it would show outdated figures, also of persons who were erased since.
    """
    try:
        return str(write_report(output))
    except Exception as error:
        output.report.unlink(missing_ok=True)
        again = f"journey report --out {output.root} tries again"
        return f"not written ({first_line(error)}); what is published stands. {again}"


def render(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the page of the published marts that a connection has as schema marts.

    Months and personas that can be chosen are cut until the page has MOST_BYTES or fewer.
    """
    manifest = read_yaml(HERE / "figures.yml")
    meta = _meta(connection)
    tables = {name: read_table(connection, name, LIMITS[0], meta["month"]) for name in _names(manifest)}
    meta["primary_framework"] = rows_of(tables["frameworks"], is_primary=True)[0]["framework"]
    tables["columns"] = _descriptions(connection, tables)
    texts = read_yaml(HERE / "texts.yml")
    page: dict[str, Any] = {
        "pages": [{key: value for key, value in page.items() if key != "figures"} for page in manifest["pages"]],
        "figures": _figures(manifest),
        "map": manifest["map"],
        "texts": texts,
        "tiles": [tile for tile in (_tile(connection, tile, meta) for tile in manifest["tiles"]) if tile],
        "sentences": [_sentence(connection, sentence, meta, texts) for sentence in manifest["sentences"]],
    }
    for limits in LIMITS:
        if limits is not LIMITS[0]:
            tables |= {name: read_table(connection, name, limits, meta["month"]) for name in CUT_TABLES}
        html = _html({**page, "meta": {**meta, "months": limits.months, "personas": limits.personas}}, tables)
        if len(html.encode()) <= MOST_BYTES:
            break
    return html


def _html(page: dict[str, Any], tables: dict[str, pa.Table]) -> str:
    styles = (STATIC / "style.css").read_text(encoding="utf-8")
    scripts = [STATIC / "echarts" / "echarts.min.js", *(STATIC / f"{name}.js" for name in ("charts", "map", "app"))]
    script = "\n".join(file.read_text(encoding="utf-8") for file in scripts)
    # "</script" in a text would end the script
    script = re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE)
    data = packed({**page, "tables": {name: encoded(table) for name, table in tables.items()}})
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = lambda value, kind, language: figure(
        value, kind, language, page["meta"]["currency"]
    )
    return environment.get_template("page.html.j2").render(
        **page,
        map_view=journey_map.view(page["map"], tables, page["texts"], page["meta"]),
        languages=LANGUAGES,
        data=data,
        script=Markup(script),
        styles=Markup(styles),
        csp=_policy(styles, script),
    )


def _names(manifest: dict[str, Any]) -> list[str]:
    figures = [figure.get("query", figure["figure"]) for page in manifest["pages"] for figure in page["figures"]]
    return list(dict.fromkeys([*_ALWAYS, *figures]))


def _figures(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**figure, "page": page["page"], "query": name, "sql": query(name), "marts": _marts_of(query(name))}
        for page in manifest["pages"]
        for figure in page["figures"]
        for name in [figure.get("query", figure["figure"])]
    ]


def _marts_of(sql: str) -> list[str]:
    return sorted(set(re.findall(r"\bmarts\.(\w+)", sql)))


def _policy(styles: str, script: str) -> str:
    """Return the content security policy: this script and these styles alone, and nothing from anywhere."""
    style, code = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (styles, script))
    return (
        f"default-src 'none'; script-src 'sha256-{code}'; style-src 'sha256-{style}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _meta(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    build = _row(connection, "select *, settings::varchar as settings_json from marts.build_info")
    checks = _row(
        connection,
        "select count(*) filter (success) as passed, count(*) filter (not success) as warned from marts.audit_checks",
    )
    rows = _row(
        connection,
        "select sum(rows_in)::bigint as rows_in, sum(quarantined)::bigint as refused from marts.audit_reconciliation",
    )
    conversions = _rows(
        connection,
        "select conversion_type from marts.fct_conversions group by conversion_type"
        " order by coalesce(sum(revenue), 0) desc, count(*) desc, conversion_type limit 1",
    )
    settings = {**default_settings(), **json.loads(build["settings_json"])}
    as_of = build["as_of"].replace(tzinfo=ZoneInfo("UTC"))
    return {
        "company": settings.get("company_name") or "",
        "as_of": as_of.isoformat(),
        # as-of is exclusive: nothing from it on is known
        "month": f"{(as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(settings['reporting_timezone'])):%Y-%m}",
        "build_id": build["build_id"],
        "currency": settings["reporting_currency"],
        "currency_decimals": decimals_of(settings["reporting_currency"]),
        "timezone": settings["reporting_timezone"],
        "checks_passed": checks["passed"],
        "checks_warned": checks["warned"],
        "rows_in": rows["rows_in"] or 0,
        "rows_refused": rows["refused"] or 0,
        "project_version": build["project_version"],
        "min_persons": MIN_PERSONS,
        # the attribution page opens with it: not every company has orders
        "conversion_type": conversions[0]["conversion_type"] if conversions else "order",
        "opportunity_share": settings["opportunity_share"],
        "funnel_window_days": settings["funnel_window_days"],
        "nps_min_responses": settings["nps_min_responses"],
    }


def _tile(connection: duckdb.DuckDBPyConnection, tile: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any] | None:
    rows = _rows(connection, query(f"tiles/{tile['tile']}"))
    if not rows:
        return None
    last, before = rows[-1], rows[-2] if len(rows) > 1 else None
    value, past = last["value"], before["value"] if before else None
    is_share = tile["format"] != "nps"
    change = None
    if value is not None and past is not None and (past or not is_share):
        change = float(value) / float(past) - 1 if is_share else float(value) - float(past)
    beside = tile.get("beside")
    return {
        **tile,
        "moment": f"{last['moment']:%Y-%m}",
        "value": _number(value),
        "change": change,
        "change_format": "rate" if is_share else "nps",
        **{name: _number(last.get(name)) for name in ("n", "low", "high")},
        "spark": [_number(row["value"]) for row in rows[-_SPARK_MONTHS:]],
        "beside": beside
        and {language: fill(beside[language], last, language, meta["currency"]) for language in LANGUAGES},
    }


def _sentence(
    connection: duckdb.DuckDBPyConnection,
    sentence: dict[str, Any],
    meta: dict[str, Any],
    texts: dict[str, dict[str, str]],
) -> dict[str, Any]:
    rows = _rows(connection, query(sentence.get("query", f"sentences/{sentence['sentence']}")))

    def filled(part: str) -> dict[str, str]:
        return {
            language: fill(
                sentence[f"{part}{language}"],
                {**meta, **(rows[0] if rows else {})},
                language,
                meta["currency"],
                {key: words[language] for key, words in texts.items()},
            ).replace(" %", "\u00a0%")
            for language in LANGUAGES
        }

    parts = {"text": filled(""), "sure": filled("sure_")} if rows else {"text": filled("none_"), "sure": None}
    return {"sentence": sentence["sentence"], "page": sentence["page"], "figure": sentence.get("figure", ""), **parts}


def _descriptions(connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> pa.Table:
    """Return what the columns of the tables mean, where the marts that have a column describe it alike."""
    wanted = sorted({name for table in tables.values() for name in table.column_names})
    return connection.sql(
        "select column_name as name, min(comment) as description from duckdb_columns()"
        " where comment is not null and list_contains($1, column_name) group by column_name"
        " having count(distinct comment) = 1 order by column_name",
        params=[wanted],
    ).to_arrow_table()


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    return _rows(connection, sql)[0]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
    return rows


def _number(value: float | Decimal | None) -> float | None:
    return None if value is None else float(value)
