// The selected incident: what is recommended and why, who is on it, and one key to accept.

import { now, clockTime } from "./clock.js";
import { fill, find, make, onFrame, write } from "./dom.js";
import { asOf } from "./cover.js";
import { priorityBadge } from "./marks.js";
import { byWhom, classWords, percent, plain, rough, span, STATUS, typeName } from "./words.js";
import { reasons } from "./why.js";

export class Card {
  constructor(board, act) {
    this.board = board;
    this._act = act;
    this._box = find("card");
    this._told = null;
    this.draw = onFrame(() => this._draw());
  }

  /** Show the answer to "why" in its place, under the recommendation. */
  tell(incident, unit, account) {
    this._told = { incident, unit, account };
    this.draw();
  }

  /** Close the answer; tell whether there was one. */
  close() {
    const open = this._told !== null;
    this._told = null;
    if (open) this.draw();
    return open;
  }

  tick() {
    if (!this.board.chosen) this._look();
    for (const each of this._box.querySelectorAll("[data-as-of]")) write(each, asOf(Number(each.dataset.asOf)));
    for (const each of this._box.querySelectorAll("[data-until]")) {
      const left = Number(each.dataset.until) - now();
      write(each, left >= 0 ? `in ${span(left)}` : `late ${span(-left)}`);
      each.classList.toggle("is-late", left < 0);
    }
    for (const each of this._box.querySelectorAll("[data-since]")) write(each, span(now() - Number(each.dataset.since)));
  }

  _draw() {
    const incident = this.board.chosen;
    if (!incident) {
      this._told = null;
      fill(this._box, this._city());
      return;
    }
    if (this._told && this._told.incident !== incident.id) this._told = null;
    const place = this._box.querySelector(".card-body")?.scrollTop ?? 0;
    fill(
      this._box,
      this._head(incident),
      make("div", { class: "card-body", tabindex: "0" },
        this._told ? reasons(this._told, () => this.close()) : "",
        ...(incident.recommended.length || incident.short.length
          ? [this._proposal(incident), this._assigned(incident)]
          : [this._assigned(incident), this._proposal(incident)]),
        this._facts(incident)),
    );
    this._box.querySelector(".card-body").scrollTop = this._told ? 0 : place;
    this.tick();
  }

  /** The cover of the city, asked for where this panel is seen. */
  _look() {
    return this._box.checkVisibility() ? this._act.cover.city() : null;
  }

  _city() {
    const told = this._look();
    const moves = [...this.board.moves.values()].some((move) => move.state === "proposed");
    const classes = told?.picture?.layers ?? (told?.refused ? this.board.coverage.map((each) => ({ ...each, name: each.layer })) : []);
    const rows = classes.map(({ name, now_percent: is, then_percent: then }) => {
      const bar = make("i", {});
      bar.style.width = `${Math.min(100, is)}%`;
      return make("tr", {}, make("th", { scope: "row" }, classWords(name)), make("td", {}, make("span", { class: "meter", "aria-hidden": "true" }, bar)),
        make("td", { class: "number" }, percent(is)), make("td", { class: "quiet number" }, moves && then > is + 0.05 ? `→ ${percent(then)} if moved` : ""));
    });
    return [
      make("h2", { class: "panel-head" }, make("span", {}, "City"), make("span", { class: "quiet" }, "No incident selected: ↓ takes the first")),
      make("div", { class: "card-body", tabindex: "0" },
        this._act.first.element(),
        rows.length
          ? make("table", { class: "cover" }, make("caption", {}, ...(told.picture ? ["Demand in time of a free unit. ", make("span", { "data-as-of": told.at_ms }, asOf(told.at_ms))] : ["Demand that is covered in time, as the planner reckons"])), make("tbody", {}, rows))
          : make("p", { class: "quiet" }, "Coverage appears here once the planner has looked at the city.")),
    ];
  }

  _head(incident) {
    const head = make(
      "h2",
      { class: "card-head" },
      make("span", { class: "row-badge" }),
      make("span", { class: "card-id" }, incident.id),
      make("span", {}, typeName(incident.type)),
      make("span", { class: "card-place" }, incident.address || `${incident.lat.toFixed(4)}, ${incident.lon.toFixed(4)}`),
      make("span", { class: "row-age", "data-since": incident.reported_ms }, ""),
      make("button", { type: "button", class: "small", onclick: () => this.board.select(null), title: "Back to the city (Esc)" }, "Esc"),
    );
    head.firstChild.append(priorityBadge(incident.priority));
    return head;
  }

