// The kept runs of the simulator, each with a link to its page.

import { fill, make } from "./dom.js";

const day = (ms) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

export class Simulations {
  constructor() {
    this._body = make("div", { class: "sup-scroll", tabindex: "0", role: "region", "aria-label": "Kept runs of the simulator" }, make("p", { class: "empty" }, "Being listed …"));
    this.element = make("section", { class: "panel sup-runs", "aria-label": "Simulations" },
      make("h2", { class: "panel-head" }, make("span", {}, "Simulations")), this._body);
  }

  take({ runs, folder, reason, number }) {
    if (reason) fill(this._body, make("p", { class: "empty", role: "status" }, reason));
    else if (!number) return;
    else if (!runs.length) {
      fill(this._body, make("p", { class: "empty" }, "No run is kept here. Keep one with ", make("code", {}, `turnout sim PLACE --policy home --policy ahead --keep ${folder}/NAME.run`)));
    } else fill(this._body, make("ul", { class: "runs" }, runs.map((run) => this._run(run))));
  }

  _run({ file, kept_ms: keptMs, place, days, reps, policies, fault }) {
    const name = file.replace(/\.run$/, "");
    if (fault) return make("li", {}, make("b", {}, name), make("p", { class: "quiet" }, fault));
    return make("li", {},
      make("a", { href: `/console/simulations/${encodeURIComponent(file)}`, target: "_blank", rel: "noopener" }, name, make("span", { class: "unseen" }, " (opens a window)")),
      make("span", { class: "quiet" }, ` ${day(keptMs)}Z`),
      make("p", { class: "quiet" }, `${place}, ${days} days × ${reps}: ${policies.join(" · ")}`));
  }
}
