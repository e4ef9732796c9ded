// The place's streets: lines for the map, each under its name.

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
    /** Names in order; null until the streets have come, or where the place has none. */
    this.names = null;
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

  /** The lines of the street of that name. */
  linesOf(name) {
    return this._byName.get(name) ?? [];
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
