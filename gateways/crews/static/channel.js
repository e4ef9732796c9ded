// The line to the engine: what it tells comes as events, what the crew says goes out of the outbox, oldest first.
//
// A message is stored before anything else happens, with an id and the time of the press. It leaves the outbox only when
// the engine has answered for it; asked twice, the engine answers the same.

import { kept, outbox } from "./store.js";

const SILENCE_MS = 15_000; // three pings: then the connection is dead, whatever the browser thinks
const SEND_MS = 12_000;
const AGAIN_FIRST_MS = 1_000;
const AGAIN_MOST_MS = 15_000;
const BATCH = 32; // `PAGE_BATCH` in config.py

export class Channel extends EventTarget {
  constructor() {
    super();
    this.unit = null;
    this.linked = false;
    this.heardMs = 0;
    this.clock = { origin_ms: 0, rate: 1, offset_ms: 0 };
    this.entries = [];
    this.source = null;
    this.sending = false;
    this.failures = 0;
    this.again = 0;
    addEventListener("online", () => this.retry());
    addEventListener("offline", () => this.link(false));
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
    setInterval(() => this.look(), 2_000);
  }

  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }

  /** The engine's time now, as well as this device knows it. */
  now(real = Date.now()) {
    const { origin_ms, rate, offset_ms } = this.clock;
    return Math.round(origin_ms + (real - origin_ms) * rate + offset_ms);
  }

  async load() {
    this.entries = await outbox.all();
    this.clock = (await kept.get("clock")) ?? this.clock;
  }

  // ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

  open(unit) {
    this.unit = unit;
    this.close();
    const source = new EventSource("/crew/feed");
    this.source = source;
    this.heardMs = Date.now();
    source.addEventListener("hello", (event) => this.hello(JSON.parse(event.data)));
    source.addEventListener("view", (event) => this.heard(() => this.tell("view", JSON.parse(event.data))));
    source.addEventListener("ping", (event) => this.heard(() => this.tell("ping", JSON.parse(event.data))));
    source.onerror = () => {
      this.link(false);
      // A browser gives up for good where it was answered with an error: then who we are is to be asked.
      if (source.readyState === EventSource.CLOSED) this.ask();
    };
    this.send();
  }

  close() { this.source?.close(); this.source = null; this.link(false); }

  hello(hello) {
    const { origin_ms, rate } = hello.pace;
    const told = origin_ms + (Date.now() - origin_ms) * rate;
    this.clock = { origin_ms, rate, offset_ms: hello.now_ms - told };
    kept.set("clock", this.clock);
    kept.set("hello", hello);
    this.tell("hello", hello);
    this.heard(() => {});
    this.failures = 0;
    this.send();
  }

  heard(then) { this.heardMs = Date.now(); this.link(true); then(); }

  link(linked) { if (linked !== this.linked) { this.linked = linked; this.tell("link"); } }

  look() {
    if (this.source && Date.now() - this.heardMs > SILENCE_MS) this.open(this.unit);
    else if (!this.source && this.unit && !this.asking) this.ask();
  }

  retry() { if (this.unit) { if (!this.linked) this.open(this.unit); this.send(); } }

  /** Find out why there is no feed: no server, or no session any more. */
  async ask() {
    this.asking = true;
    this.source?.close();
    this.source = null;
    try {
      const response = await fetch("/crew/session", { signal: AbortSignal.timeout(SEND_MS) });
      const told = response.ok ? await response.json() : null;
      if (told && !told.unit) this.tell("signed-out", told);
      else if (told) this.open(this.unit);
    } catch { /* no server: the next look asks again */ }
    this.asking = false;
  }

  // ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────

  /** Store a message of this unit, and send it as soon as that is possible. */
  async say(message) {
    const pressed_ms = this.now();
    const timed = UNTIMED.has(message.type) ? {} : { at_ms: pressed_ms };
    const entry = { unit: this.unit, pressed_ms, state: "waiting", message: { id: newId(), unit: this.unit, ...message, ...timed } };
    try {
      entry.number = await outbox.add(entry);
    } catch (error) {
      // Whoever calls for help is heard also from a phone that can store nothing.
      if (message.type !== "unit_emergency") throw error;
    }
    this.entries.push(entry);
    this.tell("outbox");
    if (message.type === "unit_emergency") await this.post([entry]);
    this.send();
  }

  get waiting() { return this.entries.filter((entry) => entry.unit === this.unit && entry.state === "waiting"); }

  async dismiss(entry) {
    await this.drop(entry);
    this.tell("outbox");
  }

  async drop(entry) {
    this.entries = this.entries.filter((each) => each !== entry);
    if (entry.number !== undefined) await outbox.remove(entry.number);
  }

  async send() {
    if (this.sending || !this.unit) return;
    this.sending = true;
    clearTimeout(this.again);
    try {
      while (this.waiting.length) {
        if (!(await this.post(this.waiting.slice(0, BATCH)))) { this.later(); break; }
        this.failures = 0;
      }
    } finally { this.sending = false; }
  }

  later() {
    const ms = Math.min(AGAIN_MOST_MS, AGAIN_FIRST_MS * 2 ** this.failures++) * (0.75 + Math.random() / 2);
    this.again = setTimeout(() => this.send(), ms);
  }

  /** Send a batch; tell whether the engine has answered for all of it. */
  async post(entries) {
    try {
      const response = await fetch("/crew/messages", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ messages: entries.map((entry) => entry.message) }),
        signal: AbortSignal.timeout(SEND_MS),
      });
      if (response.status === 401) { this.tell("signed-out", await response.json()); return false; }
      if (!response.ok) return false;
      const { answers } = await response.json();
      const byId = new Map(answers.map((answer) => [answer.id, answer]));
      const verdicts = entries.map((entry) => this.settle(entry, byId.get(entry.message.id)));
      return (await Promise.all(verdicts)).every(Boolean);
    } catch { return false; } finally { this.tell("outbox"); }
  }

  async settle(entry, answer) {
    if (!answer || answer.again) return false;
    const silent = entry.message.type === "read"; // somebody has said so before: as good
    if (answer.type === "taken" || silent) {
      await this.drop(entry);
    } else {
      Object.assign(entry, { state: "refused", reason: answer.reason });
      if (entry.number !== undefined) await outbox.put(entry);
      this.tell("refused", entry);
    }
    return true;
  }
}

const UNTIMED = new Set(["unit_emergency", "read", "answer_roll"]);

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `crew-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
