// The way, drawn without a map: the line as the engine would drive it, the scene, and where the unit is now.

import { h } from "./dom.js";
import { distance } from "./words.js";

const WIDTH = 640;
const HEIGHT = 360;
const EDGE = 36;

/** Return the drawing of a job's route; `self` is where the unit was seen last. */
export function drawing(job, self) {
  const points = [...(job.route?.line ?? []), [job.lat, job.lon], ...(self ? [[self.lat, self.lon]] : [])];
  const shrink = Math.cos((job.lat * Math.PI) / 180);
  const metric = points.map(([lat, lon]) => [lon * shrink * 111_320, -lat * 110_574]);
  const xs = metric.map(([x]) => x);
  const ys = metric.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - left || 1, Math.max(...ys) - top || 1];
  const scale = Math.min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high, 1);
  const [east, south] = [(WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2];
  const placed = metric.map(([x, y]) => [(x - left) * scale + east, (y - top) * scale + south]);
  const line = placed.slice(0, job.route?.line.length ?? 0);
  const scene = placed[line.length];
  const own = self ? placed.at(-1) : null;
  const round = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;
  return h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label(job) },
    ...grid(scale),
    line.length > 1 && h("polyline", { class: "way-line", points: line.map(round).join(" ") }),
    h("circle", { class: "way-scene", cx: scene[0], cy: scene[1], r: 11 }),
    own && h("circle", { class: "way-self", cx: own[0], cy: own[1], r: 11 }),
    ...scaleBar(scale),
    h("path", { class: "way-scale", d: `M${WIDTH - 26} 44V18m-7 9 7-9 7 9`, fill: "none" }),
    h("text", { class: "way-word", x: WIDTH - 26, y: 60, "text-anchor": "middle" }, "N"));
}

function label(job) {
  return job.route ? `The way, ${distance(job.route.metres)}, drawn with north at the top` : "Where the scene is from here";
}

function step(scale) {
  const wanted = 110 / scale;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].map((factor) => factor * power).find((metres) => metres >= wanted) ?? 10 * power;
}

function grid(scale) {
  const apart = step(scale) * scale;
  const lines = [];
  for (let x = apart; x < WIDTH; x += apart) lines.push(h("line", { class: "way-grid", x1: x, x2: x, y1: 0, y2: HEIGHT }));
  for (let y = apart; y < HEIGHT; y += apart) lines.push(h("line", { class: "way-grid", x1: 0, x2: WIDTH, y1: y, y2: y }));
  return lines;
}

function scaleBar(scale) {
  const metres = step(scale);
  const y = HEIGHT - 16;
  return [
    h("line", { class: "way-scale", x1: 16, x2: 16 + metres * scale, y1: y, y2: y }),
    h("text", { class: "way-word", x: 16, y: y - 8 }, distance(metres)),
  ];
}
