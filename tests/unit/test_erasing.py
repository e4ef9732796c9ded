"""Claims about erasing lines of logs: only what is about the incident goes, no line moves, and no file is missed."""

import json
from pathlib import Path
from typing import Any

from gateways.alerts.erasing import erase_alerts
from gateways.eido.erasing import erase_lines, forget_exchanges
from gateways.erasing import fitted, rewrite_lines

OURS = "urn:emergency:uid:incidentid:I1xabc:cad.town.example.org"
THEIRS = "urn:emergency:uid:incidentid:77:cad.next.example.org"
ELEMENT = "cad.town.example.org"


def log(folder: Path, *lines: dict[str, Any] | str, day: str = "2026-03-02.log") -> Path:
    path = folder / f"eido-{day}"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def kept(name: str, word: str, **fields: Any) -> dict[str, Any]:
    return {"at": "x", "what": "peer_kept", "who": "next", "incident": name, "parts": {"p": [word]}, **fields}


def test_lines_about_the_incident_lose_their_words_and_others_do_not(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        kept(OURS, "PLANT"),
        kept(THEIRS, "PLANT"),
        kept(OURS.replace("I1x", "I11x"), "other"),
        kept(OURS.replace("town", "next"), "theirs"),
        kept("urn:emergency:uid:incidentid:78:cad.next.example.org", f"other {THEIRS}"),
        {"at": "x", "what": "subscriber_sent", "head": f'{{"$id":"{OURS}","PLANT'},
        {"at": "x", "what": "peer_bad_document", "reason": "PLANT", "text": f'{{"$id":"{THEIRS}"}}'},
        {"at": "x", "what": "retrieval", "incident": OURS, "status": 200},
        f'{{"incident":"{OURS}","PLANT',
    )
    size = path.stat().st_size
    assert erase_lines(tmp_path, "I1", ELEMENT, [THEIRS]) == 5
    text = path.read_text()
    assert "PLANT" not in text
    assert (text.count("other"), text.count("theirs")) == (2, 1)
    assert path.stat().st_size == size
    first = json.loads(text.splitlines()[0])
    assert first == {"at": "x", "what": "peer_kept", "who": "next", "incident": OURS, "erased": True}
    assert erase_lines(tmp_path, "I1", ELEMENT, [THEIRS]) == 0, "twice is harmless"
    assert erase_lines(tmp_path, "I1", "", []) == 1, "without our own name, whoever's it is"


def test_what_a_neighbour_calls_its_part_is_learned_from_the_log(tmp_path: Path) -> None:
    said = {"at": "x", "what": "peer_document", "incident": THEIRS, "stamp": "s", "parents": [OURS]}
    older = log(tmp_path, kept(THEIRS, "PLANT"), day="2026-03-01.log.1")
    newer = log(tmp_path, said, kept(THEIRS, "PLANT"))
    assert forget_exchanges(tmp_path, "I1", ELEMENT) == 2
    assert "PLANT" not in older.read_text() + newer.read_text()
    assert json.loads(newer.read_text().splitlines()[0]) == said


def test_a_memory_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "eido-next.json").write_text("{PLANT")
    (tmp_path / "eido-gone.new").write_text("{PLANT")
    forget_exchanges(tmp_path, "I1")
    assert all("PLANT" not in path.read_text() for path in tmp_path.iterdir())


def test_the_record_of_an_exercise_is_one_of_the_logs_of_alerts(tmp_path: Path) -> None:
    path = tmp_path / "exercise.jsonl"
    lines = [
        {"endpoint": "pager", "recipient": "r", "message": {"alert": "a", "incident": name, "text": "PLANT " * 5}}
        for name in ("I1", "I2")
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert erase_alerts(tmp_path, (), "I1") == 1
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {"endpoint": "pager", "recipient": "r", "message": {"alert": "a", "incident": "I1", "erased": True}}
    assert second == lines[1]


def test_a_file_that_is_moved_aside_meanwhile_is_not_missed(tmp_path: Path) -> None:
    path, aside = tmp_path / "x", tmp_path / "x.1"
    path.write_text("PLANT\n")
    looks = 0

    def files() -> list[Path]:
        nonlocal looks
        looks += 1
        found = sorted(tmp_path.iterdir())
        if looks == 1:
            path.replace(aside)
            path.write_text("new\n")
        return found

    assert rewrite_lines(files, lambda line: b" " * len(line) if line == b"PLANT" else None) == 1
    assert (path.read_text(), aside.read_text()) == ("new\n", "     \n")


def test_what_does_not_fit_is_blanked() -> None:
    assert fitted({"a": 1}, b"x" * 10) == b'{"a":1}   '
    assert fitted({"a": 1}, b"xx") == b"  "
