// What lives on the map: units, incidents, ways, proposals, cautions. Drawn anew whenever something has moved.

import { isPending } from "./board.js";
import { clustered, paintGroup } from "./clusters.js";
import { now } from "./clock.js";
import { incidentPath, unitPath } from "./marks.js";
import { AWAY, plain, rough, STATUS } from "./words.js";

const FADE_MS = 120_000;
const LABELS_FROM = 0.045;
const LABELS_MAX = 40;
const LABELS_MOST = 400;

export class Living {
  constructor(board, streets, place) {
    this.board = board;
    this.streets = streets;
    this._stale = place.stale_after_ms;
    this._posts = new Map(place.stations.map((each) => [each.id, each]));
    /** What was drawn last: units by themselves, with their spots, and discs that stand for many. */
    this.single = [];
    this.groups = [];
  }

  /** Draw everything on a canvas that is clear; `ink` names the theme's colours. */
  paint(context, view, ink, pin) {
    this.view = view;
    this._ink = ink;
    this._cautions(context);
    this._routes(context);
    const chosen = this.board.chosen;
    if (chosen) this._proposed(context, chosen);
    this._units(context, chosen);
    const last = (incident) => (incident === chosen ? 1 : 0);
    const marks = [...this.board.incidents.values()].sort((a, b) => last(a) - last(b) || b.priority - a.priority);
    for (const incident of marks) this._incident(context, incident, incident === chosen);
    this._peeked(context);
    if (pin) this._pinned(context, pin);
  }

  _units(context, chosen) {
    const seen = [];
    for (const unit of this.board.units.values()) {
      const at = this.spot(unit);
      if (this._inSight(at)) seen.push({ unit, x: at[0], y: at[1] });
    }
    const alone = (unit) => unit.emergency || (chosen && (unit.incident === chosen.id || chosen.recommended.some((each) => each.unit === unit.id)));
    const { single, groups } = clustered(seen, this.view, alone);
    [this.single, this.groups] = [single, groups];
    for (const each of groups) paintGroup(context, this._ink, each, this.view.mark);
    const labelled = (this.view.scale > LABELS_FROM && single.length < LABELS_MOST) || this.board.units.size < LABELS_MAX;
    for (const { unit, x, y } of single) this._unit(context, unit, [x, y], labelled, chosen);
  }

  /** The way that is pointed at: of a candidate to the incident, of a unit to the post where it is proposed. */
  _peeked(context) {
    const { peek } = this.board;
    const unit = peek && this.board.units.get(peek.unit);
    if (!unit) return;
    const from = this.at(unit);
    context.strokeStyle = this._ink("focus");
    context.lineWidth = 3 * this.view.mark;
    context.beginPath();
    context.arc(...from, 12 * this.view.mark, 0, 2 * Math.PI);
    context.stroke();
    const post = peek.post && this._posts.get(peek.post);
    const incident = peek.incident && this.board.incidents.get(peek.incident);
    const to = post ? this.view.toScreen(post.x, post.y) : incident ? this.at(incident) : null;
    if (!to) return;
    context.setLineDash([8, 5]);
    context.beginPath();
    context.moveTo(...from);
    for (const [lat, lon] of peek.route?.line ?? []) context.lineTo(...this.at({ lat, lon }));
    context.lineTo(...to);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.arc(...to, 9 * this.view.mark, 0, 2 * Math.PI);
    context.stroke();
  }

