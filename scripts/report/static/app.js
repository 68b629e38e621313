// The page: decode the data, keep the state in the hash, fill in words and numbers, show one page at a time.

const FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif";
const SERIES = ["series1", "series2", "series3", "series4", "series5", "series6", "series7", "series8"];
const KEYS = { page: "page", framework: "fw", persona: "persona", persona2: "persona2", customer_type: "type", period: "period", lang: "lang", theme: "theme", conversion_type: "conv", attribution_model: "model", attribution_model_2: "model2", survey_kind: "kind", folded: "fold", figure: "figure" };
const FIRST_ROWS = 200, KEYS_OF_LABELS = ["channel", "rfm_segment", "reason", "touchpoint_type"];
const cached = {};
let payload, meta, state, defaults;
const byId = (id) => document.getElementById(id);

// --- words and numbers ---------------------------------------------------------------------------------------------------
const escaped = (value) => String(value).replace(/[&<>"']/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign]);
const flat = (value) => (Array.isArray(value) ? value.map(flat).join("") : value?.html ?? escaped(value ?? ""));
/** Markup whose values are escaped, unless they are markup themselves. */
function html(parts, ...values) {
  return { html: parts.reduce((sum, part, place) => sum + flat(values[place - 1]) + part) };
}
const local = (words) => words?.[state.lang] ?? words?.en ?? "";
const known = (key, fallback, values = {}) => Object.entries(values).reduce((sum, [name, value]) => sum.replaceAll(`{${name}}`, String(value)), payload.texts[key] ? local(payload.texts[key]) : fallback);
const text = (key, values) => known(key, key, values);
/** A row's value of a column that may stand in two languages as x_en and x_vi. */
const named = (row, column) => row[`${column}_${state.lang}`] ?? row[column] ?? row[`${column}_en`] ?? "";
const DIMENSIONS = { stage: "framework_stages", touchpoint: "touchpoint_types", touchpoint_type: "touchpoint_types", first_channel: "channels", item: "map_items" };
/** What the page or a dimension calls a value. */
function labelOf(column, value) {
  const table = DIMENSIONS[column] ?? `${column}s`, key = { touchpoint: "touchpoint_type", first_channel: "channel" }[column] ?? column;
  cached[`${column}=`] ??= new Map(rowsOf(table).map((dimension) => [dimension[key], dimension]));
  const dimension = cached[`${column}=`].get(value);
  return (dimension && named(dimension, column === "item" ? "item" : "label")) || known(`${key}.${value}`, value);
}
/** A row's text of a column in words: its label, else what the page or a dimension calls the value; several columns in one. */
function shown(row, column) {
  if (Array.isArray(column)) return column.map((each) => shown(row, each)).join(" · ");
  const value = named(row, column);
  if (value === "") return "–";
  if (column === "path") return value.split(" > ").map((step) => (row.framework ? stageLabel(row.framework, step) : labelOf("channel", step))).join(" → ");
  if (typeof value === "boolean") return text(value ? "yes" : "no");
  if (typeof value !== "string" || value !== row[column] || !/^[a-z0-9_ ]+$/.test(value)) return String(value);
  if (column === "stage" && row.framework) return stageLabel(row.framework, value);
  if (column === "factor") return ["channel", "touchpoint_type", "persona", "customer_type", "item"].map((each) => labelOf(each, value)).find((label) => label !== value) ?? worded(value);
  return labelOf(column === "dimension_value" ? row.dimension : column, value);
}
const stageLabel = (framework, stage) => {
  cached[`${framework} stages`] ??= new Map(rowsOf("framework_stages", { framework }).map((row) => [row.stage, row]));
  const row = cached[`${framework} stages`].get(stage);
  return row ? named(row, "label") : stage;
};
const worded = (key) => (key.charAt(0).toUpperCase() + key.slice(1)).replace(/_label$/, "").replaceAll("_", " ");
const PLACE = /\{(\w+)(?:\|(\w+))?\}/g;
/** A template filled from a row: {column} in words, {column|format} as a figure. */
const fill = (template, row) => template.replace(PLACE, (_, column, format) => (format ? formatted(row[column], format === "kpi" ? kpiFormat(row.kpi_name) : format) : shown(row, column)));
/** Of templates or names of texts the first of which every column has a value, filled from a row; none is an empty text. */
const filled = (templates, row) => fill(asList(templates).map((each) => known(each, each)).find((words) => [...words.matchAll(PLACE)].every(([, column]) => named(row, column) !== "")) ?? "", row);

/** A number as words.py writes it: number, persons, money, rate, ratio, points, nps, score, hours; decimal for tables; ticks are shorter. */
function formatted(value, kind = "number", tick = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value !== "number") return String(value);
  const intl = (number, options) => new Intl.NumberFormat(state.lang, { roundingMode: "halfEven", signDisplay: "negative", ...options }).format(number);
  const digits = (least, most = least) => ({ minimumFractionDigits: least, maximumFractionDigits: most });
  const signed = (number, places) => {
    const words = intl(Math.abs(number), { ...digits(places), useGrouping: false });
    return `${!/[1-9]/.test(words) ? "" : number > 0 ? "+" : "−"}${words}`;
  };
  const compact = (number) => intl(number, { notation: "compact", compactDisplay: tick && state.lang === "en" ? "short" : "long", ...digits(0, tick ? 1 : 2) });
  const size = Math.abs(value), hour = size < 48;
  switch (kind) {
    case "rate": return intl(value, { style: "percent", useGrouping: false, ...digits(size < 0.1 && !tick ? 1 : 0) }).replace("%", "\u00a0%");
    case "ratio": return intl(value, digits(tick ? 0 : 1, tick && size < 1 ? 2 : 1));
    case "points": return signed(100 * value, 0);
    case "nps": return signed(value, 0);
    case "score": return tick ? signed(value, 1) : signed(value, 2);
    case "persons": return text("persons", { n: intl(value, digits(0)) });
    case "hours": return text(hour ? "unit.hours" : "unit.days", { n: intl(hour ? value : value / 24, digits(0, 1)) });
    case "money": {
      const few = size > 0 && size < 100 ? meta.currency_decimals : 0;
      return (size < 10000 ? intl(value, digits(tick ? 0 : few, few)) : compact(value)) + (tick ? "" : ` ${meta.currency}`);
    }
    case "decimal": return intl(value, { maximumSignificantDigits: 4 });
    default: return tick && size >= 10000 ? compact(value) : intl(value, digits(0));
  }
}

// --- the tables ----------------------------------------------------------------------------------------------------------
/** The rows of a table whose columns equal `where`, as objects. */
function rowsOf(name, where = {}) {
  const table = payload.tables[name];
  if (!table) return [];
  const tests = Object.entries(where).filter(([column]) => table.data[column]).map(([column, value]) => {
    const data = table.data[column];
    return Array.isArray(data) ? [data, value] : [data.i, data.d.indexOf(value)];
  });
  const found = [];
  for (let row = 0; row < table.n; row += 1) {
    if (tests.every(([data, value]) => data[row] === value)) {
      found.push(Object.fromEntries(table.columns.map((column) => {
        const data = table.data[column];
        return [column, Array.isArray(data) ? data[row] : data.d[data.i[row]] ?? null];
      })));
    }
  }
  return found;
}
const distinct = (name, column) => {
  const data = payload.tables[name]?.data[column];
  return data ? [...new Set(Array.isArray(data) ? data : data.i.map((index) => data.d[index]))].filter((value) => value !== undefined && value !== null) : [];
};
const figureRows = ({ query, match = {} }) => rowsOf(query, Object.fromEntries(Object.entries(match).map(([key, column]) => [column, state[key]])));

/** The head of a column; x_low and x_high are the ends of x. */
const columnLabel = (column) => known(`column.${column}`, "") || column.replace(/^(\w+)_(low|high)$/, (_, of, end) => `${columnLabel(of)}, ${text(`column.${end}`).toLowerCase()}`).replace(/^\w+$/, worded);
/** How a column of a table is written: as the chart writes it, else by its name; numbers that are not whole keep their digits. */
function formatOf(figure, column, rows = []) {
  const { chart = {} } = figure;
  if (figure.formats?.[column]) return figure.formats[column];
  const measured = { bars: chart.x, forest: chart.x, dots: chart.x, line: chart.y, area: chart.y, columns: chart.y }[chart.kind] ?? chart.value;
  if ([...asList(measured), chart.low, chart.high].includes(column) && chart.format) return chart.format;
  if (/rate|share|weight|coverage|^nrr|^grr|^csat|_effect$|^lift/.test(column)) return "rate";
  if (/hours/.test(column)) return "hours";
  if (/^nps/.test(column)) return "nps";
  if (/revenue|spend|cac$|amount|mrr|clv|order_value|contribution|cost|^(starting|new|expansion|contraction|churn|reactivation|transfer|fx|ending|tax|shipping|refunds)$/.test(column)) return "money";
  return rows.some((row) => row[column] !== null && !Number.isInteger(row[column])) ? "decimal" : "number";
}

// --- the state in the hash -----------------------------------------------------------------------------------------------
const options = {
  page: () => payload.pages.map(({ page }) => page),
  framework: () => rowsOf("frameworks").map(({ framework }) => framework).filter((framework) => distinct("map", "framework").includes(framework)),
  persona: () => ["all", ...distinct("map", "persona").filter((persona) => persona !== "all")],
  persona2: () => ["", ...distinct("map", "persona")],
  customer_type: () => distinct("map", "customer_type"),
  period: () => ["all", ...distinct("map", "period").filter((period) => period !== "all").sort().reverse()],
  attribution_model_2: () => optionsOf("attribution_model"),
  lang: () => ["en", "vi"],
  theme: () => ["auto", "light", "dark"],
  figure: () => payload.figures.map(({ figure }) => figure),
};
/** What a selector offers: fixed lists, else the values that the tables of its figures hold. */
function optionsOf(key) {
  cached[key] ??= options[key]?.() ?? [...new Set(payload.figures.flatMap((figure) => (figure.match?.[key] ? distinct(figure.query, figure.match[key]) : [])))];
  return cached[key];
}
function optionLabel(key, value) {
  const filter = key === "persona2" ? "persona" : key === "attribution_model_2" ? "attribution_model" : key;
  if (value === "") return text("none");
  if (value === "all") return text(key === "period" ? "period.all" : "all");
  const label = labelOf(filter, value);
  return filter !== "period" && label === value ? worded(value) : label;
}

function stateOf(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, "")), found = { ...defaults };
  for (const [key, short] of Object.entries(KEYS)) {
    const value = given.get(short);
    if (value === null) continue;
    if (key === "folded" ? /^[a-z_.]*$/.test(value) : optionsOf(key).includes(value)) found[key] = value;
  }
  if (!offersPeriod(found)(found.period)) found.period = defaults.period;
  return found;
}
/** Months show everybody. A single persona or type has too few people in a month to say much, so the page holds its quarters. */
const isMonth = (period) => /^\d{4}-\d{2}$/.test(period);
const offersPeriod = ({ page, persona, persona2, customer_type }) => (period) => page !== "map" || !isMonth(period) || (persona === "all" && ["", "all"].includes(persona2) && customer_type === "all");
function hashOf(wanted) {
  const parts = Object.entries(KEYS).filter(([key]) => wanted[key] !== defaults[key]).map(([key, short]) => `${short}=${encodeURIComponent(wanted[key])}`);
  return `#${parts.join("&") || `page=${defaults.page}`}`;
}
/** A link to a state. It names the file: axe takes a bare fragment off the screen for a skip link without a target. */
const linkTo = (wanted) => window.location.href.split("#")[0] + hashOf(wanted);
const go = (change) => { window.location.hash = hashOf({ ...state, ...change }); };

