// What a market has shown so far: the points that the server takes, and the last trades. Which points there are does not
// depend on when this page looked, so one seed gives one picture.

export class History {
  constructor() {
    this.clear();
  }

  /** Forget everything; `rule` is what the server says of its points, `episode` the steps of an episode. */
  clear(rule = { points: 125, kept: 256, trades: 500 }, episode = Infinity) {
    Object.assign(this, { rule, episode, points: [], trades: [], now: null, many: 0 });
  }

  get last() {
    return this.now;
  }

  add(frame) {
    this.points.push(...(frame.history ?? []).map(pointOf));
    this.now = {
      step: frame.step, episode: frame.episode,
      venues: frame.venues.map(({ bid, ask, mid, last, spread_mean }) => quotesOf([bid, ask, mid, last, spread_mean])),
      instruments: frame.instruments.map(({ value, public_value }) => ({ value, public: public_value })),
      populations: frame.populations.map(({ inventory, members }) => ({
        lots: Object.values(inventory), members: members?.map((each) => Object.values(each)),
      })),
    };
    if (this.points.length > this.many + this.rule.kept) {
      this.points = this.points.filter(({ step }) => frame.step - step <= this.rule.kept * lowestBit(step));
      this.many = this.points.length;
    }
    this.trades.push(...frame.tape);
    this.trades = this.trades.slice(-this.rule.trades);
    this.cut = frame.trades > this.trades.length ? this.trades[0]?.step ?? Infinity : -1;
  }

  /** Steps from which and to which a chart shows: the last `steps`, or all. */
  span(steps) {
    const end = this.now?.step ?? 0, width = Math.max(10, Math.min(steps, end));
    return [Math.max(0, end - width), Math.max(end, width)];
  }

  /** Steps between the points of a span. */
  spacing([from, to]) {
    return 2 ** Math.max(0, Math.floor(Math.log2((to - from) / this.rule.points)));
  }

  /** Steps at which an episode begins within a span. */
  beginnings([from, to]) {
    const first = Math.max(1, Math.ceil(from / this.episode)), last = Math.ceil(to / this.episode) - 1;
    return { count: Math.max(0, last - first + 1), at: (i) => (first + i) * this.episode };
  }

  /** The points of a span and one before, so that lines begin at the edge; null between two episodes. */
  within(span) {
    const space = this.spacing(span), [from, to] = span, chosen = [];
    for (const point of this.points) {
      if (point.step % space || point.step > to) continue;
      if (point.step <= from) chosen.length = 0;
      chosen.push(point);
    }
    if (this.now && this.now.step !== chosen.at(-1)?.step) chosen.push(this.now);
    return chosen.flatMap((point, i) => (i && point.episode !== chosen[i - 1].episode ? [null, point] : [point]));
  }
}

const lowestBit = (step) => {
  let bit = 1;
  while (step % (2 * bit) === 0 && bit < 2 ** 52) bit *= 2;
  return bit;
};

const quotesOf = ([bid, ask, mid, last, mean]) => ({
  bid, ask, mid, last, mean, spread: bid === null || ask === null ? null : ask - bid,
});

const pointOf = ({ step, episode, venues, instruments, inventory, members }) => ({
  step, episode,
  venues: venues.map(quotesOf),
  instruments: instruments.map(([value, known]) => ({ value, public: known })),
  populations: inventory.map((lots, i) => ({ lots, members: members[i] })),
});
