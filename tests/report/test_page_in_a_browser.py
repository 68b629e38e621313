"""The report in a real browser: desktop and phone widths, both languages and themes, and printed."""

import itertools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from customer_journey.paths import Output
from customer_journey.publishing.published import open_marts
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from report.page import render
from report.words import decimals_of, figure

from tests.support.demo import Demo

playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt install chromium)")

PAGES = ("overview", "map", "funnel", "attribution", "value", "feeling", "keeping", "selling", "trust")
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# A3 across at 96 dots an inch, less margins of 8 mm
A3: ViewportSize = {"width": 1526, "height": 1062}


@dataclass
class Opened:
    """A page in a browser, with its console messages and network requests."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def show(self, **state: str) -> None:
        """Open a view of the page by its hash, as a link does, and wait until it is drawn."""
        wanted = "#" + "&".join(f"{key}={value}" for key, value in state.items())
        self.page.evaluate("hash => { location.hash = hash }", wanted)
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def text(self, selector: str) -> str:
        found: str = self.page.locator(selector).first.evaluate("element => element.textContent")
        return " ".join(found.split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Opened:
    """The report, opened from its file once for all tests."""
    opened = Opened(browser.new_page(viewport=DESK), report.as_uri())
    opened.page.on("console", lambda message: opened.said.append(message.text))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url.split("#")[0]))
    opened.page.goto(opened.address)
    opened.page.wait_for_selector(".tile")
    return opened


@pytest.fixture
def desk(opened: Opened) -> Opened:
    """The report at desktop width with its defaults."""
    opened.page.set_viewport_size(DESK)
    opened.show(page="overview")
    return opened


# for each text in a chart: its colour and the one below it, if their contrast as defined by WCAG is below 4.5
PALE_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true }), cache = new Map();
  const light = (css) => {
    if (!cache.has(css)) {
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => linear(v / 255));
      cache.set(css, 0.2126 * r + 0.7152 * g + 0.0722 * b);
    }
    return cache.get(css);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const css = getComputedStyle(at).backgroundColor;
      if (css !== 'rgba(0, 0, 0, 0)') return css;
    }
    return 'white';
  };
  const pale = [];
  for (const text of document.querySelectorAll('.page.current svg text')) {
    const style = getComputedStyle(text);
    // the text of the emotion line has a halo of the colour below it
    const halo = style.paintOrder.startsWith('stroke') && style.stroke !== 'none' ? style.stroke : null;
    const [a, b] = [light(style.fill), light(halo ?? ground(text.ownerSVGElement))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) pale.push(`${text.textContent} ${style.fill} ${contrast.toFixed(2)}`);
  }
  return pale;
}"""


@pytest.mark.parametrize("name", PAGES)
def test_every_page_in_both_languages_themes_and_widths(opened: Opened, name: str) -> None:
    opened.said.clear()
    for viewport, lang, theme in itertools.product((DESK, PHONE), ("en", "vi"), ("light", "dark")):
        state = f"{name} {lang} {theme} {viewport['width']}"
        opened.page.set_viewport_size(viewport)
        opened.show(page=name, lang=lang, theme=theme)
        assert opened.page.locator(".page.current").get_attribute("data-page") == name
        assert opened.page.evaluate("document.documentElement.lang") == lang
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], state
        assert opened.page.evaluate(PALE_TEXTS) == [], state
        found = Axe().run(opened.page, options={"resultTypes": ["violations"], "preload": False})
        violations = found.response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == [], state
    assert opened.said == []
    assert set(opened.asked) == {opened.address}


def test_each_state_comes_back_after_a_reload_and_by_back(desk: Opened) -> None:
    states = [
        {"page": "map", "fw": "five_a", "lang": "vi"},
        {"page": "map", "persona": "podcaster", "persona2": "streamer"},
        {"page": "map", "type": "b2b", "theme": "dark", "fold": "goal.time"},
        {"page": "map", "period": "2026-05"},
        {"page": "attribution", "conv": "deal_won", "model": "first_touch", "model2": "markov"},
        {"page": "feeling", "kind": "transactional"},
    ]
    seen = []
    for state in states:
        desk.show(**state)
        seen.append((desk.page.evaluate("location.hash"), desk.text(".page.current")))
        chosen = desk.page.locator("select").evaluate_all("all => all.map(one => one.value)")
        # styles that carry meaning, by selector
        for value in (value for key, value in state.items() if key not in ("page", "fold")):
            assert value in chosen, state
        desk.page.reload()
        desk.page.wait_for_selector(".page.current")
        assert desk.page.evaluate("location.hash") == seen[-1][0]
        assert desk.text(".page.current") == seen[-1][1], state
    for hash_before, _ in reversed(seen[:-1]):
        desk.page.go_back()
        desk.page.wait_for_function("wanted => location.hash === wanted", arg=hash_before)
    assert desk.page.locator(".page.current").get_attribute("data-page") == "map"


