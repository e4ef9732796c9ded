// How a call is read off the line: what has happened, where, how urgent. Read as far as it has been typed.

import { clockTime, now } from "./clock.js";
import { meant, sorted, Wrong } from "./grammar.js";
import { list, plain, span } from "./words.js";

const WHERE = "Where? A street, a corner (5TH & MAIN), a station or hospital, lat,lon, or @ after a double click on the map.";
/** Behind it stands who shall go in the place of what the plan would send; nobody, where nothing does. */
export const SENDING = ">";
/** For so long nothing is sent by itself to a call that was entered without sending: then it is served like any other. */
const KEPT_MS = 600_000;
const PIN = "Double-click the map first, then say @.";

/** The incident types that the words may begin with, and how many words that takes: by id, by name, by the beginning of either. */
export function typesOf(words, types) {
  for (let count = Math.min(4, words.length); count > 0; count -= 1) {
    const said = words.slice(0, count).join(" ").toLowerCase();
    const same = types.filter((each) => each.id.toLowerCase() === said || plain(each.id).toLowerCase() === said || each.name.toLowerCase() === said);
    if (same.length) return { found: same.slice(0, 1), count };
  }
  const begun = meant(words[0], types.map((each) => each.id));
  const found = typeof begun === "string" ? [begun] : begun ?? [];
  if (found.length) return { found: types.filter((each) => found.includes(each.id)), count: 1 };
  const named = types.filter((each) => each.name.toLowerCase().startsWith(words[0].toLowerCase()));
  return { found: named, count: 1 };
}

/** The line that enters the same call and sends nobody. */
export function unsent(line) {
  const [call, ...note] = line.split(";");
  return call.split(/\s+/).includes(SENDING) ? line : [`${call.trimEnd()} ${SENDING} `, ...note].join(";").trimEnd();
}

/** Who is named behind `>`, and why: {units, reason}; a second `>` begins the reason. Raises Wrong. */
function othersOf(words, desk) {
  const cut = words.indexOf(SENDING);
  const [named, why] = cut < 0 ? [words, []] : [words.slice(0, cut), words.slice(cut + 1)];
  const { units, text: reason } = sorted(named, why.join(" "), desk.board, { wantsIncident: false, mark: SENDING });
  if (!units.length && reason) throw new Wrong(`There is no unit “${reason.split(" ")[0]}”. With nothing behind > nobody is sent.`);
  if (units.length && !desk.may("order")) throw new Wrong("You enter calls; a dispatcher says who goes.");
  if (units.length && !reason) throw new Wrong(`Say why ${list(units)}.`);
  return { units, reason };
}

/**
 * What the words of a call say so far: {kind, spot, priority, note, sends, wrong}. `wrong` says what is missing or not to
 * be understood; `sends` is null where the plan decides; `kind` and `spot` are there as far as they are known. While the server looks for the place, `looking` is
 * what to wait for before asking again.
 */
export function callSoFar({ words: all, text }, desk) {
  const cut = all.indexOf(SENDING);
  const words = cut < 0 ? all : all.slice(0, cut);
  const { types } = desk.place;
  const some = types.slice(0, 6).map((each) => plain(each.id)).join(", ");
  const call = { kind: null, spot: null, priority: null, urged: false, note: text, sends: null, wrong: "" };
  if (!words.length) return { ...call, wrong: `What has happened? ${some} …` };
  const { found, count } = typesOf(words, types);
  if (!found.length) return { ...call, wrong: `There is no type “${words[0]}”. Types: ${some} …` };
  if (found.length > 1) return { ...call, wrong: `Which type: ${found.slice(0, 5).map((each) => plain(each.id)).join(", ")}?` };
  [call.kind] = found;
  const rest = words.slice(count);
  const urgent = rest.at(-1)?.match(/^[Pp]([1-5])$/);
  if (urgent) rest.pop();
  call.priority = urgent ? Number(urgent[1]) : call.kind.priority;
  call.urged = Boolean(urgent);
  if (!rest.length) return { ...call, wrong: WHERE };
  const said = rest.join(" ");
  const spot = said === "@" ? desk.map.pin ?? { wrong: PIN } : desk.places.locate(said);
  if (spot.wrong) return { ...call, wrong: spot.wrong, looking: spot.looking };
  try {
    return { ...call, spot, sends: cut < 0 ? null : othersOf(all.slice(cut + 1), desk) };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { ...call, spot, wrong: error.sure || error.message, unclear: error.sure ? error : null };
  }
}

/** What of a call both its report and the questions before it bear. */
export function aboutCall({ kind, spot, priority, urged }, desk) {
  const [lat, lon] = desk.streets.toDegrees(spot.x, spot.y);
  return { lat, lon, incident_type: kind.id, ...(urged ? { priority } : {}) };
}

function enter(line, desk) {
  const call = callSoFar(line, desk);
  return call.looking ? call.looking.then(() => entering(callSoFar(line, desk), desk)) : entering(call, desk);
}

function entering(call, desk) {
  if (call.unclear) throw call.unclear;
  if (call.wrong) throw new Wrong(call.wrong, { lacks: true });
  const { kind, spot, sends } = call;
  const kept = sends ? { due_ms: Math.round(now() + KEPT_MS) } : {};
  const report = { type: "report_incident", ...aboutCall(call, desk), address: spot.name, note: call.note, ...kept };
  const shown = sends ? [] : desk.draft.wouldSend;
  return {
    say: sends?.units.length ? [report, { type: "dispatch", incident: null, ...sends }, { type: "end_hold", incident: null }] : [report],
    done: ({ incident }) => {
      desk.map.pin = null;
      desk.openSoon(incident);
      const what = `${incident}: ${kind.name}${spot.name ? `, ${spot.name}` : ""}${spot.note ? ` (${spot.note})` : ""}`;
      if (!sends) return what;
      return sends.units.length ? `${what}. Sent ${list(sends.units)}` : `${what}. Nobody is sent until ${clockTime(kept.due_ms)}: D and units send, H ${incident} 0 leaves it to the plan`;
    },
    later: shown.length ? async ({ incident }) => sentWords(shown, await desk.sentTo(incident)) : undefined,
  };
}

/** Who was sent in the end, and how that differs from what was shown: "Sent M21, not M6 as shown: 1:10 sooner". */
export function sentWords(shown, incident) {
  const sent = incident?.assigned ?? [];
  if (!sent.length) return "Nobody has been sent yet: see the card";
  const missing = shown.filter((each) => !sent.some(({ unit }) => unit === each.unit));
  const words = sent.map(({ unit, slot, arrive_ms: arrive }) => {
    if (shown.some((each) => each.unit === unit)) return unit;
    const before = missing.find((each) => each.slot === slot);
    if (!before) return `${unit}, which was not shown`;
    const gain = arrive ? before.eta_ms - (arrive - incident.reported_ms) : 0;
    const told = Math.abs(gain) < 1000 ? "" : gain > 0 ? `: ${span(gain)} sooner` : `: ${span(-gain)} later`;
    return `${unit}, not ${before.unit} as shown${told}`;
  });
  return `Sent ${words.some((each) => each.includes(",")) ? words.join("; ") : list(words)}`;
}

export const ENTERING = { N: enter };
