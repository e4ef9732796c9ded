// Small charts as inline SVG: bars against a target, strips of marks, lines through the hours. How they look is in CSS.

const SPACE = "http://www.w3.org/2000/svg";

/** An SVG element: `svg("line", {class: "axis", x1: 0}, child, …)`. */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const round = (value) => Math.round(value * 10) / 10;

/**
 * A share as a bar, how sure it is as a whisker, what is asked for as a tick. All are between 0 and 1; `low`, `high` and
 * `target` may be missing. The figures stand beside it as text, so it is hidden from who does not see it.
 */
export function bar({ share, low, high, target, kind = "" }) {
  const x = (value) => round(Math.min(1, value) * 100);
  return svg("svg", { class: `bar-chart ${kind}`, viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "bar-ground", x: 0, y: 3, width: 100, height: 8 }),
    svg("rect", { class: "bar-share", x: 0, y: 3, width: x(share), height: 8 }),
    low === undefined || low === null ? null : svg("line", { class: "bar-whisker", x1: x(low), x2: x(high), y1: 7, y2: 7 }),
    target === undefined ? null : svg("line", { class: "bar-target", x1: x(target), x2: x(target), y1: 0, y2: 14 }));
}

/** Where each of many stands between the least and the most: a tick each, the median as a block. */
export function strip(values, middle) {
  const high = Math.max(...values);
  const low = Math.min(...values);
  const x = (value) => round(2 + ((value - low) / (high - low || 1)) * 96);
  return svg("svg", { class: "strip-chart", viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "strip-line", x1: 2, x2: 98, y1: 7, y2: 7 }),
    ...values.map((value) => svg("line", { class: "strip-mark", x1: x(value), x2: x(value), y1: 3, y2: 11 })),
    svg("rect", { class: "strip-middle", x: x(middle) - 1, y: 1, width: 2, height: 12 }));
}

/** Round values from low to high, about so many. */
export function ticks(low, high, wanted) {
  const rough = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * power).find((each) => each >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

/** Steps through points [x, y]: each y holds until the next. Where y is null, or x leaps further than `leap`, they break. */
export function path(points, leap) {
  let pen = "M";
  let last = null;
  const parts = [];
  for (const [x, y] of points) {
    if (y === null || y === undefined) {
      pen = "M";
      continue;
    }
    if (last !== null && x - last > leap) pen = "M";
    parts.push(pen === "M" ? `M${round(x)} ${round(y)}` : `H${round(x)}V${round(y)}`);
    pen = "L";
    last = x;
  }
  return parts.join("");
}
