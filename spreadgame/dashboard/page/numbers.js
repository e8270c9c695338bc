// Numbers as text: with a minus sign, thousands apart, the same in every country.

const MINUS = "\u2212";

function plain(value, decimals) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
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
  const size = Math.abs(value);
  if (size >= 1e9) return plain(value / 1e9, 2) + " bn";
  if (size >= 1e6) return plain(value / 1e6, 2) + " m";
  if (size >= 100 || value === 0) return plain(value, 0);
  return plain(value, size >= 10 ? 1 : 2);
}

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
