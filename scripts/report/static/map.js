// The journey map for a selection: the lines of figures.yml filled as journey_map.py does, in the page's language, and a second persona beside it.

const EMOTION = { height: 160, top: 24, bottom: 34 }, GLYPHS = { good: "▲", neutral: "●", bad: "▼" };
const kpiFormat = (name) => rowsOf("kpi_formats", { kpi_name: name })[0]?.format ?? "number";

/** The cells of one persona: {caption, stages, card, rows}; see journey_map.view for the form of a line. */
function mapView(chosen) {
  const { framework, customer_type, persona, period } = chosen, where = { framework, customer_type, persona, period };
  const stages = rowsOf("framework_stages", { framework }), by = new Map(stages.map((stage) => [stage.stage, stage])), tables = {};
  const of = (table) => (tables[table] ??= rowsOf(table, where).map((row) => ({ ...by.get(row.stage), ...row })));
  const cells = new Map(of("map").map((cell) => [cell.stage, cell]));
  const name = optionLabel("persona", persona), isFiltered = customer_type !== "all" || persona !== "all";

  /** The rows that a line is filled from, of all stages. */
  function picked({ of: table, where: wanted = {}, order }) {
    const rows = of(table).filter((row) => Object.entries(wanted).every(([column, value]) => row[column] === value));
    const column = order?.replace("-", ""), sign = order?.startsWith("-") ? -1 : 1;
    return order ? rows.filter((row) => row[column] !== null).sort((a, b) => sign * (a[column] - b[column])) : rows;
  }
  function lines(line, stage) {
    const rows = picked(line), { bar } = line, most = bar ? Math.max(0, ...rows.map((row) => row[bar] ?? 0)) : 0;
    return rows.filter((row) => row.stage === stage).slice(0, line.most).map((row) => ({
      ...Object.fromEntries(["text", "big", "value"].filter((part) => part in line).map((part) => [part, filled(line[part], row)])),
      note: (line.note ?? []).map((note) => filled(note, row)).filter(Boolean).join(" · "), tone: filled(line.tone ?? "", row), tag: line.tag,
      bar: most ? (100 * (row[bar] ?? 0)) / most : undefined,
    })).filter((one) => [one.text, one.big, one.value].every((part) => part !== ""));
  }
  function cell({ lines: list, measured = true }, { stage }) {
    const found = list.flatMap((line) => lines(line, stage)), isEmpty = measured && found.every(({ tag }) => tag === "source");
    return isEmpty ? [{ text: !cells.has(stage) && isFiltered ? text("hidden", { n: meta.min_persons }) : text("unmeasured"), tag: "hidden" }, ...found] : found;
  }
  const facts = payload.map.facts.map((line) => ({ line, rows: picked(line) })).filter(({ line, rows }) => rows.length >= (line.least ?? 1))
    .map(({ line, rows }) => ({ text: text(line.text), value: [...new Set(rows.slice(0, line.most).map((row) => filled(line.value, row)))].join(", "), tone: line.tone }));
  const most = Math.max(1, ...[...cells.values()].map(({ persons }) => persons));
  return {
    caption: text("map.caption", { framework: optionLabel("framework", framework), persona: name, customer_type: optionLabel("customer_type", customer_type), period: optionLabel("period", period) }),
    stages: stages.map((stage) => ({ stage: stage.stage, cell: cells.get(stage.stage) })).map(({ stage, cell: found }) => ({
      stage, cell: found, label: named(by.get(stage), "label"), is_in_funnel: by.get(stage).is_in_funnel, note: by.get(stage).is_in_funnel ? "" : text("map.outside"),
      persons: found ? formatted(found.persons, "persons") : "", bar: found ? (100 * found.persons) / most : 0,
    })),
    card: { name: persona === "all" ? text("map.everybody") : name, facts },
    rows: payload.map.rows.map((row) => ({
      ...row, key: row.row, title: text(`map.row.${row.row}`), hint: filled(known(`map.hint.${row.row}`, ""), meta),
      cells: stages.map((stage) => (row.lines ? cell(row, stage) : [])),
      ...Object.fromEntries(["above", "below"].filter((side) => side in row).map((side) => [side, stages.map(({ stage }) => row[side].flatMap((line) => lines(line, stage)))])),
    })),
  };
}

