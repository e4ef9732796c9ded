// The supervisor's desk: figures of the shift, read at the server while somebody looks; it orders nothing.

import { clockTime } from "./clock.js";
import { Covering } from "./covering.js";
import { fill, find, make } from "./dom.js";
import { Kept } from "./kept.js";
import { Labour } from "./labour.js";
import { Overruled } from "./overruled.js";
import { Pulse } from "./pulse.js";
import { Simulations } from "./simulations.js";

const ASK_MS = 5_000;
const SOON_MS = 1_500;
const LIST_EVERY_MS = 30_000;
const WITHIN_MS = 8_000;

export class Supervisor {
  constructor(board) {
    this.board = board;
    this._seen = 0;
    this._listedAt = -Infinity;
    this._pulse = new Pulse(board);
    this._covering = new Covering(board);
    this._clocks = new Kept();
    this._work = new Labour();
    this._overruled = new Overruled();
    this._runs = new Simulations();
    this._root = make("main", { class: "sup", "aria-label": "Supervisor's desk" },
      make("h1", { class: "unseen" }, "Supervisor's desk"),
      this._pulse.element,
      make("div", { class: "sup-column sup-left" }, this._clocks.element, this._overruled.element),
      make("div", { class: "sup-column sup-right" }, this._covering.element, this._work.element, this._runs.element));
    find("desk").append(this._root);
    board.follow((kind, message) => {
      if (kind === "snapshot" || (kind === "delta" && message.coverage)) this._covering.hear();
    });
    document.addEventListener("visibilitychange", () => document.hidden || this._ask());
    this._ask();
  }

  tick() {
    this._pulse.tick();
  }

  /** Ask how far the server is. Whoever looks away asks no more, and then nothing is read. */
  async _ask() {
    clearTimeout(this._timer);
    if (document.hidden) return;
    try {
      const told = await this._get(`/console/supervisor?seen=${this._seen}`);
      if (told) this._take(told);
      if (performance.now() - this._listedAt > LIST_EVERY_MS) await this._list();
    } catch {
      // the link says so already
    }
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._ask(), this._seen ? ASK_MS : SOON_MS);
  }

  async _list() {
    const told = await this._get("/console/simulations");
    if (!told) return;
    this._runs.take(told);
    if (told.number || told.reason) this._listedAt = performance.now();
  }

  async _get(address) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(WITHIN_MS) });
    if (answer.ok) return answer.json();
    if (answer.status === 403) this._bar((await answer.json()).reason);
    return null;
  }

  _bar(reason) {
    fill(this._root, make("p", { class: "plain", role: "alert" }, reason));
  }

  _take(told) {
    if (told.report) this._from = told.report.from_ms;
    this._pulse.tell(told, clockTime(this._from ?? told.began_ms).slice(0, 5));
    if (told.cover) this._covering.take(told.began_ms, told.cover);
    if (!told.report) return;
    this._seen = told.number;
    this._clocks.take(told.report);
    this._work.take(told.report.work);
    this._overruled.take(told.report);
  }
}
