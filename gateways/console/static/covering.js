// Coverage through the shift, a line for each class of demand that is chosen, all others faint behind them; a minute is read
// off with the pointer or with ← and →.

import { path, svg, ticks } from "./charts.js";
import { clockTime, now } from "./clock.js";
import { fill, make, onFrame, write } from "./dom.js";
import { choices } from "./picks.js";
import { classWords, percent } from "./words.js";

const STEP_MS = 60_000;
/** A line goes on over so long a silence of the planner, and no further. */
const SILENT_MS = 10 * STEP_MS;
const KEPT = 1_440;
const SHOWN = 4;
/** Percentage points below what is usual in this shift: less is no news. */
const FALLEN = 1;
const HOUR_STEPS = [0.25, 0.5, 1, 2, 3, 6];
const BY = [["fallen", "Fallen most"], ["thin", "Thinnest"]];

const time = (ms) => clockTime(ms).slice(0, 5);
const known = (value) => typeof value === "number";

function middle(values) {
  const order = [...values].sort((a, b) => a - b);
  return order[Math.floor(order.length / 2)];
}

export class Covering {
  constructor(board) {
    this.board = board;
    this._steps = new Map();
    this._from = now();
    this._at = null;
    this._by = "fallen";
    this._note = make("span", { class: "quiet", role: "status" });
    this._ground = make("div", { class: "course-ground", tabindex: "0", role: "img" });
    this._legend = make("ul", { class: "course-legend" });
    const picks = choices("Which classes of demand", BY, () => this._by, (value) => {
      this._by = value;
      this.draw();
    });
    this.element = make("section", { class: "panel sup-cover", "aria-label": "Coverage over the shift" },
      make("h2", { class: "panel-head" }, make("span", {}, "Coverage over the shift"), this._note, picks), this._ground, this._legend);
    this.draw = onFrame(() => this._draw());
    new ResizeObserver(this.draw).observe(this._ground);
    this._listen();
  }

  /** Take what the server kept of the shift; what was heard since goes on behind it. */
  take(fromMs, course) {
    this._from = fromMs;
    if (course) {
      const newest = course.at_ms.at(-1) ?? 0;
      const heard = [...this._steps].filter(([at]) => at > newest);
      this._steps = new Map(course.at_ms.map((at, place) => [at, Object.fromEntries(Object.entries(course.layers).map(([name, values]) => [name, values[place]]))]));
      for (const [at, step] of heard) this._steps.set(at, step);
    }
    this.draw();
  }

  /** Take what the planner has just said. */
  hear() {
    const at = Math.floor(now() / STEP_MS) * STEP_MS;
    const step = this._steps.get(at) ?? {};
    for (const { layer, now_percent: is } of this.board.coverage) step[layer] = Math.min(is, step[layer] ?? 100);
    this._steps.set(at, step);
    if (this._steps.size > KEPT) this._steps.delete(this._steps.keys().next().value);
    this.draw();
  }

