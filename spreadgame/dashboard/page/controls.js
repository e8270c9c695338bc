// Sliders and choices that change the market. A change begins it anew with the same seed.

import { plainly, typed } from "./numbers.js";
import { element, say } from "./panels/panel.js";

const PATIENCE = 250; // milliseconds without another move, until a change is made
const WIDTH = 15; // rems of a control

const moved = new Map(); // fields that were moved a moment ago, and what to do when they have come to rest

/** Make the changes that wait: somebody wants to see what they do. */
export function settle() {
  [...moved.values()].forEach((make) => make());
}

/** A slider or a list of choices for a control; `change(value)` is called when it has come to rest. */
export function fieldOf(control, value, attributes, change) {
  const output = element("output", { text: typed(value) });
  const input = control.choices ? choicesOf(control, value, attributes) : sliderOf(control, value, attributes);
  const current = () => (control.choices ? control.choices[input.selectedIndex] : Number(input.value));
  const heard = () => {
    say(output, typed(current()));
    clearTimeout(input.timer);
    const make = () => {
      clearTimeout(input.timer);
      moved.delete(input);
      change(current());
    };
    moved.set(input, make);
    input.timer = setTimeout(make, PATIENCE);
  };
  input.addEventListener("input", heard);
  input.addEventListener("change", heard);
  const name = element("span", { class: "name", text: control.label, title: control.meaning ?? control.path });
  const label = element("label", { class: "control" }, element("span", { class: "words" }, name), input);
  if (!control.choices) label.firstElementChild.append(output);
  return label;
}

function sliderOf({ low, high, step, path }, value, attributes) {
  const input = element("input", { type: "range", min: low, max: high, step: step ?? "any", ...attributes });
  input.value = value;
  input.title = `${path}: ${typed(low)} to ${typed(high)}`;
  return input;
}

function choicesOf({ choices }, value, attributes) {
  const options = choices.map((each) => element("option", { text: plainly(each) }));
  const select = element("select", attributes, ...options);
  select.selectedIndex = choices.findIndex((each) => each === value);
  return select;
}

export class Controls {
  /** `page` hears `change(path, value)`, `contrast(path, value)` and `defaults()`. */
  constructor(where, page) {
    Object.assign(this, { where, page, all: false });
  }

  /** Show the controls of a market, and what differs in the other where two are compared. */
  show(controls, overrides, contrast) {
    const focus = document.activeElement?.id;
    const valued = controls.map((each) => ({ ...each, value: overrides[each.path] ?? each.value }));
    const first = contrast ? valued.filter((each) => each.path === contrast.path) : [];
    const others = valued.filter((each) => !first.includes(each));
    const fields = [...first, ...others].map((each, i) => {
      const field = fieldOf(each, each.value, { "data-path": each.path, id: `control-${each.path}` }, (value) =>
        this.page.change(each.path, value));
      if (contrast && i === 0) field.querySelector(".name").textContent = `Left: ${each.label}`;
      return field;
    });
    if (first.length) fields.splice(0, 1, this.which(valued, contrast), fields[0], this.other(first[0], contrast));
    const room = Math.floor(this.where.clientWidth / (WIDTH * parseFloat(getComputedStyle(this.where).fontSize)));
    const few = first.length ? 3 : room < 2 ? 1 : room < 3 ? 4 : fields.length > room ? room - 1 : room;
    fields.forEach((field, i) => (field.hidden = !this.all && i >= few));
    const buttons = [];
    if (fields.length > few) {
      const text = this.all ? "Fewer controls" : `All ${fields.length} controls`;
      const more = element("button", { type: "button", id: "more", text, "aria-expanded": String(this.all) });
      more.addEventListener("click", () => {
        this.all = !this.all;
        this.show(controls, overrides, contrast);
        this.page.resized();
      });
      buttons.push(more);
    }
    if (Object.keys(overrides).length) {
      const back = element("button", { type: "button", id: "defaults", text: "As the file has it" });
      back.addEventListener("click", () => this.page.defaults());
      buttons.push(back);
    }
    const said = element("span", { class: "begins", text: "a change begins again at step 0" });
    this.where.replaceChildren(...fields, element("span", { class: "buttons" }, ...(fields.length ? [said] : []), ...buttons));
    this.where.hidden = !fields.length && !buttons.length;
    if (focus) document.getElementById(focus)?.focus();
  }

  other(control, contrast) {
    const right = { ...control, label: `Right: ${control.label}` };
    const attributes = { "data-contrast": control.path, id: "contrast" };
    return fieldOf(right, contrast.value, attributes, (value) => this.page.contrast(control.path, value));
  }

  /** The list of what may differ between the two markets. */
  which(controls, contrast) {
    const options = controls.map((each) => element("option", { text: each.label }));
    const select = element("select", { id: "contrast-path" }, ...options);
    select.selectedIndex = controls.findIndex((each) => each.path === contrast.path);
    select.addEventListener("change", () => {
      const chosen = controls[select.selectedIndex];
      this.page.contrast(chosen.path, otherValue(chosen));
    });
    return element("label", { class: "control" }, element("span", { class: "words", text: "What differs" }), select);
  }
}

/** A value well away from the one that a control has, and from the ends of its slider, where markets are odd. */
export function otherValue({ choices, low, high, step, value }) {
  if (choices) return choices[(choices.indexOf(value) + 1) % choices.length];
  const away = 0.4 * (high - low), wanted = value + away < high ? value + away : value - away > low ? value - away : (low + high) / 2;
  return step ? Number((low + Math.round((wanted - low) / step) * step).toPrecision(12)) : wanted;
}
