// The one registry of verbs: the command line, its completion and the help sheet are all made from it.
//
// `read({words, text}, desk)` returns what is done: {say: [messages], done(answer) → words} or {show(desk) → words}.

import { now } from "./clock.js";
import { incidentOf, meant, need, sorted, unitOf, Wrong } from "./grammar.js";
import { LOOKING } from "./looking.js";
import { plain, STATUS } from "./words.js";

const WHICH = "Name an incident, or select one first (↓).";
const WHO = "Name a unit.";

const DUTY = new Set(["available", "returning", "on_break", "out_of_service", "off_duty"]);

/** A verb that reports a status of units. */
function status(verb, name, about) {
  return {
    verb,
    name: plain(name),
    usage: `${verb} UNIT …   or   UNIT ${verb}`,
    about,
    right: "status",
    group: "Status",
    wants: ["unit"],
    read({ words, text }, desk) {
      const { units } = sorted(words, text, desk.board, { wantsIncident: false });
      need(units, WHO);
      const before = units.map((unit) => desk.board.units.get(unit));
      const idle = before.every((unit) => !unit.incident && DUTY.has(unit.status)) && DUTY.has(name);
      return {
        say: units.map((unit) => ({ type: "unit_status", unit, status: name })),
        done: () => `${units.join(", ")} ${STATUS[name][1]}`,
        // What a crew has reported of its incident is never taken back; whether a unit is in service is.
        undo: idle && {
          say: before.map((unit) => ({ type: "unit_status", unit: unit.id, status: unit.status })),
          done: () => `Undone: ${units.join(", ")} as before`,
        },
      };
    },
  };
}

/** A verb for an incident and a text. */
function onIncident(verb, name, usage, about, right, group, needs, build, done) {
  return {
    verb,
    name,
    usage,
    about,
    right,
    group,
    wants: ["incident"],
    read({ words, text }, desk) {
      const { incident, units, text: said } = sorted(words, text, desk.board);
      need(incident, WHICH);
      if (needs) need(said, needs);
      return { say: [build(incident, said, units)], done: () => done(incident, said) };
    },
  };
}

const ENTER = {
  verb: "N",
  name: "new",
  usage: "N TYPE PLACE [P1…P5] [; NOTE]",
  about: "Enter a call. PLACE is a street, two streets with a / between them, lat,lon, or @: where you double-clicked the map",
  right: "report",
  group: "Calls",
  wants: ["type", "place"],
  read({ words, text }, desk) {
    const kinds = new Map(desk.place.types.map((type) => [type.id, type]));
    need(words, `What has happened? ${[...kinds.keys()].slice(0, 6).join(", ")} …`);
    const type = meant(words[0], kinds.keys());
    if (Array.isArray(type)) throw new Wrong(`Which type: ${type.slice(0, 5).join(", ")}?`);
    if (!type) throw new Wrong(`There is no type “${words[0]}”. Types: ${[...kinds.keys()].slice(0, 6).join(", ")} …`);
    const rest = words.slice(1);
    const urgent = rest.at(-1)?.match(/^[Pp]([1-5])$/);
    if (urgent) rest.pop();
    need(rest, "Where? A street, two streets with a / between them, lat,lon, or @ after a double click on the map.");
    const spot = rest.join(" ") === "@" ? desk.map.pin ?? { wrong: "Double-click the map first, then say @." } : desk.streets.locate(rest.join(" "));
    if (spot.wrong) throw new Wrong(spot.wrong);
    const [lat, lon] = desk.streets.toDegrees(spot.x, spot.y);
    const message = { type: "report_incident", incident_type: type, lat, lon, address: spot.name, note: text };
    if (urgent) message.priority = Number(urgent[1]);
    return {
      say: [message],
      place: spot,
      done: (answer) => {
        desk.map.pin = null;
        desk.openSoon(answer.incident);
        return `${answer.incident}: ${kinds.get(type).name}${spot.name ? `, ${spot.name}` : ""}`;
      },
    };
  },
};

const DISPATCH = {
  verb: "D",
  name: "dispatch",
  usage: "D [INCIDENT] [UNIT …] [REASON]",
  about: "Send units. Without units: accept what is recommended. Without incident: the selected one",
  right: "order",
  group: "Sending",
  wants: ["incident", "unit"],
  read({ words, text }, desk) {
    const { incident, units, text: reason } = sorted(words, text, desk.board);
    need(incident, WHICH);
    if (!units.length) {
      if (reason) throw new Wrong(`There is no unit “${reason.split(" ")[0]}”.`);
      return desk.accepting(incident);
    }
    return {
      say: [{ type: "dispatch", incident, units, reason }],
      done: () => `Sent ${units.join(", ")} to ${incident}`,
      undo: {
        say: units.map((unit) => ({ type: "release", unit, incident, reason: "undone at the console" })),
        done: () => `Undone: ${units.join(", ")} released from ${incident}`,
      },
    };
  },
};

