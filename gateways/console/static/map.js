// The map: cover and streets on a canvas each, drawn when they change; everything that lives on a third.

import { now } from "./clock.js";
import { groupWords } from "./clusters.js";
import { find, onFrame } from "./dom.js";
import { Heat } from "./heat.js";
import { zoneText } from "./legend.js";
import { Living } from "./living.js";
import { aboutUnit } from "./pointing.js";
import { Sight } from "./sight.js";
import { View } from "./view.js";
import { metres, plain, rough, STATUS, typeName } from "./words.js";

const MINOR_FROM = 0.045;
const SEEK_MS = 3000;
const WALL_MARK = 1.35;

export class CityMap {
  constructor(board, streets, place, { cover, link, onPick }) {
    this.board = board;
    this.cover = cover;
    this.streets = streets;
    this.place = place;
    this.pin = null;
    this._ground = find("map-streets").getContext("2d");
    this._inks();
    this._living = new Living(board, streets, place);
    this._heat = new Heat(streets);
    this._sight = new Sight(link, streets, place);
    this._sought = null;
    this._under = find("map-heat").getContext("2d");
    this._live = find("map-live").getContext("2d");
    this._drawLive = onFrame(() => {
      if (this._ready(this._live)) this._living.paint(this._live, this.view, this._ink, this.pin);
    });
    this._drawStreets = onFrame(() => this._paintStreets());
    this.coverChanged = onFrame(() => this._paintCover());
    this.view = new View(find("map"), () => this._turned());
    this.view.mark = document.body.dataset.view ? WALL_MARK : 1;
    this._onPick = onPick;
    this._listen();
    this.all();
  }

  /** The theme has changed. */
  redraw() {
    this._inks();
    this._turned();
  }

  _turned() {
    this._drawStreets();
    this._drawLive();
    this.coverChanged();
    this._sight.moved(this.view);
  }

  /** Something that lives has moved; `message`: of positions. */
  moved(message) {
    if (this._sought && message?.units.some(([unit]) => unit === this._sought)) {
      const unit = this.board.units.get(this._sought);
      this._sought = null;
      this.reveal(unit.lat, unit.lon);
    }
    this._drawLive();
  }

  /** Show where a unit is. Out of sight it may have moved meanwhile: then it is looked for again once that is known. */
  seek(unit) {
    this.reveal(unit.lat, unit.lon);
    this._sought = unit.id;
    clearTimeout(this._seeking);
    this._seeking = setTimeout(() => (this._sought = null), SEEK_MS);
  }

