// The board as the server told it: a snapshot, folded with every delta, bounded in size.

import { spoken } from "./words.js";

const EVENTS = 240;
const REASONS = 120;
/** Facts that are told so often, or of so little, that they would push everything else off the timeline. */
const NOISE = new Set(["progress_seen", "copy_marked", "alert_attempt_failed", "alert_requested", "alert_delivered", "alert_acknowledged", "hour_began", "speeds_learned", "service_learned", "turnouts_learned", "epoch_published", "move_withdrawn", "move_held_back", "destinations_ranked", "assignment_on_time", "duplicates_suspected"]);

export class Board {
  constructor() {
    this.seq = null;
    this.place = null;
    this.atMs = 0;
    this.selected = null;
    this._follow = [];
    this._clear();
    this.events = [];
    this.whys = new Map();
    /** Incidents that were selected here. */
    this.seen = new Set();
  }

  _clear() {
    this.incidents = new Map();
    this.units = new Map();
    this.alarms = new Map();
    this.moves = new Map();
    this.alerts = new Map();
    this.cautions = new Map();
    this.hospitals = new Map();
    this.closures = new Map();
    this.roads = null;
    this.coverage = [];
    /** The heat layer's picture (`cover_told`), while it is shown. */
    this.cover = null;
    /** What is pointed at, and what would come of it. */
    this.peek = null;
    this.motion = new Map();
  }

  /** Call `heard(kind, message)` after each change: board, positions, cover, selection. Returns what ends that. */
  follow(heard) {
    this._follow.push(heard);
    return () => {
      this._follow = this._follow.filter((each) => each !== heard);
    };
  }

  _tell(kind, message) {
    for (const heard of this._follow) heard(kind, message);
  }

  snapshot(message) {
    this._clear();
    this._take(message);
    this.seq = message.seq;
    if (this.selected && !this.incidents.has(this.selected)) this.selected = null;
    for (const name of this.seen) if (!this.incidents.has(name)) this.seen.delete(name);
    this._tell("snapshot", message);
  }

  /** Fold a delta; tell whether it follows on what is here. */
  delta(message) {
    if (message.prev !== this.seq) return false;
    const fresh = message.incidents.filter((each) => !this.incidents.has(each.id) && !each.ended_ms);
    this._take(message);
    for (const name of message.cleared) this.alarms.delete(name);
    for (const name of message.ended_moves ?? []) this.moves.delete(name);
    for (const name of message.ended_alerts ?? []) this.alerts.delete(name);
    for (const told of message.recommendations) {
      this.whys.delete(told.incident);
      this.whys.set(told.incident, told);
      if (this.whys.size > REASONS) this.whys.delete(this.whys.keys().next().value);
    }
    message.events.forEach((event, at) => {
      if (!NOISE.has(event.kind)) this.events.push({ ...event, at: message.at_ms, key: `${message.seq}.${at}` });
    });
    if (this.events.length > EVENTS) this.events.splice(0, this.events.length - EVENTS);
    this.seq = message.seq;
    this._tell("delta", { ...message, fresh });
    return true;
  }

  /** Take over what was told before a snapshot: the timeline, and why units were recommended. */
  recall(events, reasons) {
    this.events = events.filter((event) => !NOISE.has(event.kind)).slice(-EVENTS);
    this.whys = new Map(reasons.slice(-REASONS).map((told) => [told.incident, told]));
  }

  positions(message) {
    for (const [unit, lat, lon, fix, speed, heading] of message.units) {
      const known = this.units.get(unit);
      if (!known) continue;
      known.lat = lat;
      known.lon = lon;
      known.fix_ms = fix;
      known.assumed = false;
      this.motion.set(unit, { speed, heading });
    }
    this._tell("positions", message);
  }

  takeCover(told) {
    this.cover = told;
    this._tell("cover", told);
  }

  takePeek(peek) {
    this.peek = peek;
    this._tell("cover", null);
  }

  select(name) {
    if (this.selected === name) return;
    this.selected = name;
    if (name) this.seen.add(name);
    this._tell("selection", null);
  }

  get chosen() {
    return this.selected ? this.incidents.get(this.selected) : undefined;
  }

  _take(message) {
    this.atMs = message.at_ms;
    for (const each of message.incidents) {
      if (each.ended_ms) {
        this.incidents.delete(each.id);
        this.whys.delete(each.id);
        this.seen.delete(each.id);
        if (this.selected === each.id) this.selected = null;
      } else this.incidents.set(each.id, each);
    }
    for (const each of message.units) this.units.set(each.id, each);
    for (const each of message.alarms) this.alarms.set(each.id, { ...each, text: spoken(each.text) });
    for (const each of message.moves ?? []) this.moves.set(each.id, { ...each, fill: spoken(each.fill), choice: spoken(each.choice) });
    for (const each of message.alerts ?? []) this.alerts.set(each.id, each);
    if (message.coverage) this.coverage = message.coverage;
    if (message.roads) this._takeRoads(message.roads);
    if (message.surroundings) this._takeSurroundings(message.surroundings);
  }

  _takeRoads(roads) {
    this.roads = roads;
    for (const each of roads.closures) this.closures.set(each.id, each);
    for (const name of roads.ended_closures) this.closures.delete(name);
  }

  _takeSurroundings(told) {
    for (const each of told.cautions) this.cautions.set(each.id, each);
    for (const name of told.ended) this.cautions.delete(name);
    for (const each of told.hospitals) this.hospitals.set(each.id, each);
  }
}

/** Does it lack somebody, and nobody has said that it shall wait? Then a person has to look. */
export const isPending = ({ waiting_since_ms: since, held_until_ms: held, stacked_on: stacked }) =>
  since !== null && since !== undefined && !held && !stacked;

/** Pending first, then by priority, then the one that has waited longest. */
export function ranked(incidents) {
  const since = (each) => each.waiting_since_ms ?? each.reported_ms;
  return [...incidents].sort(
    (a, b) =>
      Number(isPending(b)) - Number(isPending(a)) || a.priority - b.priority || since(a) - since(b) || (a.id < b.id ? -1 : 1),
  );
}
