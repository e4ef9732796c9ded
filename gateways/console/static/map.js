// The map: streets on one canvas, drawn when the view changes; everything that lives on another.

import { now } from "./clock.js";
import { find, onFrame } from "./dom.js";
import { Living } from "./living.js";
import { View } from "./view.js";
import { metres, rough, STATUS } from "./words.js";

const MINOR_FROM = 0.045;

export class CityMap {
  constructor(board, streets, place, onPick) {
    this.board = board;
    this.streets = streets;
    this.place = place;
    this.pin = null;
    this._ground = find("map-streets").getContext("2d");
    this._inks();
    this._living = new Living(board, streets, place.stale_after_ms);
    this._live = find("map-live").getContext("2d");
    this._drawLive = onFrame(() => {
      if (this._ready(this._live)) this._living.paint(this._live, this.view, this._ink, this.pin);
    });
    this._drawStreets = onFrame(() => this._paintStreets());
    this.view = new View(find("map"), () => this.redraw());
    this._onPick = onPick;
    this._listen();
    this.all();
  }

  redraw() {
    this._inks();
    this._drawStreets();
    this._drawLive();
  }

  moved() {
    this._drawLive();
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
    const { width, height } = this.view;
    const ratio = window.devicePixelRatio || 1;
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

  _trace(context, points) {
    for (let at = 0; at < points.length; at += 2) {
      const [px, py] = this.view.toScreen(points[at], points[at + 1]);
      if (at) context.lineTo(px, py);
      else context.moveTo(px, py);
    }
  }

  _fixed(context) {
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "center";
    for (const [list, letter] of [[this.place.stations, ""], [this.place.hospitals, "H"]]) {
      for (const each of list) {
        const [px, py] = this.view.toScreen(each.x, each.y);
        context.fillStyle = this._ink("ground");
        context.strokeStyle = this._ink(letter ? "hospital" : "station");
        context.lineWidth = 1.5;
        const size = letter ? 6 : each.post ? 2.5 : 4;
        context.beginPath();
        context.rect(px - size, py - size, 2 * size, 2 * size);
        context.fill();
        context.stroke();
        context.fillStyle = context.strokeStyle;
        if (letter) context.fillText(letter, px, py + 3.6);
        if (this.view.scale > 0.07) context.fillText(letter ? each.name : each.id, px, py + size + 11);
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
    const place = (event) => {
      const box = ground.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    ground.addEventListener("click", (event) => {
      if (event.target.closest("button")) return;
      const hit = this._hit(place(event));
      if (hit?.incident !== undefined) this.board.select(hit.incident);
    });
    ground.addEventListener("dblclick", (event) => {
      if (event.target.closest("button")) return;
      const [x, y] = this.view.toGround(...place(event));
      this.pin = { x, y, name: "" };
      this.moved();
      this._onPick();
    });
    ground.addEventListener("pointermove", (event) => this._hover(place(event)));
    ground.addEventListener("pointerleave", () => (find("map-tip").hidden = true));
    find("map-in").onclick = () => this.view.zoom(1.5);
    find("map-out").onclick = () => this.view.zoom(1 / 1.5);
    find("map-all").onclick = () => this.all();
  }

  _hit([px, py]) {
    let best = null;
    let least = 14;
    const look = (each, make, spot = this._living.at(each)) => {
      const [x, y] = spot;
      const away = Math.hypot(x - px, y - py);
      if (away < least) [least, best] = [away, make(each)];
    };
    for (const each of this.board.incidents.values()) {
      look(each, () => ({ incident: each.id, text: `${each.id}  P${each.priority} ${each.type.replaceAll("_", " ")}, ${each.address}` }));
    }
    for (const each of this.board.units.values()) {
      look(each, () => ({
        incident: each.incident ?? undefined,
        text: `${each.id} (${each.kind})  ${STATUS[each.status][1]}${each.incident ? ` for ${each.incident}` : ""}, ${
          each.fix_ms === null ? "position assumed" : `seen ${rough(now() - each.fix_ms)} ago`
        }`,
      }), this._living.spot(each));
    }
    return best;
  }

  _hover(at) {
    const tip = find("map-tip");
    const hit = this._hit(at);
    tip.hidden = !hit;
    if (!hit) return;
    tip.textContent = hit.text;
    tip.style.left = `${Math.min(at[0] + 12, this.view.width - 240)}px`;
    tip.style.top = `${at[1] + 14}px`;
  }
}
