"""Entering a call in a real browser: advice before it is sent, places as they are typed, the line in all its spellings."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from click.testing import CliRunner

from gateways.commands.journal import journal
from gateways.geocoding.names import Names
from tests.browser.desk_kit import accepted, call, desk, expect, refused, say, typing
from tests.browser.kit import PLACE

SPOT = "41.497,-90.512"
TOWN = """async () => {
  const { Streets } = await import("/console/streets.js");
  const { Places } = await import("/console/places.js");
  const place = {
    name: "Toytown", bounds: [-1000, -1000, 1000, 1000], hospitals: [],
    projection: { lat0: 41.5, lon0: -90.5, metres_per_degree: 111320 },
    stations: [{ id: "S1", name: "North Station", x: 5, y: 7 }],
  };
  const streets = new Streets(place);
  streets.load({
    classes: ["residential"], names: ["", "5th Street", "Main Street", "Main Avenue", "Mill Lane"],
    lines: [[0, 1, 0, 0, 100, 0], [0, 1, 100, 0, 100, 0], [0, 2, 100, 0, 0, 100], [0, 3, 0, 500, 90, 0], [0, 4, 200, 0, 0, 80]],
  });
  window.town = new Places(streets, place);
}"""
HEARS_LATE = """() => {
  const { link, board } = window.turnout;
  const [ask, fold, held] = [link.ask.bind(link), board.delta.bind(board), []];
  board.delta = (message) => held.push(message) > 0;
  link.ask = (message) => {
    const answer = ask(message);
    link.ask = ask;
    board.delta = fold;
    held.forEach(fold);
    return answer;
  };
}"""


def test_who_would_go_is_shown_before_the_call_is_sent(tmp_path: Path) -> None:
    """Type and place are enough; typing on asks anew; Esc leaves nothing behind, Enter makes it true."""
    with desk(tmp_path) as (server, page):
        typing(page, "n sick")
        expect(page.locator("#draft")).to_contain_text("Where?")
        typing(page, f"n sick person {SPOT}")
        expect(page.locator("#draft .proposal")).to_contain_text("Would go")
        expect(page.locator("#draft")).to_contain_text("Nothing like it is open there.")
        foreseen = page.locator("#draft tbody tr b").all_inner_texts()
        assert foreseen
        seq = server.read("/v1/incidents")["seq"]
        assert server.read("/v1/incidents")["items"] == []
        page.keyboard.press("Escape")
        expect(page.locator("#draft")).to_be_hidden()
        incident = call(page, "sick_person", "; he fell")
        assert incident == "I1"
        assert server.read("/v1/incidents")["seq"] > seq
        expect(page.locator("#draft")).to_be_hidden()
        expect(page.locator("#card .proposal tbody tr b").first).to_have_text(foreseen[0])
        typing(page, f"n sick_person {SPOT}")
        expect(page.locator("#draft .draft-same")).to_contain_text("I1")
        typing(page, "n sick_person 10.0,-90.5")
        expect(page.locator("#draft")).to_contain_text("lies outside")


def test_advice_that_has_changed_is_shown_anew_and_nobody_is_sent_by_mistake(tmp_path: Path) -> None:
    """Somebody else takes the unit between the look and the key: the new best is said, and the same key sends it."""
    with desk(tmp_path) as (server, page):
        first = call(page, "sick_person")
        other = call(page, "sick_person")
        say(page, f"V {first}")
        expect(page.locator("#card .card-id")).to_have_text(first)
        best = page.evaluate(
            "(name) => window.turnout.board.incidents.get(name).recommended.map((each) => each.unit)", first
        )
        # The page hears of it only once the key has been pressed.
        page.evaluate(HEARS_LATE)
        server.order(f"/v1/incidents/{other}/dispatch", units=best, reason="another desk")
        say(page, f"D {first}")
        result = page.locator("#result")
        expect(result).to_contain_text("Nobody sent yet")
        expect(result).to_have_attribute("data-kind", "renewed")
        assert not server.read(f"/v1/incidents/{first}")["assigned"]
        expect(page.locator("#command")).to_have_value(f"D {first}")
        page.keyboard.press("Enter")
        accepted(page, f"Accepted for {first}")
        sent = [each["unit"] for each in server.read(f"/v1/incidents/{first}")["assigned"]]
        assert sent
        assert not set(sent) & set(best)
        say(page, "undo")
        accepted(page, f"Undone: .* released from {first}")


def numbered(folder: Path) -> Path:
    """Return a copy of the place with a few house numbers."""
    place = copytree(PLACE, folder / "place")
    houses = [
        ("2", "Main Street"),
        ("12", "Main Street"),
        ("11", "Mill Lane"),
        ("12", "Mill Lane"),
        ("17", "Mill Lane"),
    ]
    rows = [f"{number},{street},41.49{at},-90.51\n" for at, (number, street) in enumerate(houses)]
    (place / "addresses.csv").write_text("".join(["number,street,lat,lon\n", *rows]))
    return place


def test_places_are_found_by_house_street_corner_name_and_coordinates(tmp_path: Path) -> None:
    """Half a name, 5TH & MAIN, stations; what a map does not hold is said, and what is ambiguous is asked."""
    with desk(tmp_path, place=numbered(tmp_path)) as (server, page):
        houses_are_found(server, page)
        page.evaluate(TOWN)

        def found(text: str) -> Any:
            return page.evaluate("(text) => window.town.locate(text)", text)

        def offered(text: str) -> list[str]:
            return list(page.evaluate("(text) => window.town.offers(text, 8).map((each) => each.word)", text))

        assert found("5TH & MAIN") == {"x": 100, "y": 0, "name": "5th Street & Main Street", "note": ""}
        assert found("main st/5th")["name"] == "Main Street & 5th Street"
        assert found("mill and 5th")["x"] == 200
        assert "Which one: Main Avenue, Main Street" in found("main")["wrong"]
        assert "do not meet" in found("mill & main")["wrong"]
        assert "No street is called" in found("mill & elm")["wrong"]
        assert found("12 mill lane")["name"] == "12 Mill Lane"
        assert "no house numbers" in found("12 mill lane")["note"]
        assert "cross street" in found("mill lane")["note"]
        assert (found("north station")["x"], found("S1")["y"]) == (5, 7)
        assert found("41.5 N 90.5 W") == {"x": 0, "y": 0, "name": "41.5,-90.5", "note": ""}
        assert "lies outside Toytown" in found("-90.5, 41.5")["wrong"]
        assert "Nothing here is called" in found("nowhere")["wrong"]
        assert offered("mai") == ["Main Avenue", "Main Street"]
        assert offered("12 mi") == ["12 Mill Lane"]
        assert offered("5th & ") == ["5th Street & Main Street", "5th Street & Mill Lane"]
        assert offered("5th & mi") == ["5th Street & Mill Lane"]
        assert offered("nor") == ["North Station"]
        names = Names(["5th street", "main street", "main avenue", "mill lane"])
        for text in ("m", "MAI", "main s", "st", "5", "lane", "Mill  ", "x", "in", "main street"):
            matching = [name.lower() for name in page.evaluate("(text) => window.town._candidates(text)", text)]
            assert matching == [names.all[row] for row in names.matching(text).tolist()]


def houses_are_found(server: Any, page: Any) -> None:
    """The server is asked: offers as one types, Tab and Enter wait for its answer; what is not listed is said."""
    typing(page, "n sick_person 12 mi")
    page.keyboard.press("Tab")
    expect(page.locator("#command")).to_have_value("n sick_person 12 Mill Lane ")
    expect(page.locator("#draft .card-place")).to_have_text("12 Mill Lane")
    say(page, "n sick_person 12 m")
    refused(page, "Which one: 12 Main Street; 12 Mill Lane")
    say(page, "n sick_person mill la 13 P2")
    accepted(page, r"I1: .*, 13 Mill Lane \(not listed: between 11 and 17, within 149 m\)")
    told = server.read("/v1/incidents/I1")
    assert (told["address"], told["priority"]) == ("13 Mill Lane", 2)
    assert (told["lat"], told["lon"]) == pytest.approx((41.492667, -90.51), abs=1e-5)
    say(page, "n sick_person 5 nowhere")
    refused(page, "Nothing here is called “5 nowhere”")


def test_the_line_takes_what_dispatchers_write(tmp_path: Path) -> None:
    """Digits on either side, several units, dots, names of verbs; what is ambiguous is asked; the record has it all."""
    with desk(tmp_path) as (server, page):
        incident = call(page, "sick_person", "P5")
        say(page, f"D.{incident}.C1.nearer by foot")
        accepted(page, f"Sent C1 to {incident}")
        say(page, "C1 3")
        accepted(page, "C1 en route")
        other = call(page, "sick_person", "P4")
        say(page, f"D {other} C1 nearest")
        refused(page, r"Enter turns it round \(DV\)")
        expect(page.locator("#command")).to_have_value(f"DV C1 {other} nearest")
        say(page, "C1.4")
        accepted(page, "C1 on scene")
        say(page, "E1 E2 6")
        accepted(page, "E1, E2 out of service")
        say(page, "avail E1 E2")
        accepted(page, "E1, E2 available")
        say(page, "re")
        refused(page, "may be .*release.*recommend|may be .*recommend.*release")
        assert server.read("/v1/units/E1")["status"] == "available"
    told = CliRunner().invoke(journal, ["audit", str(server.data / "journal"), "--typed", "--json"]).output.splitlines()
    lines = [(each["by"], each["line"]) for each in map(json.loads, told)]
    assert ("desk", f"D.{incident}.C1.nearer by foot") in lines
    assert lines.count(("desk", "E1 E2 6")) == 2
