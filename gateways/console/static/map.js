// The map: streets on one canvas, drawn when the view changes; everything that lives on another.

import { now } from "./clock.js";
import { find, onFrame } from "./dom.js";
import { incidentPath, unitPath } from "./marks.js";
import { View } from "./view.js";
import { isPending } from "./board.js";
import { metres, rough, STATUS, AWAY } from "./words.js";

const FADE_MS = 120_000;
const MINOR_FROM = 0.045;
const LABELS_FROM = 0.045;
const LABELS_MAX = 40;

export class CityMap {
  constructor(board, streets, place, onPick) {
    this.board = board;
    this.streets = streets;
    this.place = place;
    this.pin = null;
    this.stale = place.stale_after_ms;
    this._ground = find("map-streets").getContext("2d");
    this._live = find("map-live").getContext("2d");
    this._drawLive = onFrame(() => this._paintLive());
    this._drawStreets = onFrame(() => this._paintStreets());
    this.view = new View(find("map"), () => this.redraw());
    this._onPick = onPick;
    this._listen();
    this.all();
  }

  redraw() {
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
    const style = getComputedStyle(document.documentElement);
    this._ink = (name) => style.getPropertyValue(`--${name}`);
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

  _paintLive() {
    const context = this._live;
    if (!this._ready(context)) return;
    this._cautions(context);
    this._routes(context);
    const chosen = this.board.chosen;
    const marks = [];
    for (const incident of this.board.incidents.values()) marks.push(incident);
    marks.sort((a, b) => b.priority - a.priority);
    for (const incident of marks) this._incident(context, incident, incident === chosen);
    const labelled = this.view.scale > LABELS_FROM || this.board.units.size < LABELS_MAX;
    for (const unit of this.board.units.values()) this._unit(context, unit, labelled, chosen);
    if (this.pin) this._pinned(context);
  }

  _at({ lat, lon }) {
    return this.view.toScreen(...this.streets.toMetres(lat, lon));
  }

  _inSight([px, py]) {
    return px > -30 && py > -30 && px < this.view.width + 30 && py < this.view.height + 30;
  }

  _cautions(context) {
    const rings = [
      ...[...this.board.cautions.values()].map((each) => [each.polygon, each, "caution"]),
      ...[...this.board.closures.values()].filter((each) => each.stretch.polygon).map((each) => [each.stretch.polygon, null, "closure"]),
    ];
    for (const [polygon, circle, ink] of rings) {
      context.strokeStyle = this._ink(ink);
      context.fillStyle = this._ink(ink);
      context.lineWidth = 1.5;
      context.setLineDash([3, 3]);
      context.beginPath();
      if (polygon) {
        polygon.forEach(([lat, lon], at) => context[at ? "lineTo" : "moveTo"](...this._at({ lat, lon })));
        context.closePath();
      } else {
        const [px, py] = this._at(circle);
        context.arc(px, py, Math.max(5, circle.radius_m * this.view.scale), 0, 2 * Math.PI);
      }
      context.stroke();
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
      context.setLineDash([]);
    }
  }

  _routes(context) {
    const chosen = this.board.chosen;
    for (const incident of this.board.incidents.values()) {
      for (const { unit, route, status } of incident.assigned) {
        if (!route || !["dispatched", "acknowledged", "en_route"].includes(status)) continue;
        const known = this.board.units.get(unit);
        const near = known ? this._nearest(route.line, known) : 0;
        context.beginPath();
        if (known) context.moveTo(...this._at(known));
        for (let at = near; at < route.line.length; at += 1) {
          const [lat, lon] = route.line[at];
          context[at > near || known ? "lineTo" : "moveTo"](...this._at({ lat, lon }));
        }
        context.strokeStyle = this._ink("route");
        context.globalAlpha = !chosen ? 0.6 : incident === chosen ? 0.95 : 0.2;
        context.lineWidth = incident === chosen ? 3 : 1.8;
        context.stroke();
        context.globalAlpha = 1;
      }
    }
  }

  /** The first bend of the way that still lies ahead: behind the one that is nearest. */
  _nearest(line, { lat, lon }) {
    let best = 0;
    let least = Infinity;
    line.forEach(([y, x], at) => {
      const away = (y - lat) ** 2 + (x - lon) ** 2;
      if (away < least) [least, best] = [away, at];
    });
    return Math.min(best + 1, line.length - 1);
  }

  _incident(context, incident, chosen) {
    const at = this._at(incident);
    if (!this._inSight(at)) return;
    context.save();
    context.translate(...at);
    if (chosen) {
      context.beginPath();
      context.arc(0, 0, 19, 0, 2 * Math.PI);
      context.strokeStyle = this._ink("focus");
      context.lineWidth = 2;
      context.stroke();
    }
    incidentPath(context, incident.priority, 8);
    const ink = this._ink(`p${incident.priority}`);
    context.strokeStyle = isPending(incident) ? this._ink("ground") : ink;
    context.fillStyle = isPending(incident) ? ink : this._ink("ground");
    context.lineWidth = 2;
    context.fill();
    context.stroke();
    context.fillStyle = isPending(incident) ? this._ink("on-badge") : ink;
    context.font = "bold 9px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(incident.priority, 0, 3.4);
    if (chosen || this.view.scale > LABELS_FROM) this._label(context, incident.id, 0, 22, true);
    context.restore();
  }

  _unit(context, unit, labelled, chosen) {
    const at = this._at(unit);
    if (!this._inSight(at)) return;
    const [code, , tone, shape] = STATUS[unit.status];
    const age = unit.fix_ms === null ? 0 : now() - unit.fix_ms;
    const apart = chosen && unit.incident !== chosen.id;
    const idle = !unit.incident && !unit.move;
    context.save();
    context.translate(...at);
    context.globalAlpha = (age > FADE_MS ? Math.max(0.35, 1 - (age - FADE_MS) / this.stale) : 1) * (apart ? 0.45 : 1);
    const ink = unit.emergency ? this._ink("alarm") : this._ink(`st-${tone}`);
    if (unit.emergency) {
      context.beginPath();
      context.arc(0, 0, 15, 0, 2 * Math.PI);
      context.strokeStyle = ink;
      context.lineWidth = 3;
      context.stroke();
    }
    const { heading, speed } = this.board.motion.get(unit.id) ?? {};
    context.save();
    if (shape === "arrow" && heading !== null && heading !== undefined) context.rotate((heading * Math.PI) / 180);
    unitPath(context, unit.move && idle ? "arrow" : shape, shape === "ring" ? 5 : 6.5);
    context.strokeStyle = shape === "cross" ? ink : this._ink("ground");
    context.lineWidth = 1.5;
    context.fillStyle = ink;
    if (shape === "ring") {
      context.strokeStyle = ink;
      context.fillStyle = this._ink("ground");
      context.lineWidth = 2;
    }
    if (shape !== "cross") context.fill();
    context.stroke();
    context.restore();
    const mine = chosen && unit.incident === chosen.id;
    if (mine || unit.emergency || (labelled && !AWAY.has(unit.status) && (unit.incident || speed > 1 || this.view.scale > 0.12))) {
      this._label(context, age > FADE_MS && !unit.assumed ? `${unit.id} ${rough(age)}` : `${unit.id} ${code}`, 0, -10, mine);
    }
    context.restore();
  }

  _label(context, text, x, y, strong) {
    context.font = `${strong ? "600 " : ""}10px system-ui, sans-serif`;
    context.textAlign = "center";
    context.strokeStyle = this._ink("ground");
    context.lineWidth = 3;
    context.strokeText(text, x, y);
    context.fillStyle = this._ink(strong ? "text" : "quiet");
    context.fillText(text, x, y);
  }

  _pinned(context) {
    const [px, py] = this.view.toScreen(this.pin.x, this.pin.y);
    context.strokeStyle = this._ink("focus");
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(px - 9, py);
    context.lineTo(px + 9, py);
    context.moveTo(px, py - 9);
    context.lineTo(px, py + 9);
    context.stroke();
    this._label(context, "@", px, py - 12, true);
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
    const look = (each, make) => {
      const [x, y] = this._at(each);
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
      }));
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
