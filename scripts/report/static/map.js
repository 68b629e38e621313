// The journey map for a selection: the same cells as journey_map.py makes, in the page's language, and a second persona beside it.

const SHOWN = 3, NEAR = 0.05, EMOTION = { height: 160, top: 24, bottom: 34 };
const GLYPHS = { good: "▲", neutral: "●", bad: "▼" };

/** How a KPI of the stages is written, by its English name. */
function kpiFormat(name) {
  if (["Revenue per person", "Average order value"].includes(name)) return "money";
  if (name.startsWith("Hours")) return "hours";
  if (name.includes("NPS")) return "nps";
  return name.includes(" rate") || name.includes("CSAT") ? "rate" : name === "Persons who entered" ? "number" : "ratio";
}

/** The cells of one persona: {caption, stages, card, before, after, emotion}; see journey_map.view for the form of a line. */
function mapView(chosen) {
  const { framework } = chosen, where = { framework, customer_type: chosen.customer_type, persona: chosen.persona, period: chosen.period };
  const filtered = where.customer_type !== "all" || where.persona !== "all";
  const found = new Map(rowsOf("map", where).map((row) => [row.stage, row]));
  const stages = rowsOf("framework_stages", { framework }).sort((a, b) => b.is_in_funnel - a.is_in_funnel || a.rank - b.rank);
  for (const stage of stages) stage.cell = found.get(stage.stage);
  const items = Map.groupBy(rowsOf("map_items", where), (row) => `${row.stage} ${row.item_type}`);
  const touches = Map.groupBy(rowsOf("map_touchpoints", where), (row) => row.stage);
  const types = new Map(rowsOf("touchpoint_types").map((row) => [row.touchpoint_type, named(row, "label")]));
  const actions = rowsOf("actions", { framework });
  const cells = stages.filter((stage) => stage.cell);
  const name = optionLabel("persona", where.persona);
  const of = (stage, kind) => items.get(`${stage.stage} ${kind}`) ?? [];
  const absent = (stage) => [{ text: !stage.cell && filtered ? text("hidden", { n: meta.min_persons }) : text("unmeasured"), tag: "hidden" }];
  const byLabel = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  function facts() {
    const result = [], felt = cells.filter(({ cell }) => cell.emotion_score !== null);
    const first = (list, better) => list.reduce((a, b) => (better(b, a) ? b : a));
    if (cells.length) {
      const stage = first(cells, (a, b) => a.cell.persons > b.cell.persons);
      result.push({ text: text("map.card.largest"), value: `${named(stage, "label")}: ${personsText(stage.cell.persons)}`, tone: "" });
    }
    if (felt.length > 1) for (const [key, tone, sign] of [["best", "good", 1], ["worst", "bad", -1]]) {
      const stage = first(felt, (a, b) => sign * (a.cell.emotion_score - b.cell.emotion_score) > 0);
      result.push({ text: text(`map.card.${key}`), value: `${named(stage, "label")}: ${formatted(stage.cell.emotion_score, "score")}`, tone });
    }
    const channels = new Map();
    for (const [key, list] of items) if (key.endsWith(" channel")) for (const item of list) {
      const channel = channels.get(item.item_en) ?? { value: 0, item };
      channel.value += item.value;
      channels.set(item.item_en, channel);
    }
    if (channels.size) {
      const leading = [...channels.values()].sort((a, b) => b.value - a.value || byLabel(a.item.item_en, b.item.item_en)).slice(0, SHOWN);
      result.push({ text: text("map.card.channels"), value: leading.map(({ item }) => named(item, "item")).join(", "), tone: "" });
    }
    for (const [key, kind, measure] of [["pain", "pain_point", "persons"], ["opportunity", "opportunity", "value"]]) {
      const all = stages.flatMap((stage) => of(stage, kind).filter((item) => item[measure]).map((item) => ({ stage, item })));
      if (!all.length) continue;
      const { stage, item } = first(all, (a, b) => a.item[measure] > b.item[measure]);
      const amount = key === "pain" ? personsText(item.persons) : formatted(item.value, "money");
      result.push({ text: text(`map.card.${key}`), value: `${named(item, "item")} (${named(stage, "label")}): ${amount}`, tone: key === "pain" ? "bad" : "good" });
    }
    return result;
  }

  function goal(stage) {
    const [goal, thought, emotion] = ["customer_goal", "thought", "typical_emotion"].map((column) => prose(stage, column));
    return [
      ...(goal ? [{ text: goal, tag: "source" }] : []),
      ...(thought ? [{ text: `“${thought}”`, tag: "source", note: emotion ? text("map.feels", { emotion }) : "" }] : []),
    ];
  }

  function listed(stage, kind) {
    const measure = kind === "opportunity" ? "value" : "persons";
    const top = Math.max(0, ...stages.flatMap((each) => of(each, kind).map((item) => item[measure] ?? 0)));
    let lines = of(stage, kind).sort((a, b) => a.rank - b.rank).slice(0, SHOWN).map((item) => ({
      text: named(item, "item"),
      ...(kind === "opportunity" ? { value: item.value ? formatted(item.value, "money") : text("map.no_value"), note: personsText(item.persons) } : { value: formatted(item.persons) }),
      ...(top && (kind === "pain_point" || kind === "opportunity") ? { bar: (100 * (item[measure] ?? 0)) / top, tone: kind === "opportunity" ? "good" : "bad" } : {}),
    }));
    if (!lines.length) lines = absent(stage);
    const source = { pain_point: "barrier", opportunity: "content" }[kind];
    if (source && prose(stage, source)) lines.push({ text: text(`map.${source}`, { text: prose(stage, source) }), tag: "source" });
    return lines;
  }

  function touchpoints(stage) {
    const all = (touches.get(stage.stage) ?? []).filter((touch) => touch.persons);
    const steps = all.filter((touch) => touch.touchpoint_type.startsWith("email_"));
    const lines = all.filter((touch) => !steps.includes(touch))
      .map((touch) => [touch.persons, touch.touchpoint_type, { text: types.get(touch.touchpoint_type) ?? touch.touchpoint_type, value: formatted(touch.persons) }]);
    if (steps.length) {
      const count = (step) => formatted(steps.find((touch) => touch.touchpoint_type === `email_${step}`)?.touches ?? 0);
      const persons = Math.max(...steps.map((touch) => touch.persons));
      const note = text("map.email_steps", { sent: count("sent"), opened: count("opened") });
      lines.push([persons, "email", { text: named(rowsOf("channels", { channel: "email" })[0], "label"), value: formatted(persons), note }]);
    }
    const sorted = lines.sort((a, b) => b[0] - a[0] || byLabel(a[1], b[1])).slice(0, SHOWN).map(([, , line]) => line);
    return sorted.length ? sorted : absent(stage);
  }

  function planned(stage) {
    return actions.filter((action) => action.stage === stage.stage).map((action) => {
      const kpi = prose(action, "kpi_name"), kind = kpi && kpiFormat(action.kpi_name);
      const change = kpi ? text("map.baseline", { kpi, baseline: formatted(action.kpi_baseline, kind), now: formatted(action.kpi_now, kind) }) : "";
      const due = text("map.due", { owner: known(`department.${action.owner}`, action.owner), date: action.due_date });
      return { text: named(action, "title"), value: action.is_overdue ? text("status.overdue") : known(`status.${action.status}`, action.status), note: [due, change].filter(Boolean).join(" · ") };
    });
  }

  const rates = cells.filter((stage) => stage.is_in_funnel && stage.cell.conversion_rate !== null).map((stage) => stage.cell.conversion_rate);
  function rate(stage) {
    const { cell } = stage;
    if (!cell) return absent(stage);
    const entered = text("map.entered", { n: formatted(cell.entered) }), value = cell.conversion_rate;
    if (value === null) return [{ text: text(stage === stages.at(-1) ? "last_stage" : "too_early"), note: entered, tag: "hidden" }];
    const least = Math.min(...rates), most = Math.max(...rates);
    const tone = rates.length < 3 || !stage.is_in_funnel || (value !== least && value !== most) ? "neutral" : value === least ? "bad" : "good";
    return [{ text: "", big: formatted(value, "rate"), tone, note: `${formatted(cell.rate_low, "rate")} – ${formatted(cell.rate_high, "rate")} · ${entered}` }];
  }

  function time(stage) {
    if (!stage.cell) return absent(stage);
    return ["to_next", "in_stage"].filter((key) => stage.cell[`median_hours_${key}`] !== null)
      .map((key) => ({ text: text(`map.${key}`), value: formatted(stage.cell[`median_hours_${key}`], "hours") }));
  }

  function kpi(stage) {
    const { cell } = stage;
    if (!cell || stage.kpi_name === null || cell.kpi_value === null) return absent(stage);
    return [{ text: "", big: formatted(cell.kpi_value, kpiFormat(stage.kpi_name)), note: prose(stage, "kpi_name") }];
  }

  const department = ({ department: key, ...stage }) =>
    key ? [{ text: named(stage, "department_label") || known(`department.${key}`, key) }] : [];

  function felt(stage, better) {
    const score = stage.cell?.emotion_score ?? 0;
    const lines = (touches.get(stage.stage) ?? []).filter((touch) => touch.emotion_score !== null && touch.emotion_score >= score === better)
      .map((touch) => [touch.emotion_score, types.get(touch.touchpoint_type) ?? known(`touchpoint.${touch.touchpoint_type}`, touch.touchpoint_type)]);
    lines.sort((a, b) => (better ? b[0] - a[0] || byLabel(a[1], b[1]) : a[0] - b[0] || byLabel(b[1], a[1])));
    return lines.slice(0, 2).map(([value, label]) => ({ text: label, value: formatted(value, "score"), tone: Math.abs(value - score) < NEAR ? "neutral" : better ? "good" : "bad" }));
  }

  const row = (key, make) => ({ key, title: text(`map.row.${key}`), hint: known(`map.hint.${key}`, "", { share: formatted(meta.opportunity_share, "rate") }), cells: make ? stages.map(make) : [] });
  const list = (kind) => row(kind, (stage) => listed(stage, kind));
  const most = Math.max(1, ...cells.map(({ cell }) => cell.persons));
  return {
    caption: text("map.caption", {
      framework: optionLabel("framework", framework), persona: name, customer_type: optionLabel("customer_type", where.customer_type), period: optionLabel("period", where.period),
    }),
    stages: stages.map((stage) => ({
      stage: stage.stage, label: named(stage, "label"), is_in_funnel: stage.is_in_funnel, cell: stage.cell,
      persons: stage.cell ? personsText(stage.cell.persons) : "", bar: stage.cell ? (100 * stage.cell.persons) / most : 0, note: stage.is_in_funnel ? "" : text("map.outside"),
    })),
    card: { name: where.persona === "all" ? text("map.everybody") : name, facts: facts() },
    before: [row("goal", goal), list("action")],
    after: [row("touchpoint", touchpoints), list("channel"), list("pain_point"), list("opportunity"), row("actions", planned), row("rate", rate), row("time", time), row("kpi", kpi), row("department", department)],
    emotion: { ...row("emotion"), above: stages.map((stage) => felt(stage, true)), below: stages.map((stage) => felt(stage, false)) },
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
    const tone = cell.emotion_low > 0 ? "good" : cell.emotion_high < 0 ? "bad" : "neutral";
    return { ...point, y: y(cell.emotion_score), low: y(cell.emotion_low), high: y(cell.emotion_high), tone, value: formatted(cell.emotion_score, "score"), note: `n = ${formatted(answers)}` };
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
      point.value ? html`<text class="score" x="${one ? 0 : which ? 4 : -4}" y="${number(point.high - 6)}" text-anchor="${one ? "middle" : which ? "start" : "end"}">${GLYPHS[point.tone]} ${point.value}</text>` : ""}<text class="n" y="${height - 8 - (one || which ? 0 : 14)}" text-anchor="middle">${one ? "" : which ? "◆ " : "● "}${point.note}</text></svg>`)}`)}</svg>`;
}

/** The table of the selection; rows in `folded` show their heads alone. */
function mapHtml(chosen, folded) {
  const views = [mapView(chosen), ...(chosen.persona2 ? [mapView({ ...chosen, persona: chosen.persona2 })] : [])];
  const [view] = views, count = view.stages.length, sources = new Set(["goal", "actions", "department"]);
  const whose = (which) => (views.length > 1 ? views[which].card.name : "");
  const attributes = (key, more = "") => html`data-row="${key}" class="${more} ${folded.has(key) ? "folded" : ""}"`;
  const head = (row, span) => html`<th scope="row"${span > 1 ? html` rowspan="${span}"` : ""}><button type="button" class="fold" data-fold="${row.key}" aria-expanded="${!folded.has(row.key)}">${row.title}</button>${
    row.hint ? html`<span class="hint">${row.hint}</span>` : ""}</th>`;
  const open = (row, place) => (sources.has(row.key) ? "" : html`<button type="button" class="open" tabindex="-1" data-row="${row.key}" data-stage="${view.stages[place].stage}" aria-label="${text("map.open", { row: row.title, stage: view.stages[place].label })}"></button>`);
  const cell = (row, place, pick) => html`<td>${views.map((each, which) => (which && sources.has(row.key) ? "" : linesHtml(pick(each).filter(({ tag }) => !which || tag !== "source"), which, whose(which))))}${open(row, place)}</td>`;
  const cells = (part, index) => {
    const row = view[part][index];
    return html`<tr ${attributes(row.key)}>${head(row)}${row.cells.map((_, place) => cell(row, place, (each) => each[part][index].cells[place]))}</tr>`;
  };
  const felt = (side, more) => view.emotion[side].map((_, place) => html`<td>${views.map((each, which) => linesHtml(each.emotion[side][place], which, whose(which)))}${more ? open(view.emotion, place) : ""}</td>`);
  return html`<table class="map ${views.length > 1 ? "two" : ""}">
