// The slider of the past: an hour from end to end, how much of it has been read, and the marks above it.

import { clockTime } from "./clock.js";
import { keep, make } from "./dom.js";

const TICKS = 7;
const MARKS_MAX = 400;

/** By kind of mark: how it is drawn, and what it is called. */
export const MARKS = {
  priority1: ["◆", "priority 1"],
  emergency: ["!!", "unit emergency"],
  override: ["▲", "override"],
};

export class Scale {
  constructor(onSeek, onMark) {
    this._onMark = onMark;
    this._slider = make("input", { type: "range", id: "past-slider", "aria-label": "Time within the hour", min: "0", max: "1", step: "1000", value: "0" });
    this._slider.addEventListener("input", () => onSeek(Number(this._slider.value)));
    this._lane = make("div", { class: "past-marks", "aria-hidden": "true" });
    this._read = make("i", { class: "past-read", "aria-hidden": "true" });
    this._ticks = make("div", { class: "past-ticks", "aria-hidden": "true" });
    this.element = make("div", { class: "past-scale" }, this._lane, make("div", { class: "past-track" }, this._read, this._slider), this._ticks);
  }

  draw(tape, time) {
    this._slider.disabled = !tape;
    if (!tape) return;
    const { from, to } = tape;
    const share = (at) => (to > from ? Math.min(1, Math.max(0, (at - from) / (to - from))) : 0);
    this._slider.min = from;
    this._slider.max = Math.max(to, from + 1000);
    this._slider.value = time;
    this._slider.setAttribute("aria-valuetext", clockTime(time));
    this._read.style.width = `${100 * share(tape.loadedTo)}%`;
    this._drawMarks(tape, share);
    this._drawTicks(from, to);
  }

  _drawMarks(tape, share) {
    keep(this._lane, tape.marks.slice(0, MARKS_MAX), (mark) => `${mark.at} ${mark.kind} ${mark.incident}`, () => `${tape.from} ${tape.to}`, (mark) => {
      const [sign, name] = MARKS[mark.kind];
      const element = make("i", { class: `mark mark-${mark.kind}`, title: `${clockTime(mark.at)} ${name}, ${[mark.unit, mark.incident].filter(Boolean).join(", ")}`, onclick: () => this._onMark(mark) }, sign);
      element.style.left = `${100 * share(mark.at)}%`;
      return element;
    });
  }

  _drawTicks(from, to) {
    const sign = `${from} ${to}`;
    if (this._ticks.dataset.sign === sign) return;
    this._ticks.dataset.sign = sign;
    const step = (to - from) / (TICKS - 1);
    this._ticks.replaceChildren(...Array.from({ length: TICKS }, (_, at) => make("span", {}, clockTime(from + at * step).slice(0, step < 60_000 ? 8 : 5))));
  }
}
