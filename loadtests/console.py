"""How fast the console is, in a real browser before a running demo: frames, a status to the pixel, Enter to "accepted".

    turnout demo --units 300 --pace 1 --data DATA       # in another terminal
    python -m loadtests.console DATA

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
  let frames = 0, worst = 0, last = performance.now();
  const began = last;
  const frame = (at) => {
    frames += 1; worst = Math.max(worst, at - last); last = at;
    if (at - began < 10000) requestAnimationFrame(frame);
    else resolve([frames / (at - began) * 1000, worst]);
  };
  requestAnimationFrame(frame);
})
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


def main(data: Path) -> None:
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
        rate, worst = page.evaluate(WATCH_FRAMES)
        print(f"units {page.evaluate('turnout.board.units.size')}   frames/s {rate:.1f}   longest frame {worst:.0f} ms")
        print("status to pixel    ", _summary(_statuses(page, client, web, unit)))
        print("Enter to accepted  ", _summary(_commands(page, unit)))
        browser.close()


def _statuses(page: Any, client: httpx2.Client, web: str, unit: str) -> list[float]:
    page.evaluate(WATCH_TILE, unit)
    took: list[float] = []
    for number in range(TIMES):
        status, code = (("out_of_service", "OS"), ("available", "AV"))[number % 2]
        known, began_ms = int(page.evaluate("seen.length")), time.time() * 1_000
        key = {"Idempotency-Key": uuid.uuid4().hex}
        client.post(f"{web}/v1/units/{unit}/status", json={"status": status}, headers=key).raise_for_status()
        page.wait_for_timeout(120)
        seen = [at for each, at in page.evaluate("seen")[known:] if each == code]
        took.append(seen[0] - began_ms if seen else float("inf"))
    return took


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
    main(Path(sys.argv[1]))
