// What a person has to look at: alarms and proposed moves, bounded, most urgent first. Nothing here scrolls away, and
// nothing changes places beneath a pointer.

import { now } from "./clock.js";
import { find, keep, make, onFrame, write } from "./dom.js";
import { Steady } from "./steady.js";
import { ALARMS, percent, plain, span, urgency } from "./words.js";

const ROWS = 4;
const ALL = 30;
const NAMES = 3;

const LEAST = 0.05; // percent: less would be shown as nothing

const gainWords = (gain) => (gain < LEAST ? "less than +0.1 %" : `+${percent(gain)}`);
const isGrave = ({ alarms }) => alarms?.[0].about === "unit_emergency" && !alarms[0].acknowledged_by;

export class Attention {
  constructor(board, act) {
    this.board = board;
    this._act = act;
    this._all = false;
    this._graves = [];
    this._box = find("attention");
    this.draw = onFrame(() => this._draw());
    this.steady = new Steady(this._box, this.draw, (words) => act.line.say("refused", words));
  }

  /** Alarms that nobody has acknowledged, emergencies that are not over, and proposed moves; most urgent first. */
  get waiting() {
    const lasts = (alarm) => !alarm.acknowledged_by || (alarm.about === "unit_emergency" && this.board.units.get(alarm.unit)?.emergency);
    const alarms = [...this.board.alarms.values()].filter(lasts);
    const weight = (alarm) => {
      const priority = this.board.incidents.get(alarm.incident)?.priority ?? 5;
      return urgency(alarm.about) * 10 + priority - alarm.rung + (alarm.acknowledged_by ? 9 : 0);
    };
    const moves = [...this.board.moves.values()].filter((move) => move.state === "proposed");
    return [
      ...alarms.sort((a, b) => weight(a) - weight(b) || a.raised_ms - b.raised_ms).map((alarm) => ({ alarm })),
      ...moves.sort((a, b) => b.gain_percent - a.gain_percent).map((move) => ({ move })),
    ];
  }

  /**
   * What waits, a row each: alarms of one kind about one incident are one matter, and stand at the most urgent of them.
   * Calls that wait too long are in the queue below already: when there are many, they are one row that counts them.
   */
  get _rows() {
    const rows = new Map();
    const { waiting } = this;
    const flood = waiting.filter(({ alarm }) => alarm?.about === "pending").length > NAMES;
    for (const { alarm, move } of waiting) {
      const apart = move || alarm.about === "unit_emergency";
      const together = flood && alarm?.about === "pending" ? "" : alarm?.incident;
      const key = apart ? (alarm ?? move).id : `${alarm.about} ${together} ${alarm.acknowledged_by ?? ""}`;
      if (rows.has(key)) rows.get(key).alarms.push(alarm);
      else rows.set(key, alarm ? { key, alarms: [alarm] } : { key, move });
    }
    return [...rows.values()];
  }

  tick() {
    if (this.steady.stale || (this.still?.held && !this.still.aimed)) this.draw();
    this._ages();
  }

  _ages() {
    for (const row of this._box.querySelectorAll("[data-since]")) write(row.querySelector(".att-age"), span(now() - Number(row.dataset.since)));
  }

  _draw() {
    const waiting = this._rows;
    const most = this._all ? ALL : ROWS;
    const shown = this.steady.arrange(waiting, waiting.length > most ? most - 1 : most, isGrave);
    const items = [...shown];
    const beyond = waiting.length - shown.filter((row) => !row.gone).length;
    if (beyond > 0 || (this._all && waiting.length > ROWS)) items.push({ more: beyond });
    keep(
      this._box,
      items,
      ({ key }) => key ?? "more",
      ({ alarms, move, more, gone }) => (alarms ? alarms.map((alarm) => `${alarm.id}${alarm.text}${alarm.rung}${alarm.acknowledged_by}`).join() : move ? `${move.unit}${move.post}${move.state}` : gone ? "gone" : `${more}`),
      (item) => (item.alarms ? this._alarm(item.alarms) : item.move ? this._move(item.move) : item.gone ? this._gone() : this._more(item.more)),
    );
    this.steady.stand(shown.map(({ key }) => key));
    const graves = shown.filter(isGrave).map(({ key }) => key);
    this._box.hidden = !items.length && !this.still?.held;
    this.still?.hold(graves.some((key) => !this._graves.includes(key)));
    this._graves = graves;
    this._ages();
  }

  /** It holds its place while somebody aims: a second press must not hit the next row. A button, for Enter to do nothing. */
  _gone() {
    return make("button", { type: "button", class: "att-gone", tabindex: "-1" }, "Done, or over");
  }

  _more(count) {
    const choose = () => {
      this._all = !this._all;
      this.steady.release();
      this._draw();
    };
    return make("button", { type: "button", class: "att-more", onclick: choose }, count ? `${count} more: show all` : "Show the most urgent only");
  }

  _alarm(alarms) {
    const [alarm] = alarms;
    const names = [...new Set(alarms.map((each) => each.unit ?? each.incident))];
    const who = names.slice(0, NAMES).join(", ") + (names.length > NAMES ? ` +${names.length - NAMES}` : "");
    const seen = Boolean(alarm.acknowledged_by);
    const grave = isGrave({ alarms });
    const button = seen
      ? make("button", { type: "button", class: "small", title: "The command line asks who has spoken to the crew", onclick: () => this._act.safe(alarm) }, "Safe …")
      : make("button", { type: "button", class: "small", title: "Acknowledge (K)", onclick: () => this._act.acknowledge(alarms) }, "Ack");
    return make(
      "div",
      { class: `att${grave ? " att-grave" : ""}`, "data-since": Math.min(...alarms.map((each) => each.raised_ms)) },
      make("span", { class: "att-mark", "aria-hidden": "true" }, grave ? "!!" : "!"),
      make(
        "button",
        { type: "button", class: "att-what", title: alarm.text, onclick: () => this._act.show(alarm.incident, alarm.unit) },
        make("b", {}, `${who} `),
        ALARMS[alarm.about] ?? plain(alarm.about),
        make("span", { class: "quiet" }, `${alarm.unit ? ` · ${alarm.incident}` : ""}${seen ? ` · seen by ${alarm.acknowledged_by}` : ""}`),
      ),
      make("span", { class: "att-age" }, ""),
      button,
    );
  }

  _move(move) {
    const why = `${move.fill} ${move.choice} Gain ${percent(move.gain_percent)}, price ${percent(move.price_percent)}.${
      move.hole_ms >= 0 ? ` The hole would last about ${span(move.hole_ms)}.` : ""
    }`;
    return make(
      "div",
      { class: "att att-move", title: why, "data-since": move.since_ms },
      make("span", { class: "att-mark", "aria-hidden": "true" }, "→"),
      make("span", { class: "att-what" }, make("b", {}, `${move.unit} to ${move.post}`), " ", make("span", {}, gainWords(move.gain_percent), make("span", { class: "quiet" }, ` · ${span(move.travel_ms)} away`))),
      make("span", { class: "att-age" }, ""),
      make("span", { class: "att-keys" },
        make("button", { type: "button", class: "small", title: why, onclick: () => this._act.acceptMove(move) }, "Yes"),
        make("button", { type: "button", class: "small", title: "Reject; the command line asks why", onclick: () => this._act.rejectMove(move) }, "No"),
        make("button", { type: "button", class: "small", title: "Not now: ask again in ten minutes", onclick: () => this._act.snoozeMove(move) }, "Later"),
      ),
    );
  }
}
