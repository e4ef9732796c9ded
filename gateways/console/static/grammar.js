// A line of commands to words: spaces or dots, unique prefixes, units and incidents in any order, a reason at the end.

/** What is wrong with a line, in words for the person who typed it. */
export class Wrong extends Error {
  /** `instead`: the line that would do what was meant, as far as it can be told; `lacks`: the line only wants more words. */
  constructor(message, { instead = "", lacks = false } = {}) {
    super(message);
    Object.assign(this, { instead, lacks });
  }
}

/**
 * `D.E12.I42` and `D E12 I42` are the same, and so are `E12.3` and `E12 3`; what follows `;` is a text and stays whole.
 * Where a line begins with spaces its dots belong to its words: coordinates, a name with a point. In a dotted call
 * (`N.fire.41.5,-90.5`) a point between digits is a decimal one.
 */
export function split(line) {
  const [said, ...rest] = line.trim().replace(/^\//, "").split(";");
  const dotted = /^[\w?]{1,8}\.\S/.test(said.trim());
  const points = /^n\./i.test(said.trim()) ? /\.(?!\d)|(?<!\d)\.|\s+/ : /[.\s]+/;
  const words = said.trim().split(dotted ? points : /\s+/).filter(Boolean);
  return { words, text: rest.join(";").trim() };
}

/** The one name that is meant: itself, or the only one that begins so. Undefined: none; an array: several. */
export function meant(word, names) {
  const sought = word.toLowerCase();
  const found = [];
  for (const name of names) {
    const each = name.toLowerCase();
    if (each === sought) return name;
    if (each.startsWith(sought)) found.push(name);
  }
  return found.length > 1 ? found : found[0];
}

/** A reason as it stands behind the names of a line: marked where its first word would be taken for one of them. */
export function behind(reason, board) {
  const [first] = reason.split(" ");
  return /\d/.test(first) || board.units.has(first.toUpperCase()) ? `; ${reason}` : reason;
}

export function unitOf(word, board) {
  const found = meant(word, board.units.keys());
  if (typeof found === "string") return found;
  if (found) throw new Wrong(`Which unit: ${found.slice(0, 4).join(", ")}?`);
  throw new Wrong(`There is no unit “${word}”.`);
}

export function incidentOf(word, board) {
  if (/^\d+$/.test(word) && board.incidents.has(`I${word}`)) return `I${word}`;
  const sought = word.toLowerCase();
  for (const name of board.incidents.keys()) if (name.toLowerCase() === sought) return name;
  throw new Wrong(`There is no open incident “${word}”.`);
}

function isIncident(word, board) {
  try {
    return incidentOf(word, board);
  } catch {
    return null;
  }
}

/**
 * Sort the words of an order: {incident, units, text}. Whatever is neither a unit nor an incident begins the text, and so
 * does `;`: from there on names of units are words like any other.
 * Without an incident the selected one is meant.
 */
export function sorted(words, text, board, { wantsIncident = true, wantsUnits = true } = {}) {
  const units = [];
  let incident = null;
  let at = 0;
  for (; at < words.length; at += 1) {
    const named = !incident && wantsIncident && isIncident(words[at], board);
    if (named) {
      incident = named;
      continue;
    }
    if (!wantsUnits) break;
    const unit = meant(words[at], board.units.keys());
    const sure = typeof unit === "string" && (unit.toLowerCase() === words[at].toLowerCase() || /\d/.test(words[at]));
    if (sure && !units.includes(unit)) units.push(unit);
    else if (Array.isArray(unit) && /\d/.test(words[at])) throw new Wrong(`Which unit: ${unit.slice(0, 4).join(", ")}?`);
    else break;
  }
  const rest = [words.slice(at).join(" "), text].filter(Boolean).join(" ");
  if (/^[A-Za-z]{1,3}\d+\w?$/.test(words[at] ?? "") && !board.units.has(words[at].toUpperCase())) throw new Wrong(`There is no unit or open incident “${words[at]}”.`);
  return { incident: incident ?? board.selected, units, text: rest };
}

/** Raise where something is missing. */
export function need(value, what) {
  if (!value || (Array.isArray(value) && !value.length)) throw new Wrong(what, { lacks: true });
  return value;
}