const DISPATCH_ROLLING = {
  ...DISPATCH,
  verb: "DE",
  name: "dispatch en route",
  usage: "DE [INCIDENT] UNIT …",
  about: "Send units that are rolling already",
  read(line, desk) {
    const { incident, units, text } = sorted(line.words, line.text, desk.board);
    need(incident, WHICH);
    need(units, WHO);
    return {
      say: [
        { type: "dispatch", incident, units, reason: text },
        ...units.map((unit) => ({ type: "unit_status", unit, status: "en_route", incident })),
      ],
      done: () => `Sent ${units.join(", ")} to ${incident}, en route`,
    };
  },
};

const HOLD = {
  verb: "H",
  name: "hold",
  usage: "H [INCIDENT] MINUTES REASON",
  about: "Send nobody more for a while; 0 minutes ends it",
  right: "order",
  group: "Incidents",
  wants: ["incident"],
  read({ words, text }, desk) {
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
      undo: { say: [{ type: "end_hold", incident }], done: () => `Undone: ${incident} is not held` },
    };
  },
};

const PRIORITY = {
  verb: "P",
  name: "priority",
  usage: "P [INCIDENT] 1…5",
  about: "Change how urgent it is",
  right: "report",
  group: "Incidents",
  wants: ["incident"],
  read({ words }, desk) {
    const priority = Number(words.at(-1)?.replace(/^p/i, ""));
    if (!(priority >= 1 && priority <= 5)) throw new Wrong("The priority is 1 (most urgent) to 5.");
    const incident = words.length > 1 ? incidentOf(words[0], desk.board) : need(desk.board.selected, WHICH);
    const before = desk.board.incidents.get(incident)?.priority;
    return {
      say: [{ type: "amend_incident", incident, priority }],
      done: () => `${incident} is priority ${priority}`,
      undo: before && {
        say: [{ type: "amend_incident", incident, priority: before }],
        done: () => `Undone: ${incident} is priority ${before}`,
      },
    };
  },
};

const MESSAGE = {
  verb: "M",
  name: "message",
  usage: "M UNIT … TEXT",
  about: "Say something to crews",
  right: "order",
  group: "Crews",
  wants: ["unit"],
  read({ words, text }, desk) {
    const { units, text: said } = sorted(words, text, desk.board, { wantsIncident: false });
    need(units, WHO);
    need(said, "What is to be said?");
    return { say: units.map((unit) => ({ type: "tell_unit", unit, text: said })), done: () => `Said to ${units.join(", ")}` };
  },
};

const ACKNOWLEDGE = {
  verb: "K",
  name: "acknowledge",
  usage: "K [UNIT or INCIDENT]",
  about: "Acknowledge the most urgent alarm, or all about that one",
  right: "order",
  group: "Attention",
  wants: ["unit", "incident"],
  read({ words }, desk) {
    const all = desk.attention.waiting.map((each) => each.alarm).filter((alarm) => alarm && !alarm.acknowledged_by);
    const name = words[0]?.toUpperCase();
    const meantOnes = name ? all.filter((alarm) => [alarm.unit, alarm.incident].some((each) => each?.toUpperCase() === name)) : all.slice(0, 1);
    need(meantOnes, name ? `No alarm about ${name} waits.` : "No alarm waits.");
    return {
      say: meantOnes.map((alarm) => ({ type: "acknowledge_alarm", alarm: alarm.id })),
      done: () => `Acknowledged: ${meantOnes.map((alarm) => alarm.unit ?? alarm.incident).join(", ")}`,
    };
  },
};

/** A verb for one unit and a reason, and perhaps the incident or post that it is about. */
function onUnit(verb, name, usage, about, group, build, done) {
  return {
    verb,
    name,
    usage,
    about,
    right: "order",
    group,
    wants: ["unit", "incident"],
    read({ words, text }, desk) {
      need(words, WHO);
      const unit = unitOf(words[0], desk.board);
      return { say: [build(unit, words.slice(1), text, desk)], done: () => done(unit) };
    },
  };
}

const RELEASE = onUnit("RL", "release", "RL UNIT REASON", "Take a unit off its incident", "Sending", (unit, words, text, desk) => {
  const incident = need(desk.board.units.get(unit).incident, `${unit} is on no incident.`);
  return { type: "release", unit, incident, reason: need([...words, text].join(" ").trim(), "Say why.") };
}, (unit) => `${unit} released`);

const DIVERT = onUnit("DV", "divert", "DV UNIT INCIDENT REASON", "Send a unit that is under way elsewhere", "Sending", (unit, words, text, desk) => {
  const incident = incidentOf(need(words[0], "To which incident?"), desk.board);
  return { type: "divert", unit, incident, reason: need([...words.slice(1), text].join(" ").trim(), "Say why.") };
}, (unit) => `${unit} diverted`);

