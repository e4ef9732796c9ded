// The list of calls beneath a pointer: what comes above it does not push it away, and a click right after it moved is no click.

const AIMS_MS = 10_000; // who has not stirred for so long aims at nothing
const SETTLES_MS = 500; // for so long after another row has come beneath the pointer, a click was meant for the one before

export class Still {
  /** The `panel` holds both the `box` above, whose height is held, and the `list`; `tell` says why a click did nothing. */
  constructor(panel, box, list, tell) {
    Object.assign(this, { _panel: panel, _box: box, _list: list, _tell: tell });
    this._stirred = this._moved = -Infinity;
    this._at = null;
    this._height = 0;
    panel.addEventListener("pointermove", (event) => this._stir(event));
    panel.addEventListener("pointerleave", () => this._leave());
    list.addEventListener("click", (event) => this._guard(event), true);
  }

  get aimed() {
    return this._at !== null && performance.now() - this._stirred < AIMS_MS;
  }

  /** The box was drawn: it keeps its height while somebody aims, unless an emergency has come into it, or it was not there. */
  hold(emergency) {
    if (!this.aimed || emergency || !this._height) this._box.style.height = "";
    else this._box.style.height = `${this._height}px`;
    this._height = this._box.offsetHeight;
    this.look();
  }

  /** Is the box kept as high as it was? */
  get held() {
    return this._box.style.height !== "";
  }

  /** Something was drawn: is it still the same row beneath the pointer? */
  look() {
    if (this._at === null) return;
    const row = this._row();
    if (row !== this._beneath) this._moved = performance.now();
    this._beneath = row;
  }

  _row() {
    const met = document.elementFromPoint(...this._at);
    return this._list.contains(met) ? met.closest("[data-key]")?.dataset.key : undefined;
  }

  _stir(event) {
    this._at = [event.clientX, event.clientY];
    this._stirred = performance.now();
    this._beneath = this._row();
  }

  _leave() {
    this._at = null;
    this._box.style.height = "";
  }

  _guard(event) {
    if (!event.detail || performance.now() - this._moved > SETTLES_MS) return;
    event.stopPropagation();
    event.preventDefault();
    this._tell("The list moved: click again.");
  }
}