// --- parts of the page ---------------------------------------------------------------------------------------------------
const select = (key, offered) => html`<label><span>${text(key === "lang" ? "language" : key === "theme" ? "theme" : `filter.${key}`)}</span><select data-key="${key}">${
  offered.map((value) => html`<option value="${value}"${value === state[key] ? html` selected` : ""}>${key === "lang" ? { en: "English", vi: "Tiếng Việt" }[value] : key === "theme" ? text(`theme.${value}`) : optionLabel(key, value)}</option>`)}</select></label>`;

function showFrame() {
  const { lang, theme } = state;
  document.documentElement.lang = lang;
  document.documentElement.dataset.theme = theme;
  document.title = `${text("report.title")}${meta.company ? `: ${meta.company}` : ""}`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  const moment = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", timeZone: meta.timezone }).format(new Date(meta.as_of));
  const facts = [
    `${text("as_of")} ${moment} (${meta.timezone})`, `${text("build")} ${meta.build_id}`,
    [text("checks_passed", { n: formatted(meta.checks_passed) }), meta.checks_warned ? text("checks_warned", { n: formatted(meta.checks_warned) }) : ""].filter(Boolean).join(", "),
    text("rows_refused", { n: formatted(meta.rows_refused), m: formatted(meta.rows_in) }), text("money_words", { currency: meta.currency }),
  ];
  byId("facts").innerHTML = flat(facts.map((fact) => html`<li>${fact}</li>`));
  byId("settings").innerHTML = flat([select("lang", optionsOf("lang")), select("theme", optionsOf("theme")), html`<button type="button" data-do="print">${text("print")}</button>`]);
  const pages = byId("pages");
  pages.setAttribute("aria-label", text("pages"));
  pages.innerHTML = flat(payload.pages.map(({ page, title }) => html`<a href="${linkTo({ ...state, page })}"${page === state.page ? html` aria-current="page"` : ""}>${local(title)}</a>`));
  pages.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  const { filters = [] } = payload.pages.find(({ page }) => page === state.page);
  const shown = state.page === "map" ? ["framework", "persona", "persona2", "customer_type", "period"] : filters;
  const chosen = shown.filter((key) => state[key] !== defaults[key]).length;
  const form = byId("selectors");
  form.hidden = !shown.length;
  form.setAttribute("aria-label", text("selectors"));
  form.innerHTML = flat([
    html`<button type="button" class="toggle" data-do="selectors" aria-expanded="${form.classList.contains("open")}">${text("selectors")}${chosen ? ` (${chosen})` : ""}</button>`,
    shown.map((key) => select(key, key === "period" ? optionsOf(key).filter(offersPeriod(state)) : optionsOf(key))), html`<button type="button" data-do="reset"${chosen ? "" : html` disabled`}>${text("reset")}</button>`,
  ]);
  for (const { page, title } of payload.pages) {
    byId(`page=${page}`).classList.toggle("current", page === state.page);
    byId(`title-${page}`).textContent = local(title);
  }
}

