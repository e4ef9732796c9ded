"""How fast the console is, in a real browser before a running demo: frames, a status to the pixel, Enter to "accepted".

    turnout demo --units 300 --pace 1 --data DATA       # in another terminal
    python -m loadtests.console DATA [10000]

Frames, and what the page is sent, are measured with the whole city in sight, with the heat layer on, and with a small
part in sight: what moves elsewhere is not sent then. With a number, so many units more are put on the page's board and
moved once a second each, by messages as the server sends them: that is the page alone, whatever the server can do.
Beside frames stands what one costs of the page's own thread, in processor time, which a busy machine does not change.

Times are taken by one clock: that of this machine, which the page reads as well (`performance.timeOrigin`). Each is an
upper bound: it holds the HTTP request of the status, and the next frame of the page.
"""

import os
import sys
import time
import tomllib
import uuid
from pathlib import Path
from typing import Any, Final

import httpx2
from playwright.sync_api import sync_playwright

from gateways.config import ACCESS_FILE
from gateways.doors import find_doors

CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TIMES: Final = 100
WATCH_FRAMES: Final = """
() => new Promise((resolve) => {
  const { board, link } = window.turnout;
  window.moves ??= (board.follow((kind, message) => { if (kind === "positions") window.moves += message.units.length; }), 0);
  const [heard, moves] = [link.heard, window.moves];
  const apart = [];
  let last = 0, began = 0;
  const frame = (at) => {
    if (last) apart.push(at - last);
    began ||= at;
    last = at;
    if (at - began < 10000) requestAnimationFrame(frame);
    else resolve({ apart, kB: (link.heard - heard) / (at - began), moves: (window.moves - moves) / (at - began) * 1000 });
  };
  requestAnimationFrame(frame);
})
"""
CROWD: Final = """
(count) => {
  const { board, link } = window.turnout;
  const all = [...board.units.values()];
  const names = [];
  for (let at = 0; at < count; at += 1) {
    const like = all[at % all.length];
    names.push(`X${at}`);
    board.units.set(`X${at}`, { ...like, id: `X${at}`, incident: null, emergency: null, status: at % 4 ? "available" : "off_duty" });
  }
  let turn = 0;
  const tell = () => {
    const units = [];
    for (let at = 0; at < count / 20; at += 1) {
      const name = names[turn++ % count];
      const { lat, lon } = board.units.get(name);
      const [north, east] = [(Math.random() - 0.5) * 0.004, (Math.random() - 0.5) * 0.004];
      units.push([name, lat + north, lon + east, Date.now(), 9.5, Math.floor(360 * Math.random())]);
    }
    link._socket?.onmessage({ data: JSON.stringify({ type: "positions", at_ms: Date.now(), units }) });
  };
  setInterval(tell, 50);
}
"""
WATCH_TILE: Final = """
(unit) => {
  window.seen = [];
  const grid = document.getElementById("units");
  const look = () => {
    const code = grid.querySelector(`[data-key="${unit}"] .tile-code`)?.textContent;
    if (!code || code === window.was) return;
    window.was = code;
    requestAnimationFrame(() => window.seen.push([code, performance.timeOrigin + performance.now()]));
  };
  new MutationObserver(look).observe(grid, { childList: true, subtree: true });
}
"""
WATCH_RESULT: Final = """
() => {
  window.took = [];
  const result = document.getElementById("result");
  let pressed = 0;
  document.getElementById("command").addEventListener("keydown", (event) => {
    if (event.key === "Enter") pressed = performance.now();
  }, true);
  new MutationObserver(() => {
    if (result.dataset.kind !== "accepted" || !pressed) return;
    window.took.push(performance.now() - pressed);
    pressed = 0;
  }).observe(result, { attributes: true, childList: true, subtree: true });
}
"""
FREE_UNIT: Final = "[...turnout.board.units.values()].filter((u) => u.status === 'available' && !u.move).at(-1).id"