  /** Where on the canvas something stands. */
  at({ lat, lon }) {
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
        polygon.forEach(([lat, lon], at) => context[at ? "lineTo" : "moveTo"](...this.at({ lat, lon })));
        context.closePath();
      } else {
        const [px, py] = this.at(circle);
        context.arc(px, py, Math.max(5, circle.radius_m * this.view.scale), 0, 2 * Math.PI);
      }
      context.stroke();
      context.globalAlpha = 0.12;
      context.fill();
      context.globalAlpha = 1;
      context.setLineDash([]);
      const [px, py] = circle && !polygon ? this.at(circle) : this.at({ lat: polygon[0][0], lon: polygon[0][1] });
      if (this.view.scale > LABELS_FROM) this._label(context, circle ? `⚠ ${plain(circle.severity)}` : "✕ closed", px, py + 4, false);
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
        if (known) context.moveTo(...this.at(known));
        for (let at = near; at < route.line.length; at += 1) {
          const [lat, lon] = route.line[at];
          context[at > near || known ? "lineTo" : "moveTo"](...this.at({ lat, lon }));
        }
        context.strokeStyle = this._ink("route");
        context.globalAlpha = !chosen ? 0.6 : incident === chosen ? 0.95 : 0.2;
        context.lineWidth = incident === chosen ? 3 : 1.8;
        context.stroke();
        context.globalAlpha = 1;
      }
    }
  }

  /** Who is recommended, and from where: dashed, because nobody has been told. */
  _proposed(context, incident) {
    context.setLineDash([6, 5]);
    context.strokeStyle = this._ink("focus");
    context.lineWidth = 2;
    for (const { unit } of incident.recommended) {
      const known = this.board.units.get(unit);
      if (!known) continue;
      context.beginPath();
      context.moveTo(...this.at(known));
      context.lineTo(...this.at(incident));
      context.stroke();
    }
    context.setLineDash([]);
  }

  /** Where a unit's mark stands: those that are with their incident, beside its mark and not upon it. */
  spot(unit) {
    const at = this.at(unit);
    if (STATUS[unit.status][3] !== "block" || !unit.incident) return at;
    const crews = this.board.incidents.get(unit.incident)?.assigned ?? [];
    const row = Math.max(0, crews.findIndex((each) => each.unit === unit.id));
    const { mark } = this.view;
    return [at[0] + mark * (15 + 11 * Math.floor(row / 3)), at[1] + mark * (-9 + 10 * (row % 3))];
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
    const at = this.at(incident);
    if (!this._inSight(at)) return;
    context.save();
    context.translate(...at);
    context.scale(this.view.mark, this.view.mark);
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

  _unit(context, unit, at, labelled, chosen) {
    const [code, , tone, shape] = STATUS[unit.status];
    const age = unit.fix_ms === null ? 0 : now() - unit.fix_ms;
    const apart = chosen && unit.incident !== chosen.id && !unit.emergency;
    const idle = !unit.incident && !unit.move;
    context.save();
    context.translate(...at);
    context.scale(this.view.mark, this.view.mark);
    context.globalAlpha = (age > FADE_MS ? Math.max(0.35, 1 - (age - FADE_MS) / this._stale) : 1) * (apart ? 0.45 : 1);
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
    unitPath(context, unit.move && idle ? "arrow" : shape, shape === "ring" ? 5 : shape === "block" ? 5 : 6.5);
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
    if (shape !== "arrow" && speed > 1 && heading !== null) this._tick(context, heading, ink);
    const mine = chosen && (unit.incident === chosen.id || chosen.recommended.some((each) => each.unit === unit.id));
    const there = shape === "block";
    if ((mine && !there) || unit.emergency || (labelled && !there && !AWAY.has(unit.status) && (unit.incident || speed > 1 || this.view.scale > 0.12))) {
      this._label(context, age > FADE_MS && !unit.assumed ? `${unit.id} ${rough(age)}` : `${unit.id} ${code}`, 0, -10, mine);
    }
    context.restore();
  }

  /** Which way something drives whose mark has no front. */
  _tick(context, heading, ink) {
    const [east, north] = [Math.sin((heading * Math.PI) / 180), Math.cos((heading * Math.PI) / 180)];
    context.beginPath();
    context.moveTo(6 * east, -6 * north);
    context.lineTo(11 * east, -11 * north);
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.stroke();
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

  _pinned(context, pin) {
    const [px, py] = this.view.toScreen(pin.x, pin.y);
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
}
