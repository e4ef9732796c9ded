// The unit status board: emergencies first, then who is out, then who is free. Compact, because all of it matters.

import { now } from "./clock.js";
import { fill, find, keep, make, onFrame, write } from "./dom.js";
import { AWAY, byWhom, FREE, plain, span, spoken, STATUS } from "./words.js";

const TILES = 400;
const ORDER = new Intl.Collator("en", { numeric: true });
const FILTERS = [
  ["all", () => true],
  ["free", (unit) => FREE.has(unit.status)],
  ["out", (unit) => unit.incident !== null],
];

export class Units {
  constructor(board, onUnit, layout) {
    this.board = board;
    this._layout = layout;
    this._grid = find("units");
    const kept = layout.choice("units", "all");
    this._filter = FILTERS.some(([name]) => name === kept) ? kept : "all";
    this._names = [];
    this.draw = onFrame(() => this._draw());
    this._buttons();
    this._grid.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (tile) onUnit(board.units.get(tile.dataset.key));
    });
  }

  tick() {
    for (const tile of this._grid.children) if (tile.dataset.since) write(tile.lastChild, span(now() - Number(tile.dataset.since)));
  }

  _buttons() {
    this._counts = FILTERS.map(() => make("span", { class: "quiet" }, ""));
    const buttons = FILTERS.map(([name], at) =>
      make("button", { type: "button", "aria-pressed": String(name === this._filter), onclick: () => this._choose(name) }, `${name} `, this._counts[at]),
    );
    fill(find("unit-filter"), buttons);
  }

  _choose(name) {
    this._filter = name;
    this._layout.choose("units", name);
    this._buttons();
    this._draw();
  }

  _rank(unit) {
    const mine = this.board.selected && unit.incident === this.board.selected;
    if (unit.emergency) return 0;
    if (mine) return 1;
    if (unit.incident) return 2;
    if (AWAY.has(unit.status)) return 4;
    return 3;
  }

  _draw() {
    const order = this._order();
    const items = order.slice(0, TILES);
    if (order.length > TILES) items.push({ id: "", more: order.length - TILES });
    keep(
      this._grid,
      items,
      (unit) => unit.id,
      (unit) => unit.more ? `more ${unit.more}` : [unit.status, unit.incident, unit.emergency, this._since(unit), unit.move, unit.post, unit.suggested?.status, this.board.selected === unit.incident].join("|"),
      (unit) => unit.more ? make("p", { class: "empty" }, `${unit.more} more: V and a name shows one.`) : this._tile(unit),
    );
    this.tick();
  }

  /** Those that fit, by rank and then by name. Ten thousand names are put in order once, and not at every change. */
  _order() {
    const { units } = this.board;
    if (this._names.length !== units.size || !this._names.every((name) => units.has(name))) {
      this._names = [...units.keys()].sort(ORDER.compare);
    }
    const fits = FILTERS.find(([name]) => name === this._filter)[1];
    const ranks = [[], [], [], [], []];
    const counts = FILTERS.map(() => 0);
    for (const name of this._names) {
      const unit = units.get(name);
      FILTERS.forEach(([, counted], at) => (counts[at] += counted(unit)));
      if (fits(unit) || unit.emergency) ranks[this._rank(unit)].push(unit);
    }
    counts.forEach((count, at) => write(this._counts[at], String(count)));
    return ranks.flat();
  }

  /** Since when it is in its status; 0 where nothing was heard of it yet. */
  _since(unit) {
    const assigned = this.board.incidents.get(unit.incident)?.assigned.find((each) => each.unit === unit.id);
    return assigned?.stamps[unit.status] ?? unit.reported_ms;
  }

  _tile(unit) {
    const [code, words, tone] = STATUS[unit.status];
    const where = unit.incident ?? (unit.move ? `→${unit.post}` : unit.post !== unit.station ? unit.post : "");
    const ordered = unit.move ? byWhom(this.board.moves.get(unit.move)?.by) : "";
    const title = `${unit.id}, ${plain(unit.kind)}${unit.agency ? ` of ${unit.agency}` : ""}: ${words}${unit.incident ? ` for ${unit.incident}` : ""}${unit.move ? `, sent to ${unit.post} ${ordered}` : ""}. ${unit.capabilities.map(plain).join(", ")}`;
    return make(
      "button",
      {
        type: "button",
        tabindex: "-1",
        title,
        "aria-label": title,
        class: `tile st-${tone}${unit.emergency ? " tile-alarm" : ""}${this.board.selected && unit.incident === this.board.selected ? " tile-mine" : ""}`,
        "data-since": this._since(unit) || null,
      },
      make("b", { class: "tile-id" }, unit.id),
      make("span", { class: "tile-code", title: `${code}: ${words}` }, unit.emergency ? "!!" : code),
      make("span", { class: "tile-where" }, where, unit.suggested ? make("i", { class: "tile-hint", title: spoken(unit.suggested.reason) }, ` ${STATUS[unit.suggested.status][0]}?`) : ""),
      make("span", { class: "tile-age" }, ""),
    );
  }
}
