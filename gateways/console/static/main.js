// The console, put together: sign in, take the board, draw what changes.

import { Addresses } from "./addresses.js";
import { Alarms } from "./alarms.js";
import { Attention } from "./attention.js";
import { Board } from "./board.js";
import { Card } from "./card.js";
import { setZone } from "./clock.js";
import { Cover } from "./cover.js";
import { Desk } from "./desk.js";
import { placeDividers } from "./dividers.js";
import { Ways } from "./diverting.js";
import { Draft } from "./draft.js";
import { find, write } from "./dom.js";
import { leave, showPeople, signIn, whoIsHere } from "./door.js";
import { FirstSteps } from "./first.js";
import { Header } from "./header.js";
import { fetchWindows, firstTheme, Layout } from "./layout.js";
import { Legend } from "./legend.js";
import { Line } from "./line.js";
import { Link } from "./link.js";
import { CityMap } from "./map.js";
import { Past } from "./past.js";
import { Places } from "./places.js";
import { followPointing } from "./pointing.js";
import { Queue } from "./queue.js";
import { settle, showSettings } from "./settings.js";
import { Still } from "./still.js";
import { fetchStreets } from "./streets.js";
import { Supervisor } from "./supervisor.js";
import { Timeline } from "./timeline.js";
import { Tones } from "./tones.js";
import { Units } from "./units.js";
import { takeVerbs } from "./verbs.js";
import { ALARMS, knowTypes, plain, typeName, urgency } from "./words.js";

firstTheme();
const me = (await whoIsHere()) ?? (await signIn());
find("door").hidden = true;
find("desk").hidden = false;

const place = await (await fetch("/console/place")).json();
knowTypes(place.types);
takeVerbs(await (await fetch("/console/verbs")).json());
setZone(place.timezone, place.utc_offsets);
document.title = `${place.name} · Turnout`;
const streets = await fetchStreets(place);

/** "": the desk. A window without a command line only shows: "map" for a second screen, "wall" for everybody, "supervisor", "replay". */
const view = ["map", "wall", "supervisor", "replay"].find((each) => each === new URLSearchParams(location.search).get("view")) ?? "";
document.body.dataset.view = view;
const layout = new Layout(view || "desk", await fetchWindows());
if (!view) placeDividers(layout);
const past = view === "replay";
if (past) me.rights = me.rights.filter((right) => right === "watch");

const board = new Board();
const tones = new Tones(me.principal);
settle(layout, tones);
const link = new (past ? Past : Link)(board, { onState: () => stateChanged(), onSignedOut: leave });
const alarms = new Alarms(board, link, tones);
const desk = new Desk({ board, link, streets, place, me, tones });
const header = new Header(board, link, place, me);
const queue = new Queue(board, place);
const units = new Units(board, (unit) => desk.line.add(unit.id) || desk.showUnit(unit.id), layout);
const timeline = new Timeline(board);
desk.attention = new Attention(board, desk);
queue.still = desk.attention.still = new Still(find("queue").parentElement, find("attention"), find("queue"), (words) => desk.line.say("refused", words));
desk.cover = new Cover(board, link);
desk.first = new FirstSteps(layout, me);
desk.card = new Card(board, desk);
desk.first.onChange = desk.card.draw;
desk.map = new CityMap(board, streets, place, { cover: desk.cover, link, onPick: () => view || desk.line.focus("N ") });
const legend = new Legend(board, desk.cover, { recorded: past });
if (!past) followPointing(board, desk.cover);
desk.places = new Places(streets, place, place.addresses && !view ? new Addresses(link, () => desk.line.told()) : null);
desk.draft = new Draft(desk);
desk.ways = new Ways(link, () => desk.line.foretell());
desk.line = new Line(desk);
layout.restore(desk.map.view);
const seen = layout.choice("cover", "off");
if (seen !== "off") desk.cover.choose(past ? "now" : seen);
layout.onTheme = () => desk.map.redraw();

find("help-open").onclick = () => desk.help();
find("who").onclick = () => showPeople(me);
find("settings-open").onclick = () => showSettings(layout, tones, HIDEABLE[view]);

