// What the crew sees, drawn anew from the view whenever that has changed. Times alone change every second.

import { button, byId, h } from "./dom.js";
import { clock, exactClock, distance, nameOf, saying, span } from "./words.js";
import { drawing } from "./way.js";

const GRAVE = new Set(["danger"]);

/** Put children into a section, unless they are the same as before: what somebody reads, or focuses, stays. */
const drawn = new Map();
function fill(name, essence, build) {
  const key = JSON.stringify(essence);
  if (drawn.get(name) === key) return;
  drawn.set(name, key);
  const children = build();
  const section = byId(name);
  section.replaceChildren(...[children].flat().filter(Boolean));
  if (section.classList.contains("card")) section.hidden = section.childElementCount === 0;
}

export function render(page) {
  const { view } = page.state;
  const status = page.standing();
  byId("status").textContent = nameOf(status);
  const job = page.declined() ? null : view.job;
  fill("notices", [view.notices, view.roll_due_ms, waitingReads(page)], () => notices(page));
  fill("job", [job && { ...job, route: 0 }, view.posting, status, page.declined()], () => (job ? jobCard(page, job) : noJob(page, status)));
  fill("way", [job?.route && job.incident, job?.route, onTheWay(status), page.state.self], () => (job && onTheWay(status) ? way(page, job) : []));
  fill("others", job?.others, () => (job?.others.length ? others(job) : []));
  fill("notes", job && [job.notes, job.caller, job.code], () => (job ? notes(job) : []));
  fill("words", view.words, () => view.words.map(word));
  fill("sent", mine(page), () => sent(page));
  pending(page);
  tick(page);
}

const onTheWay = (status) => ["dispatched", "acknowledged", "en_route", "staging"].includes(status);
const mine = (page) => page.channel.entries.filter((entry) => entry.unit === page.channel.unit);
const waitingReads = (page) => mine(page).filter((entry) => ["read", "answer_roll"].includes(entry.message.type)).map((entry) => entry.message.alert ?? "roll");

/** Bring the times up to date. */
export function tick(page) {
  const now = page.channel.now();
  for (const element of document.querySelectorAll("[data-since]")) {
    element.textContent = span(now - Number(element.dataset.since));
  }
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = Number(element.dataset.until) - now;
    element.textContent = left >= 0 ? `in ${span(left)}` : `${span(-left)} late`;
    element.classList.toggle("late", left < 0);
  }
}

// ── the job ─────────────────────────────────────────────────────────────────────────────────────────────────────

function jobCard(page, job) {
  return h("div", { class: "card job" },
    h("div", { class: "job-head" },
      h("div", { class: `priority p${job.priority}`, "aria-label": `Priority ${job.priority}` }, `P${job.priority}`),
      h("div", { class: "job-title" },
        h("h2", { class: "job-type" }, job.type_name),
        h("p", { class: "job-number" }, [job.incident, job.code].filter(Boolean).join(" · ")))),
    h("p", { class: "job-address" }, job.address || `${job.lat.toFixed(5)}, ${job.lon.toFixed(5)}`),
    h("div", { class: "danger-list" }, job.dangers.map(danger)),
    h("dl", { class: "facts" },
      fact("Since dispatch", h("dd", { "data-since": job.sent_ms })),
      job.arrive_ms && fact(`Expected ${clock(job.arrive_ms)}`, h("dd", { "data-until": job.arrive_ms })),
      job.stamps.on_scene && fact("On scene since", h("dd", {}, clock(job.stamps.on_scene))),
      job.destination && fact("To", h("dd", {}, job.destination))));
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), value);

