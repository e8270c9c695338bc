// The page: one market, or two that are compared, and what the reader does with them.

import { Controls, otherValue, settle } from "./controls.js";
import { differenceOf } from "./difference.js";
import { Library } from "./library.js";
import { Market } from "./market.js";
import { typed } from "./numbers.js";
import { restyle } from "./palette.js";
import { element, say } from "./panels/panel.js";
import { Scale } from "./scale.js";
import { Tabs } from "./tabs.js";
import { Transport } from "./transport.js";

const get = (id) => document.getElementById(id);

class Page {
  constructor() {
    const reach = () => {
      const { steps, seconds } = this.markets[0].history.rule;
      return this.view.whole ? Infinity : Math.max(steps, seconds * this.transport.pace);
    };
    this.view = { venue: null, whole: false, window: reach };
    this.scales = {
      price: new Scale(), spread: new Scale({ zero: true }), inventory: new Scale(), money: new Scale(), paid: new Scale(),
    };
    this.markets = [];
    this.playing = false;
    this.contrasted = null; // what differs in the right market: { path, value }
    this.transport = new Transport(this);
    this.controls = new Controls(get("controls"), this);
    this.tabs = new Tabs(get("tabs"), (venue) => this.look(venue));
    this.library = new Library((scenario) => this.begin({ scenario, seed: null, overrides: {} }));
    get("questions").addEventListener("click", () => this.library.open(this.scenarios ?? [], this.settings?.scenario));
    get("compare").addEventListener("click", () => this.compare());
    get("markets").addEventListener("click", (event) => {
      const button = event.target.closest("[data-enlarge]");
      if (button) this.enlarge(button.dataset.enlarge);
    });
    get("all-panels").addEventListener("click", () => this.every(!document.body.classList.contains("every")));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && document.body.dataset.large && !document.querySelector("dialog[open]")) this.enlarge(null);
    });
    get("window").addEventListener("click", () => this.look(this.view.venue, !this.view.whole));
    window.addEventListener("resize", () => this.resized());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.resized());
  }

  async start() {
    try {
      const answer = await fetch("/api/scenarios");
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      const { scenarios, opened } = await answer.json();
      this.scenarios = scenarios;
      this.markets = [new Market(this, this)];
      const first = scenarios.find((each) => each.name === "quickstart") ?? scenarios[0];
      const { name, seed = null, overrides = {} } = opened ?? first;
      this.begin({ scenario: name, seed, overrides });
    } catch (error) {
      this.failed(null, {
        message: `The list of scenarios could not be read (${error.message}).`,
        remedy: "see whether spreadgame dashboard still runs in its terminal, then load this page again",
      });
    }
  }

  // --- what the reader does --------------------------------------------------------------------------------------------

  begin(settings) {
    this.settings = settings;
    this.view.venue = null;
    this.playing = false;
    if (this.contrasted) this.compare();
    this.enlarge(null);
    const { title, question, controls } = this.scenarios.find((each) => each.name === settings.scenario) ?? {};
    say(get("question"), question || title || settings.scenario);
    this.controls.show(controls ?? [], settings.overrides, null);
    this.tabs.hide();
    this.transport.opening();
    this.open();
  }

  /** What was asked cannot be: the page goes back to the market that is still there. */
  refused(market) {
    if (market !== this.markets[0] || !this.standing) return;
    this.settings = this.standing;
    say(get("question"), market.opened.question || market.opened.title);
    this.transport.opened(market.opened, true);
    this.show();
    if (market.frame) this.transport.framed(market.frame, market.opened, false);
  }

  /** Open what is set, in each market. */
  open() {
    this.complain("");
    this.markets.forEach((market, i) => {
      const overrides = { ...this.settings.overrides };
      if (i === 1) overrides[this.contrasted.path] = this.contrasted.value;
      market.open({ ...this.settings, overrides });
    });
  }

  play() {
    settle();
    this.playing = true;
    if (this.markets.every((market) => market.frame?.ended)) this.open();
    else this.repace();
  }

  pause() {
    this.playing = false;
    this.markets.forEach((market) => market.pause());
  }

  step(steps) {
    if (steps === null) return;
    this.complain("");
    settle();
    this.playing = false;
    this.markets.forEach((market) => market.step(steps));
  }

  reset() {
    settle();
    this.playing = false;
    this.open();
  }

  repace() {
    if (this.playing) this.markets.forEach((market) => market.play(this.transport.pace));
  }

  reseed(seed) {
    this.complain("");
    if (seed === this.settings.seed) return;
    this.settings = { ...this.settings, seed };
    this.open();
  }

  change(path, value) {
    const overrides = { ...this.settings.overrides }, file = this.baseOf(path);
    if (file !== undefined && file === value) delete overrides[path];
    else overrides[path] = value;
    if (JSON.stringify(overrides) === JSON.stringify(this.settings.overrides)) return;
    this.settings = { ...this.settings, overrides };
    this.open();
  }

  /** The value of a control in the scenario's file. */
  baseOf(path) {
    const scenario = this.scenarios.find((each) => each.name === this.settings.scenario);
    return scenario?.controls.find((each) => each.path === path)?.value;
  }

  defaults() {
    this.settings = { ...this.settings, overrides: {} };
    this.open();
  }

  /** Show a second market beside the first, of the same seed, in which one thing differs; or take it away. */
  compare() {
    if (this.contrasted) {
      this.contrasted = null;
      this.markets.pop().close();
    } else {
      const control = this.markets[0].opened?.controls[0];
      if (!control) {
        const message = "There is nothing to compare: the scenario has no controls.";
        this.failed(null, { message, remedy: "add a table [dashboard] with controls to its file" });
        return;
      }
      this.contrasted = { path: control.path, value: otherValue(control) };
      this.markets.push(new Market(this, this));
      this.open();
    }
    document.body.classList.toggle("comparing", this.contrasted !== null);
    this.every(false);
    say(get("differs"), "");
    get("compare").setAttribute("aria-pressed", String(this.contrasted !== null));
    say(get("compare"), this.contrasted ? "One market" : "Compare");
    if (!this.contrasted && this.markets[0].opened) this.show();
    this.resized();
  }

  /** Show all panels of two markets, or only those that matter most, larger. */
  every(all) {
    document.body.classList.toggle("every", all);
    get("all-panels").setAttribute("aria-pressed", String(all));
    this.resized();
  }

  contrast(path, value) {
    if (this.contrasted.path === path && this.contrasted.value === value) return;
    this.contrasted = { path, value };
    this.open();
  }

  look(venue, whole = this.view.whole) {
    Object.assign(this.view, { venue, whole });
    get("window").setAttribute("aria-pressed", String(whole));
    Object.values(this.scales).forEach((scale) => scale.clear());
    if (this.markets[0].opened) this.tabs.show(this.markets[0].opened, venue);
    this.markets.forEach((market) => market.opened && market.rebuild());
  }

  enlarge(panel) {
    const now = document.body.dataset.large === panel ? null : panel;
    if (now) document.body.dataset.large = now;
    else delete document.body.dataset.large;
    for (const market of this.markets) market.panels.forEach((each) => each.enlarged(each.name === now));
    this.resized();
    if (panel) document.querySelector(`[data-enlarge="${panel}"]`)?.focus();
  }

  resized() {
    restyle();
    this.markets.forEach((market) => market.opened && market.rebuild());
  }

  // --- what the markets say --------------------------------------------------------------------------------------------

  opened(market, message) {
    if (market === this.markets[0]) {
      this.settings = this.standing = { ...this.settings, seed: message.seed };
      this.transport.opened(message);
      say(get("question"), message.question || message.title);
      document.title = `${message.title} – Spreadgame`;
      this.show();
    }
    if (this.contrasted) say(get("differs"), "");
    this.head(market, message);
    if (this.playing) market.play(this.transport.pace);
  }

  /** Controls and tabs of the market that is open. */
  show() {
    const { opened } = this.markets[0];
    this.controls.show(opened.controls, this.settings.overrides, this.contrasted);
    this.tabs.show(opened, this.view.venue);
    if (this.markets[0].frame) this.head(this.markets[0], opened);
  }

  /** Above each of two markets: what it has that the other has not. */
  head(market, message) {
    if (!this.contrasted) return say(market.heading, "");
    const control = message.controls.find((each) => each.path === this.contrasted.path);
    const value = message.overrides[this.contrasted.path] ?? control?.value;
    say(market.heading, `${control?.label ?? this.contrasted.path}: ${typed(value)}`);
  }

  framed(market, frame) {
    if (market === this.markets[0]) {
      if (frame.ended && this.markets.every((each) => each.frame?.ended)) this.playing = false;
      this.transport.framed(frame, market.opened, this.playing);
    }
    if (this.contrasted && !this.playing) this.align();
  }

  /** Two markets that were paused stand at the same step: the one that is behind catches up. */
  align() {
    const [left, right] = this.markets.map((market) => market.frame);
    if (!left || !right || left.playing || right.playing || left.step === right.step) return;
    if (this.markets.some((market) => market.busy)) return;
    const behind = this.markets[left.step < right.step ? 0 : 1], key = `${left.step} ${right.step}`;
    if (this.aligned === key) return;
    this.aligned = key;
    behind.step(Math.abs(left.step - right.step));
  }

  drawn(market) {
    document.body.dataset.frames = Number(document.body.dataset.frames) + 1;
    if (!this.contrasted) return;
    say(get("differs"), differenceOf(this.markets, this.view));
    market.scaled = Object.values(this.scales).map((scale) => scale.text).join();
    for (const other of this.markets) { // one that stands still is drawn again where an axis that it shares has grown
      if (other !== market && !other.busy && !other.frame?.playing && other.scaled !== market.scaled) other.draw();
    }
  }

  failed(market, { message, place, value, remedy }) {
    this.playing = false;
    const parts = [message];
    if (place && !message.includes(place)) parts.push(`Place: ${place}${value === undefined ? "" : `, value: ${typed(value)}`}.`);
    if (remedy && !message.includes(remedy)) parts.push(`${remedy[0].toUpperCase()}${remedy.slice(1)}.`);
    this.complain(parts.join(" "));
  }

  complain(text) {
    get("error").hidden = !text;
    if (!text) return;
    const close = element("button", { type: "button", text: "Close" });
    close.addEventListener("click", () => this.complain(""));
    get("error").replaceChildren(element("span", { text }), close);
  }
}

new Page().start();
