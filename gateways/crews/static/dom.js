// Elements without templates: everything that comes from outside goes in as text, never as markup.

export const byId = (name) => document.getElementById(name);

/** Return an element; `given` are properties (`class` and attributes with a dash or `aria` work too), then its children. */
export function h(tag, given = {}, ...children) {
  const svg = SVG.has(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = new Set(["svg", "path", "polyline", "circle", "line", "text", "g"]);

export function button(text, press, kind = "", more = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick: press, ...more }, text);
}
