// How words become orders, one reader a verb. Which verbs there are is said on the server (`verbs.js`).

import { now } from "./clock.js";
import { behind, incidentOf, meant, need, sorted, unitOf, Wrong } from "./grammar.js";
import { UNDER_WAY } from "./offers.js";
import { ARRIVED, STATUS } from "./words.js";

const WHICH = "Name an incident, or select one first (↓).";
const WHO = "Name a unit.";
const UNDONE = "undone at the console";

/** What is wrong with a line whatever else is typed: it is said before Enter, too. */
const sure = (words, more = {}) => new Wrong(words, { sure: words, ...more });

const DUTY = new Set(["available", "returning", "on_break", "out_of_service", "off_duty"]);

/** The reader of a verb that reports a status of units. */
export function reporting({ verb, status }) {
  return ({ words, text }, desk) => {
    const { units, text: said } = sorted(words, text, desk.board, { wantsIncident: false, takesText: false });
    need(units, WHO);
    const before = units.map((unit) => desk.board.units.get(unit));
    if (said) wordless(said, `${verb} ${units.join(" ")}`, before);
    const idle = before.every((unit) => !unit.incident && DUTY.has(unit.status)) && DUTY.has(status);
    return {
      say: units.map((unit) => ({ type: "unit_status", unit, status })),
      done: () => `${units.join(", ")} ${STATUS[status][1]}`,
      // What a crew has reported of its incident is never taken back; whether a unit is in service is.
      holds: (board) => units.every((unit) => board.units.get(unit)?.status === status),
      undo: idle && {
        say: before.map((unit) => ({ type: "unit_status", unit: unit.id, status: unit.status })),
        done: () => `Undone: ${units.join(", ")} as before`,
      },
    };
  };
}

/** Refuse words behind a status, which has room for none: nothing that somebody typed is dropped unsaid. */
function wordless(said, line, units) {
  const about = units.find((unit) => unit.incident)?.incident;
  const kept = about ? ` NT ${about} ${said} writes it down.` : "";
  throw sure(`A status takes no words: “${said}” would be lost. Enter reports ${line} alone.${kept}`, { instead: line });
}

/** The reader of a verb for an incident and a text. */
function onIncident(needs, build, done) {
  return ({ words, text }, desk) => {
    const { incident, text: said } = sorted(words, text, desk.board, { wantsUnits: false });
    need(incident, WHICH);
    if (needs) need(said, needs);
    return { say: [build(incident, said)], done: () => done(incident, said) };
  };
}

/** The reader of a verb for one unit and a reason, and perhaps what it is about. */
function onUnit(build, done) {
  return ({ words, text }, desk) => {
    need(words, WHO);
    const unit = unitOf(words[0], desk.board);
    return { say: [build(unit, words.slice(1), text, desk)], done: () => done(unit) };
  };
}

/** What takes back that these units were sent, as long as they are on it. */
export function releasing(units, incident) {
  return {
    holds: (board) => units.every((unit) => board.units.get(unit)?.incident === incident),
    undo: {
      say: units.map((unit) => ({ type: "release", unit, incident, reason: UNDONE })),
      done: () => `Undone: ${units.join(", ")} released from ${incident}`,
    },
  };
}

/** Refuse, for sending and diverting alike, who has arrived elsewhere; `instead` says whom to take. */
function stays({ id, status, incident }, instead) {
  if (ARRIVED.has(status)) throw sure(`${id} is ${STATUS[status][1]} at ${incident} and stays until its crew says that it is clear. ${instead}`);
}

/** Who is under way elsewhere is turned round, not sent: the line that does so keeps what was said of why. */
function onlyFree(units, incident, reason, board) {
  const elsewhere = units.map((unit) => board.units.get(unit)).filter((unit) => unit.incident && unit.incident !== incident);
  elsewhere.forEach((unit) => stays(unit, "Send another one."));
  const under = elsewhere.filter((unit) => UNDER_WAY.has(unit.status));
  if (!under.length) return;
  const names = under.map((unit) => unit.id);
  const others = units.filter((unit) => !names.includes(unit));
  const where = under.map((unit) => `${unit.id} is under way to ${unit.incident}`).join(", ");
  const how = reason ? "Enter turns" : "Say why, and Enter turns";
  const rest = others.length ? ` ${others.join(", ")}: with D, in a line of its own.` : "";
  throw sure(`${where}. ${how} ${names.length > 1 ? "them" : "it"} round (DV).${rest}`, { instead: `DV ${names.join(" ")} ${incident} ${reason ? behind(reason, board) : ""}` });
}

