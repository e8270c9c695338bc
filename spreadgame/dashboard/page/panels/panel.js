// What all panels have: a title, a number beside it, a button that enlarges, and a body with what is drawn.

import { rem } from "../palette.js";

const SPEAK_EVERY = 1000; // milliseconds between two descriptions for screen readers

export function element(name, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** Change a text only where it differs, so that nothing is laid out again without need. */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

export class Panel {
  constructor(section, title, market) {
    Object.assign(this, { section, title, market, spoken: 0 });
    this.name = section.dataset.panel;
    this.note = element("p", { class: "note" });
    this.button = element("button", { type: "button", class: "enlarge", "data-enlarge": this.name });
    this.body = element("div", { class: "body" });
    const head = element("div", { class: "head" }, element("h3", { text: title }), this.note, this.button);
    section.replaceChildren(head, this.body);
    section.setAttribute("aria-label", title);
    this.enlarged(false);
  }

  /** Say what the button does now. */
  enlarged(is) {
    this.button.textContent = is ? "All" : "\u2922";
    const does = is ? "Show all panels" : `Enlarge ${this.title}`;
    this.button.setAttribute("aria-label", does);
    this.button.title = does;
    this.button.setAttribute("aria-expanded", String(is));
  }

  /** Say beside the title how many rows lie below the edge, else something else; they fade where they are cut. */
  cut(rows, otherwise) {
    const edge = this.body.getBoundingClientRect().bottom + 2;
    const below = [...rows].filter((row) => row.getBoundingClientRect().bottom > edge).length;
    this.section.classList.toggle("cut", below > 0);
    say(this.note, below ? `${below} more \u2193` : otherwise);
  }

  /** Describe what is drawn, at most once per second. */
  describe(where, text) {
    const now = performance.now();
    if (now - this.spoken < SPEAK_EVERY) return;
    this.spoken = now;
    where.setAttribute("aria-label", text());
  }

  /** Forget what belongs to the market before. */
  clear() {}

  /** Say in the panel why it is empty; nothing where it is not. */
  explained(text) {
    if (!this.reason) {
      this.reason = element("p", { class: "reason" });
      this.body.append(this.reason);
    }
    this.reason.hidden = !text;
    say(this.reason, text);
  }

  /** Measure and build anew. */
  rebuild() {}

  draw() {}
}

/** A panel whose body is one canvas. */
export class CanvasPanel extends Panel {
  constructor(section, title, market) {
    super(section, title, market);
    this.canvas = element("canvas", { role: "img", "aria-label": title });
    this.body.append(this.canvas);
  }

  rebuild() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.body;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.canvas.style.width = `${clientWidth}px`;
    this.canvas.style.height = `${clientHeight}px`;
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.unit = rem();
  }
}
