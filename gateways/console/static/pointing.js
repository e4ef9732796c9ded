// What is pointed at in the panels, by mouse or by focus, is shown on the map: a unit, a proposed move, a candidate.

import { find } from "./dom.js";
import { FREE } from "./words.js";

/** Let the panels point. */
export function followPointing(board, cover) {
  const panels = [
    ["units", ".tile", ({ key }) => aboutUnit(board.units.get(key))],
    ["attention", ".att-move", ({ key }) => aboutMove(board.moves.get(key))],
    ["card", "[data-unit]", ({ unit }) => board.chosen && board.units.has(unit) && { unit, incident: board.chosen.id }],
  ];
  for (const [name, rows, about] of panels) {
    const panel = find(name);
    const look = (event) => {
      const row = event.target.closest(rows);
      cover.point((row && about(row.dataset)) || null);
    };
    panel.addEventListener("pointerover", look);
    panel.addEventListener("focusin", look);
    panel.addEventListener("pointerleave", () => cover.point(null));
    panel.addEventListener("focusout", () => cover.point(null));
  }
}

/** Only who is free covers anything. */
export const aboutUnit = (unit) => (unit && !unit.incident && FREE.has(unit.status) ? { unit: unit.id } : null);

const aboutMove = (move) => move && { unit: move.unit, post: move.post };
