// Figures as ECharts options (SVG renderer) or, for matrices, as coloured tables. Colours come from the style sheet.

const drawn = new Map(), MOST_BARS = 24;

/** A colour of the style sheet as the browser resolves it in the current theme. */
function colour(name) {
  const probe = document.getElementById("said");
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  probe.style.color = "";
  return found;
}

const asList = (value) => (value === undefined || value === null ? [] : [].concat(value));
const isFew = (figure, row) => figure.min_n !== undefined && figure.chart.n !== undefined && (row[figure.chart.n] ?? 0) < figure.min_n;
const isImmature = (figure, row) => figure.chart.mature !== undefined && row[figure.chart.mature] === false;
const tickFormat = (format) => (value) => formatted(value, format, true);

/** A category as the page names it; days that are months are written as months. */
const categoryOf = (row, column) => String(shown(row, column)).replace(/^(\d{4}-\d{2})-\d{2}( \d{2}:\d{2}:\d{2})?$/, "$1");
/** The names of `column` in the order of `like`, where they stand in it; the others after them. */
function inOrder(rows, column, like) {
  const places = new Map([...new Set(rows.map((row) => categoryOf(row, like)))].map((name, place) => [name, place]));
  return [...new Set(rows.map((row) => categoryOf(row, column)))].sort((a, b) => (places.get(a) ?? Infinity) - (places.get(b) ?? Infinity) || 0);
}

const isAcross = ({ chart }) => ["columns", "line", "area"].includes(chart.kind);
/** The categories that a figure draws, in their order: of many bars those with the greatest values. */
function categoriesOf(figure, rows, category, measures) {
  const all = [...new Set(rows.map((row) => categoryOf(row, category)))], size = new Map();
  if (isAcross(figure) || all.length <= MOST_BARS) return all;
  for (const row of rows) size.set(categoryOf(row, category), Math.max(size.get(categoryOf(row, category)) ?? 0, ...measures.map((measure) => Math.abs(row[measure] ?? 0))));
  const kept = new Set([...all].sort((a, b) => size.get(b) - size.get(a)).slice(0, MOST_BARS));
  return all.filter((name) => kept.has(name));
}
/** What is said where not all bars are drawn. */
function cutOf({ chart }, rows) {
  const count = ["bars", "dots", "forest"].includes(chart.kind) ? new Set(rows.map((row) => categoryOf(row, chart.y))).size : 0;
  return count > MOST_BARS ? text("figure.cut", { n: MOST_BARS, m: count }) : "";
}

/**
 * Series of a figure: {name, column, rows by category}; one a value of `series` or of the two models compared, else one a measure.
 * Of more series than colours the greatest stay; where they are stacked the rest become one.
 */
function seriesOf(figure, rows, category, measures) {
  const { series, compare, stack, few_series: few = SERIES.length } = figure.chart, [column] = measures;
  const byCategory = (list) => new Map(list.map((row) => [categoryOf(row, category), row]));
  if (compare) return [state[compare], state[`${compare}_2`]].map((value) => ({ name: labelOf(compare, value), column, rows: byCategory(rows.filter((row) => row[compare] === value)) }));
  if (!series) return measures.map((measure) => ({ name: columnLabel(measure), column: measure, rows: byCategory(rows) }));
  let groups = [...Map.groupBy(rows, (row) => categoryOf(row, series))].map(([name, list]) => ({ name, column, list }));
  const sum = ({ list }) => list.reduce((all, row) => all + (row[column] ?? 0), 0);
  if (groups.length > few && figure.chart.few_series) groups = groups.filter((_, place) => Math.floor((place * few) / groups.length) !== Math.floor(((place - 1) * few) / groups.length));
  else if (groups.length > few) {
    groups.sort((a, b) => sum(b) - sum(a));
    const rest = groups.splice(few - 1).flatMap(({ list }) => list);
    if (stack) groups.push({ name: text("other"), column, list: [...Map.groupBy(rest, (row) => categoryOf(row, category)).values()].map((list) => ({ ...list[0], [column]: sum({ list }) })) });
  }
  return groups.map(({ list, ...group }) => ({ ...group, rows: byCategory(list) }));
}

function pointColour(figure, row, column, base, alone) {
  if (figure.chart.backward && row[figure.chart.backward]) return colour("bad");
  if (figure.finding?.tone && figure.picked === row) return colour(figure.finding.tone);
  // good or bad only where the interval says so
  if (alone && (["score", "nps"].includes(figure.chart.format) || figure.chart.line_at === 0)) return colour(row[figure.chart.low ?? column] > 0 ? "good" : row[figure.chart.high ?? column] < 0 ? "bad" : "neutral");
  return base;
}

