// Cover as the planner sees it: the picture behind the heat layer, what-ifs, and what units would leave behind.
//
// The server is asked only for what is looked at: nothing while the layer is off and nobody points at anything.

import { make } from "./dom.js";
import { clockTime, now } from "./clock.js";
import { percent, rough } from "./words.js";

const LOOK_EVERY_MS = 15_000;
const POINT_MS = 140;
const FRESH_MS = 5_000;
const LEFT_KEPT = 40;

/** Bands of a zone, best first: how far the nearest free unit is, in parts of what counts as in time. */
export const BANDS = 5;
export function bandOf(seconds, limitS) {
  if (seconds < 0) return 4;
  if (seconds <= limitS / 2) return 0;
  if (seconds <= limitS) return 1;
  return seconds <= limitS * 1.5 ? 2 : 3;
}

/** Shares of demand by band, in percent, for the times of `now_s` or `then_s`. */
export function sharesOf(picture, when) {
  const limitS = limitOf(picture);
  const shares = new Array(BANDS).fill(0);
  const { weight } = picture.zones;
  picture.zones[when === "then" ? "then_s" : "now_s"].forEach((seconds, at) => (shares[bandOf(seconds, limitS)] += weight[at]));
  const whole = weight.reduce((sum, each) => sum + each, 0) || 1;
  return shares.map((each) => (100 * each) / whole);
}

export const limitOf = (picture) => picture.layers.find((each) => each.name === picture.layer).cover_ms / 1000;

/** Zones that would be lost (−1), won (1) or stay as they are (0). */
export function changesOf({ zones }) {
  return zones.covering_now.map((now, at) => (zones.covering_then[at] > 0 ? 1 : 0) - (now > 0 ? 1 : 0));
}

/** When it was so, and how long ago that is where it is no longer the present. */
export function asOf(atMs) {
  const age = now() - atMs;
  return `As of ${clockTime(atMs)}${age > FRESH_MS ? `, ${rough(age)} ago` : ""}`;
}

/** What one unit leaves behind, as a sentence without its subject. */
export function leftWords(left) {
  if (!left) return "is not free: it covers nothing now";
  if (left.percent < 0.05) return "leaves nothing uncovered: others are near enough";
  const where = left.areas.length ? `, most of it in ${left.areas.join(", ")}` : "";
  return `leaves ${percent(left.percent)} of demand uncovered${where}`;
}

export class Cover {
  constructor(board, link) {
    this.board = board;
    this._link = link;
    this.on = false;
    this.when = "now";
    this.layer = "";
    this._left = new Map();
    this._pointed = 0;
    this._city = { told: null, askedAt: -Infinity };
    board.follow((kind, message) => {
      if (kind !== "snapshot" && !(kind === "delta" && message.coverage)) return;
      // The planner has looked at the city anew. What is known is shown until the answer comes.
      for (const each of this._left.values()) each.stale = true;
      this._city.askedAt = -Infinity;
      this.refresh(kind === "snapshot");
    });
    setInterval(() => this.refresh(), LOOK_EVERY_MS);
  }

  /** The picture that is shown: what is pointed at, else the layer, else nothing. */
  get shown() {
    return this.board.peek?.picture ?? (this.on ? this.board.cover?.picture : undefined);
  }

  toggle() {
    this.on = !this.on;
    if (this.on) this.refresh(true);
    else this.board.takeCover(null);
    return this.on ? "Cover: shown" : "Cover: hidden";
  }

  /** "now", or "then": if all that is proposed were done. */
  choose(when) {
    this.when = when;
    if (when === "then") this._chooseClass();
    if (!this.on) return this.toggle();
    this.board.takeCover(this.board.cover);
    return when === "now" ? "Cover as it is now" : "Cover if the moves are taken";
  }

  /** Unless somebody has chosen a class: the one that the most valuable proposed move is about. */
  async _chooseClass() {
    const [move] = [...this.board.moves.values()].filter((each) => each.state === "proposed").sort((a, b) => b.gain_percent - a.gain_percent);
    if (this.layer || !move) return;
    const told = await this._link.ask({ type: "ask_cover", unit: move.unit, post: move.post });
    if (told.picture && !this.layer) this.show(told.picture.layer);
  }

  /** Show another class of demand. */
  show(layer) {
    this.layer = layer;
    this.refresh(true);
  }