function dispatch({ words, text }, desk) {
  const { incident, units, text: reason } = sorted(words, text, desk.board);
  need(incident, WHICH);
  if (!units.length) {
    if (reason) throw new Wrong(`There is no unit “${reason.split(" ")[0]}”.`);
    return desk.accepting(incident);
  }
  onlyFree(units, incident, reason, desk.board);
  return {
    say: [{ type: "dispatch", incident, units, reason }],
    done: () => `Sent ${units.join(", ")} to ${incident}`,
    ...releasing(units, incident),
  };
}

function dispatchRolling({ words, text }, desk) {
  const { incident, units, text: reason } = sorted(words, text, desk.board);
  need(incident, WHICH);
  need(units, WHO);
  return {
    say: [
      { type: "dispatch", incident, units, reason },
      ...units.map((unit) => ({ type: "unit_status", unit, status: "en_route", incident })),
    ],
    done: () => `Sent ${units.join(", ")} to ${incident}, en route`,
  };
}

function onlyToMoreUrgent(unit, from, to) {
  if (!from || !to || from === to || to.priority < from.priority) return;
  throw sure(`${to.id} (P${to.priority}) is not more urgent than ${from.id} (P${from.priority}), where ${unit} is going. Send a free unit (D).`);
}

/** Refuse to turn round who is not on the way to anything, while the line is typed: no further word can mend that. */
function onlyRolling(units, incident, reason, board) {
  for (const unit of units) {
    const known = board.units.get(unit);
    stays(known, "Turn one round that is under way, or send a free one (D).");
    const sent = ["D", incident, unit, reason && behind(reason, board)].filter(Boolean).join(" ");
    if (!known.incident) throw sure(`${unit} is on no incident, so there is nothing to turn it round from. D sends it.`, { instead: `${sent} ` });
    onlyToMoreUrgent(unit, board.incidents.get(known.incident), board.incidents.get(incident));
  }
}

function divert({ words, text }, desk) {
  const { incident, units, text: reason } = sorted(words, text, desk.board);
  need(units, WHO);
  onlyRolling(units, incident, reason, desk.board);
  need(incident, "To which incident?");
  need(reason, "Say why.");
  return {
    say: units.map((unit) => ({ type: "divert", unit, incident, reason })),
    done: () => `${units.join(", ")} diverted to ${incident}`,
  };
}

function replace({ words, text }, desk) {
  const { units, text: reason } = sorted(words, text, desk.board, { wantsIncident: false, most: 2 });
  if (units.length !== 2) throw new Wrong("Name two units: the one that goes home, then the one that goes in its place.");
  const [unit, replacement] = units;
  const incident = need(desk.board.units.get(unit).incident, `${unit} is on no incident.`);
  return {
    say: [{ type: "supersede", incident, unit, replacement, reason: need(reason, "Say why.") }],
    done: () => `Sent ${replacement} to ${incident} in the place of ${unit}`,
  };
}

function release({ words, text }, desk) {
  const { units, text: reason } = sorted(words, text, desk.board, { wantsIncident: false });
  need(units, WHO);
  const freed = units.map((unit) => ({ unit, incident: need(desk.board.units.get(unit).incident, `${unit} is on no incident.`) }));
  need(reason, "Say why.");
  return {
    say: freed.map((each) => ({ type: "release", ...each, reason })),
    done: () => `${units.join(", ")} released`,
  };
}

function hold({ words, text }, desk) {
  const at = words.length > 1 && /^\d+$/.test(words[1]) ? 1 : 0;
  const incident = at ? incidentOf(words[0], desk.board) : need(desk.board.selected, WHICH);
  const minutes = Number(words[at]);
  if (!Number.isInteger(minutes)) throw new Wrong("For how many minutes?");
  if (minutes === 0) return { say: [{ type: "end_hold", incident }], done: () => `${incident} is no longer held` };
  const reason = need([words.slice(at + 1).join(" "), text].filter(Boolean).join(" "), "Say why it is held.");
  const until_ms = Math.round(now() + minutes * 60_000);
  return {
    say: [{ type: "hold", incident, until_ms, reason }],
    done: () => `${incident} held for ${minutes} min`,
    holds: (board) => Boolean(board.incidents.get(incident)?.held_until_ms),
    undo: { say: [{ type: "end_hold", incident }], done: () => `Undone: ${incident} is not held` },
  };
}