/** The line with caps of each interval, as a custom series; across is true where categories stand on the x axis. */
function intervals(entries, across, shift, ink) {
  return {
    type: "custom", silent: true, z: 5, data: entries.map(({ place, low, high }) => [place, low, high]), encode: across ? { x: 0, y: [1, 2] } : { y: 0, x: [1, 2] },
    renderItem: (_, api) => {
      const at = (end) => api.coord(across ? [api.value(0), api.value(end)] : [api.value(end), api.value(0)]);
      const band = api.size(across ? [1, 0] : [0, 1])[across ? 0 : 1] * shift, [one, two] = [at(1), at(2)];
      const points = across
        ? [[one[0] + band, one[1]], [two[0] + band, two[1]], [one[0] + band - 4, one[1]], [one[0] + band + 4, one[1]], [two[0] + band - 4, two[1]], [two[0] + band + 4, two[1]]]
        : [[one[0], one[1] + band], [two[0], two[1] + band], [one[0], one[1] + band - 4], [one[0], one[1] + band + 4], [two[0], two[1] + band - 4], [two[0], two[1] + band + 4]];
      const part = ([x1, y1], [x2, y2]) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: ink, lineWidth: 1.5 } });
      return { type: "group", children: [part(points[0], points[1]), part(points[2], points[3]), part(points[4], points[5])] };
    },
  };
}