const MOVE = onUnit("MV", "move", "MV UNIT STATION REASON", "Send an idle unit to cover a station", "Crews", (unit, words, text, desk) => {
  const post = meant(need(words[0], "To which station?"), desk.place.stations.map((each) => each.id));
  if (typeof post !== "string") throw new Wrong(`There is no station “${words[0]}”.`);
  return { type: "order_move", unit, post, reason: need([...words.slice(1), text].join(" ").trim(), "Say why.") };
}, (unit) => `${unit} moves`);

const SAFE = onUnit("OK", "emergency over", "OK UNIT REASON", "Somebody has spoken to the crew: its emergency is over", "Attention", (unit, words, text) => (
  { type: "resolve_emergency", unit, reason: need([...words, text].join(" ").trim(), "Say who has spoken to the crew.") }
), (unit) => `${unit} is safe`);

const REJECT_MOVE = {
  verb: "NM",
  name: "no move",
  usage: "NM UNIT REASON",
  about: "Reject the move that is proposed for a unit",
  right: "order",
  group: "Crews",
  wants: ["unit"],
  read({ words, text }, desk) {
    const unit = unitOf(need(words[0], WHO), desk.board);
    const move = [...desk.board.moves.values()].find((each) => each.unit === unit && each.state === "proposed");
    need(move, `No move is proposed for ${unit}.`);
    const reason = need([...words.slice(1), text].join(" ").trim(), "Say why not.");
    return { say: [{ type: "reject_move", move: move.id, unit, reason }], done: () => `${unit} stays` };
  },
};

export const VERBS = [
  ENTER,
  DISPATCH,
  DISPATCH_ROLLING,
  DIVERT,
  RELEASE,
  onIncident("R", "recommend", "R [INCIDENT]", "Judge anew who should go", "order", "Sending", "", (incident) => ({ type: "recommend", incident }), (incident) => `${incident} judged anew`),
  status("EN", "en_route", "Rolling"),
  status("A", "on_scene", "Arrived on scene"),
  status("T", "transporting", "Bringing a patient"),
  status("AT", "at_hospital", "At the hospital"),
  status("AV", "available", "Free"),
  status("OS", "out_of_service", "Cannot be sent"),
  HOLD,
  PRIORITY,
  onIncident("NT", "note", "NT [INCIDENT] TEXT", "Write something down", "report", "Incidents", "What is to be noted?", (incident, text) => ({ type: "note", incident, text }), (incident) => `Noted on ${incident}`),
  onIncident("AL", "alarm level", "AL [INCIDENT] [REASON]", "Strike the next alarm", "order", "Incidents", "", (incident, reason) => ({ type: "strike_alarm", incident, reason }), (incident) => `Next alarm struck for ${incident}`),
  onIncident("X", "close", "X [INCIDENT] DISPOSITION", "Close it; say how it ended", "order", "Incidents", "Say how it ended.", (incident, disposition) => ({ type: "close_incident", incident, disposition }), (incident) => `${incident} closed`),
  onIncident("C", "cancel", "C [INCIDENT] REASON", "Cancel it; its units are released", "order", "Incidents", "Say why.", (incident, reason) => ({ type: "cancel_incident", incident, reason }), (incident) => `${incident} cancelled`),
  onIncident("PAR", "roll-call", "PAR [INCIDENT]", "Call the roll of those on scene", "order", "Crews", "", (incident) => ({ type: "call_roll", incident }), (incident) => `Roll called at ${incident}`),
  MESSAGE,
  MOVE,
  REJECT_MOVE,
  ACKNOWLEDGE,
  SAFE,
  ...LOOKING,
];

const BY_VERB = new Map(VERBS.map((each) => [each.verb, each]));
/** What German radios say: a unit and a digit. */
const FMS = { 1: "AV", 2: "AV", 3: "EN", 4: "A", 6: "OS", 7: "T", 8: "AT" };
const STATUSES = new Set(VERBS.filter((each) => each.group === "Status").map((each) => each.verb));

/** The verb that the line means, and its words without it. `E12 A` is `A E12`. */
export function understand({ words, text }, desk) {
  const [first, second] = words;
  const said = first?.toUpperCase();
  if (BY_VERB.has(said)) return { verb: BY_VERB.get(said), words: words.slice(1), text };
  if (second && STATUSES.has(second.toUpperCase()) && typeof meant(first, desk.board.units.keys()) === "string") {
    return { verb: BY_VERB.get(second.toUpperCase()), words: [first, ...words.slice(2)], text };
  }
  if (second in FMS && words.length === 2 && typeof meant(first, desk.board.units.keys()) === "string") {
    return { verb: BY_VERB.get(FMS[second]), words: [first], text };
  }
  const named = said && said.length > 2 ? VERBS.filter((each) => each.name.toUpperCase().startsWith(said)) : [];
  if (named.length === 1) return { verb: named[0], words: words.slice(1), text };
  throw new Wrong(`“${first ?? ""}” is no command. ? shows them all.`);
}
