// The past in place of the link: the same board, fed with what was recorded. Nothing can be ordered here.

import { now, setClock } from "./clock.js";
import { Player, SPEEDS } from "./player.js";
import { Tape } from "./tape.js";

const STEP_MS = 100;
const NOTE_MS = 5000;

export class Past {
  constructor(board, { onState, onSignedOut }) {
    // What the header asks of a link. There is none that could be lost: it says so in words of its own.
    Object.assign(this, { state: "live", reason: "", age: 0, waiting: 0 });
    this.board = board;
    this.tape = null;
    this.speed = SPEEDS[0];
    this.playing = false;
    this.said = { kind: "reading", text: "Asking for the hour …", share: null };
    this._asked = 0;
    this._told = 0;
    this._wanted = null;
    this._onState = onState;
    this._onSignedOut = onSignedOut;
    this._unpacking = Promise.resolve();
    document.body.classList.add("past-empty");
    setClock(Date.now(), 0);
    this.player = new Player(this);
    setInterval(() => this.playing && this._step(), STEP_MS);
  }

  get time() {
    return now();
  }

  /** Whatever it is: the past takes no orders, and has no answers. */
  async ask() {
    return { type: "refused", code: "past", reason: "This is the past: nothing can be ordered or asked here." };
  }

  drop() {}

  /** What the map shows makes no difference: all positions are on the tape. */
  look() {}

