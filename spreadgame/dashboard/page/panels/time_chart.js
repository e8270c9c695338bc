// Lines over steps, drawn by uPlot: what price, spread and inventory have in common.

import uPlot from "../vendor/uPlot.esm.js";
import { decimalsOf, fixed, whole } from "../numbers.js";
import { drawMark, font, rem, tint } from "../palette.js";
import { Panel, element } from "./panel.js";

const EDGE = 0.9; // rems right of the lines
const MOST_EPISODES = 12; // that are told apart
const WHOLE = Array.from({ length: 27 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));
const SVG = "http://www.w3.org/2000/svg";

/** A line as it is drawn, for the legend. */
function sampleOf(line) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 30 10", class: "sample", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M0 5H30");
  path.setAttribute("stroke", line.colour);
  path.setAttribute("stroke-width", line.thick ?? 2.5);
  if (line.dash?.length) path.setAttribute("stroke-dasharray", line.dash.join(" "));
  svg.append(path);
  return svg;
}

/** A mark as it is drawn, for the legend. */
function markOf({ shape, colour, filled = true }) {
  const canvas = element("canvas", { width: 32, height: 32, class: "mark", "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 3;
  drawMark(context, shape, 16, 16, 10, filled);
  return canvas;
}

export class TimeChart extends Panel {
  constructor(section, title, market) {
    super(section, title, market);
    this.legend = element("ul", { class: "legend" });
    this.host = element("div", { class: "plot", role: "img", "aria-label": title });
    this.body.append(this.legend, this.host);
  }

  /** The lines: `{ label, colour, dash, thick }`; a line without a label is not in the legend. */
  lines() {
    return [];
  }

  /** What else the legend explains: `{ label, shape, colour, filled }`. */
  marks() {
    return [];
  }

  /** Draw what lies under the lines. */
  under() {}

  bands() {
    return [];
  }

  clear() {
    this.chart?.setData([[], ...this.shown.map(() => [])]);
  }

  rebuild() {
    this.chart?.destroy();
    this.chart = null;
    this.shown = this.lines();
    this.explain();
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width < 20 || height < 20) return;
    this.span ??= [0, 10];
    this.chart = new uPlot(this.options(width, height), [[], ...this.shown.map(() => [])], this.host);
  }

  explain() {
    const lines = this.shown.filter((line) => line.label).map((line) => element("li", {}, sampleOf(line), line.label));
    const marks = this.marks().map((mark) => element("li", {}, markOf(mark), mark.label));
    this.legend.replaceChildren(...lines, ...marks);
    const hidden = this.legend.scrollHeight > this.legend.clientHeight + 2;
    this.more = hidden ? "enlarge for all names \u00b7 " : "";
  }

  options(width, height) {
    const ink = tint("soft"), unit = rem();
    const axis = {
      stroke: ink, font: font(1), labelFont: font(1), gap: 0.25 * unit,
      grid: { stroke: tint("line"), width: 1 }, ticks: { stroke: tint("line"), size: 4 },
    };
    return {
      width, height, legend: { show: false }, cursor: { show: false }, select: { show: false },
      padding: [0.5 * unit, EDGE * unit, 0, 0],
      scales: { x: { time: false, range: () => this.span }, y: { range: () => this.scale.range() } },
      axes: [
        { ...axis, size: 1.6 * unit, space: 6 * unit, incrs: WHOLE, values: (chart, splits) => this.steps(chart, splits) },
        {
          ...axis, space: 1.8 * unit,
          values: (_, splits, __, ___, step) => splits.map((at) => (this.scale.known ? fixed(at, decimalsOf(step)) : "")),
          size: (_, values) => (Math.max(3, ...(values ?? []).map((each) => each.length)) * 0.6 + 0.7) * unit,
        },
      ],
      series: [
        {},
        ...this.shown.map((line) => ({
          stroke: line.colour, width: line.thick ?? 2, dash: line.dash, spanGaps: false,
          points: { show: (chart, i) => this.lonely && line.thick > 1, size: 5, fill: line.colour },
          paths: line.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
        })),
      ],
      bands: this.bands(),
      hooks: { drawAxes: [(chart) => this.episodes(chart), (chart) => this.under(chart)] },
    };
  }

  /** Labels of steps; one that would reach beyond the edge is left out. */
  steps(chart, splits) {
    const { min, max } = chart.scales.x, room = chart.bbox.width / (window.devicePixelRatio || 1) / rem();
    return splits.map((at, i) => {
      const text = (i ? "" : "step ") + whole(at), toEdge = ((max - at) / (max - min)) * room;
      return toEdge + EDGE > 0.31 * text.length ? text : "";
    });
  }

  /** A dashed line where an episode begins, unless they are many. */
  episodes(chart) {
    const { count, at } = this.market.history.beginnings(this.span), { top, height } = chart.bbox;
    if (count > MOST_EPISODES) return;
    const context = chart.ctx;
    context.save();
    context.strokeStyle = tint("edge");
    context.lineWidth = window.devicePixelRatio || 1;
    context.setLineDash([2, 4]);
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const x = Math.round(chart.valToPos(at(i), "x", true));
      context.moveTo(x, top);
      context.lineTo(x, top + height);
    }
    context.stroke();
    context.restore();
  }

  /** Draw a line for each reader of points, broken where an episode ends. `more` are values that are drawn besides. */
  show(span, readers, more = [], from = 0) {
    const points = this.market.history.within(span);
    const steps = points.map((point, i) => (point ?? points[i - 1]).step);
    const columns = readers.map((read) => points.map((point) => (point ? read(point) ?? null : null)));
    this.span = span;
    this.lonely = this.market.history.beginnings(span).count > MOST_EPISODES;
    this.scale.set(this.market, ...extent([...columns.slice(from), more]));
    this.chart?.setData([steps, ...columns]);
    return columns;
  }
}

/** Lowest and highest of some columns. */
function extent(columns) {
  let low = Infinity, high = -Infinity;
  for (const column of columns) {
    for (const value of column) {
      if (value === null || value === undefined) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}
