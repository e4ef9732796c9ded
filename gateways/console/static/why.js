// "Why not E7?": the answer from the journal, read out.

import { clockTime, now } from "./clock.js";
import { make } from "./dom.js";
import { plain, rough, span } from "./words.js";

const REASONS = {
  chosen: "is recommended",
  farther: "fits, but others arrive sooner",
  second_choice: "fits, but the plan would rather have another kind of unit, and one was found",
  dearer: "would be sooner, but its price is higher",
  elsewhere: "fits, but fills another place",
  capability: "lacks what is needed",
  status: "is on an incident",
  not_in_service: "is not in service",
  shift: "is off duty at this hour",
  no_position: "has never said where it is",
  stale_position: "was last seen too long ago",
  crew_busy: "has its crew out with another unit",
  unreachable: "cannot get there",
  understaffed: "has too few people on board",
  on_break: "is at its meal, which is not interrupted for so little",
  neighbour_quota: "would be beyond what was agreed with its agency",
  declined: "has said no, or was done there",
  not_less_urgent: "is under way to something as urgent",
  diverted_once: "has been turned round once already",
  arrived: "is with its incident",
  soon_free: "is free soon, but others will still be there sooner",
};

export const reasonWords = (reason) => REASONS[reason] ?? plain(reason);

/** Every judgement in the account, wherever it stands in it: the latest decision last. */
function decisions(account) {
  const found = [];
  const look = (value, at) => {
    if (Array.isArray(value)) value.forEach((each) => look(each, at));
    else if (value && typeof value === "object") {
      const when = value.at_ms ?? value.now ?? at;
      if (Array.isArray(value.considered) && "slot" in value) found.push({ when, slot: value });
      else Object.values(value).forEach((each) => look(each, when));
    }
  };
  look(account, null);
  return found;
}

/** What it cost beside time, and what else should be known: only where it counts. */
function remarks({ margin_ms: margin, fix_age_ms: age, prices }) {
  const said = [];
  if (margin >= 1000) said.push(`${span(margin)} better than the next`);
  if (age > 60_000) said.push(`position ${rough(age)} old`);
  for (const [what, ms] of prices ?? []) if (Math.abs(ms) >= 1000) said.push(`${plain(what)} counts ${ms < 0 ? "−" : ""}${span(Math.abs(ms))}`);
  return said.join("; ");
}

function row(judged) {
  return make("tr", {},
    make("td", {}, make("b", {}, judged.unit)),
    make("td", { class: "number" }, judged.eta_ms >= 0 ? span(judged.eta_ms) : ""),
    make("td", {}, reasonWords(judged.reason)),
    make("td", { class: "quiet" }, remarks(judged)));
}

const ROWS = 5;
const FRESH_MS = 5_000;

/** The soonest first; who cannot go is last. Whoever is recommended is among them. */
function soonest(considered) {
  const time = ({ eta_ms: eta }) => (eta >= 0 ? eta : Infinity);
  const sorted = [...considered].sort((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
  return sorted.filter((judged, at) => at < ROWS || judged.reason === "chosen");
}

/** When it was judged: what holds now may be something else. */
function moment(when) {
  if (!when) return "";
  const age = now() - when;
  return `, judged at ${clockTime(when)}${age > FRESH_MS ? `, ${rough(age)} ago; by the conditions of then` : ""}`;
}

/** The answer, as a block for the card: of each place of the plan the latest judgement. */
export function reasons({ incident, unit, account }, close) {
  const latest = new Map();
  for (const each of decisions(account)) {
    if (unit && !each.slot.considered.some((judged) => judged.unit === unit)) continue;
    latest.delete(each.slot.slot);
    latest.set(each.slot.slot, each);
  }
  const blocks = [...latest.values()].slice(-8).map(({ when, slot }) => {
    const judged = unit ? slot.considered.filter((each) => each.unit === unit) : soonest(slot.considered);
    return make("table", {}, make("caption", {}, `${plain(slot.slot)}${moment(when)}`), make("tbody", {}, judged.map(row)));
  });
  return make(
    "section",
    { class: "why", role: "status" },
    make("p", { class: "why-head" },
      make("b", {}, unit ? `Why not ${unit} for ${incident}?` : `Why these for ${incident}?`),
      make("button", { type: "button", class: "small", onclick: close }, "Close")),
    blocks.length ? blocks : make("p", {}, `The record says nothing of ${unit ?? "a decision"} for ${incident} yet.`),
  );
}
