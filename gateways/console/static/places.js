// Finding a spot by what is said of it: a house, a street, a corner, a place that has a name, coordinates. Also while it is typed.
//
// Streets, corners and places are found here, as `gateways/geocoding/names.py` matches names; houses by the server.

import { Addresses } from "./addresses.js";

const CORNER = /\s*[/&]\s*|\s+(?:and|at)\s+/i;
const NUMBER = /^\d+[a-z]?\s+(?=\S*[a-z])/i;
/** Between digits a slash belongs to a house number. */
const SLASHED = /^\d{1,6}\/\d/;
const LOOKING = "Looking for the address …";
const DEGREES = /^([-+]?\d+(?:\.\d+)?)\s*°?\s*([NS])?\s*[, ]\s*([-+]?\d+(?:\.\d+)?)\s*°?\s*([EW])?$/i;
const CANDIDATES = 24;

export class Places {
  /** `addresses`: null where the place lists no house numbers. */
  constructor(streets, place, addresses = null) {
    this._streets = streets;
    this._addresses = addresses;
    this._bounds = place.bounds;
    this._name = place.name;
    /** Places that have a name: [name, code, x, y]. */
    this._known = [...place.stations, ...place.hospitals].map((each) => [each.name, each.id, each.x, each.y]);
    this._corners = null;
  }

  /** What the text may become: [{word, about}], the word in the place of all that was said. */
  offers(text, most) {
    const said = text.trim();
    if (!said) return [];
    const parts = partsOf(text);
    if (parts.length > 1) return this._crossings(parts[0].trim(), parts.slice(1).join(" ").trim()).slice(0, most);
    if (this._addresses && Addresses.numbered(said)) {
      const { answer } = this._addresses.of(said);
      if (!answer || answer.found.length) return (answer?.found ?? []).map(offerOf).slice(0, most);
    }
    const number = said.match(NUMBER)?.[0] ?? "";
    const streets = this._matching(said.slice(number.length), most).map((name) => ({ word: `${number}${name}`, about: "" }));
    const sought = said.toLowerCase();
    const known = this._known.filter(([name, code]) => begins(name, sought) || code.toLowerCase().startsWith(sought));
    return [...streets, ...known.map(([name, code]) => ({ word: name, about: code === name ? "" : code }))].slice(0, most);
  }

  /** Resolves when the server has answered what it was asked last. */
  async settled() {
    await this._addresses?.latest;
  }

  /**
   * Where the text means: {x, y, name, note}, or {wrong} with what to do. `note` says what the spot is not: exact.
   * While the server is asked, `looking` is what to wait for before asking again.
   *
   *     41.5,-90.5 · Mill Lane · 12 Mill Lane · Mill Lane & 4th Street · 4TH & MILL · North Station
   */
  locate(text) {
    const said = text.trim().replace(/\s+/g, " ");
    const degrees = said.match(DEGREES);
    if (degrees) return this._degrees(degrees, said);
    const known = this._named(said);
    if (known) return known;
    const street = this._street(said);
    const parts = partsOf(said);
    const house = parts.length === 1 && street?.toLowerCase?.() !== said.toLowerCase() && this._house(said);
    if (house) return house;
    if (typeof street === "string") return this._middle(street, "");
    if (parts.length === 2) return this._corner(parts[0], parts[1]);
    const number = said.match(NUMBER)?.[0] ?? "";
    const numbered = number ? this._street(said.slice(number.length)) : undefined;
    if (typeof numbered === "string") return this._middle(numbered, number);
    return street ?? numbered ?? { wrong: `Nothing here is called “${said}”. Name a street, a corner (5TH & MAIN) or a station, give lat,lon, or double-click the map and say @.` };
  }

  /** The house that is meant, as the server knows it; null where none is, or nobody lists any. */
  _house(said) {
    if (!this._addresses || !Addresses.numbered(said)) return null;
    const { answer, coming } = this._addresses.of(said);
    if (!answer) return { wrong: LOOKING, looking: coming };
    const [best, ...others] = answer.found;
    if (!best) return null;
    if (!answer.sure) return { wrong: `Which one: ${some([best, ...others].filter(({ how }) => how === best.how).map(({ address }) => address), "; ")}?` };
    const [x, y] = this._streets.toMetres(best.lat, best.lon);
    return { x, y, name: best.address, note: best.note };
  }

  _named(said) {
    const sought = said.toLowerCase();
    const same = this._known.find(([name, code]) => name.toLowerCase() === sought || code.toLowerCase() === sought);
    return same ? { x: same[2], y: same[3], name: same[0], note: "" } : null;
  }

