// The marks on the map. A shape says what it is; the colour only says it again.

/** Incidents: 1 a diamond, 2 a triangle, 3 a square, 4 a circle, 5 a small circle. Drawn about the origin. */
export function incidentPath(context, priority, size) {
  context.beginPath();
  if (priority === 1) polygon(context, [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]], size);
  else if (priority === 2) polygon(context, [[0, -1.2], [1.15, 0.85], [-1.15, 0.85]], size);
  else if (priority === 3) polygon(context, [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], size);
  else context.arc(0, 0, size * (priority === 4 ? 0.95 : 0.7), 0, 2 * Math.PI);
}

/** Units: a ring is free, an arrow rolls, a block is there, a cross is away. */
export function unitPath(context, shape, size) {
  context.beginPath();
  if (shape === "arrow") polygon(context, [[0, -1.3], [0.95, 1], [0, 0.5], [-0.95, 1]], size);
  else if (shape === "block") polygon(context, [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]], size);
  else if (shape === "cross") {
    for (const [x, y] of [[0.75, 0.75], [0.75, -0.75]]) {
      context.moveTo(-x * size, -y * size);
      context.lineTo(x * size, y * size);
    }
  } else context.arc(0, 0, size * 0.8, 0, 2 * Math.PI);
}

function polygon(context, corners, size) {
  corners.forEach(([x, y], at) => context[at ? "lineTo" : "moveTo"](x * size, y * size));
  context.closePath();
}

/** The badge of a priority for lists: the same shape as on the map, with the number in it. */
export function priorityBadge(priority) {
  const shapes = {
    1: "M11 1 21 11 11 21 1 11Z",
    2: "M11 2 21 20 1 20Z",
    3: "M3 3H19V19H3Z",
    4: "M11 2a9 9 0 1 0 .01 0Z",
    5: "M11 4a7 7 0 1 0 .01 0Z",
  };
  const space = "http://www.w3.org/2000/svg";
  const badge = document.createElementNS(space, "svg");
  badge.setAttribute("viewBox", "0 0 22 22");
  badge.setAttribute("class", `badge p${priority}`);
  badge.setAttribute("role", "img");
  badge.setAttribute("aria-label", `Priority ${priority}`);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", shapes[priority] ?? shapes[5]);
  const text = document.createElementNS(space, "text");
  text.setAttribute("x", "11");
  text.setAttribute("y", priority === 2 ? "17.5" : "15");
  text.setAttribute("text-anchor", "middle");
  text.textContent = priority;
  badge.append(path, text);
  return badge;
}