  async refresh(anew = false) {
    if (!this.on || this._link.state !== "live") return;
    const message = { type: "ask_cover", layer: this.layer };
    if (!anew && this.board.cover) message.seen = this.board.cover.seq;
    const told = await this._link.ask(message);
    if (!this.on) return;
    if (told.type === "refused") this.board.takeCover({ ...this.board.cover, refused: told.reason });
    else if (told.picture) this.board.takeCover(told);
  }

  /**
   * All classes of demand as the layer shows them, from the same picture: {picture, at_ms}, or {refused}; null until it is
   * known. Asked for while somebody looks at the city, as often as for the layer.
   */
  city() {
    if (this.on && this.board.cover?.picture) return this.board.cover;
    if (performance.now() - this._city.askedAt > LOOK_EVERY_MS && this._link.state === "live") this._askCity();
    return this._city.told;
  }

  async _askCity() {
    this._city.askedAt = performance.now();
    const told = await this._link.ask({ type: "ask_cover", layer: "" });
    this._city.told = told.type === "refused" ? { refused: told.reason } : told;
    this.board.takeCover(this.board.cover);
  }

  // ── pointing ──────────────────────────────────────────────────────────────────────────────────────────

  /** Point at something: {unit}, {unit, post} of a move, {unit, incident} of a candidate; null: at nothing any more. */
  point(what) {
    const name = JSON.stringify(what);
    if (name === this._name) return;
    this._name = name;
    this._pointed += 1;
    const turn = this._pointed;
    clearTimeout(this._timer);
    if (!what) {
      if (this.board.peek) this.board.takePeek(null);
      return;
    }
    this._timer = setTimeout(() => this._look(what, turn), POINT_MS);
  }

  async _look(what, turn) {
    if (this._link.state !== "live") return;
    const ask = async (message) => {
      const told = await this._link.ask(message);
      return told.type === "refused" ? null : told;
    };
    const { unit, post, incident } = what;
    const layer = this.on ? this.layer || this.board.cover?.picture?.layer || "" : "";
    const [cover, left, way] = await Promise.all([
      incident ? null : ask({ type: "ask_cover", layer, unit, ...(post ? { post } : {}) }),
      post ? null : ask({ type: "ask_left", units: [unit] }),
      post || incident ? ask({ type: "ask_way", unit, ...(incident ? { incident } : { post }) }) : null,
    ]);
    if (turn !== this._pointed || !(cover || left || way)) return;
    this.board.takePeek({ ...what, turn, picture: cover?.picture, left: left?.left[0], route: way?.route });
  }

  // ── left behind ───────────────────────────────────────────────────────────────────────────────────────

  /** What the recommended units of an incident leave behind: {left: Map by unit, together}; null until it is known. */
  leftBehind(incident) {
    const units = incident.recommended.map((each) => each.unit);
    const name = `${incident.id} ${incident.decided_seq} ${units}`;
    const known = this._left.get(name);
    if (units.length && (!known || known.stale)) {
      const asked = { told: known?.told ?? null, stale: false };
      this._left.set(name, asked);
      if (this._left.size > LEFT_KEPT) this._left.delete(this._left.keys().next().value);
      this._askLeft(asked, units.slice(0, 64));
    }
    return this._left.get(name)?.told ?? null;
  }

  async _askLeft(asked, units) {
    const told = await this._link.ask({ type: "ask_left", units });
    if (told.type === "refused") return;
    asked.told = { left: new Map(told.left.map((each) => [each.unit, each])), together: told.together_percent };
    this.board.takeCover(this.board.cover);
  }

  /** The same as lines for the card, one for each unit, and one for all of them where that is more. */
  lines(incident) {
    const known = this.leftBehind(incident);
    if (!known) return [];
    const lines = incident.recommended.map(({ unit }) =>
      make("li", { "data-unit": unit }, make("b", {}, unit), ` ${leftWords(known.left.get(unit))}`));
    const single = Math.max(0, ...[...known.left.values()].map((each) => each.percent));
    if (known.left.size > 1 && known.together > single + 0.05) {
      lines.push(make("li", {}, make("b", {}, "Together"), ` ${leftWords({ percent: known.together, areas: [] })}`));
    }
    return [make("ul", { class: "left-behind", "aria-label": "Cover left behind" }, lines)];
  }
}
