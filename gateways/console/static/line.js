// The command line: focus, history, completion, and the line that says what became of it.

import { fill, find, make, write } from "./dom.js";
import { typesOf } from "./entering.js";
import { sorted, split, Wrong } from "./grammar.js";
import { elsewhere, incidentOffers, unitOffers } from "./offers.js";
import { understand, VERBS } from "./verbs.js";

const BEFORE = { accepted: "✓ ", refused: "✕ Refused: ", renewed: "↻ Nobody sent yet: " };
const HISTORY = 100;
const LINE_MAX = 1_000;
const OFFERED = 8;
const HURRY_MS = 700;
const UNDO_MS = 20_000;

export class Line {
  constructor(desk) {
    this.desk = desk;
    this._instead = "";
    this._input = find("command");
    this._result = find("result");
    this._assist = find("assist");
    this._history = [];
    this._at = 0;
    this._entered = -Infinity;
    this._input.addEventListener("keydown", (event) => this._key(event));
    this._input.addEventListener("input", () => this._help());
    this._input.addEventListener("focus", () => this._help());
    this._input.addEventListener("blur", () => fill(this._assist));
    this._assist.addEventListener("pointerdown", (event) => this._pick(event));
  }

  focus(text) {
    if (text !== undefined) this._input.value = text;
    this._input.focus();
    this._input.setSelectionRange(this._input.value.length, this._input.value.length);
    this._help();
  }

  /** A unit that is pressed while the line waits for one is written into it; tell whether it was. */
  add(unit) {
    const meaning = this._meaning(this._input.value);
    if (!meaning?.verb.wants.includes("unit") || meaning.text) return false;
    this.focus(`${this._input.value.trimEnd()} ${unit} `);
    return true;
  }

  /** What takes back what was done last; null where that is not safe, or too long ago. */
  get undoable() {
    return this._undo && performance.now() < this._undo.until ? this._undo.deed : null;
  }

  say(kind, text) {
    this._result.dataset.kind = kind;
    write(this._result, (BEFORE[kind] ?? "") + text);
    if (kind) this.desk.tones.play(kind === "renewed" ? "attention" : kind);
  }

  /** Do what the line says. What a person has `typed` goes into the record word for word. */
  async run(line, { typed = false } = {}) {
    try {
      const { verb, words, text } = understand(split(line), this.desk);
      if (!this.desk.mayAll(verb)) throw new Wrong(`A ${this.desk.me.role.replaceAll("_", " ")} may not do this.`);
      this._wait();
      return await this.perform(await verb.read({ words, text }, this.desk), typed ? line : "");
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this._instead = error.instead;
      this.say("refused", error.message);
      return false;
    }
  }

  /** Send what was read, one message after another, each with the line that was typed; stop at the first that is refused. */
  async perform(deed, line = "") {
    if (deed.show) {
      const shown = deed.show(this.desk);
      this._result.dataset.kind = "";
      write(this._result, shown ?? "");
      return true;
    }
    let answer = null;
    this._wait();
    for (const message of deed.say) {
      answer = await this.desk.link.ask(line && !isQuestion(message) ? { ...message, line: line.slice(0, LINE_MAX) } : message);
      if (answer.type === "refused") {
        await this._refused(message, answer);
        return false;
      }
      this.desk.first.took(message);
    }
    this._undo = deed.undo ? { deed: deed.undo, until: performance.now() + UNDO_MS } : null;
    this.say("accepted", deed.done(answer) + (deed.undo ? "  ·  U undoes it" : ""));
    return true;
  }

  _wait() {
    this._result.dataset.kind = "";
    write(this._result, this.desk.link.state === "live" ? "…" : "Waits for the link");
  }

  /** Say why not. Where the advice has changed between the look and the key, the new best is said instead. */
  async _refused(message, answer) {
    const best = answer.code === "stale_recommendation" ? await this.desk.renewed(message.incident, message.decision) : null;
    if (best) this.say("renewed", `for ${message.incident} it is better now to send ${best}. Enter accepts that.`);
    else this.say("refused", answer.reason);
  }

  _key(event) {
    const input = this._input;
    if (event.key === "Enter") {
      event.preventDefault();
      const line = input.value.trim();
      // Whoever presses twice in a hurry has not read what is recommended.
      const hurried = event.repeat || event.timeStamp - this._entered < HURRY_MS;
      this._entered = event.timeStamp;
      if (!line) return hurried ? undefined : this.desk.acceptChosen();
      this._history.push(line);
      if (this._history.length > HISTORY) this._history.shift();
      this._at = this._history.length;
      input.value = "";
      this._help();
      this._instead = "";
      this.run(line, { typed: true }).then((fine) => {
        if (!fine && !input.value) this.focus(this._instead || line);
      });
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      this._at = Math.min(this._history.length, Math.max(0, this._at + (event.key === "ArrowUp" ? -1 : 1)));
      input.value = this._history[this._at] ?? "";
      this._help();
    } else if (event.key === "Tab" && input.value && !event.shiftKey) {
      event.preventDefault();
      this._complete();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (input.value) input.value = "";
      else input.blur();
      this._help();
    }
  }

  // ── completion ────────────────────────────────────────────────────────────────────────────────────────

