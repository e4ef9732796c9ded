// Coverage through the shift, as a line for each class of demand; a minute can be read off with the pointer or with ← and →.

import { apart, path, svg, ticks } from "./charts.js";
import { clockTime, now } from "./clock.js";
import { fill, make, onFrame, write } from "./dom.js";
import { percent, plain } from "./words.js";

const STEP_MS = 60_000;
/** A line goes on over so long a silence of the planner, and no further. */
const SILENT_MS = 10 * STEP_MS;
const KEPT = 1_440;
const HOUR_STEPS = [0.25, 0.5, 1, 2, 3, 6];

const time = (ms) => clockTime(ms).slice(0, 5);

export class Covering {
  constructor(board) {
    this.board = board;
    this._steps = new Map();
    this._from = now();
    this._at = null;
    this._note = make("span", { class: "quiet", role: "status" });
    this._ground = make("div", { class: "cover-ground", tabindex: "0", role: "img" });
    this.element = make("section", { class: "panel sup-cover", "aria-label": "Coverage over the shift" },
      make("h2", { class: "panel-head" }, make("span", {}, "Coverage over the shift"), this._note), this._ground);
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
      this._read(this._frame.nearest(event.clientX - box.left));
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

  _say(names) {
    const step = this._steps.get(this._at);
    if (step) {
      write(this._note, `${time(this._at)}: ${names.filter((name) => step[name] !== undefined && step[name] !== null).map((name) => `${plain(name)} ${percent(step[name])}`).join(", ")}`);
    } else write(this._note, "least of each minute · ← → read it");
  }

  _draw() {
    const { shown } = this;
    const names = [...new Set(shown.flatMap(([, step]) => Object.keys(step)))];
    this._say(names);
    if (!names.length) {
      this._frame = null;
      this._ground.setAttribute("aria-label", "Nothing is known yet: no planner has spoken in this shift.");
      fill(this._ground, make("p", { class: "empty" }, "No planner of move-ups has spoken in this shift, so nobody has worked the coverage out."));
      return;
    }
    const frame = this._measure(shown, names);
    this._frame = frame;
    this._ground.setAttribute("aria-label", this._inWords(shown, names));
    fill(this._ground, svg("svg", { class: "cover-chart", width: frame.width, height: frame.height, "aria-hidden": "true" },
      this._axes(frame), names.map((name, rank) => this._line(frame, shown, name, rank)), this._labels(frame, shown, names), this._rule(frame, names)));
  }

  _measure(shown, names) {
    const em = parseFloat(getComputedStyle(this._ground).fontSize);
    const width = this._ground.clientWidth;
    const height = this._ground.clientHeight;
    const values = shown.flatMap(([, step]) => names.map((name) => step[name]).filter((each) => typeof each === "number"));
    const least = Math.max(0, Math.floor(Math.min(...values) / 10) * 10 - 10);
    const longest = Math.max(...names.map((name) => plain(name).length)) + 6;
    const left = em * 3.4;
    const right = width - Math.min(width / 3, em * (longest * 0.56 + 1));
    const [top, bottom] = [em * 0.9, height - em * 2];
    const until = Math.max(now(), this._from + 3_600_000);
    const x = (at) => left + ((at - this._from) / (until - this._from)) * (right - left);
    const y = (value) => bottom - ((value - least) / (100 - least)) * (bottom - top);
    const nearest = (px) => shown.reduce((best, [at]) => (best === null || Math.abs(x(at) - px) < Math.abs(x(best) - px) ? at : best), null);
    return { em, width, height, least, left, right, top, bottom, until, x, y, nearest };
  }

  _axes({ em, least, left, right, top, bottom, until, x, y }) {
    const rows = ticks(least, 100, Math.max(2, Math.floor((bottom - top) / (em * 3)))).map((value) => [
      svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - em * 0.5, y: y(value) + em * 0.32, "text-anchor": "end" }, `${Math.round(value)} %`),
    ]);
    const hours = (until - this._from) / 3_600_000;
    const step = (HOUR_STEPS.find((each) => hours / each <= (right - left) / (em * 5)) ?? 12) * 3_600_000;
    const columns = [];
    for (let at = Math.ceil(this._from / step) * step; at <= until; at += step) {
      columns.push(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: bottom, y2: bottom + em * 0.3 }), svg("text", { x: x(at), y: bottom + em * 1.4, "text-anchor": "middle" }, time(at)));
    }
    return [...rows.flat(), svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }), ...columns];
  }

  _line({ x, y }, shown, name, rank) {
    const points = shown.map(([at, step]) => [x(at), typeof step[name] === "number" ? y(step[name]) : null]);
    return svg("path", { class: `course course-${rank % 4}`, d: path(points, x(this._from + SILENT_MS) - x(this._from)) });
  }

  _labels({ em, right, top, bottom, x, y }, shown, names) {
    const last = names.map((name) => shown.filter(([, step]) => typeof step[name] === "number").at(-1));
    const heights = apart(last.map(([, step], rank) => y(step[names[rank]])), em * 1.25, bottom);
    return names.flatMap((name, rank) => {
      const [at, step] = last[rank];
      return [
        svg("circle", { class: `course-end course-${rank % 4}`, cx: x(at), cy: y(step[name]), r: em * 0.28 }),
        svg("line", { class: `course-lead course-${rank % 4}`, x1: right + em * 0.3, x2: right + em * 1.6, y1: Math.max(top, heights[rank]), y2: Math.max(top, heights[rank]) }),
        svg("text", { class: "course-name", x: right + em * 2, y: Math.max(top, heights[rank]) + em * 0.35 }, `${plain(name)} ${percent(step[name])}`),
      ];
    });
  }

  _rule({ x, y, top, bottom, em }, names) {
    const step = this._steps.get(this._at);
    if (!step) return [];
    const dots = names.flatMap((name, rank) => (typeof step[name] === "number" ? [svg("circle", { class: `course-end course-${rank % 4}`, cx: x(this._at), cy: y(step[name]), r: em * 0.32 })] : []));
    return [svg("line", { class: "rule", x1: x(this._at), x2: x(this._at), y1: top, y2: bottom }), ...dots];
  }

  _inWords(shown, names) {
    const told = names.map((name) => {
      const known = shown.filter(([, step]) => typeof step[name] === "number");
      const [at, step] = known.reduce((least, each) => (each[1][name] < least[1][name] ? each : least));
      return `${plain(name)}: ${percent(known.at(-1)[1][name])} last, ${percent(step[name])} at least, at ${time(at)}`;
    });
    return `Share of demand covered since ${time(this._from)}. ${told.join(". ")}. Left and right arrows read single minutes.`;
  }
}
