// What a market has shown so far: one point per frame, thinned out where it grows old, and the last trades.

const MOST_POINTS = 1600, MOST_TRADES = 2000;

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.points = [];
    this.trades = [];
  }

  get last() {
    return this.points.at(-1);
  }

  add(frame) {
    if (this.last && frame.step < this.last.step) this.clear();
    const point = {
      step: frame.step,
      episode: frame.episode,
      venues: frame.venues.map(({ bid, ask, mid, last, spread_mean }) => ({
        bid, ask, mid, last, mean: spread_mean, spread: bid === null || ask === null ? null : ask - bid,
      })),
      instruments: frame.instruments.map(({ value, public_value }) => ({ value, public: public_value })),
      populations: frame.populations.map(({ inventory, members }) => ({ inventory, members })),
    };
    if (this.last?.step === frame.step) this.points.pop();
    this.points.push(point);
    if (this.points.length > MOST_POINTS) {
      const recent = this.points.length - MOST_POINTS / 2;
      this.points = this.points.filter((_, i) => i >= recent || i % 2 === 0);
    }
    this.trades.push(...frame.tape);
    if (this.trades.length > MOST_TRADES) this.trades = this.trades.slice(-MOST_TRADES);
  }

  /** Steps from which and to which a chart shows: the last `steps`, or all. */
  span(steps) {
    const end = this.last?.step ?? 0, first = this.points[0]?.step ?? 0;
    const width = Math.max(10, Math.min(steps, end - first));
    return [Math.max(first, end - width), Math.max(end, first + width)];
  }

  /** Steps at which an episode begins within a span. */
  beginnings(span) {
    const points = this.within(span);
    return points.filter((point, i) => i && point.episode !== points[i - 1].episode).map((point) => point.step);
  }

  /** The points of a span and one before, so that lines begin at the edge. */
  within([from, to]) {
    const start = Math.max(0, this.points.findIndex((point) => point.step >= from) - 1);
    return this.points.slice(start).filter((point) => point.step <= to);
  }
}