  _proposal(incident) {
    const empty = !incident.recommended.length && !incident.short.length;
    const why = this.board.whys.get(incident.id);
    const rows = incident.recommended.map((choice) => this._choice(choice, why));
    const may = this._act.may("order");
    const others = incident.assigned.length && !rows.length
      ? [" Send more", "Besides those that are on it; the line is begun for you. RP and two units: one in the place of the other"]
      : [" Send others", "Others than are recommended; the line is begun for you"];
    return make(
      "section",
      { class: empty ? "proposal proposal-done" : "proposal", "aria-label": "Recommendation" },
      rows.length
        ? make("table", {},
            make("thead", {}, make("tr", {}, ...["Recommended", "for", "there in", "made of", "next best", ""].map((head) => make("th", {}, head)))),
            make("tbody", {}, rows))
        : null,
      ...this._act.cover.lines(incident),
      ...incident.short.map((short) =>
        make("p", { class: "short" }, make("b", {}, `Short of ${short.missing} ${plain(short.slot)}: `), `nobody with ${short.needs.map(plain).join(", ")} can be found.`)),
      make("p", { class: "keys" },
        incident.decided_seq && may
          ? make("button", { type: "button", class: "main", onclick: () => this._act.accept(incident) }, make("kbd", {}, "Enter"), " Accept")
          : null,
        may ? make("button", { type: "button", title: others[1], onclick: () => this._act.override(incident) }, make("kbd", {}, "O"), others[0]) : null,
        may ? make("button", { type: "button", title: "A unit that is under way elsewhere; the line is begun for you", onclick: () => this._act.divert(incident) }, make("kbd", {}, "D"), " Divert") : null,
        make("button", { type: "button", onclick: () => this._act.askWhy(incident) }, make("kbd", {}, "W"), " Why not …?"),
        why ? make("span", { class: "quiet" }, `by ${plain(why.why.policy)}; ${why.why.travel}`) : null),
    );
  }

  _choice(choice, told) {
    const slot = told?.why.slots.find((each) => each.slot === choice.slot);
    const judged = slot?.considered.find((each) => each.unit === choice.unit && each.reason === "chosen");
    const next = slot?.considered.find((each) => each.unit !== choice.unit && each.reason === "farther");
    const parts = judged && judged.turnout_ms >= 0 ? `${span(judged.turnout_ms)} turnout + ${span(judged.travel_ms)} travel` : "";
    const spread = choice.spread_ms >= 0 ? ` ±${span(choice.spread_ms)}` : "";
    const margin = judged && judged.margin_ms !== null && judged.margin_ms !== undefined ? `+${span(judged.margin_ms)}` : "";
    const notes = [
      choice.source && `diverted from ${choice.source}`,
      choice.replaces && `in place of ${choice.replaces}`,
      choice.clear_ms >= 0 && `free in ${rough(choice.clear_ms)}`,
      judged && judged.fix_age_ms > 60_000 && `position ${rough(judged.fix_age_ms)} old`,
    ].filter(Boolean);
    return make("tr", { "data-unit": choice.unit },
      make("td", {}, make("b", {}, choice.unit)),
      make("td", {}, plain(choice.slot)),
      make("td", { class: "number" }, span(choice.eta_ms), make("span", { class: "quiet" }, spread)),
      make("td", { class: "quiet" }, parts),
      make("td", { class: "number" }, margin, next ? make("span", { class: "quiet" }, ` ${next.unit}`) : ""),
      make("td", { class: "quiet" }, notes.join(", ")));
  }

  _assigned(incident) {
    if (!incident.assigned.length) return "";
    const rows = incident.assigned.map((each) => {
      const [code, words, tone] = STATUS[each.status];
      const stamp = each.stamps[each.status];
      const under = each.arrive_ms && !each.stamps.on_scene;
      return make("tr", {},
        make("td", {}, make("b", {}, each.unit)),
        make("td", {}, make("span", { class: `chip st-${tone}`, title: `${code}: ${words}` }, make("b", {}, code)), ` ${words}`),
        make("td", { class: "number quiet", ...(stamp ? { "data-since": stamp } : {}) }, ""),
        make("td", { class: "number", ...(under ? { "data-until": each.arrive_ms } : {}) }, ""),
        make("td", { class: "quiet" }, [each.slot ? plain(each.slot) : "beyond the plan", each.by && `sent ${byWhom(each.by)}`, each.diverted && "diverted", each.late && `late: ${plain(each.late)}`, each.destination && `to ${each.destination}`, each.deviation].filter(Boolean).join(" · ")));
    });
    return make("table", { class: "assigned" },
      make("thead", {}, make("tr", {}, ...["Unit", "Status", "for", "there", ""].map((head) => make("th", {}, head)))),
      make("tbody", {}, rows));
  }

  _facts(incident) {
    const cautions = incident.cautions.map((name) => this.board.cautions.get(name)).filter(Boolean);
    const suspects = incident.suspects.map((each) => each.incident).slice(0, 3);
    const lines = [
      ...cautions.map((each) => make("p", { class: "caution" }, make("b", {}, `${plain(each.severity)}: `), each.text)),
      incident.held_until_ms && make("p", {}, make("b", {}, `Held until ${clockTime(incident.held_until_ms)}: `), incident.held_reason),
      suspects.length && make("p", {}, make("b", {}, "Perhaps the same as "), suspects.join(", ")),
      make("p", { class: "quiet" },
        [incident.plan && `plan ${plain(incident.plan)}`, incident.area && `area ${incident.area}`, incident.code && `code ${incident.code}`, incident.alarm_level > 1 && `alarm ${incident.alarm_level}`, incident.caller && `caller ${incident.caller}`, incident.reported_by && `taken by ${incident.reported_by}`, incident.redacted.length && `not for you: ${incident.redacted.map(plain).join(", ")}`].filter(Boolean).join(" · ")),
      ...incident.notes.slice(-4).reverse().map((note) => make("p", { class: "note" }, make("time", {}, clockTime(note.at_ms)), ` ${note.by}: ${note.text}`)),
    ];
    return make("section", { class: "facts" }, ...lines.filter(Boolean));
  }
}
