// A past hour as the server read it: lines in the order of time, and how to get to any moment of it.
//
// A line is `1764340330000 d {…}`: when, what (s snapshot, d delta, p positions, m mark), and the message of the live link.
// Lines stay texts until they are needed: an hour of a large city is tens of megabytes.

export class Tape {
  constructor({ from_ms: from, to_ms: to, every_ms: every }) {
    this.from = from;
    this.to = to;
    this.every = every;
    this.marks = [];
    this.loadedTo = from;
    this.whole = false;
    this.cut = false;
    this._times = [];
    this._kinds = [];
    this._texts = [];
    this._snapshots = [];
    this._at = -1;
  }

  get empty() {
    return !this._snapshots.length;
  }

  /** Take lines as the server packed them. */
  add(text) {
    for (const line of text.split("\n")) {
      if (!line) continue;
      const first = line.indexOf(" ");
      const at = Number(line.slice(0, first));
      const kind = line[first + 1];
      const message = line.slice(first + 3);
      this.loadedTo = at;
      if (kind === "m") {
        this.marks.push({ ...JSON.parse(message), at });
        continue;
      }
      if (kind === "s") this._snapshots.push(this._times.length);
      this._times.push(at);
      this._kinds.push(kind);
      this._texts.push(message);
    }
  }

  /** Nothing more comes; `cut`: the hour goes on, but this is as much as is held at once. */
  end(to, cut) {
    this.to = to;
    this.loadedTo = to;
    this.whole = true;
    this.cut = cut;
  }

  /** Bring the board to what it was then: on from where it is, or from the last snapshot before. */
  seek(board, time) {
    const until = last(this._times, time);
    const base = this._snapshots.findLast((index) => index <= until);
    if (base === undefined) return;
    if (this._at < base || this._at > until) {
      this._begin(board, JSON.parse(this._texts[base]));
      this._at = base;
    }
    while (this._at < until) {
      this._at += 1;
      const kind = this._kinds[this._at];
      if (kind === "s") continue; // what it says has been folded already
      const message = JSON.parse(this._texts[this._at]);
      if (kind === "p") board.positions(message);
      else if (!board.delta(message)) throw new Error(`delta ${message.seq} does not follow on ${board.seq}`);
    }
  }

  _begin(board, message) {
    board.recall(message.events, message.recommendations);
    board.snapshot(message);
  }

  /** The mark after this time, or the one before it; undefined: there is none. */
  mark(time, by) {
    return by > 0 ? this.marks.find((mark) => mark.at > time) : this.marks.findLast((mark) => mark.at < time);
  }
}

/** The index of the last time that is not later; -1: none. */
function last(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
