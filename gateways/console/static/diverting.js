// What turning units round takes and gives, in words: who loses them and what is left there, and who is there how much sooner.

import { now } from "./clock.js";
import { ARRIVED, list, plain, span, STATUS, typeName } from "./words.js";

const AGAIN_MS = 5_000;
const KEPT = 20;
const ASKED = 3; // units of one order

/** How long units would drive, as the server finds its way; asked while somebody thinks of it. */
export class Ways {
  /** `told()` is called when something has become known. */
  constructor(link, told) {
    this._link = link;
    this._told = told;
    this._known = new Map();
  }

  /** From where the unit is to the incident, in ms; null until that is known, and where there are no streets. */
  ms(unit, incident) {
    const name = `${unit} ${incident}`;
    const known = this._known.get(name);
    if ((!known || performance.now() - known.askedAt > AGAIN_MS) && this._link.state === "live") this._ask(name, { type: "ask_way", unit, incident }, known?.ms ?? null);
    return this._known.get(name)?.ms ?? null;
  }

  async _ask(name, question, ms) {
    this._known.delete(name);
    this._known.set(name, { ms, askedAt: performance.now() });
    if (this._known.size > KEPT) this._known.delete(this._known.keys().next().value);
    const told = await this._link.ask(question);
    if (!this._known.has(name)) return;
    this._known.get(name).ms = told.route?.travel_ms ?? null;
    this._told();
  }
}

/** What an incident still has: `E01 (on scene) stays there`; nobody, where that is so. */
function has(others) {
  if (!others.length) return "nobody is left there";
  const named = others.length > 2 ? others.map(({ unit }) => unit) : others.map(({ unit, status }) => `${unit} (${STATUS[status][1]})`);
  return `${list(named)} ${others.length > 1 ? "stay" : "stays"} there`;
}

/** What these incidents lose with the units: {text, warns}; null where the units come from nowhere else. */
export function loses(units, target, { board }) {
  const names = units.map((unit) => board.units.get(unit)?.incident).filter((each) => each && each !== target);
  const said = [...new Set(names)].map((name) => board.incidents.get(name)).filter(Boolean).map((incident) => {
    const leaving = incident.assigned.filter(({ unit }) => units.includes(unit));
    const others = incident.assigned.filter(({ unit }) => !units.includes(unit));
    const left = Math.min(...leaving.map(({ arrive_ms: at }) => (at ? at - now() : Infinity)));
    const soon = left > 0 && left < Infinity ? ` ${span(left)} before ${leaving.length > 1 ? "the first" : "it"} is there` : "";
    return { text: `${incident.id} (P${incident.priority} ${typeName(incident.type)}) loses ${list(leaving.map(({ unit }) => unit))}${soon}, ${has(others)}`, warns: !others.length };
  });
  return said.length ? { text: said.map(({ text }) => text).join("; "), warns: said.some(({ warns }) => warns) } : null;
}

/** Who of the same kind would be there without them, soonest first: {unit, ms}. */
function otherwise(kinds, units, incident, board) {
  const coming = incident.assigned.filter(({ status, arrive_ms: at }) => at && !ARRIVED.has(status)).map(({ unit, arrive_ms: at }) => ({ unit, ms: Math.max(0, at - now()) }));
  const advised = incident.recommended.map(({ unit, eta_ms: ms }) => ({ unit, ms }));
  return [...coming, ...advised].filter(({ unit }) => !units.includes(unit) && kinds.has(board.units.get(unit)?.kind)).sort((a, b) => a.ms - b.ms);
}

/** What the incident gains: how far away they are, and how much sooner there than the next of their kind; "" while unknown. */
export function gains(units, target, { board, ways }) {
  const incident = board.incidents.get(target);
  if (!incident || units.length > ASKED) return "";
  const driven = units.map((unit) => ways.ms(unit, target));
  if (driven.includes(null)) return "";
  const first = Math.min(...driven);
  const away = units.map((unit, at) => `${units.length > 1 ? `${unit} ` : ""}${span(driven[at])}`).join(", ");
  const kinds = new Set(units.map((unit) => board.units.get(unit)?.kind));
  const [next] = otherwise(kinds, units, incident, board);
  if (!next) return `${away} away from ${target}, where no other ${[...kinds].map(plain).join(" or ")} is going`;
  const sooner = next.ms - first;
  return `${away} away from ${target}, ${span(Math.abs(sooner))} ${sooner < 0 ? "later" : "sooner"} than ${next.unit}`;
}
