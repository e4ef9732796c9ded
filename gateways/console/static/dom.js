// Elements, and lists of them that change only where their content does.

export const find = (id) => document.getElementById(id);

/** An element: `make("button", {class: "x", onclick: f}, "text", child, …)`. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what is in the element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** Write text only where it is another: most ticks change nothing. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Keep the container's children in step with the items. `sign` says what an element looks like: while it says the
 * same, the element stays as it is. The focus stays with its item, wherever that stands.
 */
export function keep(container, items, key, sign, build) {
  const focus = document.activeElement;
  const standing = new Map();
  for (const child of container.children) standing.set(child.dataset.key, child);
  let at = container.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const signed = sign(item);
    let element = standing.get(name);
    standing.delete(name);
    if (!element || element.dataset.sign !== signed) {
      const fresh = build(item);
      fresh.dataset.key = name;
      fresh.dataset.sign = signed;
      if (element) {
        const button = element.contains(focus) ? [...element.querySelectorAll("button")].indexOf(focus) : null;
        if (element === at) at = fresh;
        element.replaceWith(fresh);
        if (button !== null) (fresh.querySelectorAll("button")[button] ?? fresh).focus();
      }
      element = fresh;
    }
    if (element === at) at = at.nextElementSibling;
    else container.insertBefore(element, at);
  }
  for (const gone of standing.values()) gone.remove();
  if (focus !== document.activeElement && container.contains(focus)) focus.focus({ preventScroll: true }); // it was put elsewhere
}

/** Call `draw` once before the next frame, however often it is asked for; also where no frames are drawn. */
export function onFrame(draw) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const run = () => {
      if (!due) return;
      due = false;
      draw();
    };
    if (document.hidden) setTimeout(run, 500);
    else requestAnimationFrame(run);
  };
}
