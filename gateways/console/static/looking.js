// Readers of the verbs that order nothing: view, why, windows for other screens, undo, help.

import { incidentOf, meant, need, sorted, Wrong } from "./grammar.js";

function view({ words }, desk) {
  need(words, "What do you want to see?");
  const { incident, units } = sorted(words.slice(0, 1), "", desk.board);
  if (units.length) return { show: () => desk.showUnit(units[0]) };
  if (!incident) throw new Wrong(`There is no open incident or unit “${words[0]}”.`);
  return { show: () => desk.openIncident(incidentOf(words[0], desk.board)) };
}

function why({ words, text }, desk) {
  const { incident, units } = sorted(words, text, desk.board);
  need(incident, "Name an incident, or select one first (↓).");
  const question = { type: "ask_why", incident };
  if (units.length) question.unit = units[0];
  return { say: [question], done: (told) => desk.showWhy(incident, units[0], told.account) };
}

function screen({ words }, desk) {
  const said = meant(words[0] ?? "", ["map", "wall", "desk", "past"]);
  if (typeof said !== "string") throw new Wrong("Which: S MAP, S WALL, S DESK or S PAST?");
  if (said === "past") return replay(words.slice(1).join(" "), desk);
  if (said === "desk" && desk.me.role !== "supervisor") throw new Wrong("S DESK is for supervisors: sign in as one.");
  const shown = said === "desk" ? "supervisor" : said;
  return { show: () => (window.open(`/console?view=${shown}`, `turnout-${shown}`, "popup"), `Opened: ${shown}`) };
}

/** The past opens in a window of its own, so that nobody mistakes it for the desk. The server says who may. */
function replay(at, desk) {
  if (!desk.may("past")) throw new Wrong("Only supervisors look at the past.");
  if (at && !/^(\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(:\d\d)?Z?$/i.test(at)) throw new Wrong(`“${at}” is no time. Write 14:32, or 2026-11-28 14:32.`);
  const query = at ? `&at=${encodeURIComponent(at)}` : "";
  return { show: () => (window.open(`/console?view=replay${query}`, "turnout-replay", "popup,width=1440,height=900"), `Opened: the past${at ? ` at ${at}` : ""}`) };
}

export const LOOKING = {
  V: view,
  W: why,
  S: screen,
  U: (_, desk) => need(desk.line.undoable, "There is nothing to undo: it was too long ago, or is not safe to take back."),
  "?": () => ({ show: (desk) => desk.help() }),
};
