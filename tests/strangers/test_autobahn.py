"""Autobahn|Testsuite finds no fault with the CAD listener's WebSocket. Slow: it is installed first."""

from pathlib import Path

import pytest

from tests.strangers.autobahn import NoSuite, failures, run_suite


@pytest.mark.slow
def test_no_case_of_the_suite_fails(tmp_path: Path) -> None:
    """All but speed and compression: 247 cases of RFC 6455."""
    try:
        verdicts = run_suite(tmp_path / "suite")
    except NoSuite as reason:
        pytest.skip(str(reason))
    assert len(verdicts) > 200
    assert not failures(verdicts)
