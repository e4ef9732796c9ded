// The command line: focus, history, completion, and the line that says what became of it.

import { fill, find, make, write } from "./dom.js";
import { split, Wrong } from "./grammar.js";
import { understand, VERBS } from "./verbs.js";

const HISTORY = 100;
const OFFERED = 8;
const HURRY_MS = 700;
const UNDO_MS = 20_000;
const SUSPECTS_AFTER_MS = 300;

export class Line {
  constructor(desk) {
    this.desk = desk;
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
  }

  focus(text) {
    if (text !== undefined) this._input.value = text;
    this._input.focus();
    this._input.setSelectionRange(this._input.value.length, this._input.value.length);
    this._help();
  }

  /** What takes back what was done last; null where that is not safe, or too long ago. */
  get undoable() {
    return this._undo && performance.now() < this._undo.until ? this._undo.deed : null;
  }

  say(kind, text) {
    this._result.dataset.kind = kind;
    write(this._result, (kind === "refused" ? "✕ Refused: " : kind === "accepted" ? "✓ " : "") + text);
    if (kind) this.desk.tones.play(kind);
  }

  /** Do what the line says. */
  async run(line) {
    try {
      const { verb, words, text } = understand(split(line), this.desk);
      if (!this.desk.may(verb.right)) throw new Wrong(`A ${this.desk.me.role.replaceAll("_", " ")} may not do this.`);
      await this.perform(verb.read({ words, text }, this.desk));
      return true;
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this.say("refused", error.message);
      return false;
    }
  }

  /** Send what was read, one message after another; stop at the first that is refused. */
  async perform(deed) {
    if (deed.show) {
      const shown = deed.show(this.desk);
      this._result.dataset.kind = "";
      write(this._result, shown ?? "");
      return true;
    }
    let answer = null;
    this._result.dataset.kind = "";
    write(this._result, this.desk.link.state === "live" ? "…" : "Waits for the link");
    for (const message of deed.say) {
      answer = await this.desk.link.ask(message);
      if (answer.type === "refused") {
        this.say("refused", answer.reason);
        return false;
      }
    }
    this._undo = deed.undo ? { deed: deed.undo, until: performance.now() + UNDO_MS } : null;
    this.say("accepted", deed.done(answer) + (deed.undo ? "  ·  U undoes it" : ""));
    return true;
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
      this.run(line).then((fine) => {
        if (!fine && !input.value) this.focus(line);
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
    const verbs = VERBS.filter((each) => this.desk.may(each.right) && (each.verb.startsWith(sought) || (sought.length > 1 && each.name.toUpperCase().startsWith(sought))));
    return verbs.map((each) => ({ word: each.verb, about: each.name }));
  }

  _entering(before, last) {
    const sought = last.toLowerCase();
    if (before.length === 1) {
      const types = this.desk.place.types.filter((type) => type.id.startsWith(sought) || type.name.toLowerCase().includes(sought));
      return types.map((type) => ({ word: type.id, about: `${type.name}, P${type.priority}` }));
    }
    const said = [...before.slice(2), last].join(" ").split(/[/&]/).at(-1).replace(/^\s*\d+\w?\s+/, "").trim();
    return this.desk.streets.matching(said, OFFERED).map((name) => ({ word: name, about: "", replaces: said }));
  }

  _named(verb, before, last) {
    const sought = last.toLowerCase();
    const { board } = this.desk;
    const offers = [];
    for (const kind of verb.wants) {
      const names = kind === "unit" ? board.units : kind === "incident" ? board.incidents : new Map();
      for (const [name, each] of names) {
        if (!name.toLowerCase().startsWith(sought) || before.includes(name)) continue;
        if (!last && kind === "unit" && verb.group === "Status" && !each.incident && verb.verb !== "AV" && verb.verb !== "OS") continue;
        offers.push({ word: name, about: kind === "unit" ? each.status.replaceAll("_", " ") : each.type.replaceAll("_", " ") });
      }
    }
    if (!last && verb.verb.startsWith("D")) {
      const best = board.chosen?.recommended.map((each) => each.unit) ?? [];
      offers.sort((a, b) => Number(best.includes(b.word)) - Number(best.includes(a.word)));
    }
    return offers;
  }

  _complete() {
    const [offer] = this._offers();
    if (!offer) return;
    const value = this._input.value;
    const cut = offer.replaces ?? (/\s$/.test(value) ? "" : split(value).words.at(-1) ?? "");
    this._input.value = `${value.slice(0, value.length - cut.length)}${offer.word} `;
    this._help();
  }

  _help() {
    if (document.activeElement !== this._input) return;
    const value = this._input.value;
    const offers = this._offers();
    const parts = offers.slice(0, OFFERED).map(({ word, about }, at) =>
      make("span", { class: "offer" }, at === 0 && value ? make("kbd", {}, "Tab") : "", make("b", {}, word), about ? ` ${about}` : ""));
    if (offers.length > OFFERED) parts.push(make("span", { class: "quiet" }, `+${offers.length - OFFERED}`));
    let usage = null;
    try {
      if (value.trim()) usage = understand(split(value), this.desk).verb;
    } catch {
      usage = null;
    }
    fill(this._assist, usage ? make("span", { class: "usage" }, usage.usage) : "", ...parts, this._found ?? "");
    this._lookForSuspects(usage, value);
  }

  /** While a call is being entered: is it about something that is on the board already? */
  _lookForSuspects(verb, value) {
    clearTimeout(this._suspecting);
    if (verb?.verb !== "N") {
      this._found = null;
      return;
    }
    this._suspecting = setTimeout(async () => {
      let deed;
      try {
        const { words, text } = understand(split(value), this.desk);
        deed = verb.read({ words, text }, this.desk);
      } catch {
        return;
      }
      const { lat, lon, incident_type, address } = deed.say[0];
      const told = await this.desk.link.ask({ type: "ask_suspects", lat, lon, incident_type, address });
      if (this._input.value !== value) return;
      const same = told.suspects?.slice(0, 3).map((each) => each.incident) ?? [];
      this._found = make("span", { class: same.length ? "suspects" : "quiet" }, same.length ? `Perhaps the same as ${same.join(", ")}` : `${address || "there"}: nothing like it is open`);
      this._assist.append(this._found);
      this._found = null;
    }, SUSPECTS_AFTER_MS);
  }
}
