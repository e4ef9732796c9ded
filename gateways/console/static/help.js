// The help sheet, made from the registry of verbs (which the server tells). It prints as a cheat sheet.

import { fill, find, make } from "./dom.js";
import { signs } from "./signs.js";
import { VERBS } from "./verbs.js";

const KEYS = [
  ["/", "to the command line, from anywhere"],
  ["Esc", "back out: empty a line that is half typed, leave the line, close what is open, deselect"],
  ["↑ ↓", "through the incidents; in the command line: what you said before"],
  ["Enter", "accept what is recommended for the selected incident"],
  ["Shift+Enter", "enter the call that is typed, and send nobody"],
  ["O", "send others: the line is begun for you"],
  ["D", "divert a unit that is under way elsewhere: the line is begun for you"],
  ["W", "why these, or why not another"],
  ["K", "look at a new call of priority 1; acknowledge the most urgent alarm"],
  ["M", "mute the tones for ten minutes; hear them again"],
  ["C", "cover on the map: how far the nearest free unit is, zone by zone"],
  ["T", "cover as it is now, or if the proposed moves are taken"],
  ["Tab", "complete the word; elsewhere: to the next panel, button or edge"],
  ["?", "this sheet"],
];

/** The usage without the verb that stands before it. */
const usage = ({ verb, usage: all }) => (all === verb ? "" : all.slice(verb.length));

/** All verbs by group; `may(verb)` tells which are for the reader. */
function commands(may) {
  const groups = [...new Set(VERBS.map((each) => each.group))];
  const section = (group) =>
    make("section", {}, make("h3", {}, group),
      make("dl", {}, ...VERBS.filter((each) => each.group === group).flatMap((each) => [
        make("dt", { class: may(each) ? "" : "barred" }, make("kbd", {}, each.verb), make("code", {}, usage(each))),
        make("dd", {}, `${each.about}.${each.fms.length ? ` In digits: UNIT … ${each.fms.join(" or ")}.` : ""}${may(each) ? "" : " Not for your role."}`),
      ])));
  return [
    make("p", { class: "quiet" }, "Spaces or dots (D.I12.E7), upper or lower case; the beginning of a word will do where it can mean one thing only. [May be left out]: the selected incident is meant. A REASON begins with the first word that is no unit; behind several units it begins with a semicolon (RL M21 ; M6 goes). What Enter will do stands over the line."),
    make("div", { class: "sheet-columns" },
      make("section", {}, make("h3", {}, "Keys"), make("dl", { class: "keys-list" }, ...KEYS.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, `${what}.`)]))),
      ...groups.map(section)),
  ];
}

/** The sheet: commands and keys, or what the signs mean. */
export function showHelp(may, board, shown = "Commands and keys") {
  const dialog = find("help");
  const parts = { "Commands and keys": () => commands(may), Signs: () => signs(board) };
  const choice = (name) => make("button", { type: "button", "aria-pressed": String(name === shown), onclick: () => showHelp(may, board, name) }, name);
  fill(
    dialog,
    make("div", { class: "sheet-head" }, make("h2", { id: "help-title", tabindex: "-1", autofocus: true }, "Help"),
      make("span", { class: "choices", role: "group", "aria-label": "What" }, ...Object.keys(parts).map(choice))),
    parts[shown](),
    make("p", { class: "sheet-foot" }, make("button", { type: "button", onclick: () => window.print() }, "Print"), make("button", { type: "button", onclick: () => dialog.close() }, "Close")),
  );
  if (!dialog.open) dialog.showModal();
  else dialog.querySelector('[aria-pressed="true"]').focus();
}