  _degrees([, first, south, second, west], said) {
    const lat = Number(first) * (south?.toUpperCase() === "S" ? -1 : 1);
    const lon = Number(second) * (west?.toUpperCase() === "W" ? -1 : 1);
    const [x, y] = this._streets.toMetres(lat, lon);
    const [left, bottom, right, top] = this._bounds;
    if (x < left || x > right || y < bottom || y > top) return { wrong: `${said} lies outside ${this._name}. Latitude comes first, then longitude.` };
    return { x, y, name: `${lat},${lon}`, note: "" };
  }

  // ── streets ───────────────────────────────────────────────────────────────────────────────────────────

  /** Street names that begin with the text, or have a word that does. */
  _matching(text, most = CANDIDATES) {
    const sought = text.trim().toLowerCase();
    const names = this._streets.names ?? [];
    if (!sought) return [];
    const first = names.filter((name) => name.toLowerCase().startsWith(sought));
    const within = names.filter((name) => begins(name, sought) && !first.includes(name));
    return [...first, ...within].slice(0, most);
  }

  /** The streets that may be meant: the one of that very name, or all that begin so. */
  _candidates(text) {
    const found = this._matching(text);
    const same = found.find((name) => name.toLowerCase() === text.trim().toLowerCase());
    return same ? [same] : found;
  }

  /** The one street that is meant; {wrong} where it may be several, undefined where there is none. */
  _street(text) {
    const found = this._candidates(text);
    return found.length > 1 ? { wrong: `Which one: ${some(found)}?` } : found[0];
  }

  /** Where a street has its corners: x, y and the streets that meet there, by the point. */
  _junctions() {
    if (this._corners) return this._corners;
    this._corners = new Map();
    for (const name of this._streets.names ?? []) {
      for (const { points } of this._streets.linesOf(name)) {
        for (const [x, y] of [[points[0], points[1]], [points.at(-2), points.at(-1)]]) {
          const key = `${x} ${y}`;
          if (!this._corners.has(key)) this._corners.set(key, { x, y, names: new Set() });
          this._corners.get(key).names.add(name);
        }
      }
    }
    return this._corners;
  }

  /** The corners of these streets with those, west to east. */
  _meetings(ones, others) {
    const [first, second] = [new Set(ones), new Set(others)];
    const found = [];
    for (const { x, y, names } of this._junctions().values()) {
      for (const one of names) {
        if (first.has(one)) for (const other of names) if (other !== one && second.has(other)) found.push({ one, other, x, y });
      }
    }
    return found.sort((a, b) => a.x - b.x || a.y - b.y);
  }

  _corner(one, other) {
    const [ones, others] = [this._candidates(one), this._candidates(other)];
    for (const [found, name] of [[ones, one], [others, other]]) if (!found.length) return { wrong: `No street is called “${name}”.` };
    const met = this._meetings(ones, others);
    const names = [...new Set(met.map((each) => `${each.one} & ${each.other}`))];
    if (!met.length) return { wrong: `${some(ones, " or ")} and ${some(others, " or ")} do not meet.` };
    if (names.length > 1) return { wrong: `Which corner: ${some(names)}?` };
    const note = met.length > 1 ? `they meet ${met.length} times: the westernmost corner is taken` : "";
    return { x: met[0].x, y: met[0].y, name: names[0], note };
  }

  /** Corners of the street that is meant first, as far as the second has been typed. */
  _crossings(one, begun) {
    const sought = begun.toLowerCase();
    const met = this._meetings(this._candidates(one), this._streets.names ?? []);
    const fitting = met.filter((each) => !sought || begins(each.other, sought));
    return [...new Set(fitting.map((each) => `${each.one} & ${each.other}`))].map((word) => ({ word, about: "" }));
  }

  /** The street as a whole: whoever goes by a house number is told that it is not known here. */
  _middle(street, number) {
    const lines = this._streets.linesOf(street);
    const { points } = lines[Math.floor(lines.length / 2)];
    const at = Math.floor(points.length / 4) * 2;
    const unknown = this._addresses ? `no house numbers of ${street} are listed` : "this map has no house numbers";
    const note = number ? `${unknown}: the middle of ${street} is taken` : `the middle of the street is taken; a cross street (${street} & …) is more exact`;
    return { x: points[at], y: points[at + 1], name: `${number}${street}`, note };
  }
}

/** What stands on either side of &, / or "and"; one part where the text is no corner. */
const partsOf = (text) => (SLASHED.test(text) ? [text] : text.split(CORNER));

/** A house as it is offered: how it is called, and what is to be known of it. */
const offerOf = ({ address, note }) => ({ word: address, about: note.replace("not listed: ", "") });

/** Does the name, or a word of it, begin so? */
function begins(name, sought) {
  const lower = name.toLowerCase();
  return lower.startsWith(sought) || lower.includes(` ${sought}`);
}

/** `A, B, C, …` */
const some = (names, between = ", ") => names.slice(0, 3).join(between) + (names.length > 3 ? `${between}…` : "");
