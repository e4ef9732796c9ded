// What the desk sounds like. Browsers are silent until somebody has pressed something: that is said, not hidden.

import { find, write } from "./dom.js";
import { span } from "./words.js";

/** By name: [frequency in Hz, from in s, for s] … */
export const TONES = {
  accepted: [[880, 0, 0.07], [1320, 0.08, 0.09]],
  refused: [[220, 0, 0.16], [174, 0.18, 0.22]],
  incident1: [[988, 0, 0.14], [740, 0.16, 0.14], [988, 0.32, 0.2]],
  incident2: [[784, 0, 0.12], [784, 0.18, 0.14]],
  incident3: [[587, 0, 0.12]],
  emergency: [[1400, 0, 0.16], [900, 0.18, 0.16], [1400, 0.36, 0.16], [900, 0.54, 0.2]],
  roll: [[523, 0, 0.1], [523, 0.14, 0.1], [523, 0.28, 0.1], [784, 0.46, 0.26]],
  untold: [[440, 0, 0.12], [554, 0.14, 0.12], [440, 0.28, 0.12], [554, 0.42, 0.12]],
  attention: [[660, 0, 0.1], [660, 0.2, 0.1]],
  lost: [[330, 0, 0.3], [262, 0.32, 0.45]],
};
/** What each of those that repeat is about, for who wants to hear it. */
export const MEANS = {
  emergency: "unit emergency",
  lost: "link lost",
  roll: "roll-call unanswered",
  incident1: "priority 1",
  untold: "alert unacknowledged",
  attention: "attention",
};
export const LEVELS = { low: 0.08, middle: 0.22, high: 0.5 };
const MUTE_MS = 600_000;
/** In this tab: whoever had turned the tones on hears them again after a reload, with the first key. */
const ARMED = "turnout-sound";

export class Tones {
  /** `by` is who sits here: a mute says whose it is. */
  constructor(by) {
    this.state = "waiting";
    this.level = LEVELS.middle;
    this._by = by;
    this._known = new Set();
    this._button = find("sound");
    this._button.onclick = () => this.press();
    if (sessionStorage.getItem(ARMED)) {
      for (const gesture of ["keydown", "pointerup"]) document.addEventListener(gesture, () => this._arm(), { once: true, capture: true });
    }
    this.tick();
  }

  play(name) {
    this.last = name;
    this._at = performance.now();
    if (this.state !== "on") return;
    const start = this._context.currentTime + 0.02;
    for (const [hertz, from, lasts] of TONES[name]) {
      const voice = this._context.createOscillator();
      const level = this._context.createGain();
      voice.frequency.value = hertz;
      voice.type = "triangle";
      level.gain.setValueAtTime(0, start + from);
      level.gain.linearRampToValueAtTime(this.level, start + from + 0.012);
      level.gain.setValueAtTime(this.level, start + from + lasts - 0.03);
      level.gain.linearRampToValueAtTime(0, start + from + lasts);
      voice.connect(level).connect(this._context.destination);
      voice.start(start + from);
      voice.stop(start + from + lasts + 0.02);
    }
  }

  /** Sound this again and again, every so often; null: no more. */
  repeat(name, everyMs) {
    if (name === this._repeated) return;
    this._repeated = name;
    clearInterval(this._repeating);
    if (!name) return;
    if (this.last !== name || performance.now() - this._at > 700) this.play(name);
    this._repeating = setInterval(() => this.play(name), everyMs);
  }

  /** An emergency that was not there when the tones were muted ends the mute. `ids` are those that nobody has acknowledged. */
  wake(ids) {
    const fresh = ids.some((each) => !this._known.has(each));
    this._known = new Set(ids);
    if (fresh && this.state === "muted") this._hear();
  }

  /** Turn the tones on; mute them for a while; hear them again. */
  press() {
    if (this.state === "waiting") this._arm();
    else if (performance.now() - this._armedAt < 700) return; // the same press has just turned them on
    else if (this.state === "muted") this._hear();
    else {
      this.state = "muted";
      this._until = performance.now() + MUTE_MS;
    }
    this.tick();
  }

  /** Once a second: how long a mute lasts yet; whether the browser lets us be heard. */
  tick() {
    if (this.state === "muted" && performance.now() >= this._until) this._hear();
    if (this._context?.state === "suspended") this._context.resume();
    const [text, title] = {
      waiting: () => ["Sound is off", "Browsers are silent until you press this: turn the tones on"],
      on: () => ["Sound on", "Press, or M: mute the tones for ten minutes"],
      muted: () => [`MUTED by ${this._by} · ${span(this._until - performance.now())} left`, "No tone sounds. Alarms are shown as ever; a new unit emergency is heard. Press, or M: hear them again"],
    }[this.state]();
    write(this._button, text);
    this._button.title = title;
    this._button.dataset.state = this.state;
  }

  _arm() {
    if (this.state !== "waiting") return;
    this._context = new AudioContext();
    this._armedAt = performance.now();
    sessionStorage.setItem(ARMED, "on");
    this._hear();
  }

  _hear() {
    this.state = "on";
    this.play(this._repeated ?? "accepted");
    this.tick();
  }
}
