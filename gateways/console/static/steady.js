// Rows that keep their places while somebody aims at one: a press may not hit what came beneath the pointer meanwhile.

import { Aim } from "./aim.js";

const MOST = 30; // rows, whatever comes while somebody aims
const SETTLES_MS = 600; // for so long after a row has come to another place, a press there was meant for what stood there

export class Steady extends Aim {
  /** `draw` draws the box anew, `tell` says why a press was not taken. */
  constructor(box, draw, tell) {
    super(box, draw);
    this._tell = tell;
    this._standing = [];
    this._shifted = -Infinity;
    box.addEventListener("click", (event) => this._guard(event), true);
  }

  /** Nobody aims any more, and the rows still stand where they stood while somebody did. */
  get stale() {
    return Boolean(this._kept) && !this.aimed;
  }

  /**
   * What to show of `rows`, which come in their order, `most` of them: while somebody aims, those that stand keep their
   * places, `gone` holds the place of one that is over, new ones come after them. What is `grave` comes on top at any time.
   */
  arrange(rows, most, grave) {
    this._kept = this.aimed;
    if (!this._kept) return rows.slice(0, most);
    const waiting = new Map(rows.map((row) => [row.key, row]));
    const standing = new Set(this._standing);
    const fresh = rows.filter((row) => !standing.has(row.key));
    const top = fresh.filter(grave).slice(0, Math.max(0, MOST - standing.size));
    const after = fresh.filter((row) => !grave(row)).slice(0, Math.max(0, most - top.length - standing.size));
    return [...top, ...this._standing.map((key) => waiting.get(key) ?? { key, gone: true }), ...after];
  }

  /** `keys` are what stands now, from the top; the rest of the box comes after them. */
  stand(keys) {
    if (keys.some((key, at) => key !== this._standing[at])) this._shifted = performance.now();
    this._standing = keys;
  }

  /** The keyboard's focus goes with its row: only what was pressed by a pointer can hit another one. */
  _guard(event) {
    if (!event.detail || performance.now() - this._shifted > SETTLES_MS) return;
    event.stopPropagation();
    event.preventDefault();
    this._tell("The list had just changed beneath the pointer, so nothing was done. Look, and press again.");
  }
}
