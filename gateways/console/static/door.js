// Signing in and out, and who else is signed in.

import { clockDay, clockTime, inCity, now, zoneName } from "./clock.js";
import { fill, find, make } from "./dom.js";
import { plain } from "./words.js";

const JSON_TYPE = { "Content-Type": "application/json" };

/** Who is signed in; null: nobody. A link's code is used up first, and leaves the address. */
export async function whoIsHere() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname);
    const answer = await fetch("/console/session", { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ code }) });
    if (answer.ok) return answer.json();
    find("door-said").textContent = (await answer.json()).reason;
  }
  const told = await (await fetch("/console/session")).json();
  return told.principal ? told : null;
}

const ENDED = "turnout-ended";

/** The session is over: begin anew at the door, which says why and what was not sent. */
export function leave(reason, unsent) {
  const lost = unsent ? ` ${unsent === 1 ? "One order was" : `${unsent} orders were`} not answered: look on the board whether it happened.` : "";
  sessionStorage.setItem(ENDED, reason + lost);
  location.reload();
}

/** Ask for a token until one is right. */
export function signIn() {
  const ended = sessionStorage.getItem(ENDED);
  if (ended) find("door-said").textContent = ended;
  sessionStorage.removeItem(ENDED);
  const form = find("door-form");
  const field = find("door-token");
  find("door").hidden = false;
  find("desk").hidden = true;
  field.focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const said = find("door-said");
      said.textContent = "";
      try {
        const body = JSON.stringify({ token: field.value.trim() });
        const answer = await fetch("/console/session", { method: "POST", headers: JSON_TYPE, body });
        const told = await answer.json();
        if (!answer.ok) {
          said.textContent = told.reason;
          field.select();
          return;
        }
        field.value = "";
        resolve(told);
      } catch {
        said.textContent = "The server does not answer. Is it running?";
      }
    };
  });
}

/** `desk, dispatcher`; a name that is its role is not said twice. */
export function nameAndRole({ principal, role }) {
  const plainly = plain(role);
  return plainly === principal ? principal : `${principal}, ${plainly}`;
}

export async function signOut() {
  await fetch("/console/session", { method: "DELETE" });
  location.reload();
}

/** By the clock in the header. */
function when(seconds) {
  const at = inCity(seconds * 1000);
  return `${clockDay(at)} ${clockTime(at)}`;
}

/** What people call a browser, from what it says of itself. */
function browserName(agent) {
  const name = [["Edg/", "Edge"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome or Chromium"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark))?.[1] ?? agent.slice(0, 40);
  const machine = ["Windows", "Android", "Linux", "iPhone", "Mac OS"].find((each) => agent.includes(each));
  return machine ? `${name}, ${machine}` : name;
}

/** Show the sessions, with a button to end each. */
export async function showPeople(me) {
  const dialog = find("people");
  const sessions = await (await fetch("/console/sessions")).json();
  const rows = sessions.map((each) =>
    make(
      "tr",
      {},
      make("td", {}, each.principal, each.this ? make("span", { class: "quiet" }, " (this one)") : ""),
      make("td", {}, when(each.began_s)),
      make("td", {}, when(each.seen_s)),
      make("td", {}, when(each.until_s)),
      make("td", { class: "quiet agent", title: each.agent }, browserName(each.agent)),
      make(
        "td",
        {},
        each.this
          ? ""
          : make("button", {
              type: "button",
              onclick: async () => {
                await fetch(`/console/sessions/${each.id}`, { method: "DELETE" });
                showPeople(me);
              },
            }, "End"),
      ),
    ),
  );
  fill(
    dialog,
    make("h2", { id: "people-title" }, `Signed in as ${nameAndRole(me)}`),
    make("p", { class: "quiet" }, `Browsers that are signed in. End those that you do not know. Times are ${zoneName(now())}, as in the header.`),
    make("table", {}, make("thead", {}, make("tr", {}, ...["Who", "Since", "Last asked", "Until", "Browser", ""].map((head) => make("th", {}, head)))), make("tbody", {}, rows)),
    make(
      "p",
      { class: "sheet-foot" },
      make("button", { type: "button", onclick: signOut }, "Sign out"),
      make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
    ),
  );
  if (!dialog.open) dialog.showModal();
}
