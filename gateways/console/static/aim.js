// Does somebody aim at a list: by pointer, or in it by keyboard, and lately?

const AIMS_MS = 10_000; // who has not stirred for so long aims at nothing

export class Aim {
  /** `draw` draws the box anew: it is called as soon as somebody leaves it. */
  constructor(box, draw) {
    this._box = box;
    this._stirred = -Infinity;
    for (const kind of ["pointermove", "pointerdown", "focusin", "keydown"]) box.addEventListener(kind, () => (this._stirred = performance.now()));
    for (const kind of ["pointerleave", "focusout"]) box.addEventListener(kind, draw);
  }

  /** Does somebody point at the box, or stand in it by keyboard? */
  get aimed() {
    if (performance.now() - this._stirred > AIMS_MS) return false;
    return this._box.matches(":hover, :focus-visible") || Boolean(this._box.querySelector(":focus-visible"));
  }

  /** Whoever asked for other rows aims at none of those that stand. */
  release() {
    this._stirred = -Infinity;
  }
}
