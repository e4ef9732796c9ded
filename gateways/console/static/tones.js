// What the desk sounds like. Browsers are silent until somebody has pressed something: that is said, not hidden.

import { find } from "./dom.js";

/** By name: [frequency in Hz, from in s, for s] … */
const TONES = {
  accepted: [[880, 0, 0.07], [1320, 0.08, 0.09]],
  refused: [[220, 0, 0.16], [174, 0.18, 0.22]],
  incident1: [[988, 0, 0.14], [740, 0.16, 0.14], [988, 0.32, 0.2]],
  incident2: [[784, 0, 0.12], [784, 0.18, 0.14]],
  incident3: [[587, 0, 0.12]],
  emergency: [[1400, 0, 0.16], [900, 0.18, 0.16], [1400, 0.36, 0.16], [900, 0.54, 0.2]],
  attention: [[660, 0, 0.1], [660, 0.2, 0.1]],
  lost: [[330, 0, 0.3], [262, 0.32, 0.45]],
};
const REPEAT_MS = 4000;

export class Tones {
  constructor() {
    this.state = "waiting";
    this._button = find("sound");
    this._button.onclick = () => this._press();
    this._repeating = null;
    this._show();
  }

  play(name) {
    this.last = name;
    if (this.state !== "on") return;
    const start = this._context.currentTime + 0.02;
    for (const [hertz, from, lasts] of TONES[name]) {
      const voice = this._context.createOscillator();
      const level = this._context.createGain();
      voice.frequency.value = hertz;
      voice.type = "triangle";
      level.gain.setValueAtTime(0, start + from);
      level.gain.linearRampToValueAtTime(0.22, start + from + 0.012);
      level.gain.setValueAtTime(0.22, start + from + lasts - 0.03);
      level.gain.linearRampToValueAtTime(0, start + from + lasts);
      voice.connect(level).connect(this._context.destination);
      voice.start(start + from);
      voice.stop(start + from + lasts + 0.02);
    }
  }

  /** Sound this again and again; null: no more. */
  repeat(name) {
    if (name === this._repeated) return;
    this._repeated = name;
    clearInterval(this._repeating);
    if (!name) return;
    this.play(name);
    this._repeating = setInterval(() => this.play(name), REPEAT_MS);
  }

  _press() {
    if (this.state === "waiting") {
      this._context = new AudioContext();
      this.state = "on";
      this.play("accepted");
    } else this.state = this.state === "on" ? "muted" : "on";
    this._show();
  }

  _show() {
    const [text, title] = {
      waiting: ["Sound is off", "Browsers are silent until you press this: turn the tones on"],
      on: ["Sound on", "Press to mute"],
      muted: ["MUTED", "No tone will sound. Press to hear them again"],
    }[this.state];
    this._button.textContent = text;
    this._button.title = title;
    this._button.dataset.state = this.state;
  }
}