/** Heights of the emotion points of each view, on one scale: zero stays in, the rest fits the data. */
function emotionLines(views) {
  const scored = views.flatMap((view) => view.stages.map(({ cell }) => cell)).filter((cell) => cell && cell.emotion_score !== null);
  const values = [0, ...scored.flatMap((cell) => [cell.emotion_score, cell.emotion_low, cell.emotion_high])];
  const low = Math.min(...values), high = Math.max(...values) > low ? Math.max(...values) : low + 1;
  const y = (value) => EMOTION.top + ((high - value) / (high - low)) * (EMOTION.height - EMOTION.top - EMOTION.bottom);
  const lines = views.map((view) => view.stages.map(({ cell }, place) => {
    const point = { x: (100 * (place + 0.5)) / view.stages.length }, answers = cell?.emotion_responses ?? 0;
    if (!cell || cell.emotion_score === null) return { ...point, y: y(0), few: answers > 0, note: views.length > 1 ? `n = ${formatted(answers)}` : answers ? text("few_n", { n: formatted(answers) }) : text("no_answers") };
    return { ...point, y: y(cell.emotion_score), low: y(cell.emotion_low), high: y(cell.emotion_high), tone: cell.emotion_tone, value: formatted(cell.emotion_score, "score"), note: `n = ${formatted(answers)}` };
  }));
  return { zero: y(0), lines };
}

const glyphHtml = (tone) => (GLYPHS[tone] ? html`<span class="glyph" role="img" aria-label="${text(`legend.${tone}`)}">${GLYPHS[tone]}</span> ` : "");
const barHtml = (width) => html`<svg class="bar" aria-hidden="true"><rect width="${width.toFixed(1)}%" height="100%"/></svg>`;
const lineHtml = (line) => html`<li class="${line.tone ?? ""} ${line.tag ?? ""}">${glyphHtml(line.tone)}${
  line.big ? html`<b class="big">${line.big}</b> ` : ""}${line.text ? html`<span class="what">${line.text}</span> ` : ""}${
  line.value ? html`<b class="value">${line.value}</b> ` : ""}${line.bar === undefined ? "" : barHtml(line.bar)}${
  line.note ? html`<span class="note">${line.note}</span>` : ""}</li>`;
const linesHtml = (lines, second, label) => (lines.length ? html`<ul class="${second ? "second" : ""}"${label ? html` aria-label="${label}"` : ""}>${lines.map(lineHtml)}</ul>` : "");

function emotionHtml(views, { zero, lines }) {
  const alt = views.map((view, which) => `${view.card.name}: ${view.stages.map((stage, place) => `${stage.label} ${lines[which][place].value ?? ""} ${lines[which][place].note}`).join("; ")}`).join(". ");
  const one = lines.length === 1, { height } = EMOTION;
  const number = (value) => value.toFixed(1);
  return html`<svg class="emotion" width="100%" height="${height}" role="img" aria-label="${alt}">
<rect class="above" width="100%" height="${number(zero)}"/><rect class="below" y="${number(zero)}" width="100%" height="${number(height - zero)}"/>
<line class="zero" x2="100%" y1="${number(zero)}" y2="${number(zero)}"/><text class="zero" x="4" y="${number(zero - 4)}">0 ${text("map.zero")}</text>
${lines.map((points, which) => html`${points.slice(1).map((two, place) => (two.value && points[place].value && views[which].stages[place + 1].is_in_funnel
    ? html`<line class="line ${which ? "second" : ""}" x1="${points[place].x.toFixed(3)}%" y1="${number(points[place].y)}" x2="${two.x.toFixed(3)}%" y2="${number(two.y)}"/>` : ""))}${
    points.map((point) => html`<svg class="point ${point.tone ?? "few"} ${which ? "second" : ""}" x="${(point.x + (one ? 0 : which ? 0.8 : -0.8)).toFixed(3)}%" overflow="visible">${
      point.value ? html`<path class="interval" d="M-5 ${number(point.high)}H5M0 ${number(point.high)}V${number(point.low)}M-5 ${number(point.low)}H5"/>` : ""}${
      point.value || point.few ? html`<circle r="${point.value ? 6 : 5}" cy="${number(point.y)}"/>` : ""}${
      point.value ? html`<text class="score" x="${one ? 0 : which ? -6 : 6}" y="${number(point.high - 6)}" text-anchor="${one ? "middle" : which ? "start" : "end"}">${GLYPHS[point.tone]} ${point.value}</text>` : ""}<text class="n" y="${height - 8 - (one || which ? 0 : 14)}" text-anchor="middle">${one ? "" : which ? "◆ " : "● "}${point.note}</text></svg>`)}`)}</svg>`;
}

