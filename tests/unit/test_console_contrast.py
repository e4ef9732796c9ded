"""The contrast of every ink of the two themes on every ground that it stands on: WCAG 2.2, also as the colour-blind see it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from gateways.console.routes import FOLDER

Rgb = tuple[float, float, float]
CREW = FOLDER.parents[1] / "crews" / "static" / "crew.css"
GROUNDS = ("ground", "panel", "raised")
TEXTS = (
    *("text", "quiet", "focus", "alarm", "warn", "good"),
    *(f"p{priority}" for priority in range(1, 6)),
    *(f"st-{tone}" for tone in ("free", "told", "rolling", "there", "bringing", "away")),
)
"""Inks that letters are written with."""
MARKS = ("station", "hospital", "route", "caution", "closure")
"""Inks of shapes on the map."""
ON = (
    *(("on-badge", ground) for ground in ("p1", "p2", "p3", "p4", "focus")),
    *(("on-alarm", "alarm-ground"), ("text", "warn-ground"), ("warn", "warn-ground")),
)
TEXT, MARK = 4.5, 3.0
SEEN: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    # Machado, Oliveira & Fernandes 2009, severity 1, on linear light
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def light(hexed: str) -> Rgb:
    """Linear light of `#rrggbb`, 0 to 1."""
    parts = (int(hexed[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def luminance(rgb: Rgb) -> float:
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), rgb, strict=True))


def contrast(one: Rgb, other: Rgb) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def seen(rgb: Rgb, how: tuple[Rgb, Rgb, Rgb]) -> Rgb:
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in how)
    return red, green, blue


def tokens(path: Path, begins: str) -> dict[str, Rgb]:
    """The inks that the block of a theme names."""
    text = path.read_text(encoding="utf-8")
    block = text[text.index(begins) :].partition("}")[0]
    return {name: light(value) for name, value in re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})\b", block)}


DARK, LIGHT = (tokens(FOLDER / "tones.css", f':root[data-theme="{theme}"]') for theme in ("dark", "light"))
themes = pytest.mark.parametrize("inks", [DARK, LIGHT], ids=["dark", "light"])


def test_the_reckoning_is_that_of_the_recommendation() -> None:
    """Black on white is 21; the greys of WCAG's own examples."""
    assert contrast(light("#000000"), light("#ffffff")) == pytest.approx(21)
    assert contrast(light("#767676"), light("#ffffff")) == pytest.approx(4.54, abs=0.01)
    assert contrast(light("#949494"), light("#ffffff")) == pytest.approx(3.03, abs=0.01)


@themes
def test_letters_are_legible_on_every_ground(inks: dict[str, Rgb]) -> None:
    """4.5 to 1 for letters, 3 to 1 for marks."""
    pairs = [(ink, ground, TEXT) for ink in TEXTS for ground in GROUNDS]
    pairs += [(ink, "ground", MARK) for ink in MARKS] + [(ink, ground, TEXT) for ink, ground in ON]
    faults = {
        (ink, on): round(contrast(inks[ink], inks[on]), 2)
        for ink, on, least in pairs
        if contrast(inks[ink], inks[on]) < least
    }
    assert not faults


@themes
@pytest.mark.parametrize("blindness", SEEN)
def test_letters_are_legible_to_the_colour_blind(inks: dict[str, Rgb], blindness: str) -> None:
    """No ink becomes one with its ground where a kind of cone is missing: 4 to 1 for letters, 3 to 1 for marks."""
    view = {name: seen(rgb, SEEN[blindness]) for name, rgb in inks.items()}
    pairs = [(ink, ground, 4.0) for ink in TEXTS for ground in GROUNDS]
    pairs += [(ink, "ground", 2.8) for ink in MARKS] + [(ink, ground, 4.0) for ink, ground in ON]
    faults = {
        (ink, on): round(contrast(view[ink], view[on]), 2)
        for ink, on, least in pairs
        if contrast(view[ink], view[on]) < least
    }
    assert not faults


@themes
def test_streets_are_quiet_and_yet_seen_in_their_order(inks: dict[str, Rgb]) -> None:
    """The greater the street, the more it stands out; none as much as what lives on the map."""
    ranked = [contrast(inks[f"street-{rank}"], inks["ground"]) for rank in ("major", "middle", "minor")]
    assert all(greater > lesser > 1.1 for greater, lesser in pairwise(ranked))
    assert ranked[0] < MARK


def test_the_crew_page_is_legible_in_both_schemes() -> None:
    """In the sun and at night."""
    day = tokens(CREW, ":root {")
    night = day | tokens(CREW, "@media (prefers-color-scheme: dark)")
    pairs = [(ink, on) for ink in ("text", "muted", "accent", "danger") for on in ("ground", "surface")]
    pairs += [(f"on-{ground}", ground) for ground in ("accent", "go", "danger")]
    pairs += [("warn-text", "warn-ground"), ("danger-text", "danger-ground")]
    for inks in (day, night):
        assert not {
            pair: round(contrast(inks[pair[0]], inks[pair[1]]), 2)
            for pair in pairs
            if contrast(inks[pair[0]], inks[pair[1]]) < TEXT
        }