def test_what_no_selector_offers_falls_back_to_the_default(desk: Opened) -> None:
    desk.show(page="map")
    usual = desk.text("#map")
    desk.show(page="map", fw="no_such", persona="<b>x</b>", period="1999-01", lang="xx")
    assert desk.text("#map") == usual


def test_selectors_change_the_hash_and_the_map(desk: Opened) -> None:
    desk.show(page="map")
    desk.page.select_option("select[data-key=framework]", "aida")
    desk.page.wait_for_function("location.hash.includes('fw=aida')")
    stages = desk.page.locator("#map thead .stage").all_text_contents()
    assert stages == ["Attention", "Interest", "Desire", "Action"]
    desk.page.select_option("select[data-key=lang]", "vi")
    desk.page.wait_for_function("location.hash.includes('lang=vi')")
    assert desk.page.locator("#map thead .stage").all_text_contents() != stages


def test_the_map_without_javascript_is_the_one_that_the_page_draws(desk: Opened, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=DESK)
    page = context.new_page()
    page.goto(desk.address)
    desk.show(page="map")
    assert page.locator("#map table").is_visible()
    plain, drawn = (
        page.locator("#map td, #map th").all_text_contents(),
        desk.page.locator("#map td, #map th").all_text_contents(),
    )
    assert [" ".join(text.split()) for text in plain] == [" ".join(text.split()) for text in drawn]
    heads = [" ".join(text.split()) for text in page.locator("#map tbody th").all_text_contents()]
    assert len(heads) == 13
    assert page.locator("#sentences li").count() >= 3
    context.close()


def test_emotion_points_stand_on_their_stage_columns_on_screen_and_on_one_a3_page(desk: Opened) -> None:
    desk.show(page="map")

    def off() -> float:
        """Return the greatest horizontal distance in pixels between a point and the centre of its stage's column."""
        found: float = desk.page.evaluate(
            """() => {
              const middle = (one) => (one.getBoundingClientRect().left + one.getBoundingClientRect().right) / 2;
              const heads = [...document.querySelectorAll('#map thead th:not(.corner)')];
              const points = [...document.querySelectorAll('#map svg.point text.n')];
              return Math.max(...points.map((point, place) => Math.abs(middle(point) - middle(heads[place]))));
            }"""
        )
        return found

    assert desk.page.locator("#map svg.point").count() == desk.page.locator("#map thead .stage").count()
    assert off() < 2
    pdf = desk.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    # 420 by 297 mm in points
    box = [float(number) for number in re.search(rb"/MediaBox\s*\[([^\]]*)\]", pdf)[1].split()]  # type: ignore[index]
    assert box[2:] == pytest.approx([1190.6, 841.9], abs=1)
    desk.page.set_viewport_size(A3)
    desk.page.emulate_media(media="print")
    desk.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert off() < 2
    assert desk.page.evaluate("document.documentElement.scrollHeight") <= A3["height"]
    desk.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    desk.page.emulate_media(media="screen")


def test_the_tab_key_reaches_every_control_in_the_order_of_the_page(desk: Opened) -> None:
    for name in ("map", "funnel"):
        desk.show(page=name)
        # the cells of the map are one tab stop, within which the arrow keys move
        wanted = desk.page.evaluate(
            """() => {
              const all = document.querySelectorAll('a[href], button, select, summary, [tabindex="0"]');
              const shown = [...all].filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility());
              shown.forEach((one, place) => { one.dataset.stop = place; });
              return shown.length;
            }"""
        )
        desk.page.locator(".skip").focus()
        stops = [desk.page.evaluate("document.activeElement.dataset.stop")]
        for _ in range(wanted - 1):
            desk.page.keyboard.press("Tab")
            stops.append(desk.page.evaluate("document.activeElement.dataset.stop ?? document.activeElement.outerHTML"))
        assert stops == [str(place) for place in range(wanted)]
    desk.show(page="map")
    first = desk.page.locator("#map button.open[tabindex='0']")
    stage = first.get_attribute("data-stage")
    first.focus()
    desk.page.keyboard.press("ArrowRight")
    assert desk.page.evaluate("document.activeElement.dataset.stage") != stage
    desk.page.keyboard.press("Enter")
    assert desk.page.locator("dialog[open] pre").inner_text().startswith("select * from marts.journey_map_items")
    desk.page.keyboard.press("Escape")
    assert desk.page.locator("dialog[open]").count() == 0


