// The first steps, for who sits down for the first time: how to dispatch, override and divert. Each is ticked off once it
// has been done; with the last they are gone, for this user at every desk. They can be put away as well.

import { make } from "./dom.js";

const KEPT = "first-steps";
const DONE = "done";
/** By the message that does it. */
const STEPS = [
  ["accept", "Dispatch", [["kbd", "↓"], " to a call that says ", ["b", "accept"], ", then ", ["kbd", "Enter"], "."]],
  ["dispatch", "Override", [["kbd", "↓"], " to such a call, ", ["kbd", "O"], ", another unit, why, ", ["kbd", "Enter"], "."]],
  ["divert", "Divert", ["On any call ", ["kbd", "D"], ", a unit under way elsewhere, why, ", ["kbd", "Enter"], "."]],
];

export class FirstSteps {
  constructor(layout, me) {
    this._layout = layout;
    this._may = me.rights.includes("order");
    this.onChange = () => {};
  }

  get _done() {
    return this._layout.choice(KEPT, "").split("-");
  }

  /** A message was accepted: it may have been one of the steps. */
  took({ type }) {
    const done = this._done;
    if (!this._may || done.includes(DONE) || done.includes(type) || !STEPS.some(([step]) => step === type)) return;
    const now = [...done, type].filter(Boolean);
    this._keep(STEPS.every(([step]) => now.includes(step)) ? DONE : now.join("-"));
  }

  _keep(value) {
    this._layout.choose(KEPT, value);
    this.onChange();
  }

  /** The steps; null for who has done them or put them away, and for who gives no orders. */
  element() {
    const done = this._done;
    if (!this._may || done.includes(DONE)) return null;
    const row = ([step, name, words]) => {
      const ticked = done.includes(step);
      return make("li", { class: ticked ? "quiet" : "" },
        make("span", { class: "first-tick" }, ticked ? make("span", { "aria-label": "done" }, "✓") : "○"),
        make("b", {}, name),
        make("span", {}, ...words.map((word) => (typeof word === "string" ? word : make(word[0], {}, word[1])))));
    };
    return make("section", { class: "first", "aria-label": "First steps" },
      make("ol", {}, STEPS.map(row)),
      make("button", { type: "button", class: "small", title: "They come back with Window, As shipped", onclick: () => this._keep(DONE) }, "Put away"));
  }
}
