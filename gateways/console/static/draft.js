// The call that is being typed: who would be recommended, and what it may be about, before it is sent.
//
// Nothing of it is reported, kept or reserved: it is advice of the moment, asked for when the typing pauses.

import { now } from "./clock.js";
import { aboutCall, callSoFar } from "./entering.js";
import { fill, find, make } from "./dom.js";
import { priorityBadge } from "./marks.js";
import { list, metres, plain, rough, span, typeName } from "./words.js";

const ASKS_AFTER_MS = 250;
const AGAIN_MS = 5_000;
const SUSPECTS = 3;
const MODES = {
  advise: "Enter sends the call; then you decide.",
  auto: "Enter sends the call, and these units with it.",
  shadow: "Enter sends the call; of these units a record is made, nobody is sent.",
};

export class Draft {
  constructor(desk) {
    this.desk = desk;
    this._box = find("draft");
    this._asked = "";
    this._told = null;
    this._suspects = [];
  }

  /** Who goes with the call once Enter is pressed, as far as that is known: [{unit, slot, eta_ms, …}]. */
  get wouldSend() {
    return this._told?.mode === "auto" && !this._told.behind ? this._told.choices : [];
  }

  /** The call as an incident that nobody is on yet, as far as it is known; undefined while its place is not. */
  get asIncident() {
    const spot = this._call?.spot;
    if (!spot) return undefined;
    const [lat, lon] = this.desk.streets.toDegrees(spot.x, spot.y);
    return { lat, lon, recommended: this._told?.choices ?? [], short: this._told?.short ?? [], assigned: [] };
  }

  /** What has been typed: the words behind the verb that enters a call, or null where another line is being typed. */
  typing(line) {
    if (!line) return this.close();
    const call = callSoFar(line, this.desk);
    // What stands there is as good until the answer has come; that the link is lost is said elsewhere.
    if (call.looking && this._call && !this._box.hidden && this.desk.link.state === "live") return;
    this._call = call;
    const { spot } = this._call;
    const key = spot && this.desk.may("report") ? JSON.stringify(aboutCall(this._call, this.desk)) : "";
    if (key !== this._asked) this._ask(key);
    this._box.hidden = false;
    this._draw();
  }

  close() {
    clearTimeout(this._timer);
    this._asked = "";
    this._told = null;
    this._suspects = [];
    this._box.hidden = true;
    fill(this._box); // also for who reads the page otherwise than by eye, nothing is left of it
  }

  _ask(key) {
    clearTimeout(this._timer);
    this._asked = key;
    this._told = null;
    this._suspects = [];
    if (key) this._timer = setTimeout(() => this._put(key), ASKS_AFTER_MS);
  }

  /** Put the two questions, and again after a while: units move while a caller speaks. */
  async _put(key) {
    this._timer = setTimeout(() => this._put(key), AGAIN_MS);
    const { link, map } = this.desk;
    if (link.state !== "live") return;
    const about = JSON.parse(key);
    map.reveal(about.lat, about.lon);
    const { priority, ...alike } = about;
    const [told, same] = await Promise.all([
      link.ask({ type: "ask_preview", ...about }),
      link.ask({ type: "ask_suspects", ...alike, address: this._call.spot?.name ?? "" }),
    ]);
    if (this._asked !== key || told.code === "overtaken") return;
    this._told = told;
    this._suspects = same.suspects ?? [];
    this._draw();
    this.desk.line.told();
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────

  _draw() {
    const { kind, spot, priority, wrong } = this._call;
    const head = make("h2", { class: "card-head" }, make("span", { class: "row-badge" }), make("span", { class: "card-id" }, "New call"), make("span", {}, kind?.name ?? ""), make("span", { class: "card-place" }, spot?.name || (spot ? "the spot on the map" : "")));
    if (kind) head.firstChild.append(priorityBadge(this._told?.priority ?? priority));
    fill(
      this._box,
      head,
      make("div", { class: "card-body", tabindex: "0" },
        wrong ? make("p", { class: "draft-ask" }, wrong) : "",
        spot?.note ? make("p", { class: "quiet" }, `Place: ${spot.note}.`) : "",
        this._same(),
        spot ? this._foreseen() : ""),
    );
  }

  _same() {
    if (!this._suspects.length) return this._told && !this._told.code ? make("p", { class: "quiet" }, "Nothing like it is open there.") : "";
    return make("div", { class: "draft-same" }, make("p", {}, make("b", {}, "Perhaps the same as:")),
      ...this._suspects.slice(0, SUSPECTS).map((each) => this._suspect(each)));
  }

  /** What Enter does, and how the same call is entered otherwise. */
  _keys(mode) {
    const { sends } = this._call;
    if (sends?.units.length) return make("span", {}, make("kbd", {}, "Enter"), ` enters the call and sends ${list(sends.units)} instead of these: ${sends.reason}`);
    if (sends) return make("span", {}, make("kbd", {}, "Enter"), " enters the call and sends nobody.");
    const otherwise = mode === "auto" ? make("span", { class: "otherwise" }, make("kbd", {}, "Shift+Enter"), " sends nobody; ", make("kbd", {}, "> UNIT WHY"), " others") : "";
    return make("span", {}, make("kbd", {}, "Enter"), ` ${MODES[mode].slice("Enter".length)} `, otherwise);
  }

  _suspect({ incident, reasons }) {
    const known = this.desk.board.incidents.get(incident);
    const type = known ? typeName(known.type) : "";
    const [x, y] = known ? this.desk.streets.toMetres(known.lat, known.lon) : [0, 0];
    const { spot } = this._call;
    const near = known && spot ? `${metres(Math.hypot(x - spot.x, y - spot.y))} away, ${rough(now() - known.reported_ms)} ago` : reasons.map(plain).join(", ");
    return make("p", {}, make("b", {}, incident), ` ${[type, known?.address, near].filter(Boolean).join(" · ")}`);
  }

  _foreseen() {
    const told = this._told;
    if (!told) return make("p", { class: "quiet" }, "Looking who could go …");
    if (told.type === "refused") return make("p", { class: "short" }, told.reason);
    if (told.behind) return make("p", { class: "short" }, "So many calls wait before it that nobody can be named yet.");
    const rows = told.choices.map((choice) => make("tr", {},
      make("td", {}, make("b", {}, choice.unit)),
      make("td", {}, plain(choice.slot)),
      make("td", { class: "number" }, span(choice.eta_ms), make("span", { class: "quiet" }, choice.spread_ms >= 0 ? ` ±${span(choice.spread_ms)}` : "")),
      make("td", { class: "quiet" }, [choice.source && `diverted from ${choice.source}`, choice.clear_ms >= 0 && `free in ${rough(choice.clear_ms)}`].filter(Boolean).join(", "))));
    // What is short and what Enter does stand first: a large response is longer than the panel.
    return make("section", { class: "proposal", "aria-label": "Who would go" },
      make("p", { class: "keys" }, this._keys(told.mode), make("span", { class: "quiet" }, `plan ${plain(told.plan)}; ${told.travel}`)),
      ...told.short.map((short) => make("p", { class: "short" }, make("b", {}, `Short of ${short.missing} ${plain(short.slot)}: `), `nobody with ${short.needs.map(plain).join(", ")} can be found.`)),
      rows.length ? make("table", {}, make("thead", {}, make("tr", {}, ...["Would go", "for", "there in", ""].map((title) => make("th", {}, title)))), make("tbody", {}, rows)) : "");
  }
}
