// Which units and incidents may stand next in a line, the likeliest first: who is near and free for an order that sends,
// who is under way elsewhere for one that diverts.

import { isPending, ranked } from "./board.js";
import { incidentOf, meant } from "./grammar.js";
import { FREE, span, STATUS, typeName } from "./words.js";

/** A unit that may still be turned round. */
export const UNDER_WAY = new Set(["dispatched", "acknowledged", "en_route"]);

/** The incident that the words name; undefined if they name none. */
function named(words, board) {
  for (const word of words) {
    try {
      return board.incidents.get(incidentOf(word, board));
    } catch {
      // it is a unit, or the beginning of a reason
    }
  }
  return undefined;
}

/** Units under way to another incident than this one. */
export function elsewhere(board, incident) {
  return [...board.units.values()].filter((unit) => unit.incident && unit.incident !== incident?.id && UNDER_WAY.has(unit.status));
}

/** Everybody, in the order in which they would be recommended, as far as that has been judged: {word, about}. */
function sending(desk, incident) {
  const { board, streets } = desk;
  const judged = new Map();
  for (const slot of board.whys.get(incident?.id)?.why.slots ?? []) {
    for (const { unit, rank, eta_ms: eta } of slot.considered) {
      if (rank > 0 && eta >= 0 && FREE.has(board.units.get(unit)?.status) && !(judged.get(unit)?.rank < rank)) judged.set(unit, { rank, eta });
    }
  }
  const best = (incident?.recommended ?? []).map((each) => each.unit);
  const weight = (unit) => {
    if (best.includes(unit.id)) return best.indexOf(unit.id) - 1e9;
    if (judged.has(unit.id)) return judged.get(unit.id).rank - 1e8;
    return (FREE.has(unit.status) ? 0 : 1e9) + (fits(unit, incident, board) ? 0 : 1e8) + away(streets, unit, incident);
  };
  const there = new Set((incident?.assigned ?? []).map((each) => each.unit));
  return byWeight([...board.units.values()].filter((unit) => !there.has(unit.id)), weight).map((unit) => ({
    word: unit.id,
    about: best.includes(unit.id) ? "recommended" : judged.has(unit.id) ? `in ${span(judged.get(unit.id).eta)}` : plainly(unit),
  }));
}

function diverting({ board, streets }, incident) {
  const weight = (unit) => (fits(unit, incident, board) ? 0 : 1e8) + away(streets, unit, incident);
  return byWeight(elsewhere(board, incident), weight).map((unit) => ({ word: unit.id, about: `${plainly(unit)} to ${unit.incident}` }));
}

/** Could it stand for what the incident lacks? Where nothing is known to be lacking, anybody could. */
function fits(unit, incident, board) {
  const kinds = (incident?.recommended ?? []).map((each) => board.units.get(each.unit)?.kind);
  const needs = (incident?.short ?? []).map((each) => each.needs);
  if (!kinds.length && !needs.length) return true;
  return kinds.includes(unit.kind) || needs.some((each) => each.every((need) => unit.capabilities.includes(need)));
}

/** Each is weighed once, however many are compared. */
function byWeight(units, weight) {
  return units.map((unit) => [weight(unit), unit]).sort(([a], [b]) => a - b).map(([, unit]) => unit);
}

function away(streets, unit, incident) {
  if (!incident) return 0;
  const [from, to] = [streets.toMetres(unit.lat, unit.lon), streets.toMetres(incident.lat, incident.lon)];
  return Math.hypot(from[0] - to[0], from[1] - to[1]);
}

const plainly = (unit) => STATUS[unit.status][1];

/** The units that may stand next behind the words of this verb. */
export function unitOffers(desk, verb, words) {
  const { board } = desk;
  const incident = named(words, board) ?? board.chosen;
  if (verb.verb === "D" || verb.verb === "DE") return sending(desk, incident);
  if (verb.verb === "DV") return diverting(desk, incident);
  const reporting = verb.status && !["AV", "OS"].includes(verb.verb);
  return [...board.units.values()].filter((unit) => !reporting || unit.incident).map((unit) => ({ word: unit.id, about: plainly(unit) }));
}

/** The units that may stand behind a call that is typed: `words` are those before, back to the mark. None once a reason has begun. */
export function callOffers(desk, words) {
  const { board, draft } = desk;
  const named = words.map((word) => meant(word, board.units.keys()));
  if (!desk.may("order") || !named.every((each) => typeof each === "string")) return [];
  return sending(desk, draft.asIncident).filter(({ word }) => !named.includes(word));
}

/** The incidents that may stand next; none where one has been named. Who waits stands first. */
export function incidentOffers({ board }, words) {
  if (named(words, board)) return [];
  return ranked(board.incidents.values()).map((each) => ({ word: each.id, about: `${typeName(each.type)}${isPending(each) ? ", waits" : ""}` }));
}
