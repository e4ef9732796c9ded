// How statuses, alarms and times are shown: always by a code and a shape, never by colour alone.

/** By status: code on the board, in words, tone (the theme's colour), shape on the map. */
export const STATUS = {
  available: ["AV", "available", "free", "ring"],
  returning: ["RT", "returning", "free", "ring"],
  on_break: ["BR", "on break", "free", "ring"],
  requested: ["RQ", "requested", "told", "arrow"],
  reserved: ["RS", "reserved", "told", "arrow"],
  dispatched: ["DP", "dispatched", "told", "arrow"],
  acknowledged: ["AK", "acknowledged", "told", "arrow"],
  en_route: ["ER", "en route", "rolling", "arrow"],
  staging: ["SG", "staging", "rolling", "arrow"],
  on_scene: ["SC", "on scene", "there", "block"],
  at_patient: ["PT", "at patient", "there", "block"],
  transporting: ["TR", "transporting", "bringing", "arrow"],
  at_hospital: ["AH", "at hospital", "bringing", "block"],
  out_of_service: ["OS", "out of service", "away", "cross"],
  off_duty: ["OD", "off duty", "away", "cross"],
};
export const FREE = new Set(["available", "returning", "on_break"]);
/** It is with its incident, or with somebody from there. */
export const ARRIVED = new Set(["on_scene", "at_patient", "transporting", "at_hospital"]);
export const AWAY = new Set(["out_of_service", "off_duty"]);

/** Alarms, most urgent first, in words. */
export const ALARMS = {
  unit_emergency: "Unit emergency",
  orphan: "Incident without anybody",
  declined: "Crew does not go",
  help_requested: "Crew asks for help",
  roll_unanswered: "Roll-call unanswered",
  pending: "Waiting too long",
  withheld: "Needs your word",
  alert_undelivered: "Alert not delivered: call by voice",
  caution_untold: "Danger not told: call by voice",
  message_untold: "Message not told: call by voice",
  not_acknowledged: "Not acknowledged",
  turnout: "Told to go, not rolling",
  not_sent: "Reserved, not sent",
  overdue: "Overdue on scene",
  unchanged: "Silent for long",
};
const URGENCY = Object.keys(ALARMS);
export const urgency = (about) => (URGENCY.includes(about) ? URGENCY.indexOf(about) : URGENCY.length);

export const PHASE = { waiting: "waiting", assigned: "told", en_route: "rolling", on_scene: "on scene" };

/** A name of the vocabulary in words: `on_scene`, `second_chief`, `unit_dispatched`. The one place where names become words. */
export const plain = (name) => STATUS[name]?.[1] ?? name.replaceAll("_", " ");

/** A sentence of the server's, with the names in it in words. What stands in quotation marks is somebody's own. */
export const spoken = (text) => (text ?? "").replace(/(?<![\w'"“@./-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w'"”])/g, plain);

/** `M02 and M05`. */
export const list = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

const TYPES = new Map();
/** Take over how the place calls its types of incident. */
export const knowTypes = (types) => types.forEach(({ id, name }) => TYPES.set(id, name));
export const typeName = (id) => TYPES.get(id) ?? plain(id);

/** Who did it: a person or a system by the name that it signs in with, or the engine itself. */
export const byWhom = (name) => (!name ? "" : name === "engine" ? "by the engine" : `by ${name}`);

/** A class of demand, without what goes without saying: `pump, 6 min`. */
export const classWords = (name) => plain(name).replace(", lights", "").replace(/ 00 s$/, "");

/** `3:07`, `1:02:33`. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const tail = String(seconds % 60).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
}

/** `48 s`, `7 min`, `3 h`. */
export function rough(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export const metres = (m) => (m < 1000 ? `${Math.round(m)} m` : `${(m / 1000).toFixed(m < 10000 ? 1 : 0)} km`);
export const percent = (share) => `${share.toFixed(share < 10 ? 1 : 0)} %`;
