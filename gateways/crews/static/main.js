// The page: who is signed in, what the crew sees, and what is shown of what it has pressed.

import { insist, ring, sound } from "./alarm.js";
import { Channel } from "./channel.js";
import { byId, h } from "./dom.js";
import { showActions, showDelay, showDecline, showHelp, showMore, watchEmergency } from "./actions.js";
import { endPush } from "./push.js";
import { render, tick } from "./render.js";
import { showMenu, sheet } from "./sheet.js";
import { kept } from "./store.js";
import { reportOf, saying } from "./words.js";

const channel = new Channel();
const state = { view: null, hello: null, self: null, asOfMs: null, rung: new Set() };

/** The status that counts on this page: the engine's, and what was pressed since. */
function standing() {
  const said = channel.waiting.filter((entry) => entry.message.type === "unit_status" && about(entry.message));
  return said.at(-1)?.message.status ?? state.view?.status;
}

function about(message) { return !message.incident || message.incident === state.view?.job?.incident; }

/** Was the job declined on this page, and the engine has not heard of it yet? */
const declined = () => channel.waiting.some((entry) => entry.message.type === "decline" && about(entry.message));

const page = {
  channel, state, standing, declined,
  say: (message) => channel.say(message).catch(() => announce("This phone could not store that. Say it by radio.")),
  report(status) {
    const incident = state.view.job ? { incident: state.view.job.incident } : {};
    return page.say({ type: "unit_status", status, ...incident });
  },
};

function draw() {
  const signed = Boolean(channel.unit);
  byId("sign-in").hidden = signed;
  for (const name of ["desk", "actions", "menu-open"]) byId(name).hidden = !signed || !state.view;
  if (signed && state.view) { render(page); showActions(page); }
  drawLink();
}

function drawLink() {
  const waiting = channel.waiting.length;
  const link = byId("link");
  link.hidden = !channel.unit;
  link.className = `link ${channel.linked ? "on" : "off"} ${waiting ? "busy" : ""}`;
  const text = channel.linked ? (waiting ? `Sending ${waiting}` : "Connected") : (waiting ? `Offline, ${waiting} waiting` : "No connection");
  if (byId("link-text").textContent !== text) byId("link-text").textContent = text;
}

function announce(text) { byId("alert").textContent = text; }

// ── signing in and out ──────────────────────────────────────────────────────────────────────────────────────────

async function signIn() {
  const given = byId("secret").value.trim();
  const unit = byId("unit-name").value.trim();
  const error = byId("sign-in-error");
  error.textContent = "";
  if (!given) { error.textContent = "Enter the code or the token."; byId("secret").focus(); return; }
  const named = given.includes(".") ? { token: given } : { code: given };
  byId("sign-in-go").disabled = true;
  try {
    const response = await fetch("/crew/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(unit ? { ...named, unit } : named),
    });
    const told = await response.json();
    if (response.ok) { byId("secret").value = ""; await begin(told.unit); }
    else refuse(told);
  } catch { error.textContent = "There is no connection. Try again when there is one."; }
  byId("sign-in-go").disabled = false;
}

function refuse(told) {
  byId("sign-in-error").textContent = told.reason ?? told.detail ?? "That was refused.";
  if (told.code === "which_unit" || told.code === "unknown_unit") {
    byId("unit-field").hidden = false;
    if (told.units) byId("unit-names").replaceChildren(...told.units.map((name) => h("option", { value: name })));
    byId("unit-name").focus();
  }
}

async function begin(unit) {
  if ((await kept.get("unit")) !== unit) { await kept.set("view", null); Object.assign(state, { view: null }); }
  await kept.set("unit", unit);
  byId("unit").textContent = unit;
  document.title = `${unit} · Crew`;
  channel.open(unit);
  draw();
}

async function signOut({ ask = true } = {}) {
  // While the session counts: whoever has the phone next is not told of this unit's jobs.
  if (ask) await endPush().catch(() => {});
  if (ask) await fetch("/crew/session", { method: "DELETE" }).catch(() => {});
  channel.close();
  channel.unit = null;
  Object.assign(state, { view: null, hello: null });
  await kept.clear();
  insist(false);
  byId("unit").textContent = "Crew";
  byId("status").textContent = "";
  draw();
}