<caption><span>${view.caption}${views.length > 1 ? html` <span class="second">◆ ${views[1].card.name}</span>` : ""}</span></caption>
<colgroup><col class="heads">${view.stages.map(() => html`<col>`)}</colgroup>
<thead><tr><th scope="col" class="corner">${text("map.stages")}</th>${view.stages.map((stage, place) => html`<th scope="col"><span class="stage">${stage.label}</span> ${
    views.map((each, which) => html`<span class="count ${which ? "second" : ""}">${each.stages[place].persons}</span>`)}${stage.note ? html` <span class="hint">${stage.note}</span>` : ""}${barHtml(stage.bar)}</th>`)}</tr></thead>
<tbody>
<tr ${attributes("persona")}>${head({ key: "persona", title: text("map.row.persona") })}<td colspan="${count}">${views.map(({ card }, which) => html`<div class="persona"><b class="name ${which ? "second" : ""}">${which ? "◆ " : views.length > 1 ? "● " : ""}${card.name}</b>${
    card.facts.map((fact) => html`<span class="fact ${fact.tone}"><span class="note">${fact.text}</span> ${glyphHtml(fact.tone)}<b>${fact.value}</b></span>`)}</div>`)}</td></tr>
${view.before.map((_, index) => cells("before", index))}
<tr ${attributes("emotion", "felt")}>${head(view.emotion, 3)}${felt("above", true)}</tr>
<tr ${attributes("emotion")}><td colspan="${count}" class="drawing">${emotionHtml(views, emotionLines(views))}</td></tr>
<tr ${attributes("emotion", "felt")}>${felt("below", false)}</tr>
${view.after.map((_, index) => cells("after", index))}
</tbody></table>`;
}
