// What Enter will do, in words, told from the very messages that it would send: the line is read once, for both.

import { clockTime, now } from "./clock.js";
import { gains, loses } from "./diverting.js";
import { list, plain, rough, STATUS } from "./words.js";

const on = (incident, { board }) => (board.incidents.get(incident)?.assigned ?? []).map((each) => each.unit);

const besides = (incident, units, desk) => on(incident, desk).filter((unit) => !units.includes(unit));

/** Who stays on an incident when these units have gone: {text, warns}. */
function left(incident, units, desk) {
  const others = besides(incident, units, desk);
  if (!others.length) return { text: `nobody is left on ${incident}`, warns: true };
  return { text: `${list(others)} ${others.length > 1 ? "stay" : "stays"} on ${incident}` };
}

function sends({ incident }, units, desk) {
  const others = besides(incident, units, desk);
  const also = { text: `besides ${list(others)}. RP and both units: one in the place of the other` };
  return [`sends ${list(units)} to ${incident ?? "it"}`, others.length ? also : null];
}

function accepts({ incident }, _, desk) {
  const { recommended = [] } = desk.board.incidents.get(incident) ?? {};
  const ways = recommended.map(({ unit, source, replaces }) => `${unit}${source ? ` (from ${source})` : ""}${replaces ? ` (in place of ${replaces})` : ""}`);
  const turned = recommended.filter(({ source }) => source).map(({ unit }) => unit);
  return [ways.length ? `sends ${list(ways)} to ${incident}, as recommended` : `accepts for ${incident}: nobody is sent`, loses(turned, incident, desk)];
}

function turns({ incident }, units, desk) {
  return [`turns ${list(units)} round to ${incident}`, loses(units, incident, desk), gains(units, incident, desk)];
}

function cancels({ incident }, _, desk) {
  const units = on(incident, desk);
  return [`cancels ${incident}`, units.length ? { text: `${list(units)} ${units.length > 1 ? "are" : "is"} released`, warns: true } : null];
}

function alarmed({ alarm }, _, { board }) {
  const { unit, incident } = board.alarms.get(alarm) ?? {};
  return [`acknowledges the alarm of ${unit ?? incident ?? alarm}`];
}

const quoted = (text) => `“${text}”`;

function enters({ due_ms: due }, _, { draft }) {
  const units = draft.wouldSend.map((each) => each.unit);
  if (due) return [`enters the call; nothing goes by itself until ${clockTime(due)}`];
  return [units.length ? `enters the call and sends ${list(units)}` : "enters the call"];
}

/** By type of message: (message, units, desk) → [what it does, what else comes of it, what is gained by it]. */
const MEANS = {
  report_incident: enters,
  dispatch: sends,
  accept: accepts,
  divert: turns,
  release: ({ incident }, units, desk) => [`releases ${list(units)} from ${incident}`, left(incident, units, desk)],
  supersede: ({ incident, replacement }, units) => [`sends ${replacement} to ${incident} in the place of ${list(units)}, which is released`],
  recommend: ({ incident }) => [`has ${incident} judged anew`],
  unit_status: ({ status }, units) => [`reports ${list(units)} ${STATUS[status][1]}`],
  hold: ({ incident, until_ms: until }) => [`holds ${incident} for ${rough(until - now())}: nobody more is sent`],
  end_hold: ({ incident }) => [incident ? `ends the hold of ${incident}` : "leaves the rest to the plan"],
  amend_incident: ({ incident, priority }) => [`makes ${incident} priority ${priority}`],
  note: ({ incident, text }) => [`writes on ${incident}: ${quoted(text)}`],
  strike_alarm: ({ incident }) => [`strikes the next alarm for ${incident}`],
  close_incident: ({ incident, disposition }) => [`closes ${incident} as ${quoted(disposition)}`],
  cancel_incident: cancels,
  call_roll: ({ incident }) => [`calls the roll at ${incident}`],
  tell_unit: ({ text }, units) => [`says to ${list(units)}: ${quoted(text)}`],
  order_move: ({ post }, units) => [`moves ${list(units)} to ${post}`],
  reject_move: (_, units) => [`leaves ${list(units)} where it is`],
  acknowledge_alarm: alarmed,
  resolve_emergency: (_, units) => [`ends the emergency of ${list(units)}`],
};

/** Messages that differ in their unit alone are one matter: [{message, units}]. */
function together(messages) {
  const groups = new Map();
  for (const message of messages) {
    const { unit, units, ...rest } = message;
    const key = JSON.stringify(rest);
    if (!groups.has(key)) groups.set(key, { message, units: [] });
    groups.get(key).units.push(...(units ?? (unit ? [unit] : [])));
  }
  return [...groups.values()];
}

/** What these messages will do: [{says, also, warns, gains, reason}]; empty where they only ask, or one of them has no words. */
export function foretold(messages, desk) {
  const told = together(messages.filter(({ type }) => !type.startsWith("ask_")));
  return told.map(({ message, units }) => {
    const [says, also, gained = ""] = (MEANS[message.type] ?? (() => [plain(message.type)]))(message, units, desk);
    return { says, also: also?.text ?? "", warns: Boolean(also?.warns), gains: gained, reason: message.reason ?? "" };
  });
}

/** The types of messages that have words of their own here. */
export const FORETOLD = Object.keys(MEANS);

/** What is owed before Enter will do: whoever sends others than are recommended says why. */
export function owed(messages, desk) {
  for (const { type, incident, units, reason } of messages) {
    if (type !== "dispatch" || reason) continue;
    const best = desk.board.incidents.get(incident)?.recommended.map((each) => each.unit) ?? [];
    const others = units.filter((unit) => !best.includes(unit) && !on(incident, desk).includes(unit));
    if (best.length && others.length) return `${list(others)} instead of ${list(best)}: say why`;
  }
  return "";
}
