// What makers hold of the chosen instrument: each maker, or each population where it has many members.

import { plainly, whole } from "../numbers.js";
import { dashOf, lookOf } from "../palette.js";
import { say } from "./panel.js";
import { TimeChart } from "./time_chart.js";

const MOST_LINES = 12;

export class InventoryPanel extends TimeChart {
  constructor(section, market) {
    super(section, "Inventory", market);
    this.scale = market.scales.inventory;
  }

  /** One entry per line: the population's number and the member's, null for all of them. */
  holders() {
    const { populations, history } = this.market;
    const makers = populations.map((each, i) => [each, i]).filter(([each]) => each.maker);
    const able = makers.length ? makers : populations.map((each, i) => [each, i]);
    const trading = able.filter(([, i]) => this.active?.has(i)), shown = trading.length ? trading : able;
    const single = shown.flatMap(([, i]) => {
      const members = history.last?.populations[i].members;
      return members ? members.map((_, member) => ({ population: i, member })) : [{ population: i, member: null }];
    });
    return single.length <= MOST_LINES ? single : shown.map(([, i]) => ({ population: i, member: null }));
  }

  lines() {
    this.held = this.holders();
    const several = new Set(this.held.map((each) => each.population)).size;
    const nameOf = ({ population, member }) => {
      const { name, count } = this.market.populations[population];
      return plainly(name) + (member === null || count === 1 ? "" : ` ${member + 1}`);
    };
    return this.held.map(({ population, member }, line) => ({
      label: nameOf({ population, member }),
      colour: lookOf(several > 1 ? population : line).colour,
      dash: dashOf(several > 1 && member !== null ? population + member : line),
      thick: 2.2,
      steps: true,
    }));
  }

  rebuild() {
    const { history, instrumentNumber } = this.market;
    this.active = new Set();
    for (const { populations } of [...history.points, ...(history.now ? [history.now] : [])]) {
      populations.forEach((each, i) => each.lots[instrumentNumber] && this.active.add(i));
    }
    super.rebuild();
  }

  /** Whether a population holds something of the instrument for the first time. */
  meets(frame) {
    const { instrumentName, populations } = this.market;
    const held = frame.populations.flatMap((each, i) => (each.inventory[instrumentName] ? [i] : []));
    const fresh = held.filter((i) => !this.active.has(i)), makers = populations.some((each) => each.maker);
    fresh.forEach((i) => this.active.add(i));
    return fresh.some((i) => populations[i].maker || !makers);
  }

  draw(frame) {
    const { history, instrumentNumber: number } = this.market;
    if (!this.held?.length || this.meets(frame)) this.rebuild();
    const span = history.span(this.market.view.window(frame));
    const readers = this.held.map(({ population, member }) => ({ populations }) => {
      const each = populations[population];
      return (member === null ? each.lots : each.members?.[member] ?? [])[number];
    });
    this.scale.least = 4;
    const columns = this.show(span, readers);
    say(this.note, `${this.more}lots`);
    this.describe(this.host, () => {
      const last = columns.map((column, i) => `${this.shown[i].label} ${whole(column.at(-1))}`);
      return `Inventory over steps, lots. Now ${last.slice(0, 6).join(", ")}.`;
    });
  }
}
