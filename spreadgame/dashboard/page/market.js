// One market: its connection, what it has shown so far, and its six panels.

import { Connection } from "./connection.js";
import { History } from "./history.js";
import { decimalsOf } from "./numbers.js";
import { say } from "./panels/panel.js";
import { BookPanel } from "./panels/book.js";
import { InventoryPanel } from "./panels/inventory.js";
import { MoneyPanel } from "./panels/money.js";
import { PaidPanel } from "./panels/paid.js";
import { PricePanel } from "./panels/price.js";
import { SpreadPanel } from "./panels/spread.js";

const REST = 80; // milliseconds
const LONG = 240; // letters of a caption that stands in smaller type
const PATIENCE = 2500; // milliseconds without a frame

const PANELS = {
  price: PricePanel, book: BookPanel, spread: SpreadPanel, inventory: InventoryPanel, money: MoneyPanel, paid: PaidPanel,
};

export class Market {
  /**
   * `page` hears of it: `opened(market, message)`, `framed(market, frame)`, `drawn()`, `failed(message)`.
   * `view` says which venue is looked at, and how far back; `scales` are shared by markets that are compared.
   */
  constructor(page, { view, scales }) {
    Object.assign(this, { page, view, scales, history: new History(), opened: null, frame: null });
    this.opening = 0; // markets that were asked for and are not there yet; only the last of them is shown
    const template = document.getElementById("market").content;
    this.element = template.firstElementChild.cloneNode(true);
    this.heading = this.element.querySelector(".heading");
    this.status = this.element.querySelector(".status");
    this.caption = this.element.querySelector(".caption");
    this.panels = [];
    this.sizes = new ResizeObserver(() => this.later());
    document.getElementById("markets").append(this.element);
    this.connection = new Connection({
      hear: (message) => this.hear(message),
      ready: () => {
        this.opening = 0;
        if (this.settings) this.open(this.settings);
      },
      away: (text) => this.wait(text),
    });
  }

  /** Begin a market: a scenario, a seed and what is changed in it. */
  open(settings) {
    this.settings = settings;
    this.opening += 1;
    this.asked = 0;
    this.stepping = false;
    this.element.classList.toggle("another", this.opened !== null && this.opened.scenario !== settings.scenario);
    this.wait("Opening the market…");
    this.send({ do: "open", ...settings });
  }

  play(pace) {
    if (this.opening) return; // it is asked again when the market is there
    this.stepping = false;
    this.hurry(true);
    this.send({ do: "play", pace });
  }

  pause() {
    if (this.opening) return;
    this.send({ do: "pause" });
  }

  /** Make some steps, and show frames on the way. */
  step(steps) {
    if (this.opening) {
      this.asked = steps;
      return;
    }
    this.stepping = true;
    this.hurry(true);
    this.send({ do: "step", steps, frames: true });
  }

  send(message) {
    this.connection.send(message);
  }

  close() {
    this.connection.close();
    this.sizes.disconnect();
    clearTimeout(this.resting);
    clearTimeout(this.late);
    Object.values(this.scales).forEach((scale) => scale.set(this, NaN, NaN));
    this.element.remove();
  }

  /** Say why nothing moves. */
  wait(text) {
    clearTimeout(this.late);
    this.element.classList.remove("slow");
    say(this.status, text);
    this.element.classList.add("waiting");
  }

  hear(message) {
    if (message.type === "status") this.wait(message.message);
    else if (message.type === "opened") {
      this.opening -= 1;
      if (!this.opening) this.begin(message);
    } else if (message.type === "frame" && this.opened && !this.opening) this.take(message);
    else if (message.type === "error") this.fail(message);
  }

  /** What was asked cannot be. A market that was there before is still there. */
  fail(message) {
    if (this.opening) {
      this.opening -= 1;
      this.wait(this.opened ? "" : "There is no market yet.");
      if (this.opened) this.element.classList.remove("waiting", "another");
      this.page.refused(this);
    }
    this.page.failed(this, message);
  }

  begin(message) {
    this.opened = message;
    this.frame = null;
    delete this.element.dataset.step;
    this.history.clear(message.window, message.steps);
    this.panels.forEach((panel) => panel.clear());
    say(this.caption, "");
    Object.values(this.scales).forEach((scale) => scale.clear());
    say(this.status, "");
    this.element.classList.remove("waiting", "another");
    this.page.opened(this, message);
    if (!this.panels.length) {
      const sections = this.element.querySelectorAll("section[data-panel]");
      this.panels = [...sections].map((section) => new PANELS[section.dataset.panel](section, this));
      this.panels.forEach((panel) => this.sizes.observe(panel.body));
    }
    this.rebuild();
  }

  take(frame) {
    const first = this.frame === null;
    this.history.add(frame);
    this.frame = frame;
    this.hurry(frame.playing);
    if (!frame.playing) {
      this.stepping = false;
      Object.values(this.scales).forEach((scale) => scale.rest());
    }
    if (this.asked) {
      this.step(this.asked);
      this.asked = 0;
    }
    this.page.framed(this, frame);
    if (first) this.rebuild();
    else this.draw();
  }

  /** Say so where a step takes long: the first step with a strategy may compile it. */
  hurry(expects) {
    clearTimeout(this.late);
    if (this.element.classList.contains("slow")) {
      this.element.classList.remove("slow");
      say(this.status, "");
    }
    if (!expects) return;
    this.late = setTimeout(() => {
      this.element.classList.add("slow");
      say(this.status, "Waiting for the market. Its first steps may be compiled, which takes up to a minute or two, once.");
    }, PATIENCE);
  }

  /** Draw the last frame with the next picture of the browser; frames that come before it are skipped. */
  draw() {
    if (this.drawing || !this.frame) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      if (!this.frame) return;
      for (const panel of this.panels) {
        if (panel.section.offsetParent !== null) panel.draw(this.frame);
      }
      say(this.caption, this.frame.caption);
      this.caption.classList.toggle("long", this.frame.caption.length > LONG);
      this.element.dataset.step = this.frame.step; // for tools, as data-frames of the body
      this.page.drawn(this);
    });
  }

  /** Measure and build every panel anew: after a new market, another venue, another size. */
  rebuild() {
    this.panels.forEach((panel) => panel.section.offsetParent !== null && panel.rebuild());
    this.draw();
  }

  /** Build anew when a size has come to rest. */
  later() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rebuild(), REST);
  }

  /** Whether steps are on their way that were asked for one by one, or a market is. */
  get busy() {
    return this.opening > 0 || this.stepping;
  }

  get populations() {
    return this.opened.populations;
  }

  numberOf(population) {
    return this.populations.findIndex((each) => each.name === population);
  }

  get venueNumber() {
    return Math.max(0, this.opened.venues.findIndex((each) => each.name === this.view.venue));
  }

  get venue() {
    return this.opened?.venues[this.venueNumber];
  }

  get instrumentNumber() {
    return Math.max(0, this.opened.instruments.findIndex((each) => each.name === this.venue.instrument));
  }

  get instrumentName() {
    return this.opened.instruments[this.instrumentNumber].name;
  }

  /** Whether the venue that is looked at trades in calls alone. */
  get calls() {
    return this.venue.mechanism === "call_auction";
  }

  /** Decimals of a price on the venue that is looked at. */
  get decimals() {
    return decimalsOf(this.venue.tick_size);
  }
}
