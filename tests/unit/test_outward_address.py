"""Where a webhook may go."""

import socket
import threading

import pytest
import trio

from gateways.outward import address as room
from gateways.outward.address import Destination, Unreachable, permitted

PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"]
PRIVATE = [
    "10.0.0.1",
    "127.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]
NEVER = ["169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "::ffff:169.254.169.254"]  # noqa: S104 - not bound to


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_sent_to(address: str) -> None:
    """With and without leave for private ones."""
    assert permitted(address, allow_private=False)
    assert permitted(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_ones_need_leave(address: str) -> None:
    """However they are wrapped."""
    assert not permitted(address, allow_private=False)
    assert permitted(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_are_never_sent_to(address: str) -> None:
    """The cloud's metadata service is nobody's station."""
    assert not permitted(address, allow_private=False)
    assert not permitted(address, allow_private=True)


class Names:
    """A name server that says what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: list[str] = []
        self.fails = False
        self.hold = threading.Event()
        self.hold.set()
        monkeypatch.setattr(room, "resolve", self.resolve)

    def resolve(self, host: str, port: int) -> list[str]:
        assert (host, port) == ("pager.example", 443)
        self.hold.wait(10)
        if self.fails:
            raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")
        return self.answer


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


async def test_a_name_that_leads_inside_is_refused(names: Names) -> None:
    """The refusal names the address and the key of the configuration."""
    names.answer = ["10.1.2.3"]
    with pytest.raises(Unreachable, match=r"10\.1\.2\.3.*allow_private = true"):
        await Destination("pager.example", 443, allow_private=False).addresses()


async def test_a_name_that_changes_its_mind_is_refused_the_second_time(names: Names) -> None:
    """An earlier good answer is no leave for a later bad one."""
    destination = Destination("pager.example", 443, allow_private=False)
    names.answer = ["10.1.2.3", "8.8.8.8", "1.1.1.1"]
    assert await destination.addresses() == ["8.8.8.8", "1.1.1.1"]
    names.answer = ["127.0.0.1"]
    with pytest.raises(Unreachable):
        await destination.addresses()


async def test_without_a_name_server_the_last_addresses_hold(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it fails or hangs; a name never resolved is said to be so."""
    destination = Destination("pager.example", 443, allow_private=False)
    names.fails = True
    with pytest.raises(Unreachable, match=r"pager\.example"):
        await destination.addresses()
    names.fails, names.answer = False, ["8.8.8.8"]
    assert await destination.addresses() == ["8.8.8.8"]
    names.fails = True
    assert await destination.addresses() == ["8.8.8.8"]
    names.hold.clear()
    monkeypatch.setattr(room, "LOOK_UP_S", 0.02)
    with trio.fail_after(120):
        for _ in range(4):
            assert await destination.addresses() == ["8.8.8.8"]
    names.hold.set()


async def test_an_address_needs_no_name_server(names: Names) -> None:
    """And is judged all the same."""
    names.fails = True
    assert await Destination("8.8.8.8", 443, allow_private=False).addresses() == ["8.8.8.8"]
    with pytest.raises(Unreachable, match="link-local"):
        await Destination("169.254.169.254", 80, allow_private=True).addresses()