channel.addEventListener("signed-out", async ({ detail }) => {
  await signOut({ ask: false });
  byId("sign-in-error").textContent = detail.reason;
  const left = channel.entries.filter((entry) => entry.state === "waiting").length;
  byId("sign-in-kept").textContent = left ? `${left} reports are kept on this phone and sent after you sign in.` : "";
});

// ── what comes in ───────────────────────────────────────────────────────────────────────────────────────────────

channel.addEventListener("hello", ({ detail }) => { state.hello = detail; });
channel.addEventListener("view", ({ detail }) => {
  state.view = detail;
  state.asOfMs = detail.now_ms;
  state.self = detail.fix_ms === null ? null : { lat: detail.lat, lon: detail.lon };
  kept.set("view", detail);
  alarm(detail);
  draw();
});
channel.addEventListener("ping", ({ detail }) => {
  state.asOfMs = detail.now_ms;
  state.self = detail.fix_ms === null ? null : { lat: detail.lat, lon: detail.lon };
});
for (const name of ["link", "outbox"]) channel.addEventListener(name, draw);
channel.addEventListener("refused", ({ detail }) => {
  announce(`Not taken: ${saying(detail.message)}. ${detail.reason}`);
  ring("notice");
});

function alarm(view) {
  const open = view.job?.status === "dispatched" && standing() === "dispatched" && !declined();
  const key = view.job && `${view.job.incident}/${view.job.sent_ms}`;
  if (open && !state.rung.has(key)) {
    state.rung.add(key);
    ring("job");
    announce(`New job, priority ${view.job.priority}: ${view.job.type_name}, ${view.job.address}`);
  }
  const news = view.notices.filter((notice) => notice.purpose !== "dispatch" && !state.rung.has(notice.alert));
  for (const notice of news) state.rung.add(notice.alert);
  if (news.length) { ring("notice"); announce(news.at(-1).text); }
  insist(open);
}

// ── the start ───────────────────────────────────────────────────────────────────────────────────────────────────

byId("sign-in-go").addEventListener("click", signIn);
for (const name of ["secret", "unit-name"]) byId(name).addEventListener("keydown", (event) => event.key === "Enter" && signIn());
byId("more").addEventListener("click", () => showMore(page));
byId("delay").addEventListener("click", () => showDelay(page));
byId("help").addEventListener("click", () => showHelp(page));
byId("menu-open").addEventListener("click", () => showMenu(page, signOut));
watchEmergency(page);
page.decline = () => showDecline(page);
page.reportName = (status) => reportOf(status, Boolean(state.view?.job));

async function sayWords() {
  const field = byId("say-text");
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  await page.say({ type: "tell_dispatch", text });
}
byId("say-go").addEventListener("click", sayWords);
byId("say-text").addEventListener("keydown", (event) => event.key === "Enter" && sayWords());

async function start() {
  navigator.serviceWorker?.register("/crew/worker.js", { scope: "/crew" }).catch(() => {});
  await channel.load();
  sound.on = (await kept.get("sound")) ?? true;
  const [unit, view, hello] = await Promise.all(["unit", "view", "hello"].map((name) => kept.get(name)));
  if (unit) {
    // What was known before the page was closed is shown at once, with or without a connection.
    Object.assign(state, { view, hello, asOfMs: view?.now_ms ?? null });
    await begin(unit);
  } else {
    const response = await fetch("/crew/session").catch(() => null);
    const told = response?.ok ? await response.json() : {};
    if (told.unit) await begin(told.unit);
  }
  draw();
  if (!isSecureContext) byId("sign-in-error").textContent = "This page works over https only. Ask your administrator.";
  if (!channel.unit) byId("secret").focus();
  setInterval(() => state.view && channel.unit && tick(page), 1_000);
}

start().catch(() => {
  draw();
  byId("sign-in-error").textContent = "This browser stores nothing, so reports could be lost. Open the page in an ordinary window, not in a private one.";
});
sheet.start();

