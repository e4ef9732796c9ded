// House numbers: the page has none, so the server is asked while one types, and its answers are kept for a while.

const KEPT = 64;
/** A house number: 12, 12a, 12-14, 12/3. */
const NUMBER = String.raw`\d{1,6}(?:\p{L}|[-/]\d{1,6}\p{L}?|\p{L}-\d{1,6}\p{L}?)?`;
const BEFORE = new RegExp(`^${NUMBER}\\s+\\S`, "u");
const BEHIND = new RegExp(`\\s${NUMBER}(?:\\s\\p{L})?\\s*(?:[,#].*)?$`, "u");

export class Addresses {
  /** `onTold`: called when an answer has come. */
  constructor(link, onTold) {
    this._link = link;
    this._onTold = onTold;
    /** What was asked → {answer: {sure, found} or null until it has come, coming: a promise}. */
    this._asked = new Map();
    /** Resolves with the last question. */
    this.latest = null;
  }

  /** Does a house number stand in the text, before a street or behind it? */
  static numbered(text) {
    return BEFORE.test(text) || BEHIND.test(text);
  }

  /** {answer, coming} for the text; `answer` is null until it has come. */
  of(text) {
    const key = text.trim().toLowerCase().replace(/\s+/g, " ");
    const known = this._asked.get(key);
    if (known) return known;
    const asked = { answer: null, coming: null };
    asked.coming = this._link.ask({ type: "ask_address", text: key.slice(0, 200) }).then((told) => {
      asked.answer = { sure: told.sure ?? false, found: told.found ?? [] };
      this._onTold();
    });
    this.latest = asked.coming;
    this._asked.set(key, asked);
    if (this._asked.size > KEPT) this._asked.delete(this._asked.keys().next().value);
    return asked;
  }
}
