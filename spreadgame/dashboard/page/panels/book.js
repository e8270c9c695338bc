// The book: a ladder of price levels, and the depth that has gathered up to each price.

import { fixed, whole } from "../numbers.js";
import { font, tint } from "../palette.js";
import { CanvasPanel, say } from "./panel.js";

const ROOM_FOR_DEPTH = 22, ROW = 1.28; // rems: width from which the depth is drawn too; height of a row

export class BookPanel extends CanvasPanel {
  constructor(section, market) {
    super(section, "Book", market);
  }

  clear() {
    this.context?.clearRect(0, 0, this.width, this.height);
  }

  draw(frame) {
    if (!this.context) this.rebuild();
    const venue = frame.venues[this.market.venueNumber], { context, width, height, unit } = this;
    context.clearRect(0, 0, width, height);
    context.textBaseline = "middle";
    const both = width >= ROOM_FOR_DEPTH * unit, across = both ? 0.56 * width : width;
    const top = this.call(venue, width);
    this.ladder(venue, 0, top, across, height - top);
    if (both) this.depth(venue, across + unit, top, width - across - unit, height - top);
    const decimals = this.market.decimals;
    const empty = venue.bid === null || venue.ask === null;
    this.unquoted = this.market.calls ? "no orders for the next call yet" : frame.step === 0 ? "nobody has quoted yet" : "";
    const nothing = this.market.calls ? "an auction has no quotes" : this.unquoted || "a side is empty";
    say(this.note, empty ? nothing : `${fixed(venue.bid, decimals)} / ${fixed(venue.ask, decimals)}`);
    this.describe(this.canvas, () => {
      const lots = (side) => side.reduce((sum, [, each]) => sum + each, 0);
      return `Book of ${venue.name}. Best bid ${fixed(venue.bid, decimals)}, best ask ${fixed(venue.ask, decimals)}. ` +
        `${whole(lots(venue.bids))} lots bid and ${whole(lots(venue.asks))} lots asked in what is shown.`;
    });
  }

  /** Where orders wait for a call: at which price it would clear now, and what would be left over. */
  call(venue, width) {
    if (!venue.collecting) return 0;
    const { context, unit } = this, decimals = this.market.decimals;
    const price = venue.indicative === null ? "no price yet" : `price ${fixed(venue.indicative, decimals)}`;
    const left = venue.imbalance;
    const many = `, ${whole(Math.abs(left))} lots too many ${left > 0 ? "to buy" : "to sell"}`;
    const over = left ? many : left === 0 ? ", in balance" : "";
    context.fillStyle = tint("wash");
    context.fillRect(0, 0, width, 1.6 * unit);
    context.fillStyle = tint("ink");
    context.font = font(1, 600);
    context.textAlign = "left";
    context.fillText(`Call: ${price}${over}`, 0.4 * unit, 0.85 * unit, width - 0.8 * unit);
    return 1.9 * unit;
  }

  ladder(venue, x, y, width, height) {
    const { context, unit } = this, row = ROW * unit;
    const side = Math.max(1, Math.floor((height - 2.2 * row) / row / 2));
    const asks = venue.asks.slice(0, side), bids = venue.bids.slice(0, side);
    const most = Math.max(1, ...asks.map(([, lots]) => lots), ...bids.map(([, lots]) => lots));
    const column = (Math.max(4, fixed(venue.ask ?? venue.bid ?? 100, this.market.decimals).length) * 0.6 + 0.8) * unit;
    const lane = (width - column) / 2, middle = y + row + side * row + 0.6 * row;
    context.font = font(1);
    context.fillStyle = tint("soft");
    context.textAlign = "center";
    context.fillText("bid lots", x + lane / 2, y + row / 2, lane);
    context.fillText("price", x + width / 2, y + row / 2, column);
    context.fillText("ask lots", x + width - lane / 2, y + row / 2, lane);
    this.between(venue, x, middle, width);
    const level = (at, [price, lots], best, isBid) => {
      const length = (lots / most) * (lane - 0.2 * unit), left = isBid ? x + lane - length : x + lane + column;
      context.fillStyle = tint(isBid ? "bid-wash" : "ask-wash");
      context.fillRect(left, at - 0.42 * row, length, 0.84 * row);
      context.strokeStyle = tint(isBid ? "bid" : "ask");
      context.lineWidth = best ? 2 : 1;
      context.setLineDash(isBid ? [] : [4, 2]);
      context.strokeRect(left + 0.5, at - 0.42 * row + 0.5, Math.max(0, length - 1), 0.84 * row - 1);
      context.setLineDash([]);
      context.font = font(1, best ? 700 : 400);
      context.fillStyle = tint("ink");
      context.textAlign = isBid ? "right" : "left";
      context.fillText(whole(lots), isBid ? x + lane - 0.35 * unit : x + lane + column + 0.35 * unit, at);
      context.textAlign = "center";
      context.fillText(fixed(price, this.market.decimals), x + width / 2, at);
    };
    asks.forEach((each, i) => level(middle - 0.6 * row - (i + 0.5) * row, each, i === 0, false));
    bids.forEach((each, i) => level(middle + 0.6 * row + (i + 0.5) * row, each, i === 0, true));
    context.fillStyle = tint("soft");
    context.textAlign = "center";
    if (this.unquoted && !asks.length && !bids.length) {
      context.fillText(this.unquoted, x + width / 2, middle - 1.2 * row, width);
      return;
    }
    if (!asks.length) context.fillText("nobody asks", x + width / 2, middle - 1.2 * row);
    if (!bids.length) context.fillText("nobody bids", x + width / 2, middle + 1.2 * row);
  }

