// What has happened, newest first, a line each; of one incident while one is selected.

import { clockTime } from "./clock.js";
import { find, keep, make, onFrame, write } from "./dom.js";
import { byWhom, plain, spoken, STATUS } from "./words.js";

const LINES = 60;
/** Only of interest while their incident is selected. */
const QUIET = new Set(["units_recommended", "recommendation_stale", "move_proposed"]);
const SAYS = {
  incident_reported: "reported",
  unit_dispatched: "sent",
  unit_reserved: "reserved",
  assignment_advanced: "",
  assignment_ended: "",
  assignment_moved: "goes elsewhere",
  assignment_delayed: "late",
  duty_changed: "",
  incident_closed: "closed",
  incident_cancelled: "cancelled",
  unit_superseded: "relieved",
  unit_diverted: "turned round",
  hold_ended: "hold ended",
  move_ordered: "to post",
  move_refused: "stays",
  move_ended: "move over",
  incident_held: "held",
  incident_amended: "amended",
  units_recommended: "recommended",
  units_bypassed: "passed over",
  note_added: "note",
  places_reopened: "left with nobody, waits again",
  unit_told: "told",
  unit_said: "says",
};

/** What somebody decided: it is said who. What a crew reports of itself needs no name. */
const DECIDED = new Set(["incident_reported", "incident_amended", "incident_closed", "incident_cancelled", "incident_held", "hold_ended", "incident_stacked", "unit_dispatched", "unit_reserved", "unit_diverted", "unit_superseded", "assignment_ended", "move_ordered", "move_refused", "move_ended", "note_added", "alarm_struck"]);

export class Timeline {
  constructor(board) {
    this.board = board;
    this._list = find("timeline");
    this.draw = onFrame(() => this._draw());
  }

  _draw() {
    const only = this.board.selected;
    const shown = this.board.events.filter((event) => (only ? event.incident === only : !QUIET.has(event.kind))).slice(-LINES).reverse();
    keep(
      this._list,
      shown,
      (event) => event.key,
      () => "1",
      (event) => this._line(event),
    );
    write(find("timeline-note"), only ? `${shown.length ? "only" : "nothing lately of"} ${only}; Esc shows all` : "");
  }

  _line(event) {
    // What a person has said stays as it was said; a status is no more than its name.
    const told = STATUS[event.text] || !event.by || event.by === "engine" ? spoken(event.text) : event.text;
    const what = [SAYS[event.kind] ?? plain(event.kind), told].filter(Boolean).join(": ") || plain(event.kind);
    const by = byWhom(event.by);
    return make(
      "li",
      { title: [what, by].filter(Boolean).join(" · ") },
      make("time", {}, clockTime(event.at)),
      make("b", { class: "line-who" }, [event.incident, event.unit].filter(Boolean).join(" ")),
      make("span", {}, what, by && DECIDED.has(event.kind) ? make("span", { class: "quiet" }, ` · ${by}`) : ""),
    );
  }
}