  _listen() {
    this._ground.addEventListener("pointermove", (event) => {
      if (!this._frame) return;
      const box = this._ground.getBoundingClientRect();
      const scale = this._ground.clientWidth / box.width; // a large screen shows the page enlarged
      this._read(this._frame.nearest((event.clientX - box.left) * scale));
    });
    this._ground.addEventListener("pointerleave", () => this._read(null));
    this._ground.addEventListener("blur", () => this._read(null));
    this._ground.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -15, PageDown: 15, Home: -KEPT, End: KEPT }[event.key];
      const { shown } = this;
      if (!by || !shown.length) return;
      event.preventDefault();
      const at = shown.findIndex(([each]) => each === this._at);
      const next = (at < 0 ? shown.length - 1 : at) + (at < 0 ? 0 : by);
      this._read(shown[Math.min(shown.length - 1, Math.max(0, next))][0]);
    });
  }

  get shown() {
    return [...this._steps].filter(([at]) => at + STEP_MS > this._from).sort(([a], [b]) => a - b);
  }

  _read(at) {
    if (this._at === at) return;
    this._at = at;
    this.draw();
  }

  /** What is known of each class: its name, its last figure, the least and when, how far below its usual it is now. */
  _classes(shown) {
    const found = new Map();
    for (const [at, step] of shown) {
      for (const [name, value] of Object.entries(step)) {
        if (!known(value)) continue;
        const one = found.get(name) ?? { name, values: [], least: Infinity, leastAt: at };
        one.values.push(value);
        if (value < one.least) Object.assign(one, { least: value, leastAt: at });
        found.set(name, { ...one, last: value });
      }
    }
    const all = [...found.values()].map((each) => ({ ...each, usual: middle(each.values) }));
    const rank = this._by === "thin" ? (each) => each.last : (each) => each.last - each.usual;
    return all.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  }

  _draw() {
    const { shown } = this;
    const classes = this._classes(shown);
    write(this._note, this._steps.has(this._at) ? `at ${time(this._at)}` : "least of each minute · ← → read it");
    if (!classes.length) {
      this._frame = null;
      this._ground.setAttribute("aria-label", "Nothing is known yet: no planner has spoken in this shift.");
      fill(this._ground, make("p", { class: "empty" }, "No planner of move-ups has spoken in this shift, so nobody has worked the coverage out."));
      fill(this._legend);
      return;
    }
    const chosen = classes.filter((each) => this._by === "thin" || each.last < each.usual - FALLEN).slice(0, SHOWN);
    const frame = this._measure(shown);
    this._frame = frame;
    this._ground.setAttribute("aria-label", this._inWords(chosen));
    const faint = classes.filter((each) => !chosen.includes(each)).map(({ name }) => this._line(frame, shown, name, "faint"));
    fill(this._ground, svg("svg", { class: "course-chart", width: frame.width, height: frame.height, "aria-hidden": "true" },
      this._axes(frame), faint, chosen.map(({ name }, rank) => this._line(frame, shown, name, `course-${rank}`)), this._ends(frame, chosen), this._rule(frame, chosen)));
    const others = classes.length - chosen.length;
    const words = chosen.length ? `${others} more classes, faint` : `All ${others} classes are covered as they usually are.`;
    fill(this._legend, chosen.map((each, rank) => this._key(each, rank)), others ? make("li", { class: "quiet" }, words) : null);
  }

  _key({ name, last, usual }, rank) {
    const read = this._steps.get(this._at)?.[name];
    const told = this._steps.has(this._at) ? (known(read) ? percent(read) : "–") : percent(last);
    return make("li", {},
      svg("svg", { class: "course-key", viewBox: "0 0 26 8", "aria-hidden": "true" }, svg("path", { class: `course course-${rank}`, d: "M1 4L25 4" })),
      make("b", {}, told), make("span", {}, ` ${classWords(name)} `), make("span", { class: "quiet" }, `usually ${percent(usual)}`));
  }

  _measure(shown) {
    const em = parseFloat(getComputedStyle(this._ground).fontSize);
    const width = this._ground.clientWidth;
    const height = this._ground.clientHeight;
    const values = shown.flatMap(([, step]) => Object.values(step).filter(known));
    const least = Math.max(0, Math.floor(Math.min(...values) / 10) * 10 - 10);
    const [left, right, top, bottom] = [em * 3.6, width - em * 1.9, em * 0.9, height - em * 1.9];
    // What is not known needs no room: a server that came up in the middle of the shift begins there.
    const from = Math.max(this._from, shown[0][0]);
    const until = Math.max(now(), from + 3_600_000);
    const x = (at) => left + ((at - from) / (until - from)) * (right - left);
    const y = (value) => bottom - ((value - least) / (100 - least)) * (bottom - top);
    const nearest = (px) => shown.reduce((best, [at]) => (best === null || Math.abs(x(at) - px) < Math.abs(x(best) - px) ? at : best), null);
    return { em, width, height, least, left, right, top, bottom, from, until, x, y, nearest };
  }

  _axes({ em, least, left, right, top, bottom, from, until, x, y }) {
    const rows = ticks(least, 100, Math.max(2, Math.floor((bottom - top) / (em * 3)))).map((value) => [
      svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - em * 0.5, y: y(value) + em * 0.32, "text-anchor": "end" }, `${Math.round(value)} %`),
    ]);
    const hours = (until - from) / 3_600_000;
    const step = (HOUR_STEPS.find((each) => hours / each <= (right - left) / (em * 5)) ?? 12) * 3_600_000;
    const columns = [];
    for (let at = Math.ceil(from / step) * step; at <= until; at += step) {
      columns.push(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: bottom, y2: bottom + em * 0.3 }), svg("text", { x: x(at), y: bottom + em * 1.4, "text-anchor": "middle" }, time(at)));
    }
    return [...rows.flat(), svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }), ...columns];
  }

  _line({ from, x, y }, shown, name, kind) {
    const points = shown.map(([at, step]) => [x(at), known(step[name]) ? y(step[name]) : null]);
    return svg("path", { class: `course ${kind}`, d: path(points, x(from + SILENT_MS) - x(from)) });
  }

  _ends({ em, x, y }, chosen) {
    const newest = this.shown.at(-1)[0];
    return chosen.map(({ last }, rank) => svg("circle", { class: `course-end course-${rank}`, cx: x(newest), cy: y(last), r: em * 0.26 }));
  }

  _rule({ x, y, top, bottom, em }, chosen) {
    const step = this._steps.get(this._at);
    if (!step) return [];
    const dots = chosen.flatMap(({ name }, rank) => (known(step[name]) ? [svg("circle", { class: `course-end course-${rank}`, cx: x(this._at), cy: y(step[name]), r: em * 0.32 })] : []));
    return [svg("line", { class: "rule", x1: x(this._at), x2: x(this._at), y1: top, y2: bottom }), ...dots];
  }

  _inWords(chosen) {
    const told = chosen.map(({ name, last, least, leastAt }) => `${classWords(name)}: ${percent(last)} last, ${percent(least)} at least, at ${time(leastAt)}`);
    return `Share of demand covered since ${time(this._from)}. ${told.join(". ") || "All classes as usual"}. Left and right arrows read single minutes.`;
  }
}
