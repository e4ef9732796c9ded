// The command line: focus, history, completion, and the line that says what became of it.

import { fill, find, make, write } from "./dom.js";
import { SENDING, typesOf, unsent } from "./entering.js";
import { foretold, owed } from "./enters.js";
import { split, Wrong } from "./grammar.js";
import { callOffers, incidentOffers, unitOffers } from "./offers.js";
import { understand, VERBS } from "./verbs.js";
import { plain } from "./words.js";

const BEFORE = { accepted: "✓ ", refused: "✕ Refused: ", renewed: "↻ Nobody sent yet: " };
const HISTORY = 100;
const LINE_MAX = 1_000;
const OFFERED = 8;
const HURRY_MS = 700;
const UNDO_MS = 20_000;
const UNDO_WORDS = "  ·  U undoes it";
const SAID_MS = 30_000;

export class Line {
  constructor(desk) {
    this.desk = desk;
    this._instead = "";
    this._keeps = false;
    this._begun = "";
    this._asking = 0;
    this._toldAt = 0;
    this._undoTold = "";
    this._input = find("command");
    this._result = find("result");
    this._assist = find("assist");
    this._enters = make("span", { class: "enters" });
    this._offered = make("span", { class: "offers" });
    this._assist.append(this._enters, this._offered);
    this._lacks = "";
    this._history = [];
    this._at = 0;
    this._entered = -Infinity;
    this._input.addEventListener("keydown", (event) => this._key(event));
    this._input.addEventListener("input", () => this._help());
    this._input.addEventListener("focus", () => this._help());
    this._input.addEventListener("blur", () => [this._enters, this._offered].forEach((each) => fill(each)));
    desk.board.follow((kind) => {
      if (kind === "positions") return;
      if (kind === "selection" && this._result.dataset.kind === "refused") this._forget();
      this._stillTrue();
      this.foretell();
    });
    this._assist.addEventListener("pointerdown", (event) => this._pick(event));
  }

  /** Stand in the line; `text` is begun for the user, who has typed nothing of it yet. */
  focus(text) {
    if (text !== undefined) this._input.value = this._begun = text;
    this._input.focus();
    this._input.setSelectionRange(this._input.value.length, this._input.value.length);
    this._help();
  }

  /** A unit that is pressed while the line waits for one is written into it; tell whether it was. */
  add(unit) {
    const meaning = this._meaning(this._input.value);
    if (!meaning?.verb.wants.includes("unit") || meaning.text) return false;
    this.focus(`${this._input.value.trimEnd()} ${unit} `);
    this._begun = "";
    return true;
  }

  /** What takes back what was done last; null where that is not safe, or too long ago. */
  get undoable() {
    return this._undo && performance.now() < this._undo.until ? this._undo.deed : null;
  }

  say(kind, text) {
    this._tell(kind, (BEFORE[kind] ?? "") + text);
    if (kind) this.desk.tones.play(kind === "renewed" ? "attention" : kind);
  }

  _tell(kind, text) {
    this._result.dataset.kind = kind;
    write(this._result, text);
    this._toldAt = performance.now();
  }

  /** Nothing that was said stays for long, but for a refusal that is being worked on. Once a second. */
  tick() {
    this._stillTrue();
    if (performance.now() - this._toldAt > SAID_MS) this._forget();
  }

  /** What was said is over, unless somebody is mending the line that was refused, or an answer is awaited. */
  _forget() {
    if (this._asking || (this._input.value && this._result.dataset.kind !== "accepted")) return;
    this._tell("", "");
  }

  /** What can no longer be undone, because it is too long ago or others have changed it, is not offered any more. */
  _stillTrue() {
    if (!this._undo) return;
    const { holds, deed } = this._undo;
    const stands = holds(this.desk.board);
    this._undo.stood ||= stands;
    const over = performance.now() >= this._undo.until;
    if (!over && (stands || !this._undo.stood)) return;
    this._undo = null;
    if (this._undoTold !== this._result.textContent) return;
    if (over) write(this._result, this._undoTold.slice(0, -UNDO_WORDS.length));
    else this._tell("", "");
  }

  /** Do what the line says. What a person has `typed` goes into the record word for word. */
  async run(line, { typed = false } = {}) {
    try {
      const reading = this._read(line);
      this._wait();
      return await this.perform(await reading, typed ? line : "");
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this._instead = error.marked(line);
      this._keeps = error.lacks;
      this.say("refused", error.message);
      return false;
    }
  }

  /** What the line does; a promise of it while a place is looked for. Raises Wrong, and changes nothing. */
  _read(line) {
    const { verb, words, text } = understand(split(line), this.desk);
    if (!this.desk.mayAll(verb)) throw new Wrong(`A ${plain(this.desk.me.role)} may not do this.`);
    return verb.read({ words, text }, this.desk);
  }

  /** Send what was read, one message after another, each with the line that was typed; stop at the first that is refused. */
  async perform(deed, line = "") {
    if (deed.show) {
      this._tell("", deed.show(this.desk) ?? "");
      return true;
    }
    this._wait(deed.say.every(isQuestion) ? "The record is being read …" : "…");
    this._asking += 1;
    const first = await this._ask(deed.say, line).finally(() => (this._asking -= 1));
    if (!first) return false;
    this._undo = deed.undo ? { deed: deed.undo, holds: deed.holds, until: performance.now() + UNDO_MS } : null;
    const done = deed.done(first);
    this._undoTold = `${BEFORE.accepted}${done}${UNDO_WORDS}`;
    this.say("accepted", deed.undo ? `${done}${UNDO_WORDS}` : done);
    deed.later?.(first).then((more) => this._result.textContent === BEFORE.accepted + done && write(this._result, `${BEFORE.accepted}${done}. ${more}`));
    return true;
  }

