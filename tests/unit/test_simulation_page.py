"""Claims about the page of a simulation: whole, self-contained, safe against names, and right in what it says."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gateways.places import load as load_place
from gateways.simulation import Run, document_of, render_page
from gateways.simulation.drawing import digits_of, look, mark, ticks
from gateways.simulation.labels import Box, placed
from gateways.simulation.page import answer
from gateways.simulation.possible import Possible
from tests.unit.simulation_kit import city, outcomes

RUN = Run("riverside", "jemss", 5, 4, 1, command="turnout sim riverside", version="0.1.0", rules=("One goes.",))
VOID = {"meta", "br", "line", "rect", "circle", "path", "polygon"}
EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def place():
    return load_place(Path(__file__).parents[2] / "config" / "riverside").place


class Reader(HTMLParser):
    """Follows the tags; complains of one that is closed wrongly, and keeps what a test asks for."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


CASES = {
    "four policies": city,
    "one policy": lambda: {"static": outcomes("static")},
    "one replication": lambda: city(reps=1),
    "one day": lambda: city(reps=1, days=1),
    "no calls": lambda: {"static": outcomes("static", per_day=0)},
    "one group": lambda: city(priorities=(1, 2)),
    "many policies": lambda: {f"p{row}": outcomes(f"p{row}", pace=1 - row / 40, moves=row / 9) for row in range(19)},
    "many units": lambda: city(units=90),
}