/** Whoever closes a sheet goes on at the line: on the button that opened it Enter would open it again. */
for (const sheet of document.querySelectorAll("dialog")) {
  sheet.addEventListener("close", () => !view && document.activeElement.closest(".bar") && desk.line.focus());
}

/** What may be put away in each kind of window. Calls, alarms and the command line may not. */
const HIDEABLE = { "": ["map", "units", "timeline"], map: [], wall: ["map", "units", "timeline"], supervisor: [], replay: [] };
const panels = [queue, units, timeline, desk.attention, desk.card];
const supervisor = view === "supervisor" ? new Supervisor(board) : null;

/** Say to who does not see it what a glance would tell: the most urgent thing that is new. */
function announce(incident, raised) {
  const alarm = raised.filter((each) => !each.acknowledged_by).sort((a, b) => urgency(a.about) - urgency(b.about))[0];
  if (alarm) write(find("announce"), `${alarm.unit ?? alarm.incident}: ${ALARMS[alarm.about] ?? plain(alarm.about)}`);
  else if (incident) write(find("announce"), `New: priority ${incident.priority}, ${typeName(incident.type)}, ${incident.address}`);
}

function stateChanged() {
  header.tick();
  if (!past) alarms.look();
}

board.follow((kind, message) => {
  if (kind === "positions") return desk.map.moved(message);
  if (kind === "cover") {
    legend.draw();
    desk.map.coverChanged();
    desk.map.moved();
    return desk.card.draw();
  }
  for (const panel of panels) panel.draw();
  desk.map.moved();
  if (past) legend.draw();
  if (kind === "selection") {
    const { chosen } = board;
    if (chosen) desk.map.reveal(chosen.lat, chosen.lon);
  }
  if (past) return; // of what is over nothing sounds
  if (kind === "delta") alarms.sound(message.fresh, message.alarms);
  alarms.look();
  if (kind !== "delta") return;
  desk.opened();
  const [first] = message.fresh.sort((a, b) => a.priority - b.priority);
  announce(first, message.alarms);
});

setInterval(() => {
  header.tick();
  for (const panel of [queue, units, desk.attention, desk.card, desk.line]) panel.tick();
  supervisor?.tick();
  desk.map.moved();
  layout.remember(desk.map.view);
  layout.note("cover", desk.cover.on ? desk.cover.when : "off", "off");
  tones.tick();
}, 1000);

/** A call of priority 1 that sounds is answered by looking at it; tell whether there was one. */
function lookAtNew() {
  if (alarms.due !== "incident1") return false;
  desk.openIncident(alarms.unseen.id);
  return true;
}

/** Keys that work from anywhere but a field. */
const KEYS = {
  "/": () => desk.line.focus(),
  "?": () => desk.help(),
  ArrowDown: () => queue.step(1),
  ArrowUp: () => queue.step(-1),
  Enter: () => desk.acceptChosen(),
  o: () => board.chosen && desk.override(board.chosen),
  d: () => board.chosen && desk.divert(board.chosen),
  w: () => board.chosen && desk.askWhy(board.chosen),
  k: () => lookAtNew() || desk.line.run("K"),
  m: () => tones.press(),
  c: () => desk.cover.toggle(),
  t: () => past || desk.cover.choose(desk.cover.on && desk.cover.when === "now" ? "then" : "now"),
  Escape: () => desk.card.close() || board.select(null),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || (event.repeat && event.key === "Enter") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, dialog") && event.key !== "/") return;
  if (event.target.closest("dialog")) return;
  if (event.target.id === "command") return;
  if (event.key === "Enter" && event.target.closest("button")) return;
  if (supervisor) return;
  if (view && !event.key.startsWith("Arrow") && !["Escape", "c", "t", "m"].includes(event.key)) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

stateChanged();
for (const panel of panels) panel.draw();
link.connect();

// For drills and tests: what the page knows, and a way to cut its link.
window.turnout = { board, link, desk, tones, layout, queue };
