// Who did how much: crews or stations, the busiest first, and how far apart the crews are.

import { bar, strip } from "./charts.js";
import { fill, make } from "./dom.js";
import { choices } from "./picks.js";

const BY = [["crews", "Crews"], ["stations", "Stations"]];
const ROWS = 400;
const share = (value) => (value === null ? "–" : `${Math.round(value * 100)} %`);
const FIGURES = {
  busy_share: ["Busy", share],
  calls: ["Calls", String],
  moves: ["Moves", String],
  km: ["km", (value) => value.toFixed(0)],
};

export class Labour {
  constructor() {
    this._work = null;
    this._by = "crews";
    this._body = make("div", { class: "sup-scroll", tabindex: "0", role: "region", "aria-label": "Table of work" }, make("p", { class: "empty" }, "The shift is being read …"));
    this.element = make("section", { class: "panel sup-work", "aria-label": "Work and fairness" },
      make("h2", { class: "panel-head" }, make("span", {}, "Work and fairness"),
        choices("By", BY, () => this._by, (value) => {
          this._by = value;
          this._draw();
        })), this._body);
  }

  take(work) {
    this._work = work;
    this._draw();
  }

  _draw() {
    if (!this._work) return;
    const lines = this._work[this._by];
    const most = Math.max(...lines.map((line) => line.busy_share ?? 0), 0.01);
    fill(this._body, this._spread(),
      make("table", { class: "work" },
        make("caption", { class: "unseen" }, `Work of ${this._by} in this shift`),
        make("thead", {}, make("tr", {},
          [[this._by === "crews" ? "Crew" : "Station"], ["Busy", "From the dispatch until free again, of the time on duty and in service", 2], ["Calls", "Dispatches", 1, true], ["Moves", "Orders to drive to another post that disturbed an idle crew", 1, true], ["km", "By reported positions", 1, true]].map(([name, title, wide, number]) =>
            make("th", { scope: "col", title, colspan: wide, class: number ? "number" : null }, name)))),
        make("tbody", {}, lines.slice(0, ROWS).map((line) => this._line(line, most)))),
      lines.length > ROWS ? make("p", { class: "empty" }, `${lines.length - ROWS} more, less busy than these.`) : null);
  }

  _line(line, most) {
    const where = this._by === "crews" ? line.station : `${line.units.length} units`;
    return make("tr", {},
      make("th", { scope: "row", title: line.units.join(", ") }, line.name, make("span", { class: "quiet work-where" }, ` ${where}`)),
      make("td", { class: "work-bar" }, bar({ share: (line.busy_share ?? 0) / most })),
      make("td", { class: "number" }, share(line.busy_share)),
      make("td", { class: "number" }, String(line.calls)),
      make("td", { class: "number" }, String(line.moves)),
      make("td", { class: "number" }, line.km === null ? "–" : line.km.toFixed(0)));
  }

  _spread() {
    const rows = this._work.spread.map(({ what, low, middle, high, crews }) => {
      const [name, told] = FIGURES[what];
      const values = this._work.crews.filter((line) => line.duty_ms).map((line) => line[what]).filter((value) => value !== null);
      return make("tr", {},
        make("th", { scope: "row" }, name),
        make("td", { class: "number" }, told(low)),
        make("td", { class: "spread-strip" }, strip(values, middle)),
        make("td", { class: "number" }, told(high)),
        make("td", { class: "number" }, make("b", {}, told(middle)), make("span", { class: "quiet" }, ` of ${crews}`)));
    });
    if (!rows.length) return make("p", { class: "empty" }, "No crew was on duty.");
    return make("table", { class: "spread" },
      make("thead", {}, make("tr", {}, ["Over crews", "Least", "", "Most", "Median"].map((name, at) => make("th", { scope: "col", class: at ? "number" : null }, name || make("span", { class: "unseen" }, "Spread"))))),
      make("tbody", {}, rows));
  }
}
