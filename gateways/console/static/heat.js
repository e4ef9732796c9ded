// The heat layer: how far the nearest free unit is, zone by zone. Colour says it, hatching and marks say it again.

import { bandOf, changesOf, limitOf } from "./cover.js";

const CELLS = 150;
const HATCHED_FROM = 2;
const NUMBERS_FROM = 34;

export class Heat {
  constructor(streets) {
    this._streets = streets;
    this._ground = "";
    this._colour = document.createElement("canvas");
    this._mask = document.createElement("canvas");
    this._inked = "";
  }

  /** Draw on a canvas that is clear. `when`: "now" or "then"; `whole`: all zones and not only what would change. */
  paint(context, view, ink, { picture, when, whole, key }) {
    this._settle(picture.zones);
    const changes = changesOf(picture);
    const limitS = limitOf(picture);
    const bands = picture.zones[when === "then" ? "then_s" : "now_s"].map((seconds) => bandOf(seconds, limitS));
    this._fill(bands, changes, ink, whole, `${key}|${when}|${whole}|${ink("cover-1")}`);
    const box = this._box(view);
    context.imageSmoothingEnabled = true;
    context.drawImage(this._mask, ...box);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = this._pattern(context, ink);
    context.fillRect(0, 0, view.width, view.height);
    context.globalCompositeOperation = "destination-over";
    context.drawImage(this._colour, ...box);
    context.globalCompositeOperation = "source-over";
    this._marks(context, view, ink, picture, changes, when, whole);
  }

  /** Where the zones are, and which zone each cell of the raster belongs to: found once for each set of zones. */
  _settle({ lat, lon }) {
    const ground = `${lat.length} ${lat[0]} ${lon[0]} ${lat.at(-1)} ${lon.at(-1)}`;
    if (ground === this._ground) return;
    this._ground = ground;
    this._inked = "";
    this.at = lat.map((each, at) => this._streets.toMetres(each, lon[at]));
    const reach = this._reach();
    const [west, south, east, north] = [0, 1].flatMap((axis) => Math.min(...this.at.map((each) => each[axis])) - reach)
      .concat([0, 1].map((axis) => Math.max(...this.at.map((each) => each[axis])) + reach));
    this.apart = reach / 1.5;
    this._corner = [west, north];
    this._cell = Math.max(east - west, north - south) / CELLS;
    this._wide = Math.ceil((east - west) / this._cell);
    this._high = Math.ceil((north - south) / this._cell);
    for (const canvas of [this._colour, this._mask]) [canvas.width, canvas.height] = [this._wide, this._high];
    this._zone = this._nearest(reach);
  }

  /** The zone at a point of the ground, in metres; -1: none. */
  zoneAt(x, y) {
    if (!this._ground) return -1;
    const [column, line] = [Math.floor((x - this._corner[0]) / this._cell), Math.floor((this._corner[1] - y) / this._cell)];
    return column < 0 || line < 0 || column >= this._wide || line >= this._high ? -1 : this._zone[line * this._wide + column];
  }

  /** Half as far again as neighbours are apart, as a rule. */
  _reach() {
    const apart = this.at.map(([x, y], one) =>
      this.at.reduce((least, [a, b], other) => (one === other ? least : Math.min(least, Math.hypot(a - x, b - y) || least)), Infinity));
    const known = apart.filter(Number.isFinite).sort((a, b) => a - b);
    return 1.5 * Math.min(3000, Math.max(250, known[Math.floor(known.length * 0.75)] ?? 1000));
  }

  _nearest(reach) {
    const zone = new Int16Array(this._wide * this._high).fill(-1);
    const away = new Float32Array(zone.length).fill(reach * reach);
    const around = Math.ceil(reach / this._cell);
    this.at.forEach(([x, y], number) => {
      const column = Math.floor((x - this._corner[0]) / this._cell);
      const line = Math.floor((this._corner[1] - y) / this._cell);
      for (let j = Math.max(0, line - around); j <= Math.min(this._high - 1, line + around); j += 1) {
        for (let i = Math.max(0, column - around); i <= Math.min(this._wide - 1, column + around); i += 1) {
          const east = this._corner[0] + (i + 0.5) * this._cell - x;
          const north = this._corner[1] - (j + 0.5) * this._cell - y;
          const square = east * east + north * north;
          if (square < away[j * this._wide + i]) {
            away[j * this._wide + i] = square;
            zone[j * this._wide + i] = number;
          }
        }
      }
    });
    return zone;
  }

