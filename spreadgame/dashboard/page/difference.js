// One sentence on two markets that are compared: what differs in the numbers that one asks for first.

import { digits } from "./numbers.js";

/** Mean quoted spreads and adverse selection per trade, left and right, where both are known at the same step. */
export function differenceOf(markets, view) {
  const frames = markets.map((each) => each.frame);
  if (frames.some((each) => !each) || frames[0].step !== frames[1].step || !frames[0].step) return "";
  const spreads = markets.map((each) => each.frame.venues[each.venueNumber].spread_mean);
  const costs = frames.map((each) => each.adverse_per_trade ?? null);
  const venue = markets[0].opened.venues.length > 1 ? ` on ${view.venue ?? markets[0].venue.name}` : "";
  const told = [["Mean quoted spread" + venue, spreads], ["Makers' adverse selection per trade", costs]];
  const said = told.filter(([, pair]) => pair.every((each) => each !== null))
    .map(([what, [left, right]]) => `${what}: left ${digits(left)}, right ${digits(right)}.`);
  return said.length ? `${said.join(" ")} One seed: another gives other numbers.` : "";
}
