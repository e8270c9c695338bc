// Tabs for instruments, and for the venues of the chosen one. Where there are many, a list takes their place.

import { element } from "./panels/panel.js";

const MOST_TABS = 8;

export class Tabs {
  /** `choose(venue)` is called with the name of a venue. */
  constructor(where, choose) {
    Object.assign(this, { where, choose });
  }

  hide() {
    this.where.hidden = true;
  }

  show({ venues, instruments }, chosen) {
    const venue = venues.find((each) => each.name === chosen) ?? venues[0];
    const traded = instruments.map((each) => each.name).filter((name) => venues.some((each) => each.instrument === name));
    const here = venues.filter((each) => each.instrument === venue.instrument).map((each) => each.name);
    const lists = [];
    if (traded.length > 1) {
      const first = (name) => venues.find((each) => each.instrument === name).name;
      lists.push(this.list("Instrument", traded, venue.instrument, (name) => this.choose(first(name))));
    }
    if (here.length > 1) lists.push(this.list("Venue", here, venue.name, (name) => this.choose(name)));
    const focus = document.activeElement?.id;
    this.where.replaceChildren(...lists);
    this.where.hidden = !lists.length;
    if (focus) document.getElementById(focus)?.focus();
  }

  list(title, names, chosen, choose) {
    const words = element("span", { class: "words", text: title });
    if (names.length > MOST_TABS) {
      const options = names.map((name) => element("option", { text: name }));
      const select = element("select", { id: `tab-${title}` }, ...options);
      select.selectedIndex = names.indexOf(chosen);
      select.addEventListener("change", () => choose(names[select.selectedIndex]));
      return element("label", { class: "tab-list" }, words, select);
    }
    const tabs = names.map((name) => {
      const is = name === chosen;
      const tab = element("button", {
        type: "button", role: "tab", text: name, id: `tab-${title}-${name}`, "aria-selected": String(is),
        tabindex: is ? "0" : "-1", "aria-controls": "markets",
      });
      tab.addEventListener("click", () => choose(name));
      return tab;
    });
    const list = element("div", { role: "tablist", "aria-label": title, class: "tab-list" }, ...tabs);
    list.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: 1, ArrowLeft: -1, Home: 0, End: 0 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      const at = names.indexOf(chosen), last = names.length - 1;
      const ends = { Home: 0, End: last };
      const next = ends[event.key] ?? (at + moves[event.key] + names.length) % names.length;
      tabs[next].focus();
      choose(names[next]);
    });
    return element("div", { class: "tab-list" }, words, list);
  }
}
