// What the signs mean: codes of statuses, kinds of units, the shapes on the map, priorities. From the words that the page uses.

import { make } from "./dom.js";
import { incidentPath, priorityBadge, unitPath } from "./marks.js";
import { STATUS } from "./words.js";

const SIZE = 22;
const KINDS_MAX = 24;
const SHAPES = {
  ring: "unit that is free",
  arrow: "unit that was told to go, or is rolling; it points where it heads",
  block: "unit that is there: on scene, at the patient, at the hospital",
  cross: "unit that cannot be sent",
};

/** A mark as the map draws it, in the colour of the text: its shape is what tells. */
function drawn(path, fills) {
  const scale = window.devicePixelRatio || 1;
  const canvas = make("canvas", { class: "sign", width: SIZE * scale, height: SIZE * scale, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.translate(SIZE / 2, SIZE / 2);
  context.strokeStyle = context.fillStyle = getComputedStyle(document.body).color;
  context.lineWidth = 1.6;
  path(context);
  if (fills) context.fill();
  context.stroke();
  return canvas;
}

/** `A01` is of kind A: the kinds of a place by the letters that its units' names begin with. */
export function kindsOf(units) {
  const kinds = new Map();
  for (const { id, kind } of units) {
    const letters = id.match(/^[^\d]+/)?.[0] ?? id;
    if (!kinds.has(letters)) kinds.set(letters, new Set());
    kinds.get(letters).add(kind);
  }
  return [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([letters, names]) => [letters, [...names].join(", ")]);
}

const listed = (title, rows) =>
  make("section", {}, make("h3", {}, title), make("dl", { class: "keys-list" }, rows.flatMap(([sign, words]) => [make("dt", {}, sign), make("dd", {}, words)])));

/** All signs, by what they are about. */
export function signs(board) {
  const kinds = kindsOf(board.units.values());
  const badge = (priority) => make("span", {}, priorityBadge(priority), drawn((context) => incidentPath(context, priority, 7), true));
  return make("div", { class: "sheet-columns" },
    listed("Status of a unit", Object.values(STATUS).map(([code, words, tone]) => [make("span", { class: `chip st-${tone}` }, make("b", {}, code)), words])),
    listed("Names of units", [...kinds.slice(0, KINDS_MAX).map(([letters, words]) => [make("b", {}, letters), words]), ...(kinds.length > KINDS_MAX ? [["…", `${kinds.length - KINDS_MAX} more: a tile's title says it`]] : [])]),
    listed("On the map", Object.entries(SHAPES).map(([shape, words]) => [drawn((context) => unitPath(context, shape, 7), shape !== "ring"), words])),
    listed("Priority, in lists and on the map", [1, 2, 3, 4, 5].map((priority) => [badge(priority), { 1: "most urgent", 5: "least urgent" }[priority] ?? `priority ${priority}`])),
    listed("Beside a call", [
      [make("span", { class: "tag tag-need" }, "needs 2"), "so many units are still to be found"],
      [make("span", { class: "tag tag-need" }, "accept 2"), "so many are recommended: Enter sends them"],
      [make("span", { class: "tag tag-new" }, "NEW"), "priority 1, and nobody has looked at it here"],
      [make("span", { class: "tag" }, "held"), "nothing is sent by itself for a while"],
    ]));
}
