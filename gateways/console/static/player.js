// What the past is steered with: the banner that says what this is, the slider with its marks, and the keys.

import { clockDay, clockTime } from "./clock.js";
import { fill, find, keep, make, onFrame, write } from "./dom.js";
import { MARKS, Scale } from "./scale.js";

const NEAR_MS = 10_000;
const FAR_MS = 60_000;
export const SPEEDS = [1, 10, 60];

/** `28 Nov`, with the year where it is another one. */
const day = (ms) => clockDay(ms).replace(/^\w+ 0?/, "");

export class Player {
  constructor(past) {
    this.past = past;
    this.draw = onFrame(() => this._draw());
    this._build();
    document.addEventListener("keydown", (event) => this._key(event));
    // Whoever has clicked a button means Play with Space, not that button again; who came by Tab keeps the focus.
    document.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());
  }

  /** A mark in words. */
  words({ kind, incident, unit, at }) {
    return `${clockTime(at)}: ${MARKS[kind][1]}, ${[unit, incident].filter(Boolean).join(", ")}`;
  }

  // ── putting it together ───────────────────────────────────────────────────────────────────────────────

  _build() {
    const { past } = this;
    const button = (label, keys, act, more = {}) =>
      make("button", { type: "button", title: `${label} (${keys})`, "aria-label": label, "aria-keyshortcuts": keys, onclick: act, ...more });
    this._play = button("Play", "Space", () => this._toggle(), { class: "past-play main" });
    this._speeds = SPEEDS.map((speed, at) =>
      make("button", { type: "button", "aria-label": `${speed} times as fast`, title: `${speed} times as fast (${at + 1})`, onclick: () => past.setSpeed(speed) }, `${speed}×`));
    this._scale = new Scale((at) => past.seek(at), (mark) => past.goTo(mark));
    this._field = make("input", { id: "past-at", "aria-label": "Show another time: 14:32, or 2026-11-28 14:32", placeholder: "14:32 or 2026-11-28 14:32", autocomplete: "off", spellcheck: "false", maxlength: "40" });
    const named = (element, ...content) => (element.append(...content), element);
    const controls = make("div", { class: "past-controls" },
      named(button("Hour before", "PageUp", () => past.hour(-1)), "« Hour"),
      named(button("Mark before", "B", () => past.jump(-1)), make("kbd", {}, "B"), " ‹ Mark"),
      this._play,
      named(button("Next mark", "N", () => past.jump(1)), "Mark › ", make("kbd", {}, "N")),
      named(button("Hour after", "PageDown", () => past.hour(1)), "Hour »"),
      make("span", { class: "choices", role: "group", "aria-label": "Speed" }, this._speeds),
      make("form", { class: "past-go", onsubmit: (event) => this._go(event) }, make("kbd", { "aria-hidden": "true" }, "G"), this._field, make("button", { type: "submit" }, "Go")),
      make("span", { id: "past-legend", class: "past-legend" }),
      make("span", { class: "past-hint quiet" }, make("kbd", {}, "←"), make("kbd", {}, "→"), " 10 s, with Shift 1 min ", make("kbd", {}, "PgUp"), make("kbd", {}, "PgDn"), " hours ", make("kbd", {}, "1"), make("kbd", {}, "2"), make("kbd", {}, "3"), " speed"));
    const banner = make("p", { class: "past-banner" },
      make("b", { class: "past-word" }, "REPLAY"),
      make("span", { id: "past-time", class: "past-time" }, ""),
      make("span", { class: "past-what" }, "The past: nothing can be ordered here."),
      make("span", { class: "bar-space" }),
      make("span", { id: "past-notes", class: "past-notes" }),
      make("span", { id: "past-said", class: "past-said", role: "status" }),
      make("progress", { id: "past-progress", max: "1", "aria-label": "Reading", hidden: true }));
    const bar = make("footer", { class: "past-bar", "aria-label": "Replay", role: "region" }, this._scale.element, controls);
    find("desk").append(banner, bar, make("p", { class: "past-nothing", "aria-hidden": "true" }, "Nothing is shown before the hour has been read."));
  }

  _toggle() {
    if (this.past.playing) this.past.pause();
    else this.past.play();
  }

  _go(event) {
    event.preventDefault();
    const at = this._field.value.trim();
    this._field.blur();
    if (at) this.past.turnTo(at);
    else this.past.again();
  }

  // ── drawing ───────────────────────────────────────────────────────────────────────────────────────────

  _draw() {
    const { past } = this;
    const { tape, said } = past;
    const shown = tape && !tape.empty && !document.body.classList.contains("past-empty");
    const when = shown ? `${clockTime(past.time)} on ${day(past.time)}` : "";
    write(find("past-time"), shown ? `, ${when}` : "");
    document.title = shown ? `REPLAY ${when}` : "REPLAY";
    const does = past.playing ? "Pause" : "Play";
    if (this._play.getAttribute("aria-label") !== does || !this._play.firstChild) {
      fill(this._play, `${past.playing ? "❚❚" : "►"} ${does} `, make("kbd", {}, "Space"));
      this._play.setAttribute("aria-label", does);
    }
    this._speeds.forEach((button, at) => button.setAttribute("aria-pressed", String(SPEEDS[at] === past.speed)));
    this._scale.draw(tape, past.time);
    this._legend(tape);
    this._say(said);
    this._notes(shown);
  }

  _say({ kind, text, share, at_ms: at }) {
    const bar = find("past-progress");
    bar.hidden = kind !== "reading";
    if (share !== null && share !== undefined) bar.value = share;
    else bar.removeAttribute("value");
    const said = find("past-said");
    if (said.dataset.kind !== kind) said.dataset.kind = kind;
    // Not the percentage: it would be read aloud again and again.
    write(said, kind === "reading" && at ? `${text}: come to ${clockTime(at)} on ${day(at)}` : text);
  }

  _legend(tape) {
    const counts = Object.keys(MARKS).map((kind) => ({ kind, count: tape?.marks.filter((mark) => mark.kind === kind).length ?? 0 }));
    keep(find("past-legend"), counts, ({ kind }) => kind, ({ count }) => `${count}`, ({ kind, count }) =>
      make("span", { class: `past-key mark-${kind}` }, make("i", { "aria-hidden": "true" }, MARKS[kind][0]), ` ${count} ${MARKS[kind][count === 1 ? 1 : 2]}`));
  }

  /** What is not recorded is said, not guessed. */
  _notes(shown) {
    const { tape, positions } = this.past;
    const notes = find("past-notes");
    notes.hidden = !shown || Boolean(find("past-said").textContent);
    if (notes.hidden) return;
    const seconds = tape.every / 1000;
    const where = positions?.expired && !positions.told
      ? "Positions of this hour are no longer kept: units stand where they were last known"
      : positions?.expired
        ? "Some positions of this hour are no longer kept"
        : `Positions every ${seconds === 1 ? "second" : `${seconds} s`}, as units reported them`;
    write(notes, `${where}. Not recorded: radio, telephone, what screens showed.`);
  }

  // ── keys ──────────────────────────────────────────────────────────────────────────────────────────────

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog")) return;
    if (event.target === this._field) {
      if (event.key === "Escape") this._field.blur();
      return;
    }
    const act = this._act(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  _act({ key, shiftKey, target }) {
    const { past } = this;
    const step = shiftKey ? FAR_MS : NEAR_MS;
    const slider = target.id === "past-slider";
    const keys = {
      " ": target.closest("button") ? null : () => this._toggle(),
      ArrowRight: () => past.seek(past.time + step),
      ArrowLeft: () => past.seek(past.time - step),
      ArrowUp: slider && (() => past.seek(past.time + step)),
      ArrowDown: slider && (() => past.seek(past.time - step)),
      Home: () => past.tape && past.seek(past.tape.from),
      End: () => past.tape && past.seek(past.tape.to),
      PageUp: () => past.hour(-1),
      PageDown: () => past.hour(1),
      n: () => past.jump(1),
      b: () => past.jump(-1),
      g: () => this._field.focus(),
      1: () => past.setSpeed(SPEEDS[0]),
      2: () => past.setSpeed(SPEEDS[1]),
      3: () => past.setSpeed(SPEEDS[2]),
    };
    return keys[key.length === 1 ? key.toLowerCase() : key];
  }
}