  /** What may stand in the place of the last word: [{word, about}]. */
  _offers() {
    const value = this._input.value;
    if (value.includes(";")) return [];
    const { words } = split(value);
    const fresh = /\s$/.test(value) || !value;
    const last = fresh ? "" : words.at(-1) ?? "";
    const before = fresh ? words : words.slice(0, -1);
    if (!before.length) return this._verbs(last);
    let verb;
    try {
      verb = understand({ words: before, text: "" }, this.desk).verb;
    } catch {
      return [];
    }
    return verb.verb === "N" ? this._entering(before, last) : this._named(verb, before, last);
  }

  _verbs(last) {
    const sought = last.toUpperCase();
    const verbs = VERBS.filter((each) => this.desk.mayAll(each) && (each.verb.startsWith(sought) || (sought.length > 1 && each.name.toUpperCase().startsWith(sought))));
    return verbs.map((each) => ({ word: each.verb, about: each.name }));
  }

  _entering(before, last) {
    const sought = last.toLowerCase();
    if (before.length === 1) {
      const types = this.desk.place.types.filter((type) => type.id.toLowerCase().startsWith(sought) || type.name.toLowerCase().includes(sought));
      return types.map((type) => ({ word: type.id, about: `${type.name}, P${type.priority}` }));
    }
    // A place may be several words, and so may the type before it.
    const { count } = typesOf([...before.slice(1), last], this.desk.place.types);
    const said = this._input.value.trimStart().replace(new RegExp(`^(\\S+\\s+){${count + 1}}`), "");
    return this.desk.places.offers(said, OFFERED).map((offer) => ({ ...offer, replaces: said }));
  }

  _named(verb, before, last) {
    const sought = last.toLowerCase();
    const said = new Set(before.slice(1).map((word) => word.toUpperCase()));
    const offers = [];
    for (const kind of verb.wants) {
      if (kind === "station" && before.length > 1) offers.push(...this._stations(sought));
      const names = kind === "unit" ? unitOffers(this.desk, verb, before.slice(1)) : kind === "incident" ? incidentOffers(this.desk, before.slice(1)) : [];
      offers.push(...names.filter(({ word }) => word.toLowerCase().startsWith(sought) && !said.has(word.toUpperCase())));
    }
    return offers;
  }

  _stations(sought) {
    const fitting = this.desk.place.stations.filter((each) => each.id.toLowerCase().startsWith(sought) || each.name.toLowerCase().startsWith(sought));
    return fitting.map((each) => ({ word: each.id, about: each.name === each.id ? "" : each.name }));
  }

  /** An offer that is pressed is taken, as Tab takes the first; the line keeps the focus. */
  _pick(event) {
    const at = [...this._assist.querySelectorAll(".offer")].indexOf(event.target.closest(".offer"));
    event.preventDefault();
    if (at >= 0) this._complete(at);
  }

  /** Take an offer; where the server is still looking for it, as soon as it has come, if nothing was typed since. */
  async _complete(at = 0) {
    const value = this._input.value;
    if (!this._offers().length) await this.desk.places.settled();
    const offer = this._offers()[at];
    if (!offer || this._input.value !== value) return;
    const cut = offer.replaces ?? (/\s$/.test(value) ? "" : split(value).words.at(-1) ?? "");
    this._input.value = `${value.slice(0, value.length - cut.length)}${offer.word} `;
    this._help();
  }

  /** The server has answered what it was asked while this is typed. */
  told() {
    this._help();
  }

  _help() {
    const value = this._input.value;
    const meaning = this._meaning(value);
    this.desk.draft.typing(meaning?.verb.verb === "N" ? meaning : null);
    if (document.activeElement !== this._input) return;
    const offers = this._offers();
    const parts = offers.slice(0, OFFERED).map(({ word, about }, at) =>
      make("span", { class: "offer" }, at === 0 && value ? make("kbd", {}, "Tab") : "", make("b", {}, word), about ? ` ${about}` : ""));
    if (offers.length > OFFERED) parts.push(make("span", { class: "quiet" }, `+${offers.length - OFFERED}`));
    fill(this._assist, meaning ? make("span", { class: "usage" }, meaning.verb.usage) : "", this._whyFirst(meaning), ...parts, this._next(meaning, offers));
  }

  /** Said before the offers: whoever sends others than are recommended owes a reason. */
  _whyFirst(meaning) {
    if (meaning?.verb.verb !== "D") return "";
    const { units, incident, text } = this._sorted(meaning);
    const best = this.desk.board.incidents.get(incident)?.recommended.map((each) => each.unit) ?? [];
    const others = units.filter((unit) => !best.includes(unit));
    return best.length && others.length && !text ? make("span", { class: "wants" }, `${others.join(", ")} instead of ${best.join(", ")}: say why`) : "";
  }

  _sorted({ words, text }) {
    try {
      return sorted(words, text, this.desk.board);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      return { units: [], incident: null, text: "" };
    }
  }

  /** What is wanted next where nothing can be offered. */
  _next(meaning, offers) {
    if (!meaning || offers.length) return "";
    if (meaning.verb.verb === "DV" && !elsewhere(this.desk.board, this.desk.board.chosen).length) return "Nobody is under way elsewhere.";
    return /\bREASON\]?$/.test(meaning.verb.usage) ? "Say why, in your own words; then Enter." : "";
  }

  /** The verb that the line means so far, and its words; null if that cannot be told. */
  _meaning(value) {
    try {
      return value.trim() ? understand(split(value), this.desk) : null;
    } catch {
      return null;
    }
  }
}

/** Questions change nothing, so what was typed for them is not kept. */
const isQuestion = ({ type }) => type.startsWith("ask_");
