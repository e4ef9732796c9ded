// The desk: everything that a dispatcher can do here, whether by key, button or command line.

import { now } from "./clock.js";
import { Wrong } from "./grammar.js";
import { showHelp } from "./help.js";
import { releasing } from "./orders.js";
import { plain, span } from "./words.js";

const SNOOZE_MS = 600_000;
const TOLD_WITHIN_MS = 2_000;

export class Desk {
  constructor({ board, link, streets, place, me, tones }) {
    Object.assign(this, { board, link, streets, place, me, tones });
    this._rights = new Set(me.rights);
    this._soon = null;
  }

  may(right) {
    return this._rights.has(right);
  }

  /** Has the role every right that the verb needs? */
  mayAll(verb) {
    return verb.rights.every((right) => this.may(right));
  }

  help() {
    showHelp((verb) => this.mayAll(verb), this.board);
  }

  // ── looking ───────────────────────────────────────────────────────────────────────────────────────────

  openIncident(name) {
    this.board.select(name);
    const incident = this.board.incidents.get(name);
    if (incident) this.map.reveal(incident.lat, incident.lon);
    return "";
  }

  /** Open an incident as soon as it is on the board: the answer may come before the delta. */
  openSoon(name) {
    this._soon = name;
    this.opened();
  }

  opened() {
    if (!this._soon || !this.board.incidents.has(this._soon)) return;
    const name = this._soon;
    this._soon = null;
    this.openIncident(name);
  }

  showUnit(name) {
    const unit = this.board.units.get(name);
    if (!unit) return "";
    if (unit.incident) this.board.select(unit.incident);
    this.map.seek(unit);
    return `${name}: ${plain(unit.kind)}, ${unit.capabilities.map(plain).join(", ")}, at home in ${unit.station}`;
  }

  show(incident, unit) {
    if (this.board.incidents.has(incident)) this.openIncident(incident);
    else if (unit) this.showUnit(unit);
  }

  showWhy(incident, unit, account) {
    this.board.select(incident);
    this.card.tell(incident, unit, account);
    return unit ? `${unit} and ${incident}: see the card` : `${incident}: see the card`;
  }

  // ── deciding ──────────────────────────────────────────────────────────────────────────────────────────

  /** What accepting the recommendation of an incident does. Raises Wrong. */
  accepting(name) {
    const incident = this.board.incidents.get(name);
    if (!incident?.decided_seq) throw new Wrong(`Nothing is recommended for ${name}. R ${name} judges anew.`);
    const units = incident.recommended.map((each) => each.unit);
    // A crew that was turned round, relieved or is waited for is not given back by a release.
    const plainly = incident.recommended.every((each) => !each.source && !each.replaces && !(each.clear_ms >= 0));
    return {
      say: [{ type: "accept", incident: name, decision: incident.decided_seq }],
      done: () => `Accepted for ${name}: ${units.join(", ")}`,
      ...(plainly && units.length > 0 ? releasing(units, name) : {}),
    };
  }

  /** The units that are recommended in the place of a decision that no longer holds, once the board has brought them. */
  renewed(name, before) {
    const best = () => {
      const incident = this.board.incidents.get(name);
      if (!incident?.decided_seq || incident.decided_seq === before) return "";
      return incident.recommended.map((each) => `${each.unit} (${span(each.eta_ms)})`).join(", ");
    };
    return this._once(best);
  }

  /** An incident that was entered just now, once units are sent there; undefined if that is not told in time. */
  sentTo(name) {
    return this._once(() => {
      const incident = this.board.incidents.get(name);
      return incident?.assigned.length ? incident : undefined;
    });
  }

  /** What `read` returns as soon as that is anything, or at last. The board is told a moment after the answer. */
  _once(read) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(over);
        unfollow();
        resolve(read());
      };
      const over = setTimeout(end, TOLD_WITHIN_MS);
      const unfollow = this.board.follow(() => read() && end());
      if (read()) end();
    });
  }

  accept(incident) {
    return this.line.run(`D ${incident.id}`);
  }

  acceptChosen() {
    const { chosen } = this.board;
    if (!chosen) return;
    if (chosen.decided_seq) this.accept(chosen);
  }

  override(incident) {
    this.line.focus(`D ${incident.id} `);
  }

  divert(incident) {
    this.line.focus(`DV ${incident.id} `);
  }

  askWhy(incident) {
    this.line.focus(`W ${incident.id} `);
  }

  // ── attention ─────────────────────────────────────────────────────────────────────────────────────────

  acknowledge(alarms) {
    const about = alarms.map((alarm) => alarm.unit ?? alarm.incident).join(", ");
    return this.line.perform({ say: alarms.map((alarm) => ({ type: "acknowledge_alarm", alarm: alarm.id })), done: () => `Acknowledged: ${about}` });
  }

  safe(alarm) {
    this.line.focus(`OK ${alarm.unit} `);
  }

  acceptMove(move) {
    return this.line.perform({ say: [{ type: "accept_move", move: move.id }], done: () => `${move.unit} moves to ${move.post}` });
  }

  rejectMove(move) {
    this.line.focus(`NM ${move.unit} `);
  }

  snoozeMove(move) {
    const for_ms = SNOOZE_MS;
    return this.line.perform({ say: [{ type: "snooze_move", move: move.id, for_ms }], done: () => `${move.unit} to ${move.post}: not now` });
  }

  get time() {
    return now();
  }
}
