// The registry of verbs as the server told it, and how a line becomes one of them and messages.
//
// What verbs there are, what they are called and for, and which rights they need, is said once, on the server
// (`gateways/vocabulary/verbs.py`). Here each has its `read({words, text}, desk)`, which returns what is done:
// {say: [messages], done(answer) → words, undo?} or {show(desk) → words}, or raises `Wrong` with what to do.

import { ENTERING } from "./entering.js";
import { meant, Wrong } from "./grammar.js";
import { LOOKING } from "./looking.js";
import { ORDERS, reporting } from "./orders.js";

const READ = { ...ENTERING, ...ORDERS, ...LOOKING };

/** Every verb: what the server tells of it, and `read`. */
export const VERBS = [];
const BY_VERB = new Map();
/** What German radios say: a unit and a digit. */
const BY_DIGIT = new Map();

/** Take over the registry. Raises where this page cannot read a verb of it, or could read one that is not in it. */
export function takeVerbs(told) {
  const strange = Object.keys(READ).filter((verb) => !told.some((each) => each.verb === verb));
  const unread = told.filter((each) => !each.status && !READ[each.verb]).map((each) => each.verb);
  if (strange.length || unread.length) throw new Error(`The page and the server disagree about the verbs ${[...strange, ...unread]}`);
  for (const each of told) {
    const verb = { ...each, read: each.status ? reporting(each) : READ[each.verb] };
    VERBS.push(verb);
    BY_VERB.set(verb.verb, verb);
    for (const digit of verb.fms) BY_DIGIT.set(digit, verb);
  }
}

const isUnit = (word, desk) => typeof meant(word, desk.board.units.keys()) === "string";

/** `E12 E13 A`, `E12 3`, `3 E12`: a status behind its units, or a digit on either side; null if it is nothing like it. */
function asStatus(words, text, desk) {
  const first = BY_DIGIT.get(words[0]);
  if (first && words.length > 1 && words.slice(1).every((word) => isUnit(word, desk))) return { verb: first, words: words.slice(1), text };
  const at = words.findIndex((word) => BY_VERB.get(word.toUpperCase())?.status);
  if (at > 0 && words.slice(0, at).every((word) => isUnit(word, desk))) {
    return { verb: BY_VERB.get(words[at].toUpperCase()), words: [...words.slice(0, at), ...words.slice(at + 1)], text };
  }
  const last = BY_DIGIT.get(words.at(-1));
  const units = words.slice(0, -1);
  return last && units.length && units.every((word) => isUnit(word, desk)) ? { verb: last, words: units, text } : null;
}

/** A verb whose whole name stands in the line, which may be several words; null if none does. */
function named(words, text) {
  for (const each of VERBS) {
    const parts = each.name.split(" ").length;
    if (words.slice(0, parts).join(" ").toLowerCase() === each.name) return { verb: each, words: words.slice(parts), text };
  }
  return null;
}

/** A verb by the beginning of its name; null if none begins so. */
function begun(words, text) {
  const said = words[0].toLowerCase();
  const found = said.length > 1 ? VERBS.filter((each) => each.name.startsWith(said)) : [];
  if (found.length > 1) throw new Wrong(`“${words[0]}” may be ${found.map((each) => `${each.name} (${each.verb})`).join(", ")}. Say which.`);
  return found.length ? { verb: found[0], words: words.slice(1), text } : null;
}

/** The verb that the line means, and its words without it. `E12 A` is `A E12`. */
export function understand({ words, text }, desk) {
  if (!words.length) throw new Wrong("Say a command. ? shows them all.");
  const whole = named(words, text);
  if (whole) return whole;
  const known = BY_VERB.get(words[0].toUpperCase());
  if (known) return { verb: known, words: words.slice(1), text };
  const found = asStatus(words, text, desk) ?? begun(words, text);
  if (found) return found;
  const about = isUnit(words[0], desk) ? `What of ${words[0].toUpperCase()}? A status follows a unit, as in ${words[0].toUpperCase()} AV.` : `“${words[0]}” is no command.`;
  throw new Wrong(`${about} ? shows them all.`);
}
