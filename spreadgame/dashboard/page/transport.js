// Play, Pause, Step, Reset, steps per second, seed, and how far the run has come.

import { whole } from "./numbers.js";
import { say } from "./panels/panel.js";

const MOST_STEPS = 1_000_000; // as the server allows
const PER_DECADE = 10; // moves of the slider from 1 to 10 steps per second
const get = (id) => document.getElementById(id);

/** Round to one or two digits, as people say a pace. */
function paceOf(move) {
  const exact = 10 ** (move / PER_DECADE), unit = 10 ** Math.max(0, Math.floor(Math.log10(exact)) - 1);
  return Math.round(exact / unit) * unit;
}

export class Transport {
  /** `page` hears `play()`, `pause()`, `step(steps)`, `reset()`, `repace()`, `reseed(seed)`. */
  constructor(page) {
    this.page = page;
    get("play").addEventListener("click", () => page.play());
    get("pause").addEventListener("click", () => page.pause());
    get("reset").addEventListener("click", () => page.reset());
    get("step").addEventListener("click", () => page.step(this.steps()));
    get("steps").addEventListener("keydown", (event) => event.key === "Enter" && page.step(this.steps()));
    get("pace").addEventListener("input", () => this.sayPace());
    get("pace").addEventListener("change", () => page.repace());
    get("seed").addEventListener("change", () => {
      const seed = this.typed("seed", "seed", 0, Number.MAX_SAFE_INTEGER);
      if (seed !== null) page.reseed(seed);
    });
    this.sayPace();
  }

  get pace() {
    return paceOf(Number(get("pace").value));
  }

  sayPace() {
    const said = `${whole(this.pace)} ${this.pace === 1 ? "step" : "steps"} per second`;
    say(get("pace-said"), said);
    get("pace").setAttribute("aria-valuetext", said);
  }

  steps() {
    return this.typed("steps", "steps", 1, MOST_STEPS);
  }

  /** The whole number of a box; null where there is none, which the reader is told. */
  typed(id, name, low, high) {
    const box = get(id), text = box.value.trim(), value = Number(text);
    const is = /^\d+$/.test(text) && value >= low && value <= high;
    box.setAttribute("aria-invalid", String(!is));
    if (is) return value;
    const said = text ? text.replace("-", "\u2212") : "the box is empty, or holds no number";
    this.page.complain(`${name}: ${said}${text ? " cannot be" : ""}. Write a whole number from ${whole(low)} to ${whole(high)}.`);
    return null;
  }

  /** A market is asked for; it is shown in the place of the one that was there. */
  opening() {
    say(get("progress-said"), "opening");
    get("progress").value = 0;
  }

  opened({ seed }, surely = false) {
    if (!surely && document.activeElement === get("seed")) return;
    get("seed").value = seed;
    get("seed").setAttribute("aria-invalid", "false");
  }

  framed(frame, { steps, episodes }, playing) {
    const of = frame.steps ?? steps, several = episodes > 1;
    const episode = several ? `episode ${whole(frame.episode + 1)} of ${whole(episodes)}, ` : "";
    const state = frame.ended ? "ended at" : frame.playing || playing ? "" : "paused at";
    say(get("progress-said"), `${episode}${state} step ${whole(frame.step)} of ${whole(of)}`.trim());
    get("progress").value = of ? Math.min(1, frame.step / of) : 0;
    say(get("play-said"), frame.ended && !playing ? "Play again" : "Play");
    get("play").classList.toggle("main", !playing);
    get("pause").classList.toggle("main", playing);
    get("play").setAttribute("aria-pressed", String(playing));
  }
}