function axisChart(figure, rows, width) {
  const { kind, low, high, format, stack, line_at: lineAt, zero, compare, good_bad: goodBad } = figure.chart;
  const across = isAcross(figure), bars = kind === "bars" || kind === "columns", points = kind === "dots" || kind === "forest";
  const category = across ? figure.chart.x : figure.chart.y, measures = asList(across ? figure.chart.y : figure.chart.x);
  const categories = categoriesOf(figure, rows, category, measures);
  const list = seriesOf(figure, rows, category, measures), alone = list.length === 1;
  // good and bad side by side: measures below zero, or the second of two
  const losing = (one, which) => (across ? [...one.rows.values()].some((row) => row[one.column] < 0) : which > 0);
  const palette = list.map((one, which) => colour(goodBad ? (losing(one, which) ? ["bad", "bad2"] : ["good", "series6", "good2"])[list.slice(0, which).filter((each, place) => losing(each, place) === losing(one, which)).length] : SERIES[which % SERIES.length]));
  const [ink, quiet, grid, paper] = ["ink", "quiet", "grid", "paper"].map(colour), series = [];
  const isLabelled = alone && bars && !across && !low, narrow = width < 560, labelOfBar = (value) => formatted(value, format, narrow && format === "money"), axisText = { color: ink, fontSize: 12, fontFamily: FONT };
  for (const [which, one] of list.entries()) {
    const base = compare ? palette[0] : palette[which], shift = alone || stack || !points || compare ? 0 : (which - (list.length - 1) / 2) * Math.min(0.7 / list.length, 0.25);
    const entries = categories.map((category, place) => ({ place, row: one.rows.get(category) })).filter(({ row }) => row && row[one.column] !== null);
    const data = categories.map((category) => {
      const row = one.rows.get(category), value = row?.[one.column] ?? null;
      if (value === null || (kind === "line" && isFew(figure, row))) return null;
      const tint = pointColour(figure, row, one.column, base, alone);
      const style = bars && isFew(figure, row) ? { color: paper, borderColor: tint, borderWidth: 1.5 } : { color: tint };
      return { value, itemStyle: { ...style, ...(bars && isImmature(figure, row) ? { decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: Math.PI / 4, color: paper } } : {}) } };
    });
    if (bars) series.push({ type: "bar", name: one.name, data, stack: stack ? "all" : undefined, itemStyle: { color: base }, barMaxWidth: 26, label: { show: isLabelled, position: "right", color: ink, fontFamily: FONT, formatter: ({ value }) => labelOfBar(value) } });
    else if (!points) series.push({ type: "line", symbol: "circle", name: one.name, data, stack: stack || kind === "area" ? "all" : undefined, areaStyle: kind === "area" ? { opacity: 0.75 } : undefined, symbolSize: kind === "area" ? 0 : 6, connectNulls: false, lineStyle: { width: kind === "area" ? 0.5 : 2, type: "solid" }, itemStyle: { color: base } });
    if (compare && which) series.push(intervals(entries.filter(({ place }) => list[0].rows.has(categories[place])).map(({ place, row }) => ({ place, low: row[one.column], high: list[0].rows.get(categories[place])[one.column] })), across, 0, base));
    const marks = points ? entries : kind === "line" ? entries.filter(({ row }) => isFew(figure, row)) : [];
    if (marks.length) series.push({ type: "custom", name: one.name, itemStyle: { color: base }, encode: across ? { x: 0, y: 1 } : { y: 0, x: 1 }, z: 6, data: marks.map(({ place, row }) => [place, row[one.column]]), renderItem: ({ dataIndex }, api) => {
      const { row, place } = marks[dataIndex], tint = pointColour(figure, row, one.column, base, alone), few = compare ? which > 0 : isFew(figure, row);
      const [cx, cy] = api.coord(across ? [api.value(0), api.value(1)] : [api.value(1), api.value(0)]);
      const point = { type: "circle", shape: { cx, cy: cy + (across ? 0 : shift * api.size([0, 1])[1]), r: 5 }, style: { fill: few ? paper : tint, stroke: tint, lineWidth: 2 } };
      const first = compare && which ? list[0].rows.get(categories[place])?.[one.column] ?? null : null, moved = first === null ? "0" : formatted(row[one.column] - first, "points");
      if (moved === "0") return point;
      const [right] = api.coord([Math.max(first, row[one.column]), place]);
      return { type: "group", children: [point, { type: "text", style: { x: right + 10, y: cy, text: moved, fill: quiet, font: `12px ${FONT}`, verticalAlign: "middle" } }] };
    } });
    if (low && high && !stack && (list.length <= 3 || points)) {
      const within = entries.filter(({ row }) => row[low] !== null && row[high] !== null).map(({ place, row }) => ({ place, low: row[low], high: row[high] }));
      series.push(intervals(within, across, bars && !alone ? (which - (list.length - 1) / 2) * (0.8 / list.length) : shift, bars ? ink : base));
    }
  }
  if (lineAt !== undefined && series.length) series[0].markLine = { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: ink, type: "dashed" }, data: [across ? { yAxis: lineAt } : { xAxis: lineAt }] };
  const label = narrow ? 118 : Math.min(240, Math.max(90, 7 * Math.max(...categories.map((category) => category.length), 0)));
  // shares end at 100 %, also where their interval touches it
  const bound = (end) => (format === "rate" && Math.abs(end) > 0.9 && Math.abs(end) <= 1 ? Math.sign(end) : null);
  const value = { type: "value", min: ({ min }) => bound(min), max: ({ max }) => bound(max), scale: !zero && !bars && kind !== "area", axisLabel: { ...axisText, color: quiet, formatter: tickFormat(format), hideOverlap: true }, splitLine: { lineStyle: { color: grid } }, splitNumber: narrow ? 3 : 5 };
  const named = { type: "category", data: categories, axisLine: { lineStyle: { color: quiet }, onZero: true }, axisTick: { show: false }, axisLabel: across ? { ...axisText, hideOverlap: true } : { ...axisText, width: label, overflow: "break", interval: 0, lineHeight: 14 }, inverse: !across };
  const legend = list.length > 1 ? { show: true, type: "plain", top: 0, left: 0, icon: "roundRect", itemWidth: 14, itemHeight: 10, textStyle: axisText, data: list.map(({ name }, which) => ({ name, ...(compare && which ? { itemStyle: { color: paper, borderColor: palette[0], borderWidth: 2 } } : {}) })) } : { show: false };
  const legendRows = list.length > 1 ? Math.ceil(list.reduce((sum, { name }) => sum + 7 * name.length + 34, 0) / width) : 0;
  const lines = Math.ceil((6.6 * Math.max(0, ...categories.map((category) => category.length))) / label), top = 12 + legendRows * 24, rowHeight = Math.max(narrow ? 34 : 28, 17 * lines, stack || !bars ? 0 : 16 * list.length + 8);
  return {
    height: across ? 250 + legendRows * 24 : top + categories.length * rowHeight + 34,
    option: {
      grid: { left: across ? 8 : label + 12, right: isLabelled ? 16 + 7 * Math.max(...rows.map((row) => labelOfBar(row[measures[0]]).length)) : 20, top, bottom: across ? 8 : 28, containLabel: across },
      xAxis: across ? named : value, yAxis: across ? value : named, series, legend,
      tooltip: { trigger: "axis", axisPointer: { type: bars ? "shadow" : "line" }, formatter: (params) => tipText(figure, list, categories[params[0]?.dataIndex ?? 0]) },
    },
  };
}

function tipText(figure, list, category) {
  const { low, high, n, format } = figure.chart, lines = [category];
  for (const one of list) {
    const row = one.rows.get(category);
    if (!row || row[one.column] === null) continue;
    const range = low && row[low] !== null && row[low] !== undefined ? ` (${formatted(row[low], format)} – ${formatted(row[high], format)})` : "";
    lines.push(`${list.length > 1 ? `${one.name}: ` : ""}${formatted(row[one.column], format)}${range}${n && row[n] !== null ? `, n = ${formatted(row[n])}` : ""}`);
  }
  return lines.join("\n");
}

