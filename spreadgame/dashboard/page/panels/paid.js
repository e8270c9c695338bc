// Who paid whom, the largest amount first.

import { plainly, short } from "../numbers.js";
import { Panel, element, say } from "./panel.js";

export class PaidPanel extends Panel {
  constructor(section, market) {
    super(section, "Who paid whom", market);
    this.scale = market.scales.paid;
    this.list = element("ol");
    this.none = element("p", { class: "none", text: "Nobody has paid anybody yet." });
    this.body.append(this.list, this.none);
    this.body.setAttribute("tabindex", "0");
    this.body.setAttribute("role", "region");
    this.body.setAttribute("aria-label", "Who paid whom, so far");
  }

  rebuild() {
    this.rows = [];
    this.list.replaceChildren();
  }

  clear() {
    this.rebuild();
  }

  row(i) {
    while (this.rows.length <= i) {
      const who = element("span", { class: "who" }), amount = element("span", { class: "amount" });
      const bar = element("span", { class: "bar" });
      const item = element("li", {}, element("span", { class: "words" }, who, amount), bar);
      this.list.append(item);
      this.rows.push({ item, who, amount, bar });
    }
    return this.rows[i];
  }

  draw(frame) {
    if (!this.rows) this.rebuild();
    const paid = (frame.paid ?? []).filter((each) => each.amount > 0).sort((a, b) => b.amount - a.amount);
    this.none.hidden = paid.length > 0;
    say(this.none, frame.paid === null ? "It is not known in this market." : "Nobody has paid anybody yet.");
    this.scale.set(this.market, 0, paid[0]?.amount ?? 0);
    const reach = this.scale.reach();
    paid.forEach(({ payer, payee, amount }, i) => {
      const row = this.row(i);
      row.item.hidden = false;
      say(row.who, `${plainly(payer)} \u2192 ${plainly(payee)}`);
      say(row.amount, short(amount));
      row.bar.style.width = `${((100 * amount) / reach).toFixed(1)}%`;
    });
    this.rows.slice(paid.length).forEach((row) => (row.item.hidden = true));
    this.cut(this.rows.slice(0, paid.length).map((row) => row.item), "");
  }
}
