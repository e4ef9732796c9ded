// What has happened, newest first, a line each; of one incident while one is selected.

import { clockTime } from "./clock.js";
import { find, keep, make, onFrame, write } from "./dom.js";
import { plain, STATUS } from "./words.js";

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
  incident_held: "held",
  incident_amended: "amended",
  units_recommended: "recommended",
  units_bypassed: "passed over",
  note_added: "note",
  unit_told: "told",
  unit_said: "says",
};

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
    const status = STATUS[event.text]?.[1];
    const what = [SAYS[event.kind] ?? plain(event.kind), status ?? event.text].filter(Boolean).join(": ") || plain(event.kind);
    return make(
      "li",
      { title: what + (event.by ? ` (${event.by})` : "") },
      make("time", {}, clockTime(event.at)),
      make("b", { class: "line-who" }, [event.incident, event.unit].filter(Boolean).join(" ")),
      make("span", {}, what),
      make("span", { class: "quiet" }, event.by ?? ""),
    );
  }
}
