// Each population's profit, as the sum of spread, adverse selection, revaluation, fees and income.

import { plainly, short } from "../numbers.js";
import { rem } from "../palette.js";
import { Panel, element, say } from "./panel.js";

const LINES = [
  ["spread", "spread"], ["hedging", "hedging"], ["adverse_selection", "adverse selection"], ["revaluation", "revaluation"],
  ["fees", "fees"], ["income", "income"], ["profit", "profit"],
];
const ALWAYS = new Set(["spread", "adverse_selection", "revaluation", "profit"]);
const DROPPED = ["income", "fees", "hedging", "revaluation", "adverse_selection", "spread"];
const NAME = 6.4, CELL = 3.9, WIDE = 33; // rems: of a name, of a number, of a row with all lines

const WALL = "(min-width: 900px) and (min-aspect-ratio: 5/4)"; // as in style.css

export class MoneyPanel extends Panel {
  constructor(section, market) {
    super(section, "Money", market);
    this.scale = market.scales.money;
    this.table = element("table");
    this.body.append(this.table);
    this.body.setAttribute("tabindex", "0"); // so that the keyboard can scroll it
    this.body.setAttribute("role", "region");
    this.body.setAttribute("aria-label", "Profit of each population by where it came from");
  }

  /** Populations are rows where the panel is wide; lines are rows where it is narrow and populations are few. */
  rebuild() {
    const all = LINES.filter(([line]) => this.has(line));
    const names = this.market.populations.map((each) => each.name), room = this.body.clientWidth / rem();
    const fits = (cells) => room >= NAME + CELL * cells;
    this.across = room < WIDE && fits(names.length);
    let lines = room >= WIDE || this.across ? all : all.slice(-1);
    this.build(names, lines);
    for (const first of DROPPED) { // columns that would be cut are left out instead, and profit stays
      if (this.across || this.table.scrollWidth <= this.body.clientWidth + 1) break;
      lines = lines.filter(([line]) => line !== first);
      this.build(names, lines);
    }
    this.part = lines.length < all.length;
  }

  build(names, lines) {
    this.cells = new Map();
    const cell = (line, i) => {
      const number = element("span", { class: "number" }), bar = element("span", { class: "bar" });
      const made = element("td", line === "profit" ? { class: "sum" } : {}, number, bar);
      this.cells.set(`${line} ${i}`, { number, bar });
      return made;
    };
    const corner = element("td"), head = element("tr", {}, corner), rows = [];
    if (this.across) {
      head.append(...names.map((name) => element("th", { scope: "col", text: plainly(name) })));
      for (const [line, label] of lines) {
        const title = element("th", { scope: "row", text: label });
        rows.push(element("tr", { class: line }, title, ...names.map((_, i) => cell(line, i))));
      }
    } else {
      head.append(...lines.map(([line, label]) => element("th", { scope: "col", class: line, text: label })));
      names.forEach((name, i) => {
        const title = element("th", { scope: "row", text: plainly(name) });
        rows.push(element("tr", {}, title, ...lines.map(([line]) => cell(line, i))));
      });
    }
    this.table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
    this.table.classList.toggle("across", this.across);
    this.room(rows.length + 1);
    this.lines = lines.map(([line]) => line);
  }

  /** Rows are as high as the panel allows, where its height does not follow from them. */
  room(rows) {
    const each = matchMedia(WALL).matches ? this.body.clientHeight / rem() / rows : 2;
    this.table.classList.toggle("airy", each > 2.7);
    this.table.classList.toggle("dense", each < 2);
    this.table.classList.toggle("tiny", each < 1.6);
  }

  clear() {
    this.found = new Set();
    this.cells = null;
    this.table.replaceChildren();
  }

  /** Whether a line is shown: spread, adverse selection and revaluation always, others once there is something of them. */
  has(line) {
    return ALWAYS.has(line) || this.found?.has(line);
  }

  draw(frame) {
    const found = LINES.map(([line]) => line).filter((line) => frame.populations.some((each) => each[line]));
    this.found ??= new Set();
    const fresh = found.filter((line) => !this.has(line));
    found.forEach((line) => this.found.add(line));
    if (!this.cells || fresh.length) this.rebuild();
    const unknown = frame.trades > 0 && frame.populations.some((each) => each.spread === null);
    const whole = this.part ? "enlarge it for where all of it came from" : "profit and where it came from, so far";
    const said = unknown ? "\u2013 not known: traded before there was a mid" : whole;
    this.cut(this.table.rows, said);
    const values = frame.populations.flatMap((each) => this.lines.map((line) => each[line] ?? 0));
    this.scale.set(this.market, Math.min(...values), Math.max(...values));
    const reach = this.scale.reach();
    frame.populations.forEach((each, i) => {
      for (const line of this.lines) {
        const shown = this.cells.get(`${line} ${i}`), value = each[line];
        if (!shown) continue;
        say(shown.number, short(value));
        const part = Math.min(1, Math.abs(value ?? 0) / reach) * 50;
        shown.bar.style.width = `${part.toFixed(1)}%`;
        shown.bar.style.left = value < 0 ? `${(50 - part).toFixed(1)}%` : "50%";
        shown.bar.classList.toggle("lost", value < 0);
      }
    });
  }
}
