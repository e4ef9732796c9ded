// What part of the place the map shows: metres to pixels, dragging, wheel and keys.

export class View {
  constructor(ground, changed) {
    this.ground = ground;
    this.x = 0;
    this.y = 0;
    this.scale = 0.05;
    this.width = 0;
    this.height = 0;
    /** How large marks are drawn: larger where they are looked at from afar. */
    this.mark = 1;
    this._enlarged = 1;
    this._covered = 0;
    this._changed = changed;
    this._listen();
    new ResizeObserver(() => this._measure()).observe(ground);
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  toGround(px, py) {
    return [(px - this.width / 2) / this.scale + this.x, this.y - (py - this.height / 2) / this.scale];
  }

  /** Metres that are seen: west, south, east, north. */
  get box() {
    const [west, north] = this.toGround(0, 0);
    const [east, south] = this.toGround(this.width, this.height);
    return [west, south, east, north];
  }

  /** Show all of the box. */
  fit([west, south, east, north], margin = 1.04) {
    this._fitted = [west, south, east, north];
    if (!this.width) return;
    const high = Math.max(100, this.height - this._covered);
    this.scale = Math.min(this.width / (east - west || 1), high / (north - south || 1)) / margin;
    this.x = (west + east) / 2;
    this.y = (south + north) / 2 - (this.height - high) / 2 / this.scale;
    this._changed();
  }

  /** Is all of it shown, as `fit` was told last? */
  get whole() {
    return Boolean(this._fitted);
  }

  /** Show this point in the middle, at so many pixels for a metre. */
  show(x, y, scale) {
    Object.assign(this, { x, y, scale, _fitted: null });
    this._changed();
  }

  /** So many pixels at the bottom lie under something else: what is to be seen whole is put above them. */
  cover(pixels) {
    if (pixels === this._covered) return;
    this._covered = pixels;
    if (this._fitted) this.fit(this._fitted);
  }

  /** Bring a point into the middle unless it is well in sight. */
  reveal(x, y) {
    const [px, py] = this.toScreen(x, y);
    const edge = 60;
    if (px > edge && py > edge && px < this.width - edge && py < this.height - edge) return;
    this.x = x;
    this.y = y;
    this._fitted = null;
    this._changed();
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toGround(px, py);
    this.scale = Math.min(4, Math.max(0.002, this.scale * factor));
    const [nx, ny] = this.toGround(px, py);
    this.x += x - nx;
    this.y += y - ny;
    this._fitted = null;
    this._changed();
  }

  move(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this._fitted = null;
    this._changed();
  }

  /** Where on the ground's own pixels a pointer is; the page may be zoomed as a whole. */
  point({ clientX, clientY }) {
    const box = this.ground.getBoundingClientRect();
    const zoom = box.width / this.ground.clientWidth || 1;
    return [(clientX - box.left) / zoom, (clientY - box.top) / zoom];
  }

  /** Pixels of the screen to one of the ground. Nothing is measured here: in the middle of a redraw that lays the whole page out. */
  get ratio() {
    return (window.devicePixelRatio || 1) * this._enlarged;
  }

  _measure() {
    this.width = this.ground.clientWidth;
    this.height = this.ground.clientHeight;
    this._enlarged = this.ground.getBoundingClientRect().width / this.width || 1;
    if (this._fitted) this.fit(this._fitted);
    else this._changed();
  }

  _listen() {
    const ground = this.ground;
    let from = null;
    ground.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("button, select, .cover-panel")) return;
      from = this.point(event);
      ground.setPointerCapture(event.pointerId);
    });
    ground.addEventListener("pointermove", (event) => {
      if (!from) return;
      const at = this.point(event);
      this.move(at[0] - from[0], at[1] - from[1]);
      from = at;
    });
    for (const name of ["pointerup", "pointercancel"]) ground.addEventListener(name, () => (from = null));
    ground.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * 0.0015), ...this.point(event));
      },
      { passive: false },
    );
    ground.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (step) this.move(...step);
      else if (event.key === "+" || event.key === "=") this.zoom(1.4);
      else if (event.key === "-") this.zoom(1 / 1.4);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
