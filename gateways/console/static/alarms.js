// Which tone repeats, and until when. One at a time, the most urgent: what is less urgent is seen meanwhile, not heard.

import { isPending } from "./board.js";

/** Tones that repeat until a person has answered what they are about, the most urgent first: every so many milliseconds. */
const EVERY_MS = { emergency: 3000, lost: 6000, roll: 5000, incident1: 5000, untold: 10_000, attention: 20_000 };
/** By alarm, the tone that repeats until it is acknowledged. The others sound once, and again on each higher rung. */
const TONE_OF = {
  unit_emergency: "emergency",
  roll_unanswered: "roll",
  not_acknowledged: "untold",
  alert_undelivered: "untold",
  caution_untold: "untold",
  message_untold: "untold",
  orphan: "attention",
  help_requested: "attention",
  declined: "attention",
};

export class Alarms {
  constructor(board, link, tones) {
    this.board = board;
    this.link = link;
    this.tones = tones;
    this._live = false;
  }

  /** Sound what is due now, or be silent. Called after each change. */
  look() {
    if (this.link.state === "live") this._live = true;
    this.tones.wake(this._emergencies());
    const name = this.due;
    this.tones.repeat(name, EVERY_MS[name]);
  }

  /** The tone that is to repeat now; null: none. */
  get due() {
    const due = new Set(this._open().map((alarm) => TONE_OF[alarm.about]));
    if (this._live && this.link.state !== "live") due.add("lost");
    if (this.unseen) due.add("incident1");
    return Object.keys(EVERY_MS).find((each) => due.has(each)) ?? null;
  }

  /** The call of priority 1 that has waited longest without anybody having looked at it here; undefined: none. */
  get unseen() {
    return [...this.board.incidents.values()]
      .filter((each) => each.priority === 1 && isPending(each) && !this.board.seen.has(each.id))
      .sort((a, b) => a.waiting_since_ms - b.waiting_since_ms)[0];
  }

  /** What a delta brings sounds once: the most urgent call that is new, or else the alarms. */
  sound(fresh, alarms) {
    const [first] = [...fresh].sort((a, b) => a.priority - b.priority);
    if (first) this.tones.play(`incident${Math.min(3, first.priority)}`);
    else if (alarms.some((alarm) => !alarm.acknowledged_by && alarm.about !== "unit_emergency")) this.tones.play("attention");
  }

  _open() {
    return [...this.board.alarms.values()].filter((alarm) => !alarm.acknowledged_by);
  }

  _emergencies() {
    return this._open().filter((alarm) => alarm.about === "unit_emergency").map((alarm) => alarm.id);
  }
}