  /** Show all of the city. */
  all() {
    const boxes = this.streets.lines.map((line) => line.box);
    const [west, south, east, north] = this.place.bounds;
    const inner = this.place.stations.map(({ x, y }) => [x, y, x, y]);
    const all = boxes.length ? boxes : inner.length ? inner : [[west, south, east, north]];
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const each of all) {
      box[0] = Math.min(box[0], each[0]);
      box[1] = Math.min(box[1], each[1]);
      box[2] = Math.max(box[2], each[2]);
      box[3] = Math.max(box[3], each[3]);
    }
    const pad = boxes.length ? 0 : 2500;
    this.view.fit([box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad]);
  }

  reveal(lat, lon) {
    this.view.reveal(...this.streets.toMetres(lat, lon));
  }

  /** A colour of the theme, by its name. Asked for thousands of times a second, so it is looked up once. */
  _inks() {
    const style = getComputedStyle(document.documentElement);
    const known = new Map();
    this._ink = (name) => {
      if (!known.has(name)) known.set(name, style.getPropertyValue(`--${name}`));
      return known.get(name);
    };
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────

  _ready(context) {
    const { width, height, ratio } = this.view;
    const canvas = context.canvas;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineJoin = "round";
    context.lineCap = "round";
    return width > 0 && height > 0;
  }

  _paintCover() {
    const context = this._under;
    if (!this._ready(context)) return;
    const legend = find("cover");
    const covered = legend.hidden ? 0 : legend.offsetHeight + 8;
    this.view.cover(covered);
    find("map-scale").style.bottom = `${covered + 8}px`;
    const picture = this.cover.shown;
    if (!picture) return;
    const { peek } = this.board;
    // What is pointed at is shown as it would be then; without the layer only what would change.
    const when = peek?.picture ? "then" : this.cover.when;
    const key = peek?.picture ? `peek ${peek.turn}` : `${this.board.cover.seq} ${picture.layer}`;
    this._heat.paint(context, this.view, this._ink, { picture, when, whole: this.cover.on, key });
  }

  _paintStreets() {
    const context = this._ground;
    if (!this._ready(context)) return;
    this._areas(context);
    const [west, south, east, north] = this.view.box;
    const { scale } = this.view;
    const widths = [Math.min(7, 1.5 + scale * 9), Math.min(5, 1 + scale * 6), Math.min(4, 0.7 + scale * 4)];
    const inks = [this._ink("street-major"), this._ink("street-middle"), this._ink("street-minor")];
    for (const rank of [2, 1, 0]) {
      if (rank === 2 && scale < MINOR_FROM) context.globalAlpha = 0.55;
      context.beginPath();
      for (const line of this.streets.lines) {
        if (line.rank !== rank || line.box[0] > east || line.box[2] < west || line.box[1] > north || line.box[3] < south) continue;
        this._trace(context, line.points);
      }
      context.strokeStyle = inks[rank];
      context.lineWidth = widths[rank];
      context.stroke();
      context.globalAlpha = 1;
    }
    this._areaNames(context);
    this._fixed(context);
    this._scaleBar();
  }

  _areas(context) {
    context.strokeStyle = this._ink("area-line");
    context.lineWidth = 1;
    context.setLineDash([5, 5]);
    for (const { polygon } of this.place.areas) {
      context.beginPath();
      polygon.forEach(([x, y], at) => context[at ? "lineTo" : "moveTo"](...this.view.toScreen(x, y)));
      context.closePath();
      context.stroke();
    }
    context.setLineDash([]);
  }

  /** The name of each response area where it is widest in sight, unless it would be larger than the area. */
  _areaNames(context) {
    context.font = `${11 * this.view.mark}px system-ui, sans-serif`;
    context.fillStyle = this._ink("area-name");
    context.strokeStyle = this._ink("ground");
    context.lineWidth = 3;
    context.textAlign = "center";
    for (const { name, polygon } of this.place.areas) {
      const corners = polygon.map(([x, y]) => this.view.toScreen(x, y));
      const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
      const [left, right, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys)];
      const at = [(left + right) / 2, top + 16 * this.view.mark];
      if (context.measureText(name).width > right - left - 20) continue;
      context.strokeText(name, ...at);
      context.fillText(name, ...at);
    }
  }

  _trace(context, points) {
    for (let at = 0; at < points.length; at += 2) {
      const [px, py] = this.view.toScreen(points[at], points[at + 1]);
      if (at) context.lineTo(px, py);
      else context.moveTo(px, py);
    }
  }

  _fixed(context) {
    const { mark } = this.view;
    context.font = `${10 * mark}px system-ui, sans-serif`;
    context.textAlign = "center";
    for (const [list, letter] of [[this.place.stations, ""], [this.place.hospitals, "H"]]) {
      for (const each of list) {
        const [px, py] = this.view.toScreen(each.x, each.y);
        context.fillStyle = this._ink("ground");
        context.strokeStyle = this._ink(letter ? "hospital" : "station");
        context.lineWidth = 1.5;
        const size = mark * (letter ? 6 : each.post ? 2.5 : 4);
        context.beginPath();
        context.rect(px - size, py - size, 2 * size, 2 * size);
        context.fill();
        context.stroke();
        context.fillStyle = context.strokeStyle;
        if (letter) context.fillText(letter, px, py + 3.6 * mark);
        if (this.view.scale > 0.07) context.fillText(letter ? each.name : each.id, px, py + size + 11 * mark);
      }
    }
  }

  _scaleBar() {
    const bar = [50, 100, 200, 500, 1000, 2000, 5000, 10000].find((each) => each * this.view.scale > 50) ?? 20000;
    const element = find("map-scale");
    element.textContent = metres(bar);
    element.style.width = `${bar * this.view.scale}px`;
  }

  // ── pointing ──────────────────────────────────────────────────────────────────────────────────────────

  _listen() {
    const ground = this.view.ground;
    const beside = (event) => event.target.closest("button, .cover-panel");
    ground.addEventListener("click", (event) => {
      if (beside(event)) return;
      const hit = this._hit(this.view.point(event));
      if (hit?.group) this.view.zoom(2, hit.group.x, hit.group.y);
      else if (hit?.incident !== undefined) this.board.select(hit.incident);
    });
    ground.addEventListener("dblclick", (event) => {
      if (beside(event) || this._hit(this.view.point(event))?.group) return;
      const [x, y] = this.view.toGround(...this.view.point(event));
      this.pin = { x, y, name: "" };
      this.moved();
      this._onPick();
    });
    ground.addEventListener("pointermove", (event) => this._hover(beside(event) ? null : this.view.point(event)));
    ground.addEventListener("pointerleave", () => this._hover(null));
    find("map-in").onclick = () => this.view.zoom(1.5);
    find("map-out").onclick = () => this.view.zoom(1 / 1.5);
    find("map-all").onclick = () => this.all();
  }

  _hit([px, py]) {
    let best = null;
    let least = 14 * this.view.mark;
    const look = (x, y, make) => {
      const away = Math.hypot(x - px, y - py);
      if (away < least) [least, best] = [away, make()];
    };
    for (const each of this.board.incidents.values()) {
      look(...this._living.at(each), () => ({ incident: each.id, text: `${each.id}  P${each.priority} ${typeName(each.type)}, ${each.address}` }));
    }
    for (const { unit, x, y } of this._living.single) {
      look(x, y, () => ({
        unit,
        incident: unit.incident ?? undefined,
        text: `${unit.id} (${plain(unit.kind)})  ${STATUS[unit.status][1]}${unit.incident ? ` for ${unit.incident}` : ""}, ${
          unit.fix_ms === null ? "position assumed" : `seen ${rough(now() - unit.fix_ms)} ago`
        }`,
      }));
    }
    if (!best) least = 20 * this.view.mark;
    for (const group of this._living.groups) if (!best?.unit) look(group.x, group.y, () => ({ group, text: groupWords(group) }));
    return best;
  }

  /** What the zone under the pointer says, while the layer is shown. */
  _zone([px, py]) {
    const picture = this.board.cover?.picture;
    if (!this.cover.on || !picture) return null;
    const zone = this._heat.zoneAt(...this.view.toGround(px, py));
    return zone < 0 ? null : { text: zoneText(picture, zone, this.cover.when) };
  }

  _hover(at) {
    const tip = find("map-tip");
    const hit = at && (this._hit(at) ?? this._zone(at));
    this.cover.point(aboutUnit(hit?.unit));
    tip.hidden = !hit;
    if (!hit) return;
    tip.textContent = hit.text;
    tip.style.left = `${Math.min(at[0] + 12, this.view.width - 240)}px`;
    tip.style.top = `${at[1] + 14}px`;
  }
}
