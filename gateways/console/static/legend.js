// The words of the heat layer: what its colours mean, how much of demand each is, and what would change.

import { asOf, bandOf, changesOf, leftWords, limitOf, sharesOf } from "./cover.js";
import { fill, find, make, onFrame } from "./dom.js";
import { classWords, percent, span } from "./words.js";

const LEAST = 0.05; // percent: less is no change that could be seen
const minutes = (seconds) => `${Number((seconds / 60).toFixed(1))} min`;

export class Legend {
  /** `recorded`: of the past, where only what the journal holds can be shown. */
  constructor(board, cover, { recorded = false } = {}) {
    this.board = board;
    this._recorded = recorded;
    this._cover = cover;
    this._box = find("cover");
    this._strip = find("whatif");
    find("cover-toggle").onclick = () => cover.toggle();
    this.draw = onFrame(() => this._draw());
    this._draw();
  }

  _draw() {
    find("cover-toggle").setAttribute("aria-pressed", String(this._cover.on));
    this._drawStrip();
    this._box.hidden = !this._cover.on;
    if (this._box.hidden) return;
    if (this._recorded) return fill(this._box, this._asRecorded());
    const told = this.board.cover;
    const { picture } = told ?? {};
    if (!picture) {
      fill(this._box, this._head(), make("p", { class: "quiet" }, told?.refused ?? "The planner is asked …"));
      return;
    }
    if (this._box.contains(document.activeElement)) this._held = document.activeElement.dataset.focus;
    fill(this._box, this._head(picture), this._bands(picture),
      make("p", { class: "quiet cover-foot" }, `${this._stillWords(picture)}Driving time of the nearest free unit from its post; hatched: not in time. ${asOf(told.at_ms)}.`));
    if (this._held) this._box.querySelector(`[data-focus="${this._held}"]`)?.focus();
    this._held = null;
  }

  /** Zone by zone it is worked out only while somebody looks, and never recorded: that is said, and not left to be guessed. */
  _asRecorded() {
    const { coverage } = this.board;
    const shares = coverage.length ? "Which share of demand was covered stands under City, while no incident is selected." : "Of the shares, too, nothing was recorded up to this moment.";
    return [
      make("div", { class: "cover-head" }, make("b", {}, "Cover"), make("span", { class: "cover-class" }), make("button", { type: "button", class: "small", title: "Hide (C)", onclick: () => this._cover.toggle() }, "Hide")),
      make("p", { class: "quiet" }, `Zone by zone it was not recorded, so the map shows none. ${shares}`),
    ];
  }

  /** Why "then" shows no change, where it shows none. */
  _stillWords(picture) {
    if (this._cover.when !== "then") return "";
    if (![...this.board.moves.values()].some((move) => move.state === "proposed")) return "No move is proposed. ";
    const same = Math.abs(picture.then_percent - picture.now_percent) < LEAST && changesOf(picture).every((each) => each === 0);
    return same ? "The proposed moves change nothing for this class. " : "";
  }

  _head(picture) {
    const choice = (when, words) => make("button", {
      type: "button", "data-focus": when, title: `${words} (T changes)`, "aria-pressed": String(this._cover.when === when), onclick: () => this._cover.choose(when),
    }, words);
    return make("div", { class: "cover-head" }, make("b", {}, "Cover"),
      make("span", { class: "choices", role: "group", "aria-label": "When" }, choice("now", "Now"), choice("then", "If moves are taken")),
      picture ? this._classes(picture) : make("span", { class: "cover-class" }),
      make("button", { type: "button", class: "small", "data-focus": "off", title: "Hide (C)", onclick: () => this._cover.toggle() }, "Hide"));
  }

  _classes(picture) {
    const options = picture.layers.map((each) =>
      make("option", { value: each.name, selected: each.name === picture.layer }, `${classWords(each.name)} · ${percent(each.share_percent)} of demand`));
    return make("select", {
      class: "cover-class", "aria-label": "Class of demand", "data-focus": "class",
      onchange: (event) => this._cover.show(event.target.value),
    }, options);
  }

  /** A cell for each band, and one for what is in time: a swatch, words, a share; both shares in "then". */
  _bands(picture) {
    const limitS = limitOf(picture);
    const words = [`to ${minutes(limitS / 2)}`, `to ${minutes(limitS)}`, `to ${minutes(limitS * 1.5)}: late`, "later", "nobody"];
    const [now, then] = [sharesOf(picture, "now"), sharesOf(picture, "then")];
    const numbers = (is, would) => make("b", {}, this._cover.when === "then" ? change(is, would) : percent(is));
    const cell = (band) => make("li", {},
      make("i", { class: `swatch cover-${band + 1}${band > 1 ? " hatched" : ""}`, "aria-hidden": "true" }, band === 4 ? "×" : ""),
      make("span", {}, words[band]), numbers(now[band], then[band]));
    return make("ul", { class: "cover-bands", "aria-label": "Share of demand by driving time of the nearest free unit" },
      make("li", { class: "cover-sum" }, make("span", {}, "in time"), numbers(picture.now_percent, picture.then_percent)),
      [0, 1, 2, 3, 4].map(cell));
  }

  // ── what is pointed at ────────────────────────────────────────────────────────────────────────────────

  _drawStrip() {
    const { peek } = this.board;
    this._strip.hidden = !peek;
    if (!peek) return;
    const { unit, post, incident, route, left, picture } = peek;
    const head = post ? `If ${unit} moves to ${post}` : incident ? `If ${unit} goes to ${incident}` : `If ${unit} goes`;
    const way = route ? `${span(route.travel_ms)}, ${(route.metres / 1000).toFixed(1)} km, over ${mainStreets(route)}` : "";
    const cover = picture && !incident ? `${classWords(picture.layer)}: ${change(picture.now_percent, picture.then_percent)} in time${zoneWords(picture)}` : "";
    const lines = [way, post ? "" : `${unit} ${leftWords(left)}`, cover].filter(Boolean);
    fill(this._strip, make("b", {}, head), ...lines.map((line) => make("span", {}, line)));
  }
}

/** Two shares, as finely as they differ. */
function change(now, then) {
  if (Math.abs(then - now) < LEAST) return percent(now);
  const fine = percent(now) === percent(then) ? (share) => `${share.toFixed(1)} %` : percent;
  return `${fine(now)} → ${fine(then)}`;
}

/** The two longest streets of a way. */
function mainStreets({ legs }) {
  return [...legs].sort((a, b) => b.metres - a.metres).slice(0, 2).map((leg) => leg.street).join(", ");
}

function zoneWords(picture) {
  const changes = changesOf(picture);
  const [lost, won] = [changes.filter((each) => each < 0).length, changes.filter((each) => each > 0).length];
  return [lost && `${lost} zones lost (−)`, won && `${won} won (+)`].filter(Boolean).map((each) => `, ${each}`).join("");
}

/** What one zone says when it is pointed at. */
export function zoneText(picture, zone, when) {
  const { zones } = picture;
  const seconds = (when === "then" ? zones.then_s : zones.now_s)[zone];
  const covering = (when === "then" ? zones.covering_then : zones.covering_now)[zone];
  if (seconds < 0) return "Nobody free comes here";
  const late = bandOf(seconds, limitOf(picture)) > 1 ? ", not in time" : covering === 1 ? `, ${zones.unit[zone]} alone` : `, ${covering} units in time`;
  return `${span(seconds * 1000)} from ${when === "then" ? "the nearest unit" : zones.unit[zone]}${late}`;
}
