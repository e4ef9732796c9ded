"""The pager channel against an SNPP server that we did not write: Net::SNPP::Server (Debian: libnet-snpp-perl)."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from alerts_kit import until
from mosquitto_kit import free_port

from engine.model.alert_facts import CopyState
from gateways.alerts import Pager
from gateways.alerts.channel import Copy, News, Outcome
from tests.unit.test_alerts_logfile import message

PERL = shutil.which("perl")
THERE = PERL is not None and subprocess.run([PERL, "-MNet::SNPP::Server", "-e", "1"], check=False, capture_output=True)
pytestmark = pytest.mark.skipif(
    not THERE or THERE.returncode != 0, reason="Net::SNPP::Server is not installed (Debian: libnet-snpp-perl)"
)
PROGRAM = r"""
use Net::SNPP::Server;
$| = 1;
my $server = Net::SNPP::Server->new( Port => $ARGV[0], BindTo => '127.0.0.1' );
$server->callback( 'write_log', sub { print "log @_\n" } );
$server->disable_command( '2WAY' ) if $ARGV[1] eq 'one-way';
$server->custom_command( 'MSTA', sub { print "asked @_\n"; return ( "881 $_[0] 261129120007 Read by Recipient", 1 ) } );
print "ready\n";
while ( my $client = $server->client() ) { $server->handle_client( $client ); close( $client ); }
"""


class Stranger:
    """The running server and what it wrote."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lines: list[str] = []

    def config(self) -> Pager:
        return Pager(host="127.0.0.1", port=self.port, timeout_s=10.0, ask_every_s=0.05)


@asynccontextmanager
async def stranger(way: str) -> AsyncIterator[Stranger]:
    """Run it on a port that was free a moment ago."""
    assert PERL is not None
    made = Stranger(free_port())
    async with trio.open_nursery() as nursery:
        command = [PERL, "-e", PROGRAM, str(made.port), way]
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        async def read() -> None:
            assert process.stdout is not None
            buffer = b""
            async for data in process.stdout:
                *lines, buffer = (buffer + bytes(data)).split(b"\n")
                made.lines += [line.decode() for line in lines]

        nursery.start_soon(read)
        try:
            await until(lambda: "ready" in made.lines)
            yield made
        finally:
            process.kill()
            with trio.CancelScope(shield=True), trio.move_on_after(5):
                await process.wait()
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("way", ["one-way", "two-way"])
async def test_a_page_is_taken(way: str) -> None:
    """Command by command, as that server reads them."""
    async with stranger(way) as server, server.config().open(Path()) as sender:
        outcome = await sender.send(message(), Copy("jansen", "5551212"))
        assert outcome.delivered, outcome.detail
        await until(lambda: any("SEND" in line for line in server.lines))
        said = " ".join(server.lines)
        assert "PAGE 5551212" in said
        assert "MESS E7 GO I1 P1 Structure fire 12 Quay" in said


async def test_a_wrong_pager_is_refused() -> None:
    """In that server's words."""
    async with stranger("one-way") as server, server.config().open(Path()) as sender:
        outcome = await sender.send(message(), Copy("jansen", "12"))
        detail = "the paging server refuses PAGE: 550 Error, Invalid Pager ID"
        assert outcome == Outcome(delivered=False, detail=detail, only_this=True)


async def test_it_is_asked_what_became_of_the_page() -> None:
    """By the tag and the pass code that it gave us."""
    heard: list[News] = []

    async def tell(news: News) -> bool:
        heard.append(news)
        return True

    async with stranger("two-way") as server, server.config().open(Path()) as sender, trio.open_nursery() as nursery:
        await sender.send(message(), Copy("jansen", "5551212"))
        nursery.start_soon(sender.listen, tell)
        await until(lambda: heard)
        nursery.cancel_scope.cancel()
    assert [(news.alert, news.recipient, news.state) for news in heard] == [("A1", "jansen", CopyState.ACKNOWLEDGED)]
