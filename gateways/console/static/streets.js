// The place's streets: lines for the map, and names to find a spot by.

const MAJOR = /motorway|trunk|primary|arterial|highway|freeway/;
const MIDDLE = /secondary|tertiary|collector/;

export class Streets {
  constructor(place) {
    const { lat0, lon0, metres_per_degree: perDegree } = place.projection;
    this._lat0 = lat0;
    this._lon0 = lon0;
    this._north = perDegree;
    this._east = perDegree * Math.cos((lat0 * Math.PI) / 180);
    this.lines = [];
    this._byName = new Map();
    this._named = [];
    for (const each of [...place.stations, ...place.hospitals]) {
      this._named.push([each.name, each.x, each.y], [each.id, each.x, each.y]);
    }
  }

  toMetres(lat, lon) {
    return [(lon - this._lon0) * this._east, (lat - this._lat0) * this._north];
  }

  toDegrees(x, y) {
    return [Number((this._lat0 + y / this._north).toFixed(7)), Number((this._lon0 + x / this._east).toFixed(7))];
  }

  /** Take the map as the server packs it. */
  load({ classes, names, lines }) {
    const rank = classes.map((name) => (MAJOR.test(name) ? 0 : MIDDLE.test(name) ? 1 : 2));
    for (const [kind, name, x0, y0, ...steps] of lines) {
      const points = new Float32Array(steps.length + 2);
      let x = x0;
      let y = y0;
      let box = [x, y, x, y];
      points[0] = x;
      points[1] = y;
      for (let at = 0; at < steps.length; at += 2) {
        x += steps[at];
        y += steps[at + 1];
        points[at + 2] = x;
        points[at + 3] = y;
        box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
      }
      const line = { points, box, rank: rank[kind] };
      this.lines.push(line);
      if (names[name]) {
        const known = this._byName.get(names[name]);
        if (known) known.push(line);
        else this._byName.set(names[name], [line]);
      }
    }
    this.lines.sort((a, b) => b.rank - a.rank);
    this.names = [...this._byName.keys()].sort();
  }

  /** Street names that begin with the text, or have a word that does. */
  matching(text, most) {
    const sought = text.toLowerCase();
    if (!sought || !this.names) return [];
    const begins = this.names.filter((name) => name.toLowerCase().startsWith(sought));
    const within = this.names.filter((name) => name.toLowerCase().includes(` ${sought}`) && !begins.includes(name));
    return [...begins, ...within].slice(0, most);
  }

  /**
   * Where the text means: `41.5,-90.5`, `Mill Lane`, `12 Mill Lane`, `Mill Lane/4th Street`, a station or hospital.
   * Returns {x, y, name}, or {wrong} with what to do.
   */
  locate(text) {
    const said = text.trim().replace(/\s+/g, " ");
    const degrees = said.match(/^(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)$/);
    if (degrees) {
      const [x, y] = this.toMetres(Number(degrees[1]), Number(degrees[2]));
      return { x, y, name: said };
    }
    const corner = said.split(/\s*[/&]\s*/);
    if (corner.length === 2) return this._corner(corner[0], corner[1], said);
    const known = this._named.find(([name]) => name.toLowerCase() === said.toLowerCase());
    if (known) return { x: known[1], y: known[2], name: known[0] };
    const number = said.match(/^\d+\w?\s+(?=\D)/)?.[0] ?? "";
    const street = this._street(said) ?? this._street(said.slice(number.length));
    if (typeof street === "string") {
      const full = street.toLowerCase() === said.toLowerCase() ? street : `${number}${street}`;
      return { ...this._middle(street), name: full };
    }
    return street ?? { wrong: `No street, station or hospital is called “${said}”. Name a cross street, or pick a spot with a double click on the map and say @.` };
  }

  /** The one street that is meant; {wrong} where it may be several, undefined where there is none. */
  _street(text) {
    const sought = text.toLowerCase();
    const exact = this.names?.find((name) => name.toLowerCase() === sought);
    if (exact) return exact;
    const found = this.matching(text, 4);
    if (found.length > 1) return { wrong: `Which one: ${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}?` };
    return found[0];
  }

  _corner(one, other, said) {
    const [first, second] = [this._street(one), this._street(other)];
    for (const [street, name] of [[first, one], [second, other]]) {
      if (typeof street !== "string") return street ?? { wrong: `No street is called “${name}”.` };
    }
    const seen = new Set();
    const ends = ({ points }) => [[points[0], points[1]], [points.at(-2), points.at(-1)]];
    for (const line of this._byName.get(first)) for (const [x, y] of ends(line)) seen.add(`${x} ${y}`);
    for (const line of this._byName.get(second)) {
      for (const [x, y] of ends(line)) if (seen.has(`${x} ${y}`)) return { x, y, name: `${first} / ${second}` };
    }
    return { wrong: `${first} and ${second} do not meet (“${said}”).` };
  }

  _middle(street) {
    const lines = this._byName.get(street);
    const { points } = lines[Math.floor(lines.length / 2)];
    const at = Math.floor(points.length / 4) * 2;
    return { x: points[at], y: points[at + 1] };
  }
}

/** Fetch the streets of the place; it works without, where travel goes by straight lines. */
export async function fetchStreets(place) {
  const streets = new Streets(place);
  if (place.streets) {
    const answer = await fetch(`/console/streets/${place.streets}`);
    if (answer.ok) streets.load(await answer.json());
  }
  return streets;
}
