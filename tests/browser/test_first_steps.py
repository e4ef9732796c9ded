"""Somebody who has never seen the desk: what it says by itself of how to dispatch, override and divert."""

from pathlib import Path

from tests.browser.desk_kit import accepted, call, desk, expect, refused, say


def test_the_first_steps_are_shown_until_they_are_done(tmp_path: Path) -> None:
    """By the keys and offers that the page names, and nothing else; then they are gone, also after the page is loaded anew."""
    with desk(tmp_path) as (_, page):
        steps = page.get_by_role("region", name="First steps")
        ticks = steps.get_by_label("done")
        expect(steps).to_contain_text("Override")
        expect(ticks).to_have_count(0)

        first = call(page, "sick_person", "P4")
        expect(page.locator("#card .proposal")).to_contain_text("Accept")
        page.locator("#queue").focus()
        page.keyboard.press("Enter")
        accepted(page, f"Accepted for {first}")
        sent = page.locator("#card .assigned tbody b").first.inner_text()

        second = call(page, "sick_person", "P3")
        expect(page.locator("#card .proposal")).to_contain_text("Send others")
        page.locator("#queue").focus()
        page.keyboard.press("o")
        line = page.locator("#command")
        expect(line).to_have_value(f"D {second} ")
        offers = page.locator("#assist .offer")
        expect(offers.first).to_contain_text("recommended")
        assert not [each for each in offers.all_inner_texts() if each.split()[0] in (first, second)]
        offers.nth(1).click()
        assert line.input_value().startswith(f"D {second} ")
        other = line.input_value().split()[-1]
        assert other not in (second, sent)
        expect(page.locator("#assist")).to_contain_text(f"{other} instead of")
        page.keyboard.press("Enter")
        refused(page, "Say why")
        expect(line).to_have_value(f"D {second} {other}")
        page.keyboard.type(" it knows the house")
        page.keyboard.press("Enter")
        accepted(page, f"Sent {other} to {second}")

        third = call(page, "fire_alarm", "P1")
        page.locator("#queue").focus()
        page.keyboard.press("d")
        expect(line).to_have_value(f"DV {third} ")
        expect(page.locator("#assist")).to_contain_text(f"{sent} dispatched to {first}")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        say(page, f"D {third} {sent}")
        refused(page, f"{sent} is under way to {first}")
        expect(line).to_have_value(f"DV {sent} {third} ")
        page.keyboard.type("smoke is seen")
        page.keyboard.press("Enter")
        accepted(page, f"{sent} diverted to {third}")

        page.evaluate("window.turnout.board.select(null)")
        expect(page.locator("#card")).to_contain_text("City")
        expect(steps).to_be_hidden()
        page.wait_for_function(
            "fetch('/console/layout').then((answer) => answer.json()).then((all) => all.desk?.choices['first-steps'] === 'done')"
        )
        page.reload()
        expect(page.locator("#link")).to_have_attribute("data-state", "live")
        expect(page.locator("#card")).to_contain_text("City")
        expect(steps).to_be_hidden()


def test_a_unit_that_is_pressed_is_written_into_the_line(tmp_path: Path) -> None:
    """While a line waits for one; else its tile shows where it is. The steps are put away by who needs none."""
    with desk(tmp_path) as (_, page):
        page.get_by_role("button", name="Put away").click()
        expect(page.get_by_role("region", name="First steps")).to_be_hidden()
        incident = call(page, "sick_person", "P4")
        page.locator("#queue").focus()
        page.keyboard.press("o")
        page.locator("#units .tile[data-key=E2]").click()
        expect(page.locator("#command")).to_have_value(f"D {incident} E2 ")
        expect(page.locator("#command")).to_be_focused()
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.locator("#units .tile[data-key=E2]").click()
        expect(page.locator("#command")).to_have_value("")
