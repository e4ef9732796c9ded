// What people passed over of what was recommended: whose word, which reason, which rule, which unit.

import { clockTime } from "./clock.js";
import { fill, make } from "./dom.js";
import { choices } from "./picks.js";
import { plain } from "./words.js";

const BY = [["latest", "Latest"], ["plans", "Rules"], ["units", "Units"], ["reasons", "Reasons"]];
const whole = (share) => (share === null ? "–" : `${Math.round(share * 100)} %`);
const later = (ms) => `${Math.round(Math.abs(ms) / 1000)} s ${ms < 0 ? "earlier" : "later"}`;
const head = (names) => make("thead", {}, make("tr", {}, names.map(([name, number]) => make("th", { scope: "col", class: number ? "number" : null }, name))));

export class Overruled {
  constructor() {
    this._report = null;
    this._by = "latest";
    this._body = make("div", { class: "sup-scroll", tabindex: "0", role: "region", "aria-label": "What was overruled" }, make("p", { class: "empty" }, "The shift is being read …"));
    this.element = make("section", { class: "panel sup-overruled", "aria-label": "Overruled recommendations" },
      make("h2", { class: "panel-head" }, make("span", {}, "Overruled"),
        choices("By", BY, () => this._by, (value) => {
          this._by = value;
          this._draw();
        })), this._body);
  }

  take(report) {
    this._report = report;
    this._draw();
  }

  _draw() {
    if (!this._report) return;
    const { overrides } = this._report;
    fill(this._body, this._summary(overrides), this[`_${this._by}`](overrides));
  }

  _summary({ total, later_ms: ms, findings }) {
    const { accepted = 0, edited = 0, overridden = 0, added = 0, unasked = 0, stale = 0, withheld = 0 } = total.verdicts;
    const passed = edited + overridden;
    const judged = passed + accepted;
    const first = judged
      ? `Passed over in ${passed} of ${judged} orders (${whole(total.passed_over)})${ms === null ? "" : `; those who went arrive ${later(ms)} (median)`}.`
      : "Nobody has been asked to judge a recommendation in this shift.";
    const beside = [added && `${added} sent more than was recommended`, unasked && `${unasked} had no recommendation`, withheld && `${withheld} needed a person's word`, stale && `${stale} accepted too late`].filter(Boolean);
    return make("div", { class: "sup-words" }, make("p", {}, make("b", {}, first), beside.length ? ` ${beside.join(", ")}.` : ""), findings.slice(0, 3).map((sentence) => make("p", { class: "finding" }, sentence)));
  }

  _latest() {
    const { overruled } = this._report;
    if (!overruled.length) return make("p", { class: "empty" }, "Nothing was overruled.");
    return make("table", {},
      make("caption", { class: "unseen" }, "The latest overruled recommendations"),
      head([["Time"], ["Incident"], ["Sent"], ["For"], ["By"], ["Reason"]]),
      make("tbody", {}, overruled.map((each) => make("tr", { title: `Plan ${plain(each.plan)}; ${later(each.later_ms)}` },
        make("td", { class: "quiet" }, clockTime(each.at_ms).slice(0, 5)),
        make("th", { scope: "row" }, each.incident),
        make("td", {}, make("b", {}, each.sent.join(", "))),
        make("td", {}, each.bypassed.join(", ")),
        make("td", { class: "quiet" }, each.by),
        make("td", { class: "reason" }, each.reason || "–")))));
  }

  _plans({ plans, slots }) {
    const lines = [...plans.map((line) => ["plan", line]), ...slots.map((line) => ["slot", line])].filter(([, line]) => line.passed_over);
    if (!lines.length) return make("p", { class: "empty" }, "No rule was passed over.");
    return make("table", {},
      make("caption", { class: "unseen" }, "Rules that were passed over"),
      head([["Rule"], ["Passed over", true], ["Most often because"]]),
      make("tbody", {}, lines.map(([kind, line]) => make("tr", {},
        make("th", { scope: "row" }, make("span", { class: "quiet" }, `${kind} `), plain(line.name)),
        make("td", { class: "number" }, `${(line.verdicts.edited ?? 0) + (line.verdicts.overridden ?? 0)} · ${whole(line.passed_over)}`),
        make("td", { class: "reason" }, line.reasons[0]?.[0] ?? "–")))));
  }

  _units({ units }) {
    if (!units.length) return make("p", { class: "empty" }, "No unit was passed over.");
    return make("table", {},
      make("caption", { class: "unseen" }, "Units that were passed over"),
      head([["Unit"], ["Passed over", true], ["Others arrive (median)", true]]),
      make("tbody", {}, units.map((each) => make("tr", {},
        make("th", { scope: "row" }, each.unit),
        make("td", { class: "number" }, `${each.times} times`),
        make("td", { class: "number" }, later(each.later_ms))))));
  }

  _reasons({ total }) {
    if (!total.reasons.length) return make("p", { class: "empty" }, "Nobody has given a reason.");
    return make("table", {},
      make("caption", { class: "unseen" }, "Reasons that were given"),
      head([["Reason"], ["Given", true]]),
      make("tbody", {}, total.reasons.map(([reason, count]) => make("tr", {}, make("th", { scope: "row", class: "reason" }, reason), make("td", { class: "number" }, String(count))))));
  }
}
