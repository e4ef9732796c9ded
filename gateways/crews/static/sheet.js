// The one dialog of the page, and what stands in the menu.

import { ring, sound } from "./alarm.js";
import { button, byId, h } from "./dom.js";
import { canPush, pushing, startPush, stopPush } from "./push.js";
import { kept } from "./store.js";

export const sheet = {
  start() {
    byId("sheet-close").addEventListener("click", () => sheet.close());
    byId("sheet").addEventListener("click", (event) => { if (event.target === byId("sheet")) sheet.close(); });
  },
  show(title, body) {
    byId("sheet-title").textContent = title;
    byId("sheet-body").replaceChildren(...body);
    if (!byId("sheet").open) byId("sheet").showModal();
  },
  close() { byId("sheet").close(); },
};

export async function showMenu(page, signOut) {
  const left = page.channel.waiting.length;
  const again = () => showMenu(page, signOut);
  const switchSound = async () => { sound.on = !sound.on; await kept.set("sound", sound.on); if (sound.on) ring("job"); again(); };
  const body = [
    h("p", { class: "muted" }, `Signed in as ${page.state.hello?.principal ?? "…"}, for ${page.channel.unit}.`),
    button(sound.on ? "Sound is on: switch it off" : "Sound is off: switch it on", switchSound),
    button("Try the sound", () => ring("job")),
    ...(await pushButtons(page, again)),
    h("p", { class: "muted" }, left ? `${left} reports wait to be sent. They stay on this phone.` : "Everything you have reported was sent."),
    button("Sign out", () => { sheet.close(); signOut(); }, "no"),
  ];
  sheet.show("Settings", body);
}

async function pushButtons(page, again) {
  const key = page.state.hello?.push_key;
  if (!key || !canPush()) return [];
  if (await pushing()) return [button("Alert me also when the page is closed: switch it off", async () => { await stopPush(); again(); })];
  return [button("Alert me also when the page is closed", async () => { await startPush(key); again(); })];
}
