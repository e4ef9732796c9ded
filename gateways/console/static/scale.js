// The slider of the past: an hour from end to end, how much of it has been read, and the marks above it.

import { clockTime } from "./clock.js";
import { keep, make, onFrame } from "./dom.js";

/** Between ticks, in seconds: the first that gives no more than eight. */
const TICKS_S = [10, 30, 60, 120, 300, 600];
const MARKS_MAX = 400;

/** By kind of mark: how it is drawn, and what one is called, and several. */
export const MARKS = {
  priority1: ["◆", "priority 1", "priority 1"],
  emergency: ["!!", "emergency", "emergencies"],
  override: ["▲", "override", "overrides"],
};

export class Scale {
  constructor(onSeek, onMark) {
    this._onMark = onMark;
    this._slider = make("input", { type: "range", id: "past-slider", "aria-label": "Time within the hour", min: "0", max: "1", step: "1000", value: "0" });
    // A hand is faster than a board can be drawn: only where it has come to is shown.
    const seek = onFrame(() => onSeek(this._wanted));
    this._slider.addEventListener("input", () => {
      this._wanted = Number(this._slider.value);
      seek();
    });
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
    this._drawTicks(from, to, share);
  }

  _drawMarks(tape, share) {
    keep(this._lane, tape.marks.slice(0, MARKS_MAX), (mark) => `${mark.at} ${mark.kind} ${mark.incident}`, () => `${tape.from} ${tape.to}`, (mark) => {
      const [sign, name] = MARKS[mark.kind];
      const element = make("i", { class: `mark mark-${mark.kind}`, title: `${clockTime(mark.at)} ${name}, ${[mark.unit, mark.incident].filter(Boolean).join(", ")}`, onclick: () => this._onMark(mark) }, sign);
      element.style.left = `${100 * share(mark.at)}%`;
      return element;
    });
  }

  _drawTicks(from, to, share) {
    const sign = `${from} ${to}`;
    if (this._ticks.dataset.sign === sign) return;
    this._ticks.dataset.sign = sign;
    const step = 1000 * (TICKS_S.find((seconds) => (to - from) / 1000 / seconds <= 8) ?? TICKS_S.at(-1));
    const ticks = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
      const tick = make("span", {}, clockTime(at).slice(0, step < 60_000 ? 8 : 5));
      tick.style.left = `${100 * share(at)}%`;
      ticks.push(tick);
    }
    this._ticks.replaceChildren(...ticks);
  }
}