function sparkline(values) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return "";
  const low = Math.min(...known), span = Math.max(...known) - low || 1;
  const at = (value, place) => `${((place * 100) / (values.length - 1)).toFixed(1)} ${(26 - ((value - low) / span) * 22).toFixed(1)}`;
  const path = values.map((value, place) => (value === null ? "" : `${place && values[place - 1] !== null ? "L" : "M"}${at(value, place)}`)).join("");
  return html`<svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true"><path d="${path}" vector-effect="non-scaling-stroke"/></svg>`;
}

function showOverview() {
  byId("tiles").innerHTML = flat(payload.tiles.map((tile) => {
    const [amount, ...unit] = formatted(tile.value, tile.format).split(" ");
    const sign = (words) => (/^[+−-]/.test(words) || !(tile.change > 0) ? words : `+${words}`);
    const better = tile.better === "down" ? -1 : 1, way = Math.sign((tile.change ?? 0) * better), isFew = tile.n < tile.min_n;
    const tone = isFew ? "neutral" : way > 0 ? "good" : way < 0 ? "bad" : "neutral", n = formatted(tile.n);
    const range = tile.low !== null && tile.low !== undefined ? text("interval", { low: formatted(tile.low, tile.format), high: formatted(tile.high, tile.format) }) : "";
    const change = tile.change === null || tile.change === undefined ? "" : text(`change.${tone}`, { change: sign(formatted(tile.change, tile.change_format)) });
    return html`<a class="tile" href="${linkTo({ ...state, page: tile.page })}"><span class="name">${local(tile.title)}, ${tile.moment}</span><b class="big">${amount}</b> <span class="unit">${unit.join(" ")}</span>${
      change ? html`<span class="change ${tone}">${glyphHtml(tone)}${change}</span>` : ""}${tile.beside ? html`<span class="change">${local(tile.beside)}</span>` : ""}<span class="note">${[tile.n === null ? "" : isFew ? text("few_n", { n }) : `n = ${n}`, range].filter(Boolean).join(" · ")}</span>${sparkline(tile.spark ?? [])}</a>`;
  }));
  byId("sentences").innerHTML = flat(payload.sentences.map((sentence) => {
    const link = linkTo({ ...defaults, page: sentence.page, figure: sentence.figure, lang: state.lang, theme: state.theme });
    return html`<li><p>${local(sentence.text)}</p>${sentence.sure ? html`<p class="note">${local(sentence.sure)}</p>` : ""}<a href="${link}">${text("overview.more", { page: local(payload.pages.find(({ page }) => page === sentence.page).title) })}</a></li>`;
  }));
}

