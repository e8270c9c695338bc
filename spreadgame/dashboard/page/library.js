// The library: scenarios by the question that each answers.

import { plainly } from "./numbers.js";
import { element, say } from "./panels/panel.js";

const FIRST = "First questions";

export class Library {
  /** `choose(scenario)` is called with the name of the scenario that was chosen. */
  constructor(choose) {
    this.choose = choose;
    this.dialog = document.getElementById("library");
    this.search = document.getElementById("search");
    this.found = document.getElementById("found");
    this.list = document.getElementById("list");
    this.search.addEventListener("input", () => this.show());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.dialog.close(); // else the first press would only clear the search
      if (event.key === "Enter") {
        event.preventDefault();
        this.list.querySelector("button")?.click();
      }
    });
  }

  open(scenarios, current) {
    Object.assign(this, { scenarios, current });
    this.search.value = "";
    this.show();
    this.dialog.showModal();
    this.search.focus();
  }

  show() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = ({ name, title, question, group }) => `${name} ${title} ${question} ${group ?? ""}`.toLowerCase();
    const found = this.scenarios.filter((each) => words.every((word) => text(each).includes(word)));
    const groups = new Map();
    for (const each of found) {
      const group = each.group || "";
      groups.set(group, [...(groups.get(group) ?? []), each]);
    }
    const many = found.length === 1 ? "1 question" : `${found.length} questions`;
    say(this.found, found.length ? many : "No question has these words. Try fewer or other words.");
    this.list.replaceChildren(...[...groups].flatMap(([group, scenarios]) => this.group(group, scenarios)));
    this.list.scrollTop = 0;
  }

  group(group, scenarios) {
    const title = group ? plainly(group[0].toUpperCase() + group.slice(1)) : FIRST;
    return [element("h3", { text: title }), element("ul", {}, ...scenarios.map((each) => this.item(each)))];
  }

  item({ name, title, question }) {
    const parts = [element("span", { class: "asks", text: question || title })];
    if (question && title) parts.push(element("span", { class: "titled", text: title }));
    const button = element("button", { type: "button", "data-scenario": name }, ...parts);
    if (name === this.current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      this.dialog.close();
      this.choose(name);
    });
    return element("li", {}, button);
  }
}
