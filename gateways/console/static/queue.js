// The incident queue: who waits first, then by priority. Rows beyond a screenful or two are counted, not drawn.

import { isPending, ranked } from "./board.js";
import { now } from "./clock.js";
import { find, keep, make, onFrame, write } from "./dom.js";
import { Held } from "./held.js";
import { priorityBadge } from "./marks.js";
import { PHASE, span, STATUS, typeName } from "./words.js";

const ROWS = 80;

export class Queue {
  constructor(board, place) {
    this.board = board;
    this._late = place.pending_after_ms;
    this._list = find("queue");
    this.draw = onFrame(() => this._draw());
    this.held = new Held(this._list, this.draw);
    this._ids = [];
    this._list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row?.dataset.key) board.select(row.dataset.key);
    });
  }

  /** Select the next or the last one, as they stand; then those that are not shown. */
  step(by) {
    const all = ranked(this.board.incidents.values()).map((each) => each.id);
    const order = [...new Set([...this._ids.filter((id) => this.board.incidents.has(id)), ...all])];
    if (!order.length) return;
    const at = order.indexOf(this.board.selected);
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : Math.min(order.length - 1, Math.max(0, at + by));
    this.board.select(order[next]);
  }

  /** Ages, and what has become too old. Once a second. */
  tick() {
    if (this.held.stale) this.draw();
    this._ages();
  }

  _ages() {
    for (const row of this._list.children) this._age(row);
  }

  _draw() {
    const order = ranked(this.board.incidents.values());
    const { shown, above } = this.held.arrange(order, ROWS, this.board.selected);
    this._ids = shown.filter(({ gone }) => !gone).map(({ id }) => id);
    const items = shown.map((incident) => (incident.gone ? { gone: incident.id } : { incident }));
    if (order.length > ROWS) items.push({ more: order.length - ROWS });
    keep(
      this._list,
      items,
      (item) => item.incident?.id ?? item.gone ?? "",
      (item) => this._sign(item),
      (item) => this._row(item),
    );
    const pending = order.filter(isPending).length;
    write(find("queue-note"), order.length ? `${pending} pending of ${order.length}` : "");
    this._newAbove(above);
    this._list.setAttribute("role", items.length ? "listbox" : "group"); // a list box without anything to choose is none
    if (!items.length) this._list.replaceChildren(make("p", { class: "empty" }, "No open incidents."));
    const chosen = this._list.querySelector(".chosen");
    if (chosen && this._shown !== this.board.selected) chosen.scrollIntoView({ block: "nearest" });
    this._shown = this.board.selected;
    this.still?.look();
    this._ages();
  }

  /** What is held back while somebody aims is counted over the list; its urgency is said. */
  _newAbove(above) {
    const urgent = Math.min(...above.map((each) => each.priority));
    const sign = find("queue-new");
    write(sign, above.length ? `↑ ${above.length} new above${urgent < 3 ? `, P${urgent}` : ""}` : "");
    sign.classList.toggle("is-grave", urgent === 1);
  }

  _sign({ incident, more, gone }) {
    if (gone) return "gone";
    if (!incident) return `more ${more}`;
    const crews = incident.assigned.map((each) => `${each.unit}${each.status}`).join();
    const lacks = JSON.stringify(incident.lacks);
    const chosen = incident.id === this.board.selected;
    return [incident.type, incident.priority, incident.phase, incident.address, crews, lacks, chosen, incident.waiting_since_ms, incident.held_until_ms, incident.decided_seq > 0, this._isNew(incident)].join("|");
  }

  /** Priority 1 that waits, and nobody has looked at it here: its tone repeats until somebody does. */
  _isNew(incident) {
    return incident.priority === 1 && isPending(incident) && !this.board.seen.has(incident.id);
  }

  _row({ incident, more, gone }) {
    if (gone) return this._over(gone);
    if (!incident) return make("p", { class: "empty" }, `${more} more, less urgent: V and a number shows one.`);
    const chosen = incident.id === this.board.selected;
    const pending = isPending(incident);
    const since = incident.waiting_since_ms ?? incident.reported_ms;
    const row = make(
      "div",
      { class: `row${chosen ? " chosen" : ""}${pending ? " pending" : ""}`, role: "option", "aria-selected": String(chosen), "data-since": since, "data-priority": incident.priority },
      make("span", { class: "row-badge" }),
      make("span", { class: "row-line" },
        make("span", { class: "row-id" }, incident.id),
        this._isNew(incident) ? make("span", { class: "tag tag-new" }, "NEW") : null,
        make("span", { class: "row-type" }, typeName(incident.type)),
        make("span", { class: "row-age" }, "")),
      make("span", { class: "row-line" },
        make("span", { class: "row-place" }, incident.address || `${incident.lat.toFixed(4)}, ${incident.lon.toFixed(4)}`),
        make("span", { class: "row-state" }, ...this._state(incident))),
    );
    row.firstChild.append(priorityBadge(incident.priority));
    return row;
  }

  /** It holds its place while somebody aims at another one. */
  _over(name) {
    return make("div", { class: "row-gone", role: "option", "aria-disabled": "true", "aria-selected": "false" },
      make("span", { class: "row-badge" }),
      make("span", { class: "row-line" }, make("span", { class: "row-id" }, name)),
      make("span", { class: "row-line" }, make("span", { class: "row-place" }), make("span", { class: "row-state" }, make("span", { class: "tag" }, "over"))));
  }

  _state(incident) {
    const chips = incident.assigned.slice(0, 3).map((each) => {
      const [code, words, tone] = STATUS[each.status];
      return make("span", { class: `chip st-${tone}`, title: `${each.unit} ${words}` }, each.unit, make("b", {}, code));
    });
    if (incident.assigned.length > 3) chips.push(make("span", { class: "quiet" }, `+${incident.assigned.length - 3}`));
    if (incident.held_until_ms) chips.unshift(make("span", { class: "tag" }, "held"));
    else if (isPending(incident)) {
      const wanted = Object.values(incident.lacks).reduce((sum, each) => sum + each, 0);
      chips.unshift(make("span", { class: "tag tag-need" }, incident.decided_seq ? `accept ${wanted}` : `needs ${wanted}`));
    } else if (!incident.assigned.length) chips.push(make("span", { class: "quiet" }, PHASE[incident.phase] ?? incident.phase));
    return chips;
  }

  _age(row) {
    if (!row.dataset.since) return;
    const age = now() - Number(row.dataset.since);
    write(row.querySelector(".row-age"), span(age));
    const late = this._late[Number(row.dataset.priority) - 1] ?? Infinity;
    row.classList.toggle("late", row.classList.contains("pending") && age > late);
  }
}
