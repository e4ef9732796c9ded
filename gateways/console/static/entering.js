// How a call is read off the line: what has happened, where, how urgent. Read as far as it has been typed.

import { meant, Wrong } from "./grammar.js";

const WHERE = "Where? A street, a corner (5TH & MAIN), a station or hospital, lat,lon, or @ after a double click on the map.";
const PIN = "Double-click the map first, then say @.";

/** The incident types that the words may begin with, and how many words that takes: by id, by name, by the beginning of either. */
export function typesOf(words, types) {
  for (let count = Math.min(4, words.length); count > 0; count -= 1) {
    const said = words.slice(0, count).join(" ").toLowerCase();
    const same = types.filter((each) => each.id.toLowerCase() === said || each.id.replaceAll("_", " ").toLowerCase() === said || each.name.toLowerCase() === said);
    if (same.length) return { found: same.slice(0, 1), count };
  }
  const begun = meant(words[0], types.map((each) => each.id));
  const found = typeof begun === "string" ? [begun] : begun ?? [];
  if (found.length) return { found: types.filter((each) => found.includes(each.id)), count: 1 };
  const named = types.filter((each) => each.name.toLowerCase().startsWith(words[0].toLowerCase()));
  return { found: named, count: 1 };
}

/**
 * What the words of a call say so far: {kind, spot, priority, note, wrong}. `wrong` says what is missing or not to be
 * understood; `kind` and `spot` are there as far as they are known. While the server looks for the place, `looking` is
 * what to wait for before asking again.
 */
export function callSoFar({ words, text }, desk) {
  const { types } = desk.place;
  const some = types.slice(0, 6).map((each) => each.id).join(", ");
  const call = { kind: null, spot: null, priority: null, urged: false, note: text, wrong: "" };
  if (!words.length) return { ...call, wrong: `What has happened? ${some} …` };
  const { found, count } = typesOf(words, types);
  if (!found.length) return { ...call, wrong: `There is no type “${words[0]}”. Types: ${some} …` };
  if (found.length > 1) return { ...call, wrong: `Which type: ${found.slice(0, 5).map((each) => each.id).join(", ")}?` };
  [call.kind] = found;
  const rest = words.slice(count);
  const urgent = rest.at(-1)?.match(/^[Pp]([1-5])$/);
  if (urgent) rest.pop();
  call.priority = urgent ? Number(urgent[1]) : call.kind.priority;
  call.urged = Boolean(urgent);
  if (!rest.length) return { ...call, wrong: WHERE };
  const said = rest.join(" ");
  const spot = said === "@" ? desk.map.pin ?? { wrong: PIN } : desk.places.locate(said);
  return spot.wrong ? { ...call, wrong: spot.wrong, looking: spot.looking } : { ...call, spot };
}

/** What of a call both its report and the questions before it bear. */
export function aboutCall({ kind, spot, priority, urged }, desk) {
  const [lat, lon] = desk.streets.toDegrees(spot.x, spot.y);
  return { lat, lon, incident_type: kind.id, ...(urged ? { priority } : {}) };
}

async function enter(line, desk) {
  const first = callSoFar(line, desk);
  await first.looking;
  const call = first.looking ? callSoFar(line, desk) : first;
  if (call.wrong) throw new Wrong(call.wrong);
  const { kind, spot } = call;
  return {
    say: [{ type: "report_incident", ...aboutCall(call, desk), address: spot.name, note: call.note }],
    done: (answer) => {
      desk.map.pin = null;
      desk.openSoon(answer.incident);
      return `${answer.incident}: ${kind.name}${spot.name ? `, ${spot.name}` : ""}${spot.note ? ` (${spot.note})` : ""}`;
    },
  };
}

export const ENTERING = { N: enter };
