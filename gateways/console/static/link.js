// The link to the server: one WebSocket, resumed where it broke; orders are sent again until they are answered.

import { setClock } from "./clock.js";
import { spoken } from "./words.js";

const VERSION = "turnout.cad.v1";
const PING_MS = 3000;
const SILENT_MS = 9000;
const BACKOFF_MS = [400, 800, 1600, 3200, 6400];

export class Link {
  constructor(board, { onState, onSignedOut }) {
    this.board = board;
    this.state = "connecting";
    this.reason = "";
    this.heardAt = performance.now();
    this._onState = onState;
    this._onSignedOut = onSignedOut;
    this._waiting = new Map();
    this._socket = null;
    this._tries = 0;
    this._number = 0;
    this._box = null;
    /** Characters heard since the page was opened. */
    this.heard = 0;
    this._name = crypto.getRandomValues(new Uint32Array(2)).join("-");
    setInterval(() => this._look(), 1000);
  }

  /** Milliseconds since anything was heard. */
  get age() {
    return performance.now() - this.heardAt;
  }

  get waiting() {
    return this._waiting.size;
  }

  /** Send a command or a question; resolves to what it is answered, also across a break. */
  ask(message) {
    this._number += 1;
    const id = `console-${this._name}-${this._number}`;
    const full = { ...message, id };
    return new Promise((resolve) => {
      this._waiting.set(id, { full, resolve });
      if (this.state === "live") this._send(full);
    });
  }

  /** Be sent positions within [west, south, east, north] only; null: all of them. Kept across breaks. */
  look(box) {
    this._box = box;
    if (this.state === "live") this._send({ type: "look", id: "look", box });
  }

  async connect() {
    this._set("connecting", this.reason);
    let ticket;
    try {
      const answer = await fetch("/console/ticket", { method: "POST", signal: AbortSignal.timeout(5000) });
      if (answer.status === 401) return this._onSignedOut((await answer.json()).reason, this.waiting);
      if (!answer.ok) throw new Error((await answer.json()).reason);
      ticket = (await answer.json()).ticket;
    } catch (error) {
      return this._lose(error.name === "TypeError" || error.name === "TimeoutError" ? "The server does not answer" : error.message);
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/console/follow`);
    this._socket = socket;
    socket.onopen = () => {
      this.heardAt = performance.now();
      const hello = { type: "hello", version: VERSION, token: ticket };
      if (this.board.seq !== null) hello.resume_from = this.board.seq;
      this._send(hello);
    };
    socket.onmessage = (event) => {
      this.heard += event.data.length;
      this._hear(socket, JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this._socket === socket) this._lose(this.reason || "The link broke");
    };
  }

  /** Break the link as a cut cable does, and keep it so for a while. For drills and tests. */
  drop(ms) {
    this._held = performance.now() + ms;
    const socket = this._socket;
    this._socket = null;
    socket?.close();
    this._lose("The link was cut for a drill");
  }

  _send(message) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  _hear(socket, message) {
    if (this._socket !== socket) return;
    this.heardAt = performance.now();
    switch (message.type) {
      case "welcome":
        setClock(message.now_ms, message.pace.rate);
        this._tries = 0;
        this._resumed = message.resumed;
        this.reason = "";
        this._set("live", "");
        if (this._box) this._send({ type: "look", id: "look", box: this._box });
        for (const { full } of this._waiting.values()) this._send(full);
        break;
      case "snapshot":
        this.board.snapshot(message);
        break;
      case "delta":
        if (!this.board.delta(message)) {
          // Something was missed, which the vocabulary rules out: begin anew rather than show what is not so.
          this.board.seq = null;
          socket.close();
        }
        break;
      case "positions":
        this.board.positions(message);
        break;
      case "answer":
      case "refused":
      case "why_told":
      case "suspects_told":
      case "preview_told":
      case "address_told":
      case "cover_told":
      case "left_told":
      case "way_told":
        this._answer(message);
        break;
      case "bye":
        this.reason = message.reason;
        break;
    }
  }

  _answer(message) {
    const waiting = this._waiting.get(message.id);
    if (!waiting) return;
    if (message.code === "rate_limited") {
      setTimeout(() => this._send(waiting.full), message.retry_after_ms ?? 500);
      return;
    }
    this._waiting.delete(message.id);
    if (message.type === "refused") message.reason = spoken(message.reason);
    waiting.resolve(message);
  }

  _lose(reason) {
    this._socket = null;
    this._set("lost", reason);
    const base = BACKOFF_MS[Math.min(this._tries, BACKOFF_MS.length - 1)];
    this._tries += 1;
    clearTimeout(this._timer);
    const held = Math.max(0, (this._held ?? 0) - performance.now());
    this._timer = setTimeout(() => this.connect(), held + base * (0.6 + 0.8 * Math.random()));
  }

  _look() {
    if (this.state !== "live") return;
    if (this.age > SILENT_MS) {
      const socket = this._socket;
      this._socket = null;
      socket?.close();
      this._lose("Nothing was heard");
    } else if (this.age > PING_MS - 500) this._send({ type: "ping", id: "ping" });
  }

  _set(state, reason) {
    this.state = state;
    this.reason = reason;
    this._onState();
  }
}