/** The table of the selection; rows in `folded` show their heads alone. */
function mapHtml(chosen, folded) {
  const views = [mapView(chosen), ...(chosen.persona2 ? [mapView({ ...chosen, persona: chosen.persona2 })] : [])];
  const [view] = views, count = view.stages.length, isMeasured = ({ measured = true }) => measured;
  const whose = (which) => (views.length > 1 ? views[which].card.name : "");
  const attributes = (key, more = "") => html`data-row="${key}" class="${more} ${folded.has(key) ? "folded" : ""}"`;
  const head = (row, span) => html`<th scope="row"${span > 1 ? html` rowspan="${span}"` : ""}><button type="button" class="fold" data-fold="${row.key}" aria-expanded="${!folded.has(row.key)}">${row.title}</button>${
    row.hint ? html`<span class="hint">${row.hint}</span>` : ""}</th>`;
  const open = (row, place) => (!isMeasured(row) ? "" : html`<button type="button" class="open" tabindex="-1" data-row="${row.key}" data-stage="${view.stages[place].stage}" aria-label="${text("map.open", { row: row.title, stage: view.stages[place].label })}"></button>`);
  const inCell = (row, place, side, more) => html`<td>${views.map(({ rows }, which) => {
    const list = rows[view.rows.indexOf(row)][side][place].filter(({ tag }) => !which || tag !== "source");
    return which && !isMeasured(row) ? "" : linesHtml(list, which, whose(which));
  })}${more ? open(row, place) : ""}</td>`;
  const line = (row, side = "cells", { span, more = true, name = "" } = {}) => html`<tr ${attributes(row.key, name)}>${span === 0 ? "" : head(row, span)}${row[side].map((_, place) => inCell(row, place, side, more))}</tr>`;
  const felt = (row) => html`${line(row, "above", { span: 3, name: "felt" })}
<tr ${attributes(row.key)}><td colspan="${count}" class="drawing">${emotionHtml(views, emotionLines(views))}</td></tr>
${line(row, "below", { span: 0, more: false, name: "felt" })}`;
  return html`<table class="map ${views.length > 1 ? "two" : ""}">
<caption><span>${view.caption}${views.length > 1 ? html` <span class="second">◆ ${views[1].card.name}</span>` : ""}</span></caption>
<colgroup><col class="heads">${view.stages.map(() => html`<col>`)}</colgroup>
<thead><tr><th scope="col" class="corner">${text("map.stages")}</th>${view.stages.map((stage, place) => html`<th scope="col"><span class="stage">${stage.label}</span> ${
    views.map((each, which) => html`<span class="count ${which ? "second" : ""}">${each.stages[place].persons}</span>`)}${stage.note ? html` <span class="hint">${stage.note}</span>` : ""}${barHtml(stage.bar)}</th>`)}</tr></thead>
<tbody>
<tr ${attributes("persona")}>${head({ key: "persona", title: text("map.row.persona") })}<td colspan="${count}">${views.map(({ card }, which) => html`<div class="persona"><b class="name ${which ? "second" : ""}">${which ? "◆ " : views.length > 1 ? "● " : ""}${card.name}</b>${
    card.facts.map((fact) => html`<span class="fact ${fact.tone}"><span class="note">${fact.text}</span> ${glyphHtml(fact.tone)}<b>${fact.value}</b></span>`)}</div>`)}</td></tr>
${view.rows.map((row) => (row.above ? felt(row) : line(row)))}
</tbody></table>`;
}
