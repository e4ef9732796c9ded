// A line of commands to words: spaces or dots, unique prefixes, units and incidents in any order, a reason at the end.

/** What is wrong with a line, in words for the person who typed it. */
export class Wrong extends Error {
  /**
   * `instead`: the line that would do what was meant, as far as it can be told; `lacks`: the line only wants more words;
   * `sure`: what is said of it while it is typed, where no further word can mend it.
   */
  constructor(message, { instead = "", lacks = false, sure = "" } = {}) {
    super(message);
    Object.assign(this, { instead, lacks, sure });
  }

  /** The line that shall stand there instead of this one; "" if none is known. */
  marked() {
    return this.instead;
  }
}

/** Several units, and words behind the last of them: it may be meant as well, or be the first word of the reason. */
export class Unclear extends Wrong {
  /** `rest` words stand behind the units; `mark` is what begins a reason here. */
  constructor(units, rest, mark) {
    const last = units.at(-1);
    super(`Is ${last} meant as well? Then press Enter. If the reason begins with ${last}, put the ${mark} before it.`, { sure: `Is ${last} meant as well, or is it part of the reason? Put ${mark} before the reason` });
    Object.assign(this, { _rest: rest, _mark: mark });
  }

  /** The line as it was read so far, with the mark behind its units. */
  marked(line) {
    const { words, text } = split(line);
    const at = words.length - this._rest;
    return [...words.slice(0, at), this._mark, ...words.slice(at), ...(text ? [";", text] : [])].join(" ");
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
 * does `;`: from there on names of units are words like any other. Where the text follows several units without it, the
 * last of them may be meant for the text: that is asked, not guessed, unless the verb takes `most` units and no more, or no
 * text at all. Without an incident the selected one is meant.
 */
export function sorted(words, text, board, { wantsIncident = true, wantsUnits = true, takesText = true, most = Infinity, mark = ";" } = {}) {
  const units = [];
  let incident = null;
  let at = 0;
  for (; at < words.length; at += 1) {
    const named = !incident && wantsIncident && isIncident(words[at], board);
    if (named) {
      incident = named;
      continue;
    }
    if (!wantsUnits || units.length >= most) break;
    const unit = meant(words[at], board.units.keys());
    const sure = typeof unit === "string" && (unit.toLowerCase() === words[at].toLowerCase() || /\d/.test(words[at]));
    if (sure && !units.includes(unit)) units.push(unit);
    else if (Array.isArray(unit) && /\d/.test(words[at])) throw new Wrong(`Which unit: ${unit.slice(0, 4).join(", ")}?`);
    else break;
  }
  const rest = [words.slice(at).join(" "), text].filter(Boolean).join(" ");
  if (/^[A-Za-z]{1,3}\d+\w?$/.test(words[at] ?? "") && !board.units.has(words[at].toUpperCase())) throw new Wrong(`There is no unit or open incident “${words[at]}”.`);
  const close = at > 0 && meant(words[at - 1], units) === units.at(-1);
  if (takesText && units.length > 1 && units.length < most && at < words.length && close) throw new Unclear(units, words.length - at, mark);
  return { incident: incident ?? board.selected, units, text: rest };
}

/** Raise where something is missing. */
export function need(value, what) {
  if (!value || (Array.isArray(value) && !value.length)) throw new Wrong(what, { lacks: true });
  return value;
}