  /** Ask for one after another; what has no incident is about the one that the first has entered. Null where one is refused. */
  async _ask(messages, line) {
    let first = null;
    for (const each of messages) {
      const message = each.incident === null ? { ...each, incident: first.incident } : each;
      const answer = await this.desk.link.ask(line && !isQuestion(message) ? { ...message, line: line.slice(0, LINE_MAX) } : message);
      if (answer.type === "refused") {
        await this._refused(message, answer, each === message ? "" : `${first.incident} is entered, and nobody is sent: `);
        return null;
      }
      first ??= answer;
      this.desk.first.took(message);
    }
    return first;
  }

  _wait(words = "…") {
    this._tell("", this.desk.link.state === "live" ? words : "Waits for the link");
  }

  /** Say why not. Where the advice has changed between the look and the key, the new best is said instead. */
  async _refused(message, answer, before = "") {
    this._keeps = answer.code === "reason_required";
    const best = answer.code === "stale_recommendation" ? await this.desk.renewed(message.incident, message.decision) : null;
    if (best) this.say("renewed", `for ${message.incident} it is better now to send ${best}. Enter accepts that.`);
    else this.say("refused", before + answer.reason);
  }

  _key(event) {
    const input = this._input;
    if (event.key === "Enter") {
      event.preventDefault();
      const typed = input.value.trim();
      const line = event.shiftKey && this._meaning(typed)?.verb.verb === "N" ? unsent(typed) : typed;
      // Whoever presses twice in a hurry has not read what is recommended.
      const hurried = event.repeat || event.timeStamp - this._entered < HURRY_MS;
      this._entered = event.timeStamp;
      if (hurried && (!line || typed === this._instead.trim())) return; // nor what stands there instead of a refused line
      if (!line) return this.desk.acceptChosen();
      this._history.push(line);
      if (this._history.length > HISTORY) this._history.shift();
      this._at = this._history.length;
      this._instead = "";
      this._keeps = false;
      const done = this.run(line, { typed: true }); // before the draft is put away: what was shown is compared with what is sent
      input.value = "";
      this._help();
      done.then((fine) => {
        if (!fine && !input.value) this._again(line);
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
      const half = input.value.trim() && input.value !== this._begun;
      input.value = "";
      if (!half) input.blur();
      this._help();
    }
  }

  /** What was refused stands in the line again: selected, so that other words replace it, or with more words wanted behind it. */
  _again(line) {
    this.focus(this._instead || line);
    if (this._instead || this._keeps) this._begun = ""; // it is to be gone on with
    else this._input.select();
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
    const sending = before.indexOf(SENDING);
    if (sending > 0) return callOffers(this.desk, before.slice(sending + 1)).filter(({ word }) => word.toLowerCase().startsWith(sought));
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
    const foretold = this.foretell();
    fill(this._offered, meaning && !foretold ? make("span", { class: "usage" }, meaning.verb.usage) : "", ...parts, offers.length ? "" : this._lacks);
  }

  /** Show what Enter would do as the line stands, from the reader that Enter itself uses; tell whether it would do anything. */
  foretell() {
    if (document.activeElement !== this._input) return false;
    let parts = [];
    this._lacks = "";
    try {
      const deed = this._deed();
      deed?.catch?.(() => {}); // the place is still looked for: it is read again once that is known
      const say = deed?.say ?? [];
      const lacks = owed(say, this.desk);
      parts = lacks ? [make("span", { class: "wants" }, lacks)] : foretold(say, this.desk).flatMap(inWords);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      if (error.sure) parts = [make("span", { class: "wants" }, error.sure)];
      else this._lacks = error.message;
    }
    const whole = parts.map((each) => each.textContent).join("");
    if (this._enters.textContent !== whole) {
      fill(this._enters, ...parts);
      this._enters.title = whole;
    }
    return parts.length > 0;
  }

  /** What Enter would do: what the line says, or, where it is empty, what is recommended for the selected incident. Raises Wrong. */
  _deed() {
    const line = this._input.value.trim();
    if (line) return this._read(line);
    const { chosen } = this.desk.board;
    return chosen?.decided_seq && this.desk.may("order") ? this.desk.accepting(chosen.id) : null;
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

/** One thing that Enter will do, as elements. What it leaves behind stands before the reason, which may be cut. */
const inWords = ({ says, also, warns, gains, reason }, at) => [
  make("kbd", {}, at ? "+" : "Enter"), make("b", {}, ` ${says}`),
  also ? make("span", { class: warns ? "wants" : "" }, `: ${also}`) : "",
  gains ? ` · ${gains}` : "",
  reason ? ` · reason: ${reason}` : "",
].map((each) => (typeof each === "string" ? make("span", {}, each) : each));

/** Questions change nothing, so what was typed for them is not kept. */
const isQuestion = ({ type }) => type.startsWith("ask_");