def main(data: Path, crowd: int) -> None:
    """Sit down, measure, print."""
    web = find_doors(data).web
    token = tomllib.loads((data / ACCESS_FILE).read_text())["dispatcher"]
    client = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
    code = client.post(f"{web}/console/codes").json()["code"]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(f"{web}/#code={code}")
        page.wait_for_selector(".row")
        unit = str(page.evaluate(FREE_UNIT))
        if crowd:
            page.evaluate(CROWD, crowd)
            page.wait_for_timeout(1_000)
        print(f"units {page.evaluate('turnout.board.units.size')}")
        thread = page.context.new_cdp_session(page)
        thread.send("Performance.enable", {"timeDomain": "threadTicks"})
        _frames(page, thread)
        if not crowd:
            print("status to pixel    ", _summary(_statuses(page, client, web, unit)))
            print("Enter to accepted  ", _summary(_commands(page, unit)))
        browser.close()


def _frames(page: Any, thread: Any) -> None:
    """Print frames and traffic for each of the views."""
    print("whole city         ", _rate(page, thread))
    page.keyboard.press("c")
    while not page.evaluate("Boolean(window.turnout.board.cover?.picture)"):
        page.wait_for_timeout(100)
    print("with the heat layer", _rate(page, thread))
    page.keyboard.press("c")
    for _ in range(5):
        page.click("#map-in")
    page.wait_for_timeout(2_000)  # the server is told where one looks once the view rests
    print("a small part       ", _rate(page, thread))
    page.click("#map-all")


def _worked_s(thread: Any) -> float:
    """Processor time of the page's own thread until now."""
    told = {each["name"]: each["value"] for each in thread.send("Performance.getMetrics")["metrics"]}
    return float(told["TaskDuration"])


def _rate(page: Any, thread: Any) -> str:
    before_s = _worked_s(thread)
    seen = page.evaluate(WATCH_FRAMES)
    cost_ms = 1_000 * (_worked_s(thread) - before_s) / len(seen["apart"])
    apart = sorted(seen["apart"])
    p99 = apart[len(apart) * 99 // 100]
    rate = 1_000 * len(apart) / sum(apart)
    frames = (
        f"frames/s {rate:.1f}   apart p50 {apart[len(apart) // 2]:.1f} ms   p99 {p99:.1f} ms   max {apart[-1]:.0f} ms"
    )
    return f"{frames}   costs {cost_ms:.1f} ms   {seen['moves']:.0f} positions/s   {seen['kB']:.1f} kB/s"


def _statuses(page: Any, client: httpx2.Client, web: str, unit: str) -> list[float]:
    page.evaluate(WATCH_TILE, unit)
    took: list[float] = []
    for number in range(TIMES):
        status, code = (("out_of_service", "OS"), ("available", "AV"))[number % 2]
        known, began_ms = int(page.evaluate("seen.length")), time.time() * 1_000
        key = {"Idempotency-Key": uuid.uuid4().hex}
        client.post(f"{web}/v1/units/{unit}/status", json={"status": status}, headers=key).raise_for_status()
        took.append(_when_seen(page, known, code) - began_ms)
    return took


def _when_seen(page: Any, known: int, code: str) -> float:
    """Return when the tile showed the code, of what it showed since; inf if it has not done so within seconds."""
    for _ in range(100):
        page.wait_for_timeout(30)
        seen = [at for each, at in page.evaluate("seen")[known:] if each == code]
        if seen:
            return float(seen[0])
    return float("inf")


def _commands(page: Any, unit: str) -> list[float]:
    page.evaluate(WATCH_RESULT)
    for number in range(TIMES):
        page.keyboard.press("/")
        page.keyboard.press("Control+A")
        page.keyboard.type(f"{unit} {('OS', 'AV')[number % 2]}")
        page.keyboard.press("Enter")
        for _ in range(100):
            if page.evaluate("took.length") > number:
                break
            page.wait_for_timeout(20)
    return [float(each) for each in page.evaluate("took")]


def _summary(took: list[float]) -> str:
    ranked = sorted(took)
    p99 = ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)]
    return f"n {len(ranked)}   p50 {ranked[len(ranked) // 2]:.0f} ms   p99 {p99:.0f} ms   max {ranked[-1]:.0f} ms"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
