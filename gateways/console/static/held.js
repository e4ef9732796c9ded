// The order of the calls while somebody aims at one: what comes above is held back and counted, for a while and no longer.

import { Aim } from "./aim.js";

const MOST_MS = 10_000; // a call is not held back for longer, whoever aims

export class Held extends Aim {
  constructor(box, draw) {
    super(box, draw);
    this._standing = [];
    this._since = null;
  }

  /** The rows stand otherwise than they should, and nobody aims any more, or has for too long. */
  get stale() {
    return this._kept && !this._keeps;
  }

  get _keeps() {
    return this.aimed && !(this._since !== null && performance.now() - this._since > MOST_MS);
  }

  /**
   * Of the calls in their `order`, `most` of them: {shown, above}. While somebody aims, those that stand keep their places,
   * and `gone` holds the place of one that is over; what belongs above them is not shown, but for the `selected` one.
   */
  arrange(order, most, selected) {
    const top = order.slice(0, most);
    const standing = new Set(this._standing);
    const fresh = top.filter(({ id }) => !standing.has(id));
    this._kept = this._keeps && !fresh.some(({ id }) => id === selected);
    if (!this._kept) return this._settle(top);
    const known = new Map(order.map((each) => [each.id, each]));
    const last = top.findLastIndex(({ id }) => standing.has(id));
    const above = fresh.filter((each) => top.indexOf(each) < last);
    this._since = above.length ? this._since ?? performance.now() : null;
    const shown = [...this._standing.map((id) => known.get(id) ?? { id, gone: true }), ...fresh.filter((each) => !above.includes(each))];
    this._standing = shown.map(({ id }) => id);
    return { shown, above };
  }

  _settle(shown) {
    this._standing = shown.map(({ id }) => id);
    this._since = null;
    return { shown, above: [] };
  }
}