  /** Colour the raster, and say in the mask what is hatched: what nobody reaches in time, or what would change so. */
  _fill(bands, changes, ink, whole, sign) {
    if (sign === this._inked) return;
    this._inked = sign;
    const inks = [1, 2, 3, 4, 5].map((band) => rgba(ink(`cover-${band}`)));
    const colour = new ImageData(this._wide, this._high);
    const mask = new ImageData(this._wide, this._high);
    this._zone.forEach((zone, cell) => {
      if (zone < 0 || !(whole || changes[zone])) return;
      const hatched = whole ? bands[zone] >= HATCHED_FROM : changes[zone] < 0;
      colour.data.set(inks[whole ? bands[zone] : changes[zone] < 0 ? 3 : 0], 4 * cell);
      if (hatched) mask.data[4 * cell + 3] = 255;
    });
    this._colour.getContext("2d").putImageData(colour, 0, 0);
    this._mask.getContext("2d").putImageData(mask, 0, 0);
  }

  _box(view) {
    const [left, top] = view.toScreen(...this._corner);
    return [left, top, this._wide * this._cell * view.scale, this._high * this._cell * view.scale];
  }

  _pattern(context, ink) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const lines = tile.getContext("2d");
    lines.strokeStyle = ink("cover-hatch");
    lines.lineWidth = 1.2;
    for (const shift of [-8, 0, 8]) {
      lines.moveTo(shift - 1, 9);
      lines.lineTo(shift + 9, -1);
    }
    lines.stroke();
    return context.createPattern(tile, "repeat");
  }

  /** A cross where nobody comes at all, a sign where something would change, minutes where there is room for them. */
  _marks(context, view, ink, picture, changes, when, whole) {
    const times = picture.zones[when === "then" ? "then_s" : "now_s"];
    const room = this.apart * view.scale;
    context.textAlign = "center";
    context.lineWidth = 2;
    this.at.forEach(([x, y], zone) => {
      const [px, py] = view.toScreen(x, y);
      if (px < -20 || py < -20 || px > view.width + 20 || py > view.height + 20) return;
      const changed = changes[zone] !== 0 && (when === "then" || !whole);
      if (changed) sign(context, ink, px, py, changes[zone]);
      else if (whole && times[zone] < 0 && room > 10) cross(context, ink, px, py);
      if (!whole || room < NUMBERS_FROM || times[zone] < 0) return;
      const text = `${Math.max(1, Math.round(times[zone] / 60))} min`;
      context.font = "10px system-ui, sans-serif";
      context.strokeStyle = ink("ground");
      context.lineWidth = 3;
      context.strokeText(text, px, py + (changed ? 18 : 4));
      context.fillStyle = ink("quiet");
      context.fillText(text, px, py + (changed ? 18 : 4));
      context.lineWidth = 2;
    });
  }
}

/** Plus or minus in a disc: won or lost. */
function sign(context, ink, x, y, change) {
  context.beginPath();
  context.arc(x, y, 6.5, 0, 2 * Math.PI);
  context.fillStyle = ink("ground");
  context.fill();
  context.strokeStyle = ink(change > 0 ? "good" : "alarm");
  context.stroke();
  context.beginPath();
  context.moveTo(x - 3.5, y);
  context.lineTo(x + 3.5, y);
  if (change > 0) {
    context.moveTo(x, y - 3.5);
    context.lineTo(x, y + 3.5);
  }
  context.stroke();
}

function cross(context, ink, x, y) {
  context.beginPath();
  context.moveTo(x - 4, y - 4);
  context.lineTo(x + 4, y + 4);
  context.moveTo(x + 4, y - 4);
  context.lineTo(x - 4, y + 4);
  context.strokeStyle = ink("cover-hatch");
  context.stroke();
}

/** `#rrggbbaa` as four numbers. */
function rgba(text) {
  const hex = text.trim().slice(1);
  return [0, 2, 4, 6].map((at) => (at < hex.length ? parseInt(hex.slice(at, at + 2), 16) : 255));
}
