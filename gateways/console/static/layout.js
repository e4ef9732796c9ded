// How the user has arranged this window: kept on the server, so that it is there at whichever desk they sit down.

import { find } from "./dom.js";

const SAVE_AFTER_MS = 700;
const TRY_AGAIN_MS = 15_000;
/** Only so that the sign-in page and the first frame are not of the other theme. */
const THEME = "turnout-theme";
const SIDES = ["left", "right", "foot"];
const SIDES_MAX = 80;
const BOUNDS = { left: [12, 60], right: [12, 60], foot: [12, 70] };

/** The theme that this browser had last, or that its machine has. */
export function firstTheme() {
  const kept = localStorage.getItem(THEME);
  const theme = kept ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
  document.documentElement.dataset.theme = theme;
}

/** Every window of the user, as the server keeps them; {} where it does not answer: the desk as it was shipped. */
export async function fetchWindows() {
  try {
    const answer = await fetch("/console/layout", { signal: AbortSignal.timeout(5000) });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

export class Layout {
  /** `name` is that of the window; a second window has the theme of the desk until it is given its own. */
  constructor(name, windows) {
    this.name = name;
    this.said = "";
    this.onTheme = () => {};
    this._window = windows[name] ?? {};
    this._kept = JSON.stringify(this._window);
    this._desk = find("desk");
    const theme = this._window.theme || windows.desk?.theme;
    if (theme) this._paint(theme);
    for (const side of SIDES) this._size(side);
    this._show();
    addEventListener("pagehide", () => this._save());
  }

  // ── theme, panels, choices ────────────────────────────────────────────────────────────────────────────

  get theme() {
    return document.documentElement.dataset.theme;
  }

  set theme(theme) {
    this._paint(theme);
    this._change({ theme });
    this.onTheme();
  }

  get hidden() {
    return this._window.hidden ?? [];
  }

  hide(panel, away) {
    this._change({ hidden: [...this.hidden.filter((each) => each !== panel), ...(away ? [panel] : [])] });
    this._show();
  }

  /** What was chosen for something by name: a filter, a layer. */
  choice(name, otherwise) {
    return this._window.choices?.[name] ?? otherwise;
  }

  choose(name, value) {
    this._change({ choices: { ...this._window.choices, [name]: value } });
  }

  /** Remember what was chosen elsewhere on the page. Called once a second. */
  note(name, value, usual) {
    if (this.choice(name, usual) !== value) this.choose(name, value);
  }

  // ── sizes ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Per cent of the window; undefined: as it was shipped. */
  size(side) {
    return this._window[`${side}_percent`];
  }

  /** Give a side that size; null: as it was shipped. */
  resize(side, percent) {
    const [least, most] = BOUNDS[side];
    const other = { left: "right", right: "left" }[side];
    const room = other ? Math.min(most, SIDES_MAX - (this.size(other) ?? 0)) : most;
    this._change({ [`${side}_percent`]: percent === null ? undefined : Math.round(Math.min(room, Math.max(least, percent)) * 10) / 10 });
    this._size(side);
  }

  bounds(side) {
    return BOUNDS[side];
  }

  // ── the map ───────────────────────────────────────────────────────────────────────────────────────────

  /** Show the part of the city that was shown last. */
  restore(view) {
    const { map } = this._window;
    if (map) view.show(map.x, map.y, map.scale);
  }

  /** Remember which part of the city is shown. Called once a second. */
  remember(view) {
    if (!view.width) return;
    const map = view.whole ? undefined : { x: Math.round(view.x), y: Math.round(view.y), scale: Number(view.scale.toPrecision(4)) };
    if (JSON.stringify(map) !== JSON.stringify(this._window.map)) this._change({ map });
  }

  /** Everything as it was shipped. */
  reset() {
    this._window = {};
    for (const side of SIDES) this._size(side);
    this._show();
    this._change({});
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────

  _change(part) {
    this._window = JSON.parse(JSON.stringify({ ...this._window, ...part }));
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._save(), SAVE_AFTER_MS);
  }

  async _save() {
    clearTimeout(this._timer);
    const body = JSON.stringify(this._window);
    if (body === this._kept) return;
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(`/console/layout/${this.name}`, { method: "PUT", headers, body, keepalive: true, signal: AbortSignal.timeout(8000) });
      this.said = answer.ok ? "" : (await answer.json()).reason;
      if (answer.ok) this._kept = body;
      else if (answer.status < 500 && answer.status !== 429) return;
    } catch {
      this.said = "The server does not answer: the layout is kept as soon as it does.";
    }
    if (body !== this._kept) this._timer = setTimeout(() => this._save(), TRY_AGAIN_MS);
  }

  _paint(theme) {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(THEME, theme);
  }

  _size(side) {
    const percent = this.size(side);
    if (percent === undefined) this._desk.style.removeProperty(`--${side}`);
    else this._desk.style.setProperty(`--${side}`, percent);
    this._desk.classList.toggle(`has-${side}`, percent !== undefined);
  }

  _show() {
    this._desk.dataset.hidden = this.hidden.join(" ");
  }
}