function showMap() {
  byId("legend").innerHTML = flat([["", "legend.measured"], ["few", "few"], ["source", "legend.source"], ["good", "legend.good"], ["neutral", "legend.neutral"], ["bad", "legend.bad"]]
    .map(([kind, key]) => html`<li class="${kind}">${GLYPHS[kind] ? html`<span class="glyph" aria-hidden="true">${GLYPHS[kind]}</span> ` : html`<span class="key" aria-hidden="true"></span> `}${text(key)}</li>`));
  byId("map").setAttribute("aria-label", text("map.region"));
  byId("map").innerHTML = mapHtml(state, new Set(state.folded.split("."))).html;
  const [first] = byId("map").querySelectorAll("button.open");
  if (first) first.tabIndex = 0;
}

/** The heading of a figure: what was found, filled in from the picked row; else its neutral title. */
function finding(figure, rows) {
  const { finding: rule, min_n: least, chart = {} } = figure;
  let kept = rows.filter((row) => Object.entries(rule?.where ?? {}).every(([column, value]) => row[column] === value));
  if (rule?.by) kept = kept.filter((row) => row[rule.by] !== null && row[rule.by] !== undefined);
  for (const [column, value] of Object.entries(rule?.where_min ?? {})) kept = kept.filter((row) => row[column] >= value);
  if (least !== undefined && chart.n) kept = kept.filter((row) => !isFew(figure, row));
  if (!rule || !kept.length) return null;
  const better = { min: (a, b) => a[rule.by] < b[rule.by], max: (a, b) => a[rule.by] > b[rule.by], last: () => true, first: () => false }[rule.pick];
  const row = kept.reduce((best, each) => (better(each, best) ? each : best));
  const range = chart.low && row[chart.low] !== null && row[chart.low] !== undefined ? text("interval", { low: formatted(row[chart.low], chart.format), high: formatted(row[chart.high], chart.format) }) : "";
  return { row, words: fill(local(rule), row), sure: [chart.n && row[chart.n] !== null ? `n = ${formatted(row[chart.n])}` : "", range].filter(Boolean).join(" · ") };
}

