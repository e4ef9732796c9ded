// This window as its user wants it: theme, panels, sound. Kept on the server by `layout.js`.

import { fill, find, make } from "./dom.js";
import { LEVELS, MEANS } from "./tones.js";

const PANELS = { map: "Map", units: "Units", timeline: "Timeline" };
const LEVEL = "sound-level";

/** Give the tones the level that was chosen for this window. */
export function settle(layout, tones) {
  tones.level = LEVELS[layout.choice(LEVEL, "middle")] ?? LEVELS.middle;
}

export function showSettings(layout, tones, panels) {
  const dialog = find("settings");
  const again = () => showSettings(layout, tones, panels);
  const one = (label, pressed, act) =>
    make("button", { type: "button", "aria-pressed": String(pressed), onclick: () => { act(); again(); dialog.querySelector(`[data-name="${label}"]`)?.focus(); }, "data-name": label }, label);
  const group = (label, ...buttons) => make("div", { class: "setting", role: "group", "aria-label": label }, make("span", { class: "setting-name" }, label), make("span", { class: "choices" }, buttons));
  const level = layout.choice(LEVEL, "middle");
  fill(
    dialog,
    make("h2", { id: "settings-title", tabindex: "-1", autofocus: true }, "This window"),
    make("p", { class: "quiet" }, "Kept for you on the server. Drag the edges between the panels, or go to them with Tab and use the arrow keys."),
    group("Theme", one("Dark", layout.theme === "dark", () => (layout.theme = "dark")), one("Light", layout.theme === "light", () => (layout.theme = "light"))),
    panels.length
      ? group("Shown", ...panels.map((name) => one(PANELS[name], !layout.hidden.includes(name), () => layout.hide(name, !layout.hidden.includes(name)))))
      : "",
    group("Loudness", ...Object.keys(LEVELS).map((name) => one(name, name === level, () => { layout.choose(LEVEL, name); settle(layout, tones); tones.play("accepted"); }))),
    make("div", { class: "setting", role: "group", "aria-label": "Listen to the tones" }, make("span", { class: "setting-name" }, "Listen"),
      make("span", { class: "tone-row" }, Object.entries(MEANS).map(([name, means]) => make("button", { type: "button", class: "small", onclick: () => { if (tones.state === "waiting") tones.press(); tones.play(name); } }, means)))),
    layout.said ? make("p", { class: "short", role: "status" }, layout.said) : "",
    make("p", { class: "sheet-foot" },
      make("button", { type: "button", onclick: () => { layout.reset(); again(); } }, "As it was shipped"),
      make("button", { type: "button", onclick: () => dialog.close() }, "Close")),
  );
  if (!dialog.open) dialog.showModal();
}