/** From on the left, to on the right, so that a move back is no cycle; those are orange. */
function sankeyChart(figure, rows, width) {
  const { x, y, value: measure, backward, format } = figure.chart, ink = colour("ink");
  const moves = rows.filter((row) => row[measure] > 0), from = inOrder(moves, x, x), to = inOrder(moves, y, x);
  const nodes = [...from.map((name) => `0${name}`), ...to.map((name) => `1${name}`)], tall = Math.max(from.length, to.length), narrow = width < 560;
  return {
    height: Math.max(220, tall * 44),
    option: {
      tooltip: { formatter: ({ data, name, value }) => (data.source ? `${data.source.slice(1)} → ${data.target.slice(1)}: ${formatted(data.value, format)}` : `${name.slice(1)}: ${formatted(value, format)}`) },
      series: [{
        type: "sankey", left: narrow ? 96 : 170, right: narrow ? 96 : 170, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 12, draggable: false, layoutIterations: 0, emphasis: { disabled: true },
        data: nodes.map((name) => ({ name, itemStyle: { color: colour("neutral") }, label: { position: name[0] === "0" ? "left" : "right" } })),
        label: { color: ink, fontFamily: FONT, fontSize: 12, lineHeight: 14, width: narrow ? 88 : 160, overflow: "break", formatter: ({ name }) => name.slice(1) },
        links: moves.map((row) => ({ source: `0${categoryOf(row, x)}`, target: `1${categoryOf(row, y)}`, value: row[measure], lineStyle: { color: colour(backward && row[backward] ? "bad" : "good"), opacity: 0.45 } })),
      }],
    },
  };
}

/** A matrix as a table: rows are those of y, columns those of x, a step of colour for the value. */
function heatTable(figure, rows) {
  const { kind, x, y, value: column, n, format, backward } = figure.chart;
  // only of moves are rows and columns names of the same things
  const heads = inOrder(rows, x, backward ? y : x), groups = Map.groupBy(rows, (row) => categoryOf(row, y));
  // The first column of a triangle is the cohort itself: with it every other cell would be pale.
  const judged = kind === "triangle" ? rows.filter((row) => row[x] !== 0) : rows;
  const most = Math.max(...judged.map((row) => Math.abs(row[column] ?? 0)), 1e-12);
  // moves into the first stages are so many that by their number all others would be pale
  const share = (value) => (backward ? Math.sqrt(Math.abs(value) / most) : Math.abs(value) / most);
  const cell = (row) => {
    if (!row || row[column] === null) return row && isImmature(figure, row) ? html`<td class="immature"></td>` : html`<td></td>`;
    const step = Math.min(5, Math.round(5 * share(row[column]))), bad = (backward && row[backward]) || row[column] < 0;
    const tip = n && row[n] !== null ? html` title="n = ${formatted(row[n])}"` : "";
    return html`<td class="heat ${bad ? "bad" : "good"} step${step} ${isFew(figure, row) ? "few" : ""} ${isImmature(figure, row) ? "immature" : ""}"${tip}>${backward && bad ? "▼ " : ""}${formatted(row[column], format)}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${local(figure.title)}"><table class="heats"><thead><tr><th scope="col">${columnLabel(asList(y)[0])}${n ? html` <span class="note">(n)</span>` : ""}</th>${
    heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${[...groups].map(([name, list]) => {
    const by = new Map(list.map((row) => [categoryOf(row, x), row]));
    return html`<tr><th scope="row">${name}${n && list[0][n] !== null ? html` <span class="note">(${formatted(Math.max(...list.map((row) => row[n] ?? 0)))})</span>` : ""}</th>${heads.map((head) => cell(by.get(head)))}</tr>`;
  })}</tbody></table></div>`;
}

/** Draw a figure into its box at the width it has, or at the given one. */
function drawChart(box, figure, rows, width = box.clientWidth) {
  drawn.get(box)?.dispose();
  drawn.delete(box);
  const { kind } = figure.chart;
  if (kind === "none" || !rows.length || !width) return;
  if (["heatmap", "matrix", "triangle"].includes(kind)) {
    box.innerHTML = heatTable(figure, rows).html;
    return;
  }
  const { height, option } = kind === "sankey" ? sankeyChart(figure, rows, width) : axisChart(figure, rows, width);
  box.style.height = `${height}px`;
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `${local(figure.title)}. ${text("figure.alt")}`);
  const chart = echarts.init(box, null, { renderer: "svg", width, height });
  chart.setOption({
    animation: false, textStyle: { fontFamily: FONT, color: colour("ink") }, ...option,
    tooltip: { renderMode: "richText", confine: true, backgroundColor: colour("paper"), borderColor: colour("quiet"), textStyle: { color: colour("ink"), fontFamily: FONT, fontSize: 12 }, ...option.tooltip },
  });
  drawn.set(box, chart);
}
