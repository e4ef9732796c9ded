// "Why not E7?": the answer from the journal, read out.

import { clockTime } from "./clock.js";
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
  declined: "has said no",
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

function judgement({ unit, reason, eta_ms: eta, rank, margin_ms: margin, fix_age_ms: age, prices }) {
  const parts = [`${unit} ${reasonWords(reason)}`];
  if (eta >= 0) parts.push(`there in ${span(eta)}`);
  if (rank > 0) parts.push(`number ${rank} by time`);
  if (margin) parts.push(`${span(margin)} better than the next`);
  if (age > 60_000) parts.push(`its position is ${rough(age)} old`);
  for (const [what, ms] of prices ?? []) if (ms) parts.push(`${plain(what)} counts ${span(ms)}`);
  return `${parts.join("; ")}.`;
}

/** The answer, as a block for the card. */
export function reasons({ incident, unit, account }, close) {
  const all = decisions(account);
  const about = unit ? all.filter(({ slot }) => slot.considered.some((each) => each.unit === unit)) : all;
  const latest = about.slice(-3).reverse();
  const lines = latest.map(({ when, slot }) => {
    const judged = unit ? slot.considered.filter((each) => each.unit === unit) : slot.considered.slice(0, 5);
    return make("li", {}, make("span", { class: "quiet" }, `${when ? `${clockTime(when)} · ` : ""}${plain(slot.slot)}`),
      ...judged.map((each) => make("span", { class: "why-line" }, judgement(each))));
  });
  return make(
    "section",
    { class: "why", role: "status" },
    make("p", { class: "why-head" }, make("b", {}, unit ? `${unit} for ${incident}` : `Why these for ${incident}`), make("button", { type: "button", class: "small", onclick: close }, "Close")),
    lines.length ? make("ul", {}, lines) : make("p", {}, `The record says nothing of ${unit ?? "a decision"} for ${incident} yet.`),
  );
}