def test_a_row_folds_and_the_link_keeps_it_folded(desk: Opened) -> None:
    desk.show(page="map")
    desk.page.click("button[data-fold=channel]")
    desk.page.wait_for_function("location.hash.includes('fold=channel')")
    assert desk.page.locator("button[data-fold=channel]").get_attribute("aria-expanded") == "false"
    assert not desk.page.locator("tr[data-row=channel] td ul").first.is_visible()
    desk.page.click("button[data-fold=channel]")
    desk.page.wait_for_function("!location.hash.includes('fold')")
    assert desk.page.locator("tr[data-row=channel] td ul").first.is_visible()


def test_a_copied_table_runs_no_formula(desk: Opened) -> None:
    desk.show(page="trust")
    desk.page.evaluate("() => { navigator.clipboard.writeText = async (words) => { window.copied = words; }; }")
    desk.page.locator("[data-figure=reconciliation] [data-do=copy]").click()
    lines = desk.page.evaluate("window.copied").split("\r\n")
    assert lines[0].startswith("source_table,rows_in,accepted")
    assert not any(re.search(r"(^|,)[=+@]", line) for line in lines)


def test_every_column_of_a_table_has_a_name_in_vietnamese(desk: Opened) -> None:
    desk.show(page="trust", lang="vi")
    unnamed = desk.page.evaluate(
        """() => payload.figures.flatMap((figure) => shownColumns(figure)
             .filter((column) => columnLabel(column) === worded(column) && column.includes('_'))
             .map((column) => `${figure.figure}: ${column}`))"""
    )
    assert unnamed == []


def test_a_sentence_leads_to_its_figure_once(desk: Opened) -> None:
    desk.page.locator("#sentences a").nth(4).click()
    desk.page.wait_for_function("location.hash.includes('figure=go_on_by_persona')")
    figure = desk.page.locator("[data-figure=go_on_by_persona]")
    assert figure.bounding_box()["y"] == pytest.approx(0, abs=1)  # type: ignore[index]
    # a choice made there stays where the reader is, and its link no longer names the figure
    desk.page.evaluate("window.scrollTo(0, 0)")
    desk.page.select_option("select[data-key=framework]", "five_a")
    desk.page.wait_for_function("location.hash.includes('fw=five_a')")
    assert "figure=" not in desk.page.evaluate("location.hash")
    assert desk.page.evaluate("window.scrollY") == 0


