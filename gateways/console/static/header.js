// The top of the page: time, link, counts, banners. A lost link greys everything: it can never look like a calm city.

import { clockDay, clockTime, now, pace, zoneName } from "./clock.js";
import { isPending } from "./board.js";
import { fill, find, make, write } from "./dom.js";
import { FREE, plain, rough, span } from "./words.js";

const READY_EVERY_MS = 10_000;
const ENDS_SOON_MS = 1_800_000;

export class Header {
  constructor(board, link, place, me) {
    this.board = board;
    this.link = link;
    this.place = place;
    this._unready = "";
    write(find("place"), place.name);
    const role = plain(me.role);
    fill(find("who"), make("b", {}, me.principal), role === me.principal ? "" : ` ${role}`);
    this._untilMs = me.until_s * 1000;
    this._askReady();
    setInterval(() => this._askReady(), READY_EVERY_MS);
  }

  tick() {
    const at = now();
    write(find("clock"), `${clockDay(at)} ${clockTime(at)} ${zoneName(at)}`);
    this._lamp();
    this._counts();
    this._banners();
  }

  _lamp() {
    const { state, age, reason } = this.link;
    const lamp = find("link");
    if (lamp.dataset.state !== state) lamp.dataset.state = state;
    const seconds = Math.floor(age / 1000);
    write(find("link-text"), state === "live" ? `Live · ${seconds} s` : state === "connecting" ? "Connecting" : `No link · ${span(age)}`);
    const lost = state !== "live";
    document.body.classList.toggle("is-lost", lost);
    const bar = find("lost");
    bar.hidden = !lost;
    if (lost) write(bar, `NO LINK. What you see is ${rough(age)} old. ${reason}; trying again. ${this.link.waiting ? `${this.link.waiting} orders wait to be sent.` : ""}`);
  }

  _counts() {
    const { incidents, units } = this.board;
    const pending = [...incidents.values()].filter(isPending).length;
    const all = [...units.values()];
    write(find("count-pending"), String(pending));
    find("count-pending").parentElement.classList.toggle("hot", pending > 0);
    write(find("count-active"), String(incidents.size - pending));
    write(find("count-free"), String(all.filter((unit) => FREE.has(unit.status)).length));
    write(find("count-out"), String(all.filter((unit) => unit.incident).length));
  }

  _banners() {
    const { roads } = this.board;
    const told = [
      this.place.exercise && ["exercise", "EXERCISE: nobody real is told"],
      pace() !== 1 && ["pace", `time ×${pace()}`],
      this._untilMs - Date.now() < ENDS_SOON_MS && ["ends", `Your session ends in ${rough(Math.max(0, this._untilMs - Date.now()))}: sign in again before`],
      this._unready && ["degraded", `DEGRADED: ${this._unready}`],
      roads && !roads.streets && ["note", "Straight-line travel times"],
      roads?.weather && roads.weather.percent !== 100 && ["note", `${roads.weather.weather}: driving ${roads.weather.percent} %`],
    ].filter(Boolean);
    const sign = told.map(([, text]) => text).join("|");
    if (sign === this._banner) return;
    this._banner = sign;
    fill(find("banners"), told.map(([kind, text]) => make("span", { class: `banner banner-${kind}` }, text)));
  }

  async _askReady() {
    try {
      const answer = await fetch("/readyz", { signal: AbortSignal.timeout(4000) });
      const told = await answer.json();
      if (answer.ok) this._unready = told.warnings?.join(", ") ?? "";
      else {
        this._unready = told.reasons?.join(", ") || "the engine is not ready";
      }
    } catch {
      // the link says so already
    }
  }
}