  between(venue, x, middle, width) {
    const { context, unit } = this;
    context.fillStyle = tint("soft");
    context.strokeStyle = tint("line");
    context.lineWidth = 1;
    context.textAlign = "center";
    const known = venue.bid !== null && venue.ask !== null;
    const none = this.market.calls || this.unquoted ? "" : "no spread";
    const text = known ? `spread ${fixed(venue.ask - venue.bid, this.market.decimals)}` : none;
    const half = text ? context.measureText(text).width / 2 + 0.4 * unit : 0;
    context.beginPath();
    context.moveTo(x, middle);
    context.lineTo(x + width / 2 - half, middle);
    context.moveTo(x + width / 2 + half, middle);
    context.lineTo(x + width, middle);
    context.stroke();
    context.fillText(text, x + width / 2, middle);
  }

  depth(venue, x, y, width, height) {
    const { context, unit } = this, foot = y + height - 1.5 * unit, head = y + 1.5 * unit;
    const sides = [venue.bids, venue.asks].map((side) => {
      let sum = 0;
      return side.map(([price, lots]) => [price, (sum += lots)]);
    });
    const prices = sides.flat().map(([price]) => price), most = Math.max(1, ...sides.flat().map(([, lots]) => lots));
    context.font = font(1);
    context.fillStyle = tint("soft");
    context.textAlign = "left";
    context.fillText("depth", x, y + 0.64 * unit);
    context.textAlign = "right";
    context.fillText(`${whole(most)} lots`, x + width, y + 0.64 * unit, width - 3.5 * unit);
    if (!prices.length) return;
    width -= 2;
    const middle = venue.mid ?? (Math.min(...prices) + Math.max(...prices)) / 2;
    const reach = Math.max(...prices.map((price) => Math.abs(price - middle)), this.market.venue.tick_size) * 1.05;
    const across = (price) => x + (width * (price - middle + reach)) / (2 * reach);
    const up = (lots) => foot - ((foot - head) * lots) / most;
    sides.forEach((side, i) => this.curve(side, i === 0, across, up, foot, i === 0 ? x : x + width));
    context.strokeStyle = tint("soft");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, foot);
    context.lineTo(x + width, foot);
    context.stroke();
    context.fillStyle = tint("soft");
    context.font = font(1);
    const labels = [[middle - reach, "left", x], [middle + reach, "right", x + width]];
    for (const [price, align, at] of labels) {
      context.textAlign = align;
      context.fillText(fixed(price, this.market.decimals), at, foot + 0.8 * unit, width / 2 - 0.3 * unit);
    }
  }

  curve(side, isBid, across, up, foot, edge) {
    if (!side.length) return;
    const { context } = this;
    context.beginPath();
    context.moveTo(across(side[0][0]), foot);
    let high = foot;
    for (const [price, lots] of side) {
      context.lineTo(across(price), high);
      context.lineTo(across(price), (high = up(lots)));
    }
    context.lineTo(edge, high);
    const line = new Path2D();
    context.lineTo(edge, foot);
    context.fillStyle = tint(isBid ? "bid-wash" : "ask-wash");
    context.fill();
    context.strokeStyle = tint(isBid ? "bid" : "ask");
    context.lineWidth = 2;
    context.setLineDash(isBid ? [] : [5, 3]);
    context.stroke(line);
    context.stroke();
    context.setLineDash([]);
    context.font = font(1, 600);
    context.fillStyle = tint(isBid ? "bid" : "ask");
    context.textAlign = isBid ? "left" : "right";
    context.fillText(isBid ? "bids" : "asks", edge + (isBid ? 4 : -4), foot - 0.7 * this.unit);
  }
}