@pytest.mark.parametrize("case", CASES)
def test_the_page_parses_and_fetches_nothing(case, place):
    """Every tag is closed; no address, no import, no source; and its own policy forbids it besides."""
    by_policy = CASES[case]()
    page = render_page(document_of(RUN, by_policy), by_policy, place)
    reader = read(page)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bfetch\(|XMLHttpRequest|\bnan\b|\binf\b|None", page)
    fetching = {"src", "href", "srcset", "data", "action", "xlink:href", "poster"}
    assert not [each for each in reader.attributes if each[1] in fetching]
    assert ("meta", "http-equiv", "Content-Security-Policy") in reader.attributes
    policy = next(value for _, name, value in reader.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none';")
    assert "script-src 'sha256-" in policy


def test_what_nobody_can_do_better_than_is_on_the_page(place):
    """A line in the picture and a sentence, for each bound; none where none was asked for."""
    by_policy = city()
    bounds = (Possible("all calls foreseen", 0.021, "in hindsight"), Possible("none foreseen", 0.047, "without it"))
    page = render_page(document_of(msgspec.structs.replace(RUN, possible=bounds), by_policy), by_policy, place)
    told = " ".join(read(page).words)
    assert "No policy is late for less than 2.1\u00a0% of high-priority calls, in hindsight." in told
    assert "nobody can, none foreseen: 4.7\u00a0%" in told
    assert "nobody can" not in render_page(document_of(RUN, by_policy), by_policy, place)


def test_names_cannot_become_tags(place):
    """Names of policies, places, rules and stations are text wherever they stand."""
    run = msgspec.structs.replace(RUN, place=EVIL, preset=EVIL, command=EVIL, rules=(EVIL,), version=EVIL)
    by_policy = {EVIL + "a": outcomes("a"), EVIL + "b": outcomes("b", pace=0.8, moves=0.2)}
    evil = msgspec.structs.replace(
        place, stations=tuple(msgspec.structs.replace(station, name=EVIL) for station in place.stations)
    )
    page = render_page(document_of(run, by_policy), by_policy, evil)
    read(page)
    assert page.count("<script>") == 1
    assert "alert(1)&lt;/script&gt;" in page


def test_every_policy_is_in_every_picture(place):
    """Once in the legend, once in the table, once in each of the pictures that compare."""
    by_policy = city()
    page = render_page(document_of(RUN, by_policy), by_policy, place)
    for row in range(4):
        assert page.count(f'data-key="{row}"') == 1
        whisker, pareto, courses, work = 1, 1, 6, 1
        changes = 2 if row else 0
        assert page.count(f'data-policy="{row}"') == whisker + pareto + courses + work + changes


def test_lines_tell_what_the_document_says(place):
    """The values that a pointer finds are those of the document, one for each place on the axis."""
    by_policy = city()
    document = document_of(RUN, by_policy)
    reader = read(render_page(document, by_policy, place))
    told = [json.loads(value) for _, name, value in reader.attributes if name == "data-told"]
    assert len(told) == 6
    share = document["policies"][2]["by_hour"]["late_share"]["high"][15]
    assert told[2]["series"][2] == ["priced", told[2]["series"][2][1]]
    assert told[2]["series"][2][1][15] == f"{share * 100:.1f}\u00a0%"
    for each in told:
        assert len({len(each["x"]), len(each["labels"]), *(len(values) for _, values in each["series"])}) == 1


def test_the_answer_names_the_best_and_its_price():
    """The least late policy whose interval leaves out zero; what it asks for; who is not beaten."""
    document = document_of(RUN, city())
    sentence, lead = answer(document)
    assert "priced" in sentence
    assert f"{document['policies'][2]['late_share']['high'] * 100:.1f}" in sentence
    assert "on the same calls" in lead
    assert "nobody beats" in lead
    assert "restless" not in lead


def test_the_answer_does_not_claim_what_is_not_clear():
    """No better policy, or only one: it says so."""
    worse = {"static": outcomes("static"), "slow": outcomes("slow", pace=1.2)}
    assert "no other policy is clearly better" in answer(document_of(RUN, worse))[0]
    same = {"static": outcomes("static"), "same": outcomes("same")}
    assert "no other policy is clearly better" in answer(document_of(RUN, same))[0]
    assert "the mean response is" in answer(document_of(RUN, {"static": outcomes("static")}))[0]


def test_maps_show_the_first_and_whom_nobody_beats(place):
    """And each station and hospital of the place."""
    by_policy = city()
    page = render_page(document_of(RUN, by_policy), by_policy, place)
    shown = re.findall(r'aria-label="Map of late share, high priority, under (\w+)"', page)
    assert shown == ["static", "dmexclp", "priced"]
    assert page.count('class="station"') == 3 * len(place.stations) + 1


def test_names_lie_on_nothing():
    """Among crowded points no name meets another, a point, or the edge, where there is room at all."""
    chance = np.random.default_rng(8)
    inside = Box(0, 0, 640, 400)
    for _ in range(40):
        points = [
            (float(x), float(y)) for x, y in zip(chance.uniform(30, 600, 9), chance.uniform(30, 370, 9), strict=True)
        ]
        names = [f"policy {row}" for row in range(9)]
        labels = placed(points, names, inside)
        for row, label in enumerate(labels):
            box = label.box
            assert box.left >= 0
            assert box.right <= 640
            assert not any(box.meets(other.box) for other in labels[:row])
            assert not any(box.meets(Box(x - 4, y - 4, x + 4, y + 4)) for x, y in points)


def test_policies_look_different():
    """Hue and mark together are different for every one of fifty policies, and nobody has the hue of the first."""
    looks = [(look(row).split()[0], re.sub(r"[\d.,-]+", "", mark(row, 0, 0)), mark(row, 0, 0)) for row in range(50)]
    assert len(set(looks)) == 50
    assert [hue for hue, *_ in looks].count("s0") == 1


def test_ticks_are_round_and_inside():
    """Steps of 1, 2, 2.5 or 5; none outside; and labels tell them exactly."""
    chance = np.random.default_rng(1)
    for _ in range(300):
        low = float(chance.uniform(-5, 5))
        high = low + float(10 ** chance.uniform(-3, 3))
        values = ticks(low, high)
        assert values == sorted(values)
        assert all(low - 1e-6 <= value <= high + 1e-6 for value in values)
        assert 2 <= len(values) <= 11
    assert digits_of([0.25, 0.5]) == 2
    assert digits_of([1.0, 20.0]) == 0