function danger(known) {
  return h("p", { class: `danger ${GRAVE.has(known.severity) ? "grave" : ""}` },
    h("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d: "M12 3 2 21h20zM12 10v5M12 18v.5" })),
    h("span", {}, known.text));
}

function noJob(page, status) {
  const { posting, station } = page.state.view;
  const where = posting ? `Drive to ${posting.name} (${posting.post}) and stand by there.` : `Home station ${station}.`;
  const declined = page.declined() ? "Declined. Dispatch is told as soon as there is a connection." : null;
  return h("div", { class: "card empty" }, h("p", {}, declined ? "Job declined" : "No job"),
    h("p", { class: "muted" }, declined ?? (status === "off_duty" ? "Off duty." : where)));
}

function way(page, job) {
  const legs = job.route?.legs ?? [];
  const list = h("ol", { class: "legs" }, legs.map((leg) => h("li", {}, h("span", {}, leg.street), h("span", {}, distance(leg.metres)))));
  return [
    h("h3", {}, job.route ? `The way, ${distance(job.route.metres)}` : "The scene from here"),
    drawing(job, page.state.self),
    legs.length > 0 && h("details", {}, h("summary", {}, `Via ${longest(legs)}`), list),
  ];
}

function longest(legs) {
  const named = legs.filter((leg) => !leg.street.startsWith("("));
  const most = [...named].sort((one, two) => two.metres - one.metres).slice(0, 2).map((leg) => leg.street);
  return [...new Set(named.map((leg) => leg.street).filter((street) => most.includes(street)))].join(", ") || "unnamed streets";
}

function others(job) {
  return [h("h3", {}, "Also sent"), h("ul", { class: "rows" }, job.others.map((other) =>
    h("li", {}, h("span", {}, h("span", { class: "who" }, other.unit), ` ${other.kind}`),
      h("span", { class: "what" }, nameOf(other.status), other.arrive_ms ? ` · ${clock(other.arrive_ms)}` : ""))))];
}

function notes(job) {
  const rows = job.notes.map((note) => h("li", {}, h("span", { class: "note-text" }, note.text), h("span", { class: "time" }, clock(note.at_ms))));
  if (job.caller) rows.unshift(h("li", {}, h("span", { class: "note-text" }, `Caller: ${job.caller}`)));
  return rows.length ? [h("h3", {}, "Notes"), h("ul", { class: "rows" }, rows)] : [];
}

// ── what is to be answered ──────────────────────────────────────────────────────────────────────────────────────

function notices(page) {
  const { view } = page.state;
  const answered = new Set(waitingReads(page));
  const found = view.notices
    .filter((notice) => notice.purpose !== "dispatch" && notice.purpose !== "roll_call" && !answered.has(notice.alert))
    .map((notice) => h("div", { class: `notice ${notice.purpose === "caution" ? "grave" : ""}` },
      h("p", {}, trimmed(view.unit, notice)), button("Read", () => page.say({ type: "read", alert: notice.alert }))));
  if (view.roll_due_ms && !answered.has("roll")) {
    found.unshift(h("div", { class: "notice grave" },
      h("p", {}, "Roll-call: are all of your people well? Answer ", h("span", { "data-until": view.roll_due_ms })),
      button("All are well", () => page.say({ type: "answer_roll" }), "go")));
  }
  return found;
}

/** The crew knows which unit it is. */
const trimmed = (unit, notice) => notice.text.replace(`${unit} MESSAGE: `, "").replace(`${unit} `, "");

function word(each) {
  const who = each.to_unit ? each.by : "You";
  return h("li", { class: `word ${each.to_unit ? "" : "mine"}` }, each.text, h("span", { class: "time" }, `${who}, ${clock(each.at_ms)}`));
}

// ── what the crew has pressed ───────────────────────────────────────────────────────────────────────────────────

/** The last of them beside the buttons, where it was pressed. */
function pending(page) {
  const last = page.channel.waiting.at(-1);
  byId("pending").hidden = !last;
  byId("pending").replaceChildren();
  if (last) {
    byId("pending").replaceChildren(h("span", {}, h("strong", {}, saying(last.message)), " ", h("span", { class: "time" }, exactClock(last.pressed_ms))),
      h("span", { class: "badge" }, "Waiting to be sent"));
  }
}

function sent(page) {
  const entries = mine(page).filter((entry) => entry.message.type !== "read" || entry.state === "waiting");
  if (!entries.length) return [];
  return [h("h3", {}, "Not with dispatch yet"), ...entries.map((entry) => sentRow(page, entry))];
}

function sentRow(page, entry) {
  const refused = entry.state === "refused";
  return h("div", { class: "sent-row" },
    h("div", { class: "sent-head" }, h("span", {}, h("strong", {}, saying(entry.message)), " ", h("span", { class: "time" }, exactClock(entry.pressed_ms))),
      h("span", { class: `badge ${refused ? "refused" : ""}` }, refused ? "Not taken" : "Waiting to be sent")),
    refused && h("p", { class: "sent-reason" }, entry.reason),
    refused && button("Understood", () => page.channel.dismiss(entry)));
}
