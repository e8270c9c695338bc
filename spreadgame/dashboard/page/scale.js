// The range of an axis that two markets share when they are compared. It grows at once and shrinks late, so that it is calm.

const ROOM = 0.08, LOOSE = 0.55; // of the range: space around what is drawn; less than this is drawn anew

export class Scale {
  constructor({ zero = false, least = 0 } = {}) {
    Object.assign(this, { zero, least });
    this.clear();
  }

  clear() {
    this.extents = new Map();
    this.now = null;
  }

  /** Nothing moves any more: the axis fits what is drawn, whatever was drawn before. */
  rest() {
    this.now = null;
  }

  /** What one of the markets shows, lowest and highest. */
  set(owner, low, high) {
    if (Number.isFinite(low) && Number.isFinite(high)) this.extents.set(owner, [low, high]);
    else this.extents.delete(owner);
  }

  /** Whether there is anything to show. */
  get known() {
    return this.extents.size > 0;
  }

  /** Lowest and highest of the axis. */
  range() {
    const all = [...this.extents.values()];
    if (!all.length) return this.zero ? [0, this.least || 1] : [0, 1];
    let low = Math.min(...all.map((each) => each[0])), high = Math.max(...all.map((each) => each[1]));
    if (this.zero) low = Math.min(0, low);
    const width = Math.max(high - low, this.least || 1e-9), middle = (low + high) / 2;
    if (this.zero && low === 0) high = width;
    else [low, high] = [Math.min(low, middle - width / 2), Math.max(high, middle + width / 2)];
    const [from, to] = this.now ?? [Infinity, -Infinity];
    if (low < from || high > to || width < LOOSE * (to - from)) {
      this.now = [this.zero && low === 0 ? 0 : low - ROOM * width, high + ROOM * width];
    }
    return this.now;
  }

  /** What is drawn with it, to see whether it has changed. */
  get text() {
    return `${this.now} ${this.reach()}`;
  }

  /** The largest absolute value. */
  reach() {
    const all = [...this.extents.values()].flat().map(Math.abs);
    return Math.max(...all, 1e-9);
  }
}
