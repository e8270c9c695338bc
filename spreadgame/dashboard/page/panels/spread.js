// How far the best quotes are apart: now, and on average so far.

import { fixed } from "../numbers.js";
import { tint } from "../palette.js";
import { say } from "./panel.js";
import { TimeChart } from "./time_chart.js";

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
    const span = history.span(this.market.view.window(frame)), calls = this.market.calls;
    this.scale.least = 4 * this.market.venue.tick_size;
    this.show(span, [(point) => point.venues[v].spread, (point) => point.venues[v].mean]);
    const known = frame.venues[v].spread_mean !== null, mean = fixed(frame.venues[v].spread_mean, this.market.decimals + 2);
    say(this.note, known ? `mean ${mean}` : "");
    this.explained(calls ? "An auction has no quoted spread." : known ? "" : "No spread has been quoted yet.");
    this.note.dataset.spreadMean = frame.venues[v].spread_mean ?? "";
    this.describe(this.host, () => {
      const now = fixed(history.last.venues[v].spread, this.market.decimals);
      return `Quoted spread over steps. Now ${now}, on average so far ${mean}.`;
    });
  }
}