  /** Open the link to the past, and ask for the hour that the address names; else for the one an hour ago. */
  async connect() {
    this._say("reading", "Asking for the hour …");
    const answer = await fetch("/console/ticket", { method: "POST", signal: AbortSignal.timeout(5000) }).catch(() => null);
    if (answer?.status === 401) return this._onSignedOut((await answer.json()).reason, 0);
    if (!answer?.ok) return this._say("refused", "The server does not answer. Is it running? Press Go to try again.");
    const { ticket } = await answer.json();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/console/past`);
    socket.binaryType = "arraybuffer";
    this._socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ticket }));
    socket.onmessage = (event) => this._hear(event.data);
    socket.onclose = () => {
      if (this._socket !== socket) return;
      this._socket = null;
      if (this.said.kind !== "refused" && !this.tape?.whole) this._say("refused", "The link broke. Press Go to try again.");
    };
  }

  /** Show the hour in which this lies: `14:32`, `2026-11-28 14:32`; `on`: from that very moment to the hour's end. */
  turnTo(at, { on = false, fromStart = false } = {}) {
    this._wanted = at || null;
    this._fromStart = fromStart;
    this.pause();
    if (!at || this._socket?.readyState !== WebSocket.OPEN) return this.connect();
    this._asked += 1;
    this._say("reading", "Asking for the hour …");
    this._socket.send(JSON.stringify({ type: "look", id: this._asked, at, on }));
  }

  /** Ask once more for what was asked for last. */
  again() {
    const { tape } = this;
    this.turnTo(tape && !tape.empty ? utc(this.time) : this._wanted ?? "");
  }

  // ── moving ────────────────────────────────────────────────────────────────────────────────────────────

  seek(time) {
    if (!this.tape || this.tape.empty) return;
    const at = Math.min(Math.max(time, this.tape.from), this.tape.loadedTo);
    this._goTo(at);
    this._keepAddress();
  }

  jump(by) {
    const mark = this.tape?.mark(this.time, by);
    if (!mark) return this._say("note", by > 0 ? "No further mark in this hour." : "No earlier mark in this hour.");
    this.goTo(mark);
  }

  /** Stand still at a mark, with its incident selected. */
  goTo(mark) {
    this.pause();
    this.seek(mark.at);
    if (mark.incident && this.board.incidents.has(mark.incident)) this.board.select(mark.incident);
    this._say("note", this.player.words(mark));
  }

  play() {
    if (!this.tape || this.tape.empty) return;
    if (this.time >= this.tape.to) this._goTo(this.tape.from);
    this.playing = true;
    setClock(this.time, this.speed);
    this.player.draw();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    setClock(this.time, 0);
    this._keepAddress();
    this.player.draw();
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.playing) setClock(this.time, speed);
    this.player.draw();
  }

  /** Show the hour before or after this one, from its beginning. */
  hour(by) {
    if (!this.tape) return;
    const { from, to, cut } = this.tape;
    if (by > 0) this.turnTo(utc(to), { on: cut });
    else this.turnTo(utc(from - 1000), { fromStart: true });
  }

  _step() {
    const { tape } = this;
    const time = Math.min(this.time, tape.loadedTo);
    const waits = this.time > tape.loadedTo;
    tape.seek(this.board, time);
    if (waits) setClock(time, tape.whole ? 0 : this.speed);
    if (time >= tape.to && tape.whole) this.pause();
    this._onState();
    this.player.draw();
  }

  _goTo(time) {
    setClock(time, this.playing ? this.speed : 0);
    this.tape.seek(this.board, time);
    this._onState();
    this.player.draw();
  }

  _keepAddress() {
    clearTimeout(this._keeping);
    this._keeping = setTimeout(() => {
      history.replaceState(null, "", `${location.pathname}?view=replay&at=${utc(this.time)}`);
    }, 300);
  }

  // ── hearing ───────────────────────────────────────────────────────────────────────────────────────────

  _hear(data) {
    if (typeof data !== "string") {
      if (this._told !== this._asked) return; // of the hour that was asked for before
      return this._inTurn(async (stands) => {
        const text = await unpacked(data);
        if (stands()) this._take(text);
      });
    }
    const message = JSON.parse(data);
    if (message.type === "looking") this._told = message.id;
    if (message.type === "welcome") {
      const asked = this._wanted ?? new URLSearchParams(location.search).get("at");
      return this.turnTo(asked || utc(message.now_ms - 3_600_000));
    }
    if (this._told !== this._asked && message.type !== "refused" && message.type !== "forgotten") return;
    if (message.type === "reading") this._say("reading", "Reading the journal", message);
    else if (message.type === "begin") this._begin(message);
    else if (message.type === "end") this._inTurn(() => this._end(message));
    else if (message.type === "refused") this._say("refused", message.reason);
    else if (message.type === "forgotten") this._letGo("Somebody's data were erased a moment ago, and with them this hour was let go of. Press Go to read it again.");
  }

  /** Do this after what came before it, as what was packed later must not be unpacked sooner; not if another hour stands here by then. */
  _inTurn(step) {
    const { tape } = this;
    const stands = () => tape !== null && tape === this.tape;
    this._unpacking = this._unpacking
      .then(() => stands() && step(stands))
      .catch((error) => stands() && this._letGo(`What the server sent cannot be read (${error.message}). Press Go to read the hour again.`));
  }

  _begin(message) {
    this.tape = new Tape(message);
    this._target = this._fromStart ? message.from_ms : message.at_ms;
    this._shown = false;
    document.body.classList.add("past-empty");
    this._say("reading", "Reading the hour", { share: 0 });
  }

  _take(text) {
    this.tape.add(text);
    const { from, to, loadedTo, empty } = this.tape;
    if (!this._shown && !empty && loadedTo >= this._target) this._show();
    this._say("reading", "Reading the hour", { share: (loadedTo - from) / Math.max(1, to - from) });
  }

  _end(message) {
    this.tape.end(message.to_ms, !message.whole);
    this.positions = message.positions;
    if (!this._shown) this._show();
    this._say("", message.whole ? "" : "This hour is too busy to be held at once: PgDn goes on from its end.");
  }

  _show() {
    this._shown = true;
    document.body.classList.remove("past-empty");
    this.seek(Math.max(this._target, this.tape.from));
  }

  /** Show nothing any more: it may name somebody who was forgotten, or is not whole. */
  _letGo(words) {
    this.pause();
    this.tape = null;
    document.body.classList.add("past-empty");
    this.board.recall([], []);
    this.board.snapshot({ seq: null, at_ms: 0, incidents: [], units: [], alarms: [] });
    this._say("refused", words);
  }

  _say(kind, text, { share = null, at_ms = null } = {}) {
    const said = { kind, text, share, at_ms };
    this.said = said;
    this.player.draw();
    if (kind === "note") setTimeout(() => this.said === said && this._say("", ""), NOTE_MS);
  }
}

const utc = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

async function unpacked(data) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}
