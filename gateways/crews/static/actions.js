// The buttons at the bottom: the next rung of the ladder large, the others one press away, the emergency held.

import { button, byId, h } from "./dom.js";
import { sheet } from "./sheet.js";
import { DECLINE_REASONS, DELAY_MINUTES, DELAY_REASONS, HELP } from "./words.js";

const HOLD_MS = 1_500;
const DUTY_ORDER = ["available", "returning", "on_break", "out_of_service", "off_duty"];
/** What usually follows; the ladder says whether it may. */
const USUAL = {
  dispatched: "acknowledged", acknowledged: "en_route", en_route: "on_scene", staging: "on_scene", on_scene: "available",
  at_patient: "transporting", transporting: "at_hospital", at_hospital: "available", returning: "available",
  on_break: "available", out_of_service: "available", off_duty: "available",
};

/** Statuses that may be reported now, those of the ladder first. */
function possible(page) {
  const ladder = page.state.hello?.ladder;
  const found = ladder?.reports[page.standing()] ?? [];
  const rank = (status) => { const at = ladder.order.indexOf(status); return at < 0 ? 100 + DUTY_ORDER.indexOf(status) : at; };
  return [...found].sort((one, two) => rank(one) - rank(two));
}

const mayDecline = (page) => Boolean(page.state.view.job) && !page.declined() && (page.state.hello?.ladder.declinable ?? []).includes(page.standing());

export function showActions(page) {
  const status = page.standing();
  const next = page.declined() ? undefined : possible(page).find((each) => each === USUAL[status]);
  const first = byId("primary");
  const held = document.activeElement?.dataset?.status;
  first.replaceChildren(...[
    next && button(page.reportName(next), () => page.report(next), next === "acknowledged" ? "go" : "next", { "data-status": next }),
    next && status === "dispatched" && button("Decline", page.decline, "no"),
  ].filter(Boolean));
  if (held) first.querySelector("button")?.focus();
  byId("delay").disabled = !mayDecline(page);
  byId("more").disabled = possible(page).length === 0 || page.declined();
  showEmergency(page);
}

function choices(list, press, kind = "") {
  return h("div", { class: `choices ${kind}` }, list.map(([name, text, look]) => button(text, () => { sheet.close(); press(name); }, look)));
}

export function showMore(page) {
  const statuses = possible(page).map((status) => [status, page.reportName(status)]);
  const body = [choices(statuses, (status) => page.report(status))];
  if (mayDecline(page)) body.push(button("Decline the job", () => { sheet.close(); page.decline(); }, "no"));
  sheet.show("Report a status", body);
}

/** A choice of reasons, one of which may be in the crew's own words. */
function reasons(list, optional) {
  let chosen = "";
  const own = h("input", { id: "own-reason", maxlength: "500", autocomplete: "off" });
  const buttons = list.map((text) => button(text, (event) => {
    chosen = chosen === text ? "" : text;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each === event.currentTarget && chosen === text));
  }, "", { "aria-pressed": "false" }));
  const field = h("div", { class: "field" }, h("label", { for: "own-reason" }, optional ? "Reason (may be left out)" : "Or in your words"), own);
  return { body: [h("div", { class: "choices" }, buttons), field], value: () => [chosen, own.value.trim()].filter(Boolean).join(": ") };
}

export function showDecline(page) {
  const incident = page.state.view.job?.incident;
  if (!incident) return;
  const reason = reasons(DECLINE_REASONS, false);
  const error = h("p", { class: "error", role: "alert" });
  const go = button("Decline the job", () => {
    if (!reason.value()) { error.textContent = "Say why: somebody else has to go."; return; }
    sheet.close();
    page.say({ type: "decline", incident, reason: reason.value() });
  }, "no");
  sheet.show("Why do you not go?", [...reason.body, error, go]);
}

export function showDelay(page) {
  const incident = page.state.view.job?.incident;
  if (!incident) return;
  const reason = reasons(DELAY_REASONS, true);
  const minutes = DELAY_MINUTES.map((each) => [each, `${each} minutes later`]);
  const said = choices(minutes, (each) => page.say({ type: "delay", incident, minutes: each, reason: reason.value() }));
  sheet.show("How much later than expected?", [...reason.body, said]);
}

export function showHelp(page) {
  const text = h("input", { id: "help-text", maxlength: "500", autocomplete: "off" });
  const field = h("div", { class: "field" }, h("label", { for: "help-text" }, "For what (may be left out)"), text);
  const wishes = choices(Object.entries(HELP), (what) => page.say({ type: "ask_for_help", what, text: text.value.trim() }));
  sheet.show("Who should come as well?", [field, wishes]);
}

// ── the emergency ───────────────────────────────────────────────────────────────────────────────────────────────

/** What the button says: held, on its way, or known to the engine until somebody there says that it is over. */
function showEmergency(page) {
  const calling = page.channel.waiting.some((entry) => entry.message.type === "unit_emergency");
  const called = page.state.view?.emergency ? "Help is called" : "Emergency";
  const text = byId("emergency").classList.contains("held") ? "Hold …" : calling ? "Calling for help …" : called;
  if (byId("emergency-text").textContent !== text) byId("emergency-text").textContent = text;
}

export function watchEmergency(page) {
  const element = byId("emergency");
  let timer = 0;
  const call = () => {
    release();
    navigator.vibrate?.([800]);
    page.say({ type: "unit_emergency", text: "Pressed on the crew page" });
  };
  const press = () => {
    if (timer) return;
    element.classList.add("held");
    timer = setTimeout(call, HOLD_MS);
    showEmergency(page);
  };
  function release() {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    element.classList.remove("held");
    showEmergency(page);
  }
  element.addEventListener("pointerdown", (event) => { element.setPointerCapture(event.pointerId); press(); });
  for (const name of ["pointerup", "pointercancel", "blur"]) element.addEventListener(name, release);
  element.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); press(); } });
  element.addEventListener("keyup", release);
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  // A screen reader, or a switch, presses without holding: it is asked instead.
  element.addEventListener("click", (event) => { if (event.detail === 0 && !timer) confirmEmergency(call); });
}

function confirmEmergency(call) {
  sheet.show("Call for help for your own crew?", [button("Yes, we need help", () => { sheet.close(); call(); }, "no"), button("No", () => sheet.close())]);
}