/** The columns of a figure's table for readers: what the selection fixes, ranks and keys beside their labels are left out. */
function shownColumns(figure) {
  const all = figure.table ?? payload.tables[figure.query]?.columns ?? [], fixed = new Set(Object.values(figure.match ?? {}));
  const bases = [...new Set(all.map((column) => (/_(en|vi)$/.test(column) ? column.slice(0, -3) : column)))];
  const labelled = (column) => (/stage$/.test(column) && bases.includes(column.replace(/stage$/, "label"))) || (KEYS_OF_LABELS.includes(column) && bases.includes("label"));
  return figure.table ? bases : bases.filter((column) => !fixed.has(column) && !/(^|_)rank$/.test(column) && !labelled(column));
}
function tableHtml(figure, rows, limit = FIRST_ROWS) {
  const columns = shownColumns(figure), numeric = (column) => rows.some((row) => typeof row[column] === "number");
  const formats = Object.fromEntries(columns.filter(numeric).map((column) => [column, formatOf(figure, column, rows)]));
  const cell = (row, column) => (formats[column] ? html`<td class="number">${formatted(row[column], formats[column])}</td>` : html`<td>${row[column] === null ? "" : shown(row, column)}</td>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${local(figure.title)}"><table class="plain"><thead><tr>${
    columns.map((column) => html`<th scope="col"${formats[column] ? html` class="number"` : ""}>${columnLabel(column)}</th>`)}</tr></thead><tbody>${
    rows.slice(0, limit).map((row) => html`<tr>${columns.map((column) => cell(row, column))}</tr>`)}</tbody></table></div>${
    rows.length > limit ? html`<button type="button" data-do="more">${text("figure.more", { n: formatted(rows.length - limit) })}</button>` : ""}`;
}
/** The rows as CSV; text that a spreadsheet would run as a formula gets an apostrophe before it. */
function csvOf(figure, rows) {
  const { columns } = payload.tables[figure.query], cell = (value) => {
    let plain = value === null || value === undefined ? "" : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(plain)) plain = `'${plain}`;
    return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((line) => line.map(cell).join(",")).join("\r\n");
}

const isWide = (figure, rows) => figure.wide || (["heatmap", "triangle"].includes(figure.chart.kind) && inOrder(rows, figure.chart.x, figure.chart.x).length > 6) || (figure.chart.kind === "none" && shownColumns(figure).length > 4);
function cardHtml(figure) {
  const rows = figureRows(figure), found = finding(figure, rows), chart = figure.chart ?? {};
  const hidden = state.customer_type !== "all" || state.persona !== "all" ? text("hidden", { n: meta.min_persons }) : local(figure.empty) || text("figure.empty");
  const keys = [rows.some((row) => isFew(figure, row)) ? text(["heatmap", "triangle"].includes(chart.kind) ? "figure.dashed" : "figure.hollow", { n: figure.min_n }) : "", rows.some((row) => isImmature(figure, row)) ? text("figure.immature") : "", cutOf(figure, rows)].filter(Boolean).join("; ");
  return html`<article class="card ${isWide(figure, rows) ? "wide" : ""}" data-figure="${figure.figure}" aria-labelledby="heading-${figure.figure}"><p class="kicker">${found ? local(figure.title) : ""}</p>
<h3 id="heading-${figure.figure}">${found ? found.words : local(figure.title)}</h3>${found?.sure ? html`<p class="sure">${found.sure}</p>` : ""}${figure.note ? html`<p class="note">${fill(local(figure.note), meta)}</p>` : ""}
${rows.length ? html`${chart.kind === "none" ? tableHtml(figure, rows) : html`<div class="chart"></div>`}${keys ? html`<p class="note">${keys}</p>` : ""}` : html`<p class="empty">${hidden}</p>`}
<div class="behind">${chart.kind === "none" ? "" : html`<details class="rows"><summary>${text(rows.length === 1 ? "figure.table_one" : "figure.table", { n: formatted(rows.length) })}</summary></details>`}<details><summary>${text("figure.sql")}</summary><p class="note">${(figure.marts ?? []).map((mart) => `marts.${mart}`).join(", ")}</p><pre tabindex="0">${figure.sql ?? ""}</pre></details><button type="button" data-do="copy">${text("figure.copy")}</button></div></article>`;
}
const GLOSSARY = { page: "trust", figure: "columns", query: "columns", wide: true, chart: { kind: "none" }, marts: [], sql: "select column_name, comment from duckdb_columns()" };
const figuresOf = (page) => [...payload.figures, { ...GLOSSARY, title: { [state.lang]: text("glossary") } }].filter((figure) => figure.page === page);
const figureOf = (element) => figuresOf(state.page).find(({ figure }) => figure === element.closest("[data-figure]").dataset.figure);

/** Cards take as many rows of their grid as they are high, and the gap below them. */
const fit = (card) => { card.style.gridRowEnd = `span ${Math.ceil((card.offsetHeight + 14) / 2)}`; };
const heights = new ResizeObserver((all) => all.forEach(({ target }) => fit(target)));
function showFigures() {
  for (const box of drawn.keys()) drawn.get(box).dispose();
  drawn.clear();
  const figures = figuresOf(state.page), { note } = payload.pages.find(({ page }) => page === state.page), small = figures.filter((figure) => figure.small);
  byId(`figures-${state.page}`).innerHTML = flat([note ? html`<p class="lead">${local(note)}</p>` : "", figures.filter((figure) => !figure.small).map(cardHtml), small.length ? html`<details class="smalls" open><summary>${text("figure.small")} (${small.length})</summary><div class="figures">${small.map(cardHtml)}</div></details>` : ""]);
  drawAll();
  for (const card of document.querySelectorAll(".page.current .figures > *")) {
    fit(card);
    heights.observe(card);
  }
}
function drawAll(width) {
  for (const box of document.querySelectorAll(".page.current .card .chart")) {
    const figure = figureOf(box), rows = figureRows(figure);
    drawChart(box, { ...figure, picked: finding(figure, rows)?.row }, rows, width);
  }
}

/** What stands behind a cell of the map: all ranks, the months as a line, the SQL. */
function openCell(name, stage) {
  const row = payload.map.rows.find((each) => each.row === name), dialog = byId("details"), { label, kpi_name: kpi } = { ...rowsOf("framework_stages", { framework: state.framework, stage })[0], label: stageLabel(state.framework, stage) };
  const where = { framework: state.framework, stage, customer_type: state.customer_type, persona: state.persona };
  const { table, columns, order, formats, item } = row.details ?? { table: "map_items", item: name, columns: ["rank", "item", "persons", "value"], formats: { value: name === "opportunity" ? "money" : "number" } };
  const { format = "number", ...drawn } = row.months ?? { y: ["persons"] }, [measure] = drawn.y, written = format === "kpi" ? kpiFormat(kpi) : format;
  const wanted = { ...where, period: state.period, ...(item ? { item_type: item } : {}) }, column = order?.replace("-", "");
  const here = rowsOf(table, wanted).filter((each) => !order || each[column] !== null).sort((a, b) => (order ? b[column] - a[column] : (a.rank ?? 0) - (b.rank ?? 0)));
  const dated = rowsOf("map", where).filter(({ period }) => period !== "all"), isMonthly = dated.some(({ period }) => isMonth(period));
  const months = dated.filter((each) => isMonth(each.period) === isMonthly && each[measure] !== null).sort((a, b) => (a.period < b.period ? -1 : 1));
  const sql = `select * from marts.journey_${table} where ${Object.entries(wanted).map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'`).join(" and ")};`;
  dialog.innerHTML = html`<form method="dialog"><h2 id="details-title">${text(`map.row.${name}`)}: ${label}</h2><button class="close">${text("close")}</button></form>