function priority({ words }, desk) {
  const asked = Number(words.at(-1)?.replace(/^p/i, ""));
  if (!(asked >= 1 && asked <= 5)) throw new Wrong("The priority is 1 (most urgent) to 5.");
  const incident = words.length > 1 ? incidentOf(words[0], desk.board) : need(desk.board.selected, WHICH);
  const before = desk.board.incidents.get(incident)?.priority;
  return {
    say: [{ type: "amend_incident", incident, priority: asked }],
    done: () => `${incident} is priority ${asked}`,
    holds: (board) => board.incidents.get(incident)?.priority === asked,
    undo: before && {
      say: [{ type: "amend_incident", incident, priority: before }],
      done: () => `Undone: ${incident} is priority ${before}`,
    },
  };
}

function message({ words, text }, desk) {
  const { units, text: said } = sorted(words, text, desk.board, { wantsIncident: false });
  need(units, WHO);
  need(said, "What is to be said?");
  return { say: units.map((unit) => ({ type: "tell_unit", unit, text: said })), done: () => `Said to ${units.join(", ")}` };
}

function acknowledge({ words }, desk) {
  const all = desk.attention.waiting.map((each) => each.alarm).filter((alarm) => alarm && !alarm.acknowledged_by);
  const name = words[0]?.toUpperCase();
  const meantOnes = name ? all.filter((alarm) => [alarm.unit, alarm.incident].some((each) => each?.toUpperCase() === name)) : all.slice(0, 1);
  need(meantOnes, name ? `No alarm about ${name} waits.` : "No alarm waits.");
  return {
    say: meantOnes.map((alarm) => ({ type: "acknowledge_alarm", alarm: alarm.id })),
    done: () => `Acknowledged: ${meantOnes.map((alarm) => alarm.unit ?? alarm.incident).join(", ")}`,
  };
}

const move = onUnit((unit, words, text, desk) => {
  const post = meant(need(words[0], "To which station?"), desk.place.stations.map((each) => each.id));
  if (Array.isArray(post)) throw new Wrong(`Which station: ${post.slice(0, 4).join(", ")}?`);
  if (!post) throw new Wrong(`There is no station “${words[0]}”.`);
  return { type: "order_move", unit, post, reason: need([...words.slice(1), text].join(" ").trim(), "Say why.") };
}, (unit) => `${unit} moves`);

const safe = onUnit((unit, words, text) => (
  { type: "resolve_emergency", unit, reason: need([...words, text].join(" ").trim(), "Say who has spoken to the crew.") }
), (unit) => `${unit} is safe`);

function rejectMove({ words, text }, desk) {
  const unit = unitOf(need(words[0], WHO), desk.board);
  const proposed = [...desk.board.moves.values()].find((each) => each.unit === unit && each.state === "proposed");
  need(proposed, `No move is proposed for ${unit}.`);
  const reason = need([...words.slice(1), text].join(" ").trim(), "Say why not.");
  return { say: [{ type: "reject_move", move: proposed.id, unit, reason }], done: () => `${unit} stays` };
}

export const ORDERS = {
  D: dispatch,
  DE: dispatchRolling,
  DV: divert,
  RP: replace,
  RL: release,
  R: onIncident("", (incident) => ({ type: "recommend", incident }), (incident) => `${incident} judged anew`),
  H: hold,
  P: priority,
  NT: onIncident("What is to be noted?", (incident, text) => ({ type: "note", incident, text }), (incident) => `Noted on ${incident}`),
  AL: onIncident("", (incident, reason) => ({ type: "strike_alarm", incident, reason }), (incident) => `Next alarm struck for ${incident}`),
  X: onIncident("Say how it ended.", (incident, disposition) => ({ type: "close_incident", incident, disposition }), (incident) => `${incident} closed`),
  C: onIncident("Say why.", (incident, reason) => ({ type: "cancel_incident", incident, reason }), (incident) => `${incident} cancelled`),
  PAR: onIncident("", (incident) => ({ type: "call_roll", incident }), (incident) => `Roll called at ${incident}`),
  M: message,
  MV: move,
  NM: rejectMove,
  K: acknowledge,
  OK: safe,
};
