// Price, value and public value, and each trade by who took it.

import { fixed, plainly } from "../numbers.js";
import { drawMark, lookOf, rem, tint } from "../palette.js";
import { say } from "./panel.js";
import { TimeChart } from "./time_chart.js";

const SPACIOUS = 8; // rems of height from which marks have their full size

export class PricePanel extends TimeChart {
  constructor(section, market) {
    super(section, "Price", market);
    this.scale = market.scales.price;
  }

  lines() {
    return [
      { colour: "transparent", thick: 1 },
      { colour: "transparent", thick: 1 },
      { label: this.calls ? "last price" : "mid", colour: tint("ink"), thick: 2 },
      { label: "value", colour: tint("value"), dash: [9, 4], thick: 2.5 },
      { label: "public value", colour: tint("public"), dash: [2, 4], thick: 2.5 },
    ];
  }

  /** Whether the venue trades in calls alone, and so has no mid. */
  get calls() {
    return this.market.calls;
  }

  clear() {
    this.visible = [];
    this.known = new Set();
    super.clear();
  }

  bands() {
    return [{ series: [2, 1], fill: tint("between") }];
  }

  marks() {
    const takers = [...this.takers()].sort((one, other) => this.market.numberOf(one) - this.market.numberOf(other));
    if (!takers.length) return [];
    const by = takers.map((name) => ({ label: plainly(name), ...lookOf(this.market.numberOf(name)) }));
    const ink = tint("soft");
    const ways = [{ label: "buys", filled: true }, { label: "sells", filled: false }];
    return [...by, ...ways.map((each) => ({ ...each, shape: "circle", colour: ink }))];
  }

  takers() {
    this.known ??= new Set();
    return this.known;
  }

  rebuild() {
    this.known = new Set(this.market.history.trades.filter((each) => this.here(each)).map(takerOf));
    super.rebuild();
  }

  here(trade) {
    return trade.venue === this.market.venue?.name;
  }

  draw(frame) {
    const { history, venueNumber: v, instrumentNumber: n } = this.market;
    const span = history.span(this.market.view.window(frame));
    this.visible = history.trades.filter((each) => this.here(each) && each.step >= span[0]);
    const fresh = this.visible.map(takerOf).filter((name) => !this.takers().has(name));
    if (fresh.length) {
      fresh.forEach((name) => this.takers().add(name));
      this.rebuild();
    }
    const price = this.calls ? "last" : "mid";
    const readers = [
      (point) => point.venues[v].bid, (point) => point.venues[v].ask, (point) => point.venues[v][price],
      (point) => point.instruments[n].value, (point) => point.instruments[n].public,
    ];
    this.scale.least = 8 * this.market.venue.tick_size;
    this.show(span, readers, this.visible.map((each) => each.price), 2);
    const instrument = frame.instruments[n], decimals = this.market.decimals;
    const known = frame.venues[v][price] !== null, left = history.cut >= span[0];
    const now = known ? `${price} ${fixed(frame.venues[v][price], decimals + (this.calls ? 0 : 1))}` : `no ${price} now`;
    say(this.note, `${frame.step && (known || !this.calls) ? now : ""}${left ? " \u00b7 the last trades only" : ""}`);
    this.describe(this.host, () =>
      `Price over steps. Now ${now}, value ${fixed(instrument.value, decimals + 1)}, ` +
      `public value ${fixed(instrument.public_value, decimals + 1)}, ${this.visible.length} trades shown.`);
  }

  under(chart) {
    const context = chart.ctx, ratio = window.devicePixelRatio || 1;
    const { left, top, width, height } = chart.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    const many = this.visible?.length ?? 0, dense = many > 300 ? 0.17 : many > 120 ? 0.21 : 0.28;
    const radius = dense * Math.min(1, height / ratio / (SPACIOUS * rem())) ** 0.5 * rem() * ratio;
    context.lineWidth = 1.4 * ratio;
    context.setLineDash([]);
    const looks = new Map();
    for (const trade of this.visible ?? []) {
      const taker = takerOf(trade);
      if (!looks.has(taker)) looks.set(taker, lookOf(this.market.numberOf(taker)));
      const { shape, colour } = looks.get(taker);
      context.fillStyle = context.strokeStyle = colour;
      const [x, y] = [chart.valToPos(trade.step, "x", true), chart.valToPos(trade.price, "y", true)];
      drawMark(context, shape, x, y, radius, trade.aggressor > 0);
    }
    context.restore();
  }
}

/** Whose order arrived: in a call, where nobody's did, the buyer. */
const takerOf = (trade) => (trade.aggressor < 0 ? trade.seller : trade.buyer);
