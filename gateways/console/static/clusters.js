// Very many units on one map: those that stand close together are drawn as one disc that says how many, and how many are free.

import { FREE } from "./words.js";

/** So many marks in sight can be told apart; with more, they are put together. */
export const CLUSTERED_FROM = 500;
const APART_PX = 46;

/**
 * Put units together by squares of the ground that double in size as one zooms out, so that discs stay where they are
 * while the map is dragged. `seen`: [{unit, x, y}] in pixels; `alone(unit)`: never put together with others.
 */
export function clustered(seen, view, alone) {
  if (seen.length <= CLUSTERED_FROM) return { single: seen, groups: [] };
  const side = 2 ** Math.ceil(Math.log2(APART_PX / view.scale));
  const squares = new Map();
  const single = [];
  for (const each of seen) {
    if (alone(each.unit)) {
      single.push(each);
      continue;
    }
    const [x, y] = view.toGround(each.x, each.y);
    const key = Math.floor(x / side) * 1_000_003 + Math.floor(y / side);
    const known = squares.get(key);
    if (known) known.push(each);
    else squares.set(key, [each]);
  }
  const groups = [];
  for (const members of squares.values()) {
    if (members.length < 3) single.push(...members);
    else groups.push(group(members));
  }
  return { single, groups };
}

function group(members) {
  let [x, y, free, out] = [0, 0, 0, 0];
  for (const each of members) {
    x += each.x;
    y += each.y;
    if (each.unit.incident) out += 1;
    else if (FREE.has(each.unit.status)) free += 1;
  }
  return { x: x / members.length, y: y / members.length, count: members.length, free, out };
}

export const groupWords = ({ count, free, out }) => `${count} units: ${free} free, ${out} on incidents, ${count - free - out} away`;

/** A disc with the number; the arc round it is the share that is free. */
export function paintGroup(context, ink, { x, y, count, free }, mark) {
  const radius = mark * (12 + Math.min(11, 1.6 * Math.log2(count)));
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = ink("panel");
  context.globalAlpha = 0.92;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = 3 * mark;
  context.strokeStyle = ink("st-away");
  context.stroke();
  context.beginPath();
  context.arc(x, y, radius, -Math.PI / 2, -Math.PI / 2 + (2 * Math.PI * free) / count);
  context.strokeStyle = ink("st-free");
  context.lineWidth = 4 * mark;
  context.stroke();
  context.textAlign = "center";
  context.fillStyle = ink("text");
  context.font = `600 ${11 * mark}px system-ui, sans-serif`;
  context.fillText(count, x, y + mark);
  context.fillStyle = ink("quiet");
  context.font = `${8.5 * mark}px system-ui, sans-serif`;
  context.fillText(`${free} free`, x, y + 10 * mark);
}
