// Numbers as text: with a minus sign, thousands apart, the same in every country.

const MINUS = "\u2212";

const KNOWN = 9; // digits of an amount: what comes after them is noise of float64, and must not decide how a half is rounded
const forms = new Map(); // a format takes long to make

/** Some decimals of a number; a half is rounded away from zero, as the server does in the caption. */
function plain(value, decimals, known = 15) {
  if (!forms.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    forms.set(decimals, new Intl.NumberFormat("en-US", digits));
  }
  const text = forms.get(decimals).format(Math.abs(value).toPrecision(known)); // of a text it rounds what is written
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** Some decimals of a number, or a dash where there is none. */
export function fixed(value, decimals) {
  return value === null || value === undefined || !Number.isFinite(value) ? "\u2013" : plain(value, decimals);
}

/** A whole number. */
export const whole = (value) => fixed(value, 0);

/** About three digits: for amounts of money. */
export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  const size = Number(Math.abs(value).toPrecision(KNOWN));
  if (size >= 1e9) return plain(value / 1e9, 2, KNOWN) + " bn";
  if (size >= 1e6) return plain(value / 1e6, 2, KNOWN) + " m";
  if (size >= 100 || size === 0) return plain(value, 0, KNOWN);
  return plain(value, size >= 10 ? 1 : 2, KNOWN);
}

/** Three digits of a number, where it is known. */
export const digits = (value) => fixed(value, value ? Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))) : 0);

/** A number as a person would type it: no zeros at the end. */
export function typed(value) {
  return typeof value === "number" ? plain(value, 10).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : String(value);
}

/** How many decimals it takes to write multiples of a unit: 2 for 0.01, 3 for 0.125. */
export function decimalsOf(unit) {
  for (let decimals = 0; decimals < 8; decimals++) {
    if (Math.abs(unit * 10 ** decimals - Math.round(unit * 10 ** decimals)) < 1e-6 * 10 ** decimals * unit) return decimals;
  }
  return 8;
}

/** A name of a scenario as a reader would write it. */
export const plainly = (name) => String(name).replaceAll("_", " ");
