// How far the best quotes are apart: now, and on average so far.

import { fixed } from "../numbers.js";
import { tint } from "../palette.js";
import { say } from "./panel.js";
import { TimeChart, extent } from "./time_chart.js";

export class SpreadPanel extends TimeChart {
  constructor(section, market) {
    super(section, "Spread", market);
    this.scale = market.scales.spread;
  }

  lines() {
    return [
      { label: "quoted", colour: tint("spread"), thick: 1.6 },
      { label: "mean so far", colour: tint("ink"), dash: [9, 4], thick: 2.5 },
    ];
  }

  draw(frame) {
    const { history, venueNumber: v } = this.market;
    const span = history.span(this.market.view.window(frame)), points = history.within(span);
    const columns = [points.map((point) => point.venues[v].spread), points.map((point) => point.venues[v].mean)];
    this.scale.least = 4 * this.market.venue.tick_size;
    this.show(span, points.map((point) => point.step), columns, ...extent(columns));
    const mean = fixed(frame.venues[v].spread_mean, this.market.decimals + 2);
    say(this.note, `mean ${mean}`);
    this.note.dataset.spreadMean = frame.venues[v].spread_mean ?? "";
    this.describe(this.host, () => {
      const now = fixed(history.last.venues[v].spread, this.market.decimals);
      return `Quoted spread over steps. Now ${now}, on average so far ${mean}.`;
    });
  }
}