<h3>${text("map.ranks")}</h3>${tableHtml({ query: table, table: columns, title: { [state.lang]: text("map.ranks") }, formats: { ...formats, kpi_value: written } }, here)}
<h3>${text("map.months")}${row.months ? "" : html` <span class="note">(${text("map.persons")})</span>`}</h3><div class="chart"></div><h3>SQL</h3><pre tabindex="0">${sql}</pre>`.html;
  dialog.showModal();
  drawChart(dialog.querySelector(".chart"), { title: { [state.lang]: text("map.months") }, chart: { kind: "line", x: "period", ...drawn, format: written, zero: true } }, months);
}

// --- what happens --------------------------------------------------------------------------------------------------------
function show() {
  const before = state?.page, focus = document.activeElement?.dataset?.key ?? document.activeElement?.dataset?.fold;
  state = stateOf(window.location.hash);
  if (byId("details").open) byId("details").close();
  showFrame();
  if (state.page === "overview") showOverview();
  if (state.page === "map") showMap();
  showFigures();
  if (before && before !== state.page) window.scrollTo(0, 0);
  document.querySelector(`.page.current [data-figure="${state.figure}"]`)?.scrollIntoView();
  // a link leads to the figure once: the next choice stays where the reader is
  state.figure = "";
  if (focus) document.querySelector(`[data-key="${focus}"], [data-fold="${focus}"]`)?.focus();
}

const deeds = {
  print: () => window.print(),
  reset: () => go(Object.fromEntries(Object.keys(KEYS).filter((key) => !["page", "lang", "theme", "folded"].includes(key)).map((key) => [key, defaults[key]]))),
  selectors: (button) => button.setAttribute("aria-expanded", byId("selectors").classList.toggle("open")),
  more: (button) => {
    const figure = figureOf(button);
    button.previousElementSibling.outerHTML = tableHtml(figure, figureRows(figure), Infinity).html;
    button.remove();
  },
  copy: (button) => {
    navigator.clipboard?.writeText(csvOf(figureOf(button), figureRows(figureOf(button)))).then(() => { button.textContent = byId("said").textContent = text("figure.copied"); });
  },
};

function listen() {
  window.addEventListener("hashchange", show);
  document.addEventListener("change", ({ target }) => target.dataset.key && go({ [target.dataset.key]: target.value }));
  document.addEventListener("submit", (event) => event.target.id === "selectors" && event.preventDefault());
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button"), cell = target.closest("#map td");
    if (button?.dataset.do) deeds[button.dataset.do](button);
    else if (button?.dataset.fold) {
      const folded = new Set(state.folded.split(".").filter(Boolean)), key = button.dataset.fold;
      if (!folded.delete(key)) folded.add(key);
      go({ folded: [...folded].sort().join(".") });
    } else if (cell) {
      const opener = button ?? cell.querySelector("button.open");
      if (opener) openCell(opener.dataset.row, opener.dataset.stage);
    }
  });
  // One tab stop for the cells of the map; arrows move between them.
  byId("map").addEventListener("keydown", (event) => {
    if (!event.target.matches("button.open") || !event.key.startsWith("Arrow")) return;
    const all = [...byId("map").querySelectorAll("button.open")].filter((button) => button.offsetParent), { row, stage } = event.target.dataset;
    const line = all.filter((button) => (event.key === "ArrowLeft" || event.key === "ArrowRight" ? button.dataset.row === row : button.dataset.stage === stage));
    const next = line[line.indexOf(event.target) + (event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    if (!next) return;
    for (const button of all) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches("details.rows") && target.open && target.children.length === 1) {
      const figure = figureOf(target);
      target.insertAdjacentHTML("beforeend", tableHtml(figure, figureRows(figure)).html);
    } else if (target.matches("details.smalls") && target.open) drawAll();
  }, true);
  let width = window.innerWidth, waiting;
  window.addEventListener("resize", () => {
    if (width === window.innerWidth) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 100);
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  // Paper is white and as wide as its page: charts are drawn anew, and the map's letters shrink until it fits one A3 page.
  window.addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    if (state.page === "map") fitMap();
    else drawAll(PAPER.chart);
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = state.theme;
    byId("map").style.cssText = "";
    drawAll();
  });
}
const PAPER = { chart: 656, width: 1500, height: 920 };
function fitMap() {
  const map = byId("map");
  map.classList.add("fitting");
  map.style.width = `${PAPER.width}px`;
  for (let size = 12; size >= 5; size -= 0.5) {
    map.style.fontSize = `${size}px`;
    if (map.querySelector("table").offsetHeight <= PAPER.height) break;
  }
  map.style.width = "";
  map.classList.remove("fitting");
}

async function start() {
  const packed = Uint8Array.from(atob(byId("data").textContent.trim()), (sign) => sign.charCodeAt(0));
  payload = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  ({ meta } = payload);
  defaults = { page: payload.pages[0].page, framework: meta.primary_framework, persona: "all", persona2: "", customer_type: "all", period: "all", lang: "en", theme: "auto", conversion_type: meta.conversion_type, attribution_model: "last_touch", attribution_model_2: "linear", survey_kind: "relational", folded: "", figure: "" };
  // a company may leave a model out, or ask after single touchpoints alone
  for (const key of ["attribution_model", "attribution_model_2", "survey_kind"]) {
    const offered = optionsOf(key);
    if (!offered.includes(defaults[key])) defaults[key] = offered.find((value) => key !== "attribution_model_2" || value !== defaults.attribution_model) ?? "";
  }
  document.documentElement.classList.add("js");
  listen();
  show();
}
start();
