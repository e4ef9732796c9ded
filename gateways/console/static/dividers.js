// The edges between the panels: dragged, or moved by arrow keys; a double click or Home puts them back.

import { find, make } from "./dom.js";

const STEP = 2;
/** By side: how it lies, what it is called, which keys make its panel greater and smaller. */
const EDGES = {
  left: ["vertical", "Width of the incidents", "ArrowRight", "ArrowLeft"],
  right: ["vertical", "Width of the units", "ArrowLeft", "ArrowRight"],
  foot: ["horizontal", "Height of the card and the timeline", "ArrowUp", "ArrowDown"],
};

export function placeDividers(layout) {
  const desk = find("desk");
  for (const side of Object.keys(EDGES)) desk.append(new Divider(side, desk, layout).element);
}

class Divider {
  constructor(side, desk, layout) {
    this._side = side;
    this._desk = desk;
    this._layout = layout;
    const [lies, label] = EDGES[side];
    const [least, most] = layout.bounds(side);
    this.element = make("div", {
      class: `divider divider-${side}`, role: "separator", tabindex: "0", title: `${label}: drag it, or use the arrow keys; a double click puts it back`,
      "aria-orientation": lies, "aria-label": label, "aria-valuemin": least, "aria-valuemax": most,
      onpointerdown: (event) => this._take(event),
      onpointermove: (event) => this._drag(event),
      onlostpointercapture: () => (this._held = false),
      ondblclick: () => this._set(null),
      onkeydown: (event) => this._key(event),
      onfocus: () => this._tell(),
    });
    this._tell();
  }

  /** How much of the window its panel has now, in per cent. */
  get _now() {
    const panel = this._desk.querySelector({ left: ".left", right: ".units, .timeline", foot: ".card, .timeline" }[this._side]);
    const { width, height } = panel.getBoundingClientRect();
    return this._side === "foot" ? (100 * height) / innerHeight : (100 * width) / innerWidth;
  }

  _take(event) {
    if (event.button !== 0) return;
    this._held = true;
    this.element.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  _drag({ clientX, clientY }) {
    if (!this._held) return;
    const bottom = this._desk.querySelector(".card").getBoundingClientRect().bottom;
    const shares = { left: clientX / innerWidth, right: (innerWidth - clientX) / innerWidth, foot: (bottom - clientY) / innerHeight };
    this._set(100 * shares[this._side]);
  }

  _key(event) {
    const [, , more, less] = EDGES[this._side];
    if (event.key === "Home") this._set(null);
    else if (event.key === more) this._set(this._now + STEP);
    else if (event.key === less) this._set(this._now - STEP);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  _set(percent) {
    this._layout.resize(this._side, percent);
    this._tell();
  }

  _tell() {
    this.element.setAttribute("aria-valuenow", String(Math.round(this._layout.size(this._side) ?? this._now)));
  }
}
