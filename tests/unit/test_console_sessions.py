"""Sessions of the console: what a browser holds counts once or for a shift, and dies with the secret behind it."""

from pathlib import Path

import pytest

from engine.model.geometry import Projection
from gateways.auth import Credential, Gatekeeper, Role, digest_of_secret
from gateways.console.sessions import FILE, Sessions
from gateways.vocabulary.commands import NotAllowed, admitted
from gateways.vocabulary.incident_messages import ForgetIncident

SHIFT, CODE, TICKET = 43_200, 600, 30
ORIGIN = Projection(41.5, -90.5)


def keeper(*secrets: str) -> Gatekeeper:
    digests = tuple(digest_of_secret(secret) for secret in secrets)
    return Gatekeeper((Credential(name="desk", role=Role.DISPATCHER, secret_sha256=digests),))


def sessions(folder: Path, *secrets: str, most: int = 10) -> Sessions:
    known = keeper(*(secrets or ("old",)))
    return Sessions(known, folder / FILE, session_s=SHIFT, code_s=CODE, ticket_s=TICKET, most=most)


def held_by(made: Sessions, at_s: float = 0.0) -> str:
    held = made.begin("desk.old", "a browser", at_s)
    assert held is not None
    return held


def test_a_session_lasts_a_shift_and_outlives_a_restart(tmp_path: Path) -> None:
    """Whoever was signed in still is; the file holds nothing that opens anything, and only its owner reads it."""
    held = held_by(sessions(tmp_path))
    again = sessions(tmp_path)
    found = again.find(held, SHIFT - 1)
    assert found is not None
    assert found[1].role is Role.DISPATCHER
    assert again.find(held, SHIFT) is None
    assert held.encode() not in (tmp_path / FILE).read_bytes()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_secret_that_is_taken_away_ends_its_sessions_codes_and_tickets(tmp_path: Path) -> None:
    """A rotation lets both secrets stand for a while; then the old one is nobody's."""
    made = sessions(tmp_path)
    held = held_by(made)
    assert sessions(tmp_path, "new", "old").find(held, 1) is not None
    assert sessions(tmp_path, "new").find(held, 1) is None


def test_a_code_signs_in_once_and_not_for_long(tmp_path: Path) -> None:
    """A link that was opened is worth nothing any more."""
    made = sessions(tmp_path)
    code, late = made.new_code("desk.old", 0), made.new_code("desk.old", 0)
    assert code is not None
    assert late is not None
    held = made.use_code(code, "", CODE - 1)
    assert held is not None
    assert made.find(held, CODE) is not None
    assert made.use_code(code, "", CODE - 1) is None
    assert made.use_code(late, "", CODE) is None
    assert made.new_code("desk.wrong", 0) is None


def test_a_ticket_is_for_one_page_one_session_and_one_moment(tmp_path: Path) -> None:
    """Shown by another site's page, in another session, too late or twice, it is nobody's."""
    made = sessions(tmp_path)
    found = made.find(held_by(made), 0)
    assert found is not None
    session = found[0]

    def ticket() -> str:
        given = made.new_ticket(session, "http://desk", 0)
        assert given is not None
        return given

    once = ticket()
    assert made.use_ticket(once, "http://desk", session.id, TICKET - 1) is not None
    assert made.use_ticket(once, "http://desk", session.id, TICKET - 1) is None
    assert made.use_ticket(ticket(), "http://other", session.id, 1) is None
    assert made.use_ticket(ticket(), "http://desk", "another", 1) is None
    assert made.use_ticket(ticket(), "http://desk", session.id, TICKET) is None


def test_ending_a_session_is_told_to_its_pages_and_the_oldest_gives_way(tmp_path: Path) -> None:
    """A revoked session is over at once; there are never more than so many."""
    made = sessions(tmp_path, most=2)
    held = [held_by(made, at) for at in (0.0, 1.0)]
    first = made.find(held[0], 1)
    assert first is not None
    over = made.over(first[0].id)
    held.append(held_by(made, 2.0))
    assert over.is_set()
    assert [made.find(each, 2) is not None for each in held] == [False, True, True]
    second = made.find(held[1], 2)
    assert second is not None
    assert made.end(second[0].id, "You have signed out.")
    assert not made.end(second[0].id, "You have signed out.")
    assert made.why_ended(held[1]) == "You have signed out."
    assert "idle longest" in made.why_ended(held[0])
    assert len(made.all(2)) == 1


def test_a_session_ends_although_nobody_asks_for_it(tmp_path: Path) -> None:
    """Its pages hear it when its time has come, and whoever shows it later learns why; others go on."""
    made = sessions(tmp_path)
    held, later = held_by(made), held_by(made, 60.0)
    first = made.find(held, 1)
    assert first is not None
    over = made.over(first[0].id)
    made.expire(SHIFT - 1)
    assert not over.is_set()
    made.expire(SHIFT)
    assert over.is_set()
    assert "12 h" in made.why_ended(held)
    assert made.find(later, SHIFT) is not None
    assert made.why_ended(later) == ""


def test_a_torn_file_only_asks_everybody_to_sign_in_again(tmp_path: Path) -> None:
    """It is a convenience, not a record."""
    (tmp_path / FILE).write_bytes(b'[{"id":')
    assert sessions(tmp_path).all(0) == []


def test_a_session_knows_what_nobody_may_forget(tmp_path: Path) -> None:
    """Whoever signed in at the console is bound by a legal hold like whoever shows the token itself."""
    known = (Credential(name="desk", role=Role.SUPERVISOR, secret_sha256=(digest_of_secret("old"),)),)
    made = Sessions(Gatekeeper(known, ["I7"]), tmp_path / FILE, session_s=SHIFT, code_s=CODE, ticket_s=TICKET, most=9)
    found = made.find(held_by(made), 1)
    assert found is not None
    ticket = made.new_ticket(found[0], "https://here", 1)
    assert ticket is not None
    sitting = made.use_ticket(ticket, "https://here", found[0].id, 2)
    assert sitting is not None
    with pytest.raises(NotAllowed, match="on hold"):
        admitted(ForgetIncident(id="f", incident="I7", reason="x"), sitting, ORIGIN)
