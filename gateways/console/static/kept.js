// Response times against the standards: what share was within the limit, how sure that is, and what was asked for.

import { bar } from "./charts.js";
import { clockTime } from "./clock.js";
import { fill, make } from "./dom.js";
import { choices } from "./picks.js";
import { plain, span } from "./words.js";

const SPANS = [["recent", "Last hour"], ["shift", "This shift"]];
const PRIORITIES = [["", "All"], ["1", "P1"], ["2", "P2"], ["3", "P3"], ["4", "P4"], ["5", "P5"]];
const time = (ms) => (ms === null ? "–" : span(ms));
const whole = (share) => `${(share * 100).toFixed(1)} %`;

/** Met; below the target for certain; or below it, which may be chance with so few. Word and mark say it, colour again. */
function verdict({ share, high, met, percent }) {
  if (share === null) return ["", "none", "No reading"];
  if (met) return ["✓ met", "good", "At or above the target"];
  if (high * 100 >= percent) return ["△ unsure", "unsure", "Below the target; with so few readings that may be chance"];
  return ["✕ missed", "bad", "Below the target, and not by chance"];
}

export class Kept {
  constructor() {
    this._report = null;
    this._span = "shift";
    this._priority = "";
    this._body = make("div", { class: "sup-scroll", tabindex: "0", role: "region", "aria-label": "Table of response times" }, make("p", { class: "empty" }, "The shift is being read …"));
    this._picks = make("span", { class: "sup-picks" });
    this.element = make("section", { class: "panel sup-clocks", "aria-label": "Response times against standards" },
      make("h2", { class: "panel-head" }, make("span", {}, "Response times"), this._picks), this._body);
    this._pick();
  }

  take(report) {
    this._report = report;
    this._draw();
  }

  _pick() {
    const choose = (what) => (value) => {
      this[what] = value;
      this._draw();
    };
    fill(this._picks, choices("Which time", SPANS, () => this._span, choose("_span")), choices("Which priority", PRIORITIES, () => this._priority, choose("_priority")));
  }

  _draw() {
    if (!this._report) return;
    const figures = this._report[this._span];
    const rows = this._priority ? (figures.priorities[this._priority] ?? []) : figures.rows;
    const told = rows.filter((row) => row.readings || Object.keys(row.left_out).length);
    const since = `Incidents reported since ${clockTime(figures.from_ms).slice(0, 5)}${this._priority ? `, priority ${this._priority}` : ""}`;
    if (!told.length) {
      fill(this._body, make("p", { class: "empty" }, `${since}: nothing to measure yet.`));
      return;
    }
    const parts = this._report.profiles.map((profile) => [profile, told.filter((row) => row.profile === profile.name)]).filter(([, own]) => own.length);
    fill(this._body, make("p", { class: "quiet sup-words" }, `${since}; clocks of those still open as they stand.`),
      make("table", { class: "clocks" },
      make("caption", { class: "unseen" }, "Response times by standard"),
      this._head(),
      parts.map(([profile, own]) => make("tbody", {},
        make("tr", { class: "clocks-profile" }, make("th", { scope: "rowgroup", colspan: "9", title: [profile.source, ...profile.notes].filter(Boolean).join("\n") }, profile.title)),
        own.flatMap((row) => this._rows(row))))),
      make("p", { class: "quiet sup-words" }, `Bar: share within the limit; thin line: how sure that is (95 %); tick: the target. Percentiles are by nearest rank.`));
  }

  _head() {
    return make("thead", {}, make("tr", {},
      ["Clock", "Within", "", "Target", "", "Median", "90th", "Read", "Left out"].map((name, at) =>
        make("th", { scope: "col", class: at > 4 ? "number" : null }, name || make("span", { class: "unseen" }, at === 2 ? "Share" : "Verdict")))));
  }

  _rows(row) {
    const missing = Object.entries(row.left_out);
    const out = missing.reduce((sum, [, count]) => sum + count, 0);
    const name = [plain(row.measure).replaceAll("-", " "), row.unverified ? make("span", { class: "quiet" }, " (second hand)") : null];
    const tail = [time(row.p50_ms), time(row.p90_ms), String(row.readings)].map((told) => make("td", { class: "number" }, told));
    tail.push(make("td", { class: "number quiet", title: missing.map(([why, count]) => `${count}: ${why}`).join("\n") || null }, out ? String(out) : ""));
    const lines = row.shares.map((share) => this._share(share));
    if (row.mean_target_s) lines.push(this._mean(row));
    return lines.map((cells, at) => make("tr", {},
      make("th", { scope: "row" }, at === 0 ? name : make("span", { class: "unseen" }, row.measure)), cells, at === 0 ? tail : tail.map(() => make("td"))));
  }

  _share(share) {
    const [word, kind, why] = verdict(share);
    const known = share.share !== null;
    return [
      make("td", { class: "clocks-bar" }, known ? bar({ ...share, target: share.percent / 100, kind: `bar-${kind}` }) : null),
      make("td", { class: "number clocks-share" }, known ? whole(share.share) : "–"),
      make("td", { class: "quiet clocks-target" }, `${share.percent} % in ${span(share.within_s * 1000)}`),
      make("td", { class: `verdict verdict-${kind}`, title: why }, word),
    ];
  }

  _mean({ mean_ms: mean, mean_target_s: target, mean_met: met }) {
    const [word, kind] = met === null ? ["", "none"] : met ? ["✓ met", "good"] : ["✕ missed", "bad"];
    return [
      make("td", { class: "clocks-bar quiet" }, "mean"),
      make("td", { class: "number clocks-share" }, time(mean)),
      make("td", { class: "quiet clocks-target" }, `at most ${span(target * 1000)}`),
      make("td", { class: `verdict verdict-${kind}` }, word),
    ];
  }
}