def shown_rows(opened: Opened, name: str) -> list[list[str]]:
    """Return the cells of the table behind a figure, opening it if it is folded."""
    card = opened.page.locator(f"[data-figure={name}]")
    if card.locator("details.rows").count():
        card.locator("details.rows summary").click()
    # a folded table is created when it is opened
    card.locator("table.plain tbody tr").first.wait_for()
    rows: list[list[str]] = card.locator("table.plain tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return rows


# a figure of each page, whose table is compared with a query of this test on the marts
SAMPLES: dict[str, tuple[str, str, list[str]]] = {
    "funnel": (
        "go_on_rate",
        "select m.label_en, m.conversion_rate, m.rate_low, m.rate_high from marts.journey_map as m"
        " join marts.dim_frameworks using (framework) join marts.dim_framework_stages as s using (framework, stage)"
        " where is_primary and s.is_in_funnel"
        " and period = 'all' and customer_type = 'all' and persona = 'all' order by m.rank",
        ["text", "rate", "rate", "rate"],
    ),
    "attribution": (
        "removal_effects",
        "select label_en, removal_effect from marts.attribution_channel_effects join marts.dim_channels using (channel)"
        " where conversion_type = 'order' and attribution_model = 'markov' order by removal_effect desc",
        ["text", "rate"],
    ),
    "value": (
        "rfm",
        "select count(*), sum(historical_revenue) from marts.kpi_clv where rfm_segment is not null group by rfm_segment"
        " order by count(*) desc, rfm_segment",
        ["number", "money"],
    ),
    "selling": (
        "cart",
        "select strftime(month_start, '%Y-%m-%d'), cart_sessions, cart_abandonment_rate from marts.kpi_cart"
        " where dimension = 'all' and is_complete order by month_start",
        ["text", "number", "rate"],
    ),
    "feeling": (
        "nps_months",
        "select strftime(month_start, '%Y-%m-%d'), responses, nps from marts.kpi_nps"
        " where survey_kind = 'relational' and dimension = 'all' and is_complete order by month_start",
        ["text", "number", "nps"],
    ),
    "keeping": (
        "mrr",
        "select strftime(month_start, '%Y-%m-%d'), starting, new, ending, nrr from marts.kpi_mrr"
        " where customer_type = 'all' and is_complete order by month_start",
        ["text", "money", "money", "money", "rate"],
    ),
    "trust": (
        "reconciliation",
        "select source_table, rows_in, accepted, quarantined from marts.audit_reconciliation where rows_in > 0"
        " order by rows_in desc, source_table",
        ["text", "number", "number", "number"],
    ),
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_numbers_of_a_table_are_those_of_the_marts(desk: Opened, demo: Demo, name: str) -> None:
    shown, sql, kinds = SAMPLES[name]
    desk.show(page=name)
    rows = shown_rows(desk, shown)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        expected = connection.execute(sql).fetchall()
    assert expected
    assert len(rows) == len(expected)
    for row, values in zip(rows, expected, strict=True):
        for value, kind in zip(values, kinds, strict=True):
            wanted = str(value) if kind == "text" else figure(value, kind, "en", "VND")
            assert wanted in [cell.replace("\u00a0", " ") for cell in row], (row, values)


def test_two_models_show_their_difference(desk: Opened, demo: Demo) -> None:
    desk.show(page="attribution", conv="order", model="last_touch", model2="linear")
    texts = desk.page.locator("[data-figure=two_models] svg text").all_text_contents()
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        credit = connection.execute("""
            select
                coalesce(sum(credit) filter (where attribution_model = 'linear'), 0)
                - coalesce(sum(credit) filter (where attribution_model = 'last_touch'), 0),
                sum(sum(credit) filter (where attribution_model = 'linear')) over ()
            from marts.fct_attribution join marts.fct_conversions using (conversion_id)
            where conversion_type = 'order' and channel <> 'unattributed'
            group by channel
        """).fetchall()
    moved = [figure(float(difference) / float(whole), "points", "en", "VND") for difference, whole in credit]
    assert sorted(text for text in texts if re.fullmatch(r"[+−]\d+", text)) == sorted(
        each for each in moved if each != "0"
    )


def test_a_company_without_orders_and_last_touch_opens_on_what_it_has(
    demo: Demo, browser: Browser, tmp_path: Path
) -> None:
    with open_marts(Output(demo.out)) as connection:
        for mart, kept in {
            "fct_conversions": "conversion_type <> 'order'",
            "attribution_performance": "conversion_type <> 'order' and attribution_model <> 'last_touch'",
            "attribution_model_comparison": "conversion_type <> 'order' and attribution_model <> 'last_touch'",
            "kpi_unit_economics": "attribution_model <> 'last_touch'",
            "kpi_nps": "survey_kind <> 'relational'",
            "kpi_csat": "survey_kind <> 'relational'",
            "kpi_ces": "survey_kind <> 'relational'",
        }.items():
            connection.execute(f"create table kept as from marts.{mart} where {kept}")
            connection.execute(f"drop view marts.{mart}")
            connection.execute(f"create table marts.{mart} as from kept")
            connection.execute("drop table kept")
        file = tmp_path / "index.html"
        file.write_text(render(connection), encoding="utf-8")
    page = browser.new_page(viewport=DESK)
    for name in ("attribution", "feeling"):
        page.goto(f"{file.as_uri()}#page={name}")
        page.wait_for_selector(f".page.current[data-page={name}]")
        chosen = {
            key: page.locator(f"select[data-key={key}]").input_value()
            for key in page.locator("#selectors select").evaluate_all("all => all.map(one => one.dataset.key)")
        }
        if name == "attribution":
            assert chosen == {
                "conversion_type": "deal_won", "attribution_model": "first_touch", "attribution_model_2": "linear",
            }  # fmt: skip
            assert page.locator("[data-figure=channel_return] svg, [data-figure=two_models] svg").count() == 2
        else:
            assert chosen == {"survey_kind": "transactional"}
            assert page.locator("[data-figure=response_rates] svg").count() == 1
    page.close()


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_amounts_are_written_as_in_the_sentences(opened: Opened, lang: str) -> None:
    """The script and Python write the same of any currency."""
    opened.show(page="overview", lang=lang)
    for currency in ("USD", "KWD", "JPY", "VND"):
        for value in (0, 0.004, 12.345, 99.994, -7.5, 133.4, 9_999.4, 10_000, 1_530_000_000):
            written = opened.page.evaluate(
                """([currency, decimals, value]) => {
                  const { currency: before, currency_decimals: places } = meta;
                  Object.assign(meta, { currency, currency_decimals: decimals });
                  const words = formatted(value, 'money');
                  Object.assign(meta, { currency: before, currency_decimals: places });
                  return words;
                }""",
                [currency, decimals_of(currency), value],
            )
            assert written.replace("\u00a0", " ") == figure(value, "money", lang, currency)
