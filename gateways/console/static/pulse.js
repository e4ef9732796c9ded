// How things stand this second, off the board: six figures, and from when the figures below them are.

import { isPending } from "./board.js";
import { now } from "./clock.js";
import { make, write } from "./dom.js";
import { AWAY, classWords, FREE, percent, rough, span } from "./words.js";

export class Pulse {
  constructor(board) {
    this.board = board;
    this._figures = new Map();
    this._state = make("p", { class: "pulse-state", role: "status" });
    const figures = ["Waiting", "Longest wait", "Under way", "Late", "Free crews", "Covered least", "Unanswered alarms"];
    this.element = make("section", { class: "sup-now", "aria-label": "Now" }, figures.map((name) => this._figure(name)), this._state);
  }

  _figure(name) {
    const value = make("b", {}, "–");
    const beside = make("span", { class: "quiet" });
    const element = make("div", { class: "figure", "data-state": "calm" }, make("span", { class: "figure-name" }, name), make("span", { class: "figure-line" }, value, beside));
    this._figures.set(name, { value, beside, element });
    return element;
  }

  _write(name, value, beside = "", heed = false) {
    const figure = this._figures.get(name);
    write(figure.value, `${heed ? "▲ " : ""}${value}`);
    write(figure.beside, beside);
    figure.element.dataset.state = heed ? "heed" : "calm";
  }

  tick() {
    const incidents = [...this.board.incidents.values()];
    const units = [...this.board.units.values()].filter((unit) => !unit.agency);
    const waiting = incidents.filter(isPending);
    const oldest = waiting.reduce((first, each) => (!first || each.waiting_since_ms < first.waiting_since_ms ? each : first), null);
    const urgent = waiting.filter((each) => each.priority <= 2).length;
    const late = incidents.flatMap((each) => each.assigned).filter((each) => each.late);
    const inService = units.filter((unit) => !AWAY.has(unit.status));
    const free = inService.filter((unit) => FREE.has(unit.status)).length;
    const thin = this.board.coverage.reduce((least, each) => (!least || each.now_percent < least.now_percent ? each : least), null);
    const alarms = [...this.board.alarms.values()].filter((each) => !each.acknowledged_by).length;
    this._write("Waiting", waiting.length, urgent ? `${urgent} of priority 1 or 2` : "", urgent > 0);
    this._write("Longest wait", oldest ? span(now() - oldest.waiting_since_ms) : "–", oldest ? `${oldest.id}, P${oldest.priority}` : "");
    this._write("Under way", incidents.length - waiting.length, `${units.filter((unit) => unit.incident).length} units`);
    this._write("Late", late.length, late.length ? late.slice(0, 3).map((each) => each.unit).join(" ") : "", late.length > 0);
    this._write("Free crews", free, `of ${inService.length} in service`, inService.length > 0 && free * 10 < inService.length);
    this._write("Covered least", thin ? percent(thin.now_percent) : "–", thin ? classWords(thin.layer) : "no planner");
    this._write("Unanswered alarms", alarms, "", alarms > 0);
  }

  /** Say how old the figures of the shift are, or why there are none. */
  tell({ reading, age_s: age, took_s: took, reason, number }, since) {
    this._state.dataset.state = reason ? "heed" : "calm";
    if (reason) write(this._state, `▲ Not read: ${reason}`);
    else if (!number) write(this._state, `Shift since ${since}: being read off the journal …`);
    else write(this._state, `Shift since ${since} · ${reading ? "being read anew" : `read ${rough(age * 1000)} ago, in ${took.toFixed(1)} s`}`);
  }
}
