// A row of buttons of which one is pressed.

import { make } from "./dom.js";

/** `options`: [value, words]; `is()` gives the chosen value, `choose(value)` takes another. */
export function choices(label, options, is, choose) {
  const group = make("span", { class: "choices", role: "group", "aria-label": label });
  const press = () => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.value === is()));
  };
  group.append(...options.map(([value, words]) =>
    make("button", { type: "button", "data-value": value, onclick: () => (choose(value), press()) }, words)));
  press();
  return group;
}
