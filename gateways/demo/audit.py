"""The audit: holds the city's own book against the journal, turn by turn, and believes neither.

Rule: it works from recorded inputs and facts alone. The engine's own counts are not asked, and the World is used for
one thing only: to be compared with what the facts add up to.
"""

from pathlib import Path

from msgspec import Struct

from engine.journal.recovery import recover_world, turns
from engine.model.facts import Resumed
from engine.model.input import Command
from engine.model.inputs import ReportPositions
from engine.model.turn import Turn
from engine.replay import Replayed, replay
from engine.state.world import World
from gateways.demo import drill
from gateways.demo.ledger import CALL, Closing, Ledger
from gateways.demo.move_tallies import Moves
from gateways.demo.response_tallies import Response, nothing_yet
from gateways.demo.tallies import Alerts, Assignments, Commands, Incidents
from gateways.demo.travel_tallies import Arrivals, Epochs, OnEpoch, Punctuality

NAMED_MAX = 5
"""Culprits that a finding names."""


class Finding(Struct, frozen=True):
    """One claim, and whether it holds."""

    claim: str
    holds: bool
    figures: str


class Audit(Struct, frozen=True):
    """All findings."""

    findings: tuple[Finding, ...]
    turns: int
    seconds: float
    """City seconds from the first turn to the last."""
    incidents: dict[str, int]
    alerts: dict[str, int]
    response: dict[str, int]
    """What was decided beside who goes: diversions, alarm levels, neighbours, people's own ways."""
    moves: dict[str, int]
    """Moves between posts: proposed, and what became of them."""
    punctuality: Punctuality
    closing: Closing | None
    """The street that the demo's operator closed."""
    decided: OnEpoch | None
    """What was decided on the first epoch that knew of it."""
    state_hash: str

    @property
    def holds(self) -> bool:
        """Tell whether every claim does."""
        return all(finding.holds for finding in self.findings)


class _Read(Struct):
    """What one reading of the journal adds up to."""

    incidents: Incidents
    assignments: Assignments
    alerts: Alerts
    commands: Commands
    arrivals: Arrivals
    epochs: Epochs
    response: Response
    moves: Moves
    turns: int = 0
    first_ms: int = 0
    last_ms: int = 0
    quiet_until_ms: int = 0

    def take(self, turn: Turn) -> None:
        self.turns += 1
        self.first_ms = self.first_ms or turn.now
        self.last_ms = turn.now
        if isinstance(turn.input, ReportPositions):
            return
        if isinstance(turn.input, Command):
            self.commands.take(turn.input, turn)
        self.response.take(turn)
        self.moves.take(turn)
        for fact in turn.facts:
            if isinstance(fact, Resumed):
                self.quiet_until_ms = fact.quiet_until_ms
            self.incidents.take(fact)
            self.assignments.take(fact, turn.seq)
            self.alerts.take(fact, turn.now)
            self.arrivals.take(fact, turn.now)
            self.epochs.take(fact, turn.seq)


def audit(journal: Path, ledger: Ledger, since_ms: int, exercise: Path | None = None) -> Audit:
    """Read the journal from its first turn to its last, decide it all again, and compare.

    The ledger begins at `since_ms`; what is older was told to somebody else's pagers. `exercise` is the data folder of an
    exercise, with the record of what nobody was told.
    Raises JournalDamaged, JournalGap.
    """
    read = _Read(Incidents(), Assignments(), Alerts(), Commands(), Arrivals(), Epochs(), nothing_yet(), Moves())
    for turn in turns(journal):
        read.take(turn)
    world = recover_world(journal).world
    replayed = replay(journal)
    findings = (
        *_calls(read, ledger),
        _open_ones(read, world),
        _commands(read, ledger),
        _assignments(read),
        *_alerts(read, ledger, world, since_ms),
        *_exercise(read, exercise),
        *_response(read),
        *_moves(read, world),
        *_roads(read, ledger, world),
        _replay(replayed),
    )
    seconds = (read.last_ms - read.first_ms) / 1000
    basis = "over streets" if world.settled.streets else "in straight lines"
    return Audit(
        findings,
        read.turns,
        seconds,
        read.incidents.counts(),
        read.alerts.counts(),
        read.response.counts(),
        read.moves.figures(),
        read.arrivals.punctuality(basis),
        ledger.closing,
        None if ledger.closing is None else read.epochs.on(ledger.closing.epoch),
        replayed.state_hash,
    )


def _calls(read: _Read, ledger: Ledger) -> list[Finding]:
    calls = {name: asked for name, asked in ledger.commands.items() if asked.kind == CALL}
    answered = {name: asked for name, asked in calls.items() if asked.incident is not None}
    lost = [name for name, asked in answered.items() if asked.incident not in read.incidents.reported]
    refused = sum(asked.code is not None for asked in calls.values())
    waiting = len(calls) - len(answered) - refused
    counts = read.incidents.counts()
    ended = counts["closed"] + counts["cancelled"] + counts["merged"]
    return [
        Finding(
            "every acknowledged call is in the journal",
            not lost and not waiting and len(calls) == ledger.calls_made,
            f"{len(calls)} made, {len(answered)} acknowledged, {refused} refused, {waiting} unanswered{_named(lost)}",
        ),
        Finding(
            "reported = closed + cancelled + merged + open",
            counts["reported"] == ended + counts["open"],
            f"{counts['reported']} = {counts['closed']} + {counts['cancelled']} + {counts['merged']} + {counts['open']}",
        ),
    ]


def _open_ones(read: _Read, world: World) -> Finding:
    """An incident that was not ended is on the board, or it would wait for ever without anybody knowing."""
    differing = sorted(read.incidents.open ^ set(world.open))
    figures = f"{len(world.open)} open on the board, {len(world.orphans())} that nobody looks after{_named(differing)}"
    return Finding("what is not ended is on the board", not differing and not world.orphans(), figures)


def _commands(read: _Read, ledger: Ledger) -> Finding:
    """Acknowledged: exactly once, at the turn that the answer named. Refused: at most once. No answer: at most once."""
    wrong = []
    for name, asked in ledger.commands.items():
        found = read.commands.seen.get((asked.by, name), [])
        if asked.seq is not None:
            good = [(kept.seq, kept.code) for kept in found] == [(asked.seq, None)]
        elif asked.code is not None:
            good = [kept.code for kept in found] in ([], [asked.code])
        else:
            good = len(found) <= 1
        if not good:
            wrong.append(name)
    acknowledged = sum(asked.seq is not None for asked in ledger.commands.values())
    unanswered = ledger.open_commands()
    refused = sum(ledger.refusals.values())
    figures = f"{acknowledged} acknowledged, {refused} refused, {unanswered} unanswered{_named(wrong)}"
    return Finding("every acknowledged command is there once", not wrong, figures)


def _assignments(read: _Read) -> Finding:
    figures = f"{read.assignments.made} assignments{_named(read.assignments.doubled)}"
    return Finding("no unit was ever on two incidents", not read.assignments.doubled, figures)


def _alerts(read: _Read, ledger: Ledger, world: World, since_ms: int) -> list[Finding]:
    alerts = read.alerts
    counts = alerts.counts()
    overdue = alerts.overdue(read.last_ms, world.settled.alerts.deadline_ms, read.quiet_until_ms)
    ended = counts["acknowledged"] + counts["handed_over"] + counts["withdrawn"]
    paged = [name for name, at_ms in alerts.paged.items() if at_ms >= since_ms]
    unseen = [name for name in paged if name not in ledger.pages]
    strange = sorted(name for name in ledger.pages if name not in alerts.owed)
    unread = sorted(name for name in ledger.receipts if not alerts.known(name))
    return [
        Finding(
            "alerts owed = known + by voice + withdrawn + open",
            counts["owed"] == ended + counts["open"] and not overdue and not alerts.twice,
            f"{counts['owed']} = {counts['acknowledged']} + {counts['handed_over']} + {counts['withdrawn']} + "
            f"{counts['open']}, {len(overdue)} beyond their deadline{_named([*overdue, *alerts.twice])}",
        ),
        Finding(
            "every page delivered was shown on a pager",
            not unseen and not strange and not unread and not ledger.pages_forged,
            f"{len(paged)} delivered, {len(ledger.pages)} shown, {ledger.pages_dropped} lost on purpose, "
            f"{counts['retried']} tried again, {counts['escalated']} escalated, {len(ledger.receipts)} receipts{_named([*unseen, *strange, *unread])}",
        ),
    ]


def _exercise(read: _Read, data: Path | None) -> list[Finding]:
    if data is None:
        return []
    claim = "an exercise told nobody: all that would have left is on record"
    return [Finding(claim, *drill.holds(data, read.alerts.copies["sent"], read.alerts.copies["failed"]))]


def _response(read: _Read) -> list[Finding]:
    """What crews, chiefs and neighbours may rely on."""
    response, counts = read.response, read.response.counts()
    neighbours, rolls = response.neighbours, response.rolls
    silent = neighbours.overdue(read.last_ms, read.quiet_until_ms)
    forgotten = rolls.forgotten(read.last_ms, read.quiet_until_ms)
    return [
        Finding(
            "nobody was diverted twice, or off a scene",
            not response.turned.wrong,
            f"{counts['diverted']} diverted, {counts['superseded']} superseded{_named(response.turned.wrong)}",
        ),
        Finding(
            "an acceptance sends whom it named",
            not response.acceptances.wrong,
            f"{counts['accepted']} accepted, {counts['stale']} stale, {counts['overridden']} overridden"
            f"{_named(response.acceptances.wrong)}",
        ),
        Finding(
            "every neighbour was heard, or not waited for",
            not neighbours.wrong and not silent,
            f"{neighbours.asked} asked = {' + '.join(str(neighbours.ends[end]) for end in _AID_ENDS)} + "
            f"{neighbours.open}{_named([*neighbours.wrong, *silent])}",
        ),
        Finding(
            "every roll-call was answered, or somebody looks",
            not forgotten,
            f"{rolls.asked} asked, {rolls.answered} answered, {rolls.alarms} alarms{_named(forgotten)}",
        ),
    ]


def _moves(read: _Read, world: World) -> list[Finding]:
    """Nobody who was asked to move is forgotten, and nobody is moved without anybody's word."""
    moves = read.moves
    asked, *ends = moves.proposals
    ordered, ended = moves.counts["ordered"], sum(moves.ends.values())
    on_board = {move.id for move in world.moves.values() if move.ordered}
    differing = sorted(on_board ^ set(moves.under_way))
    on_the_list = {move.id for move in world.moves.values() if not move.ordered}
    unlike = sorted(on_the_list ^ moves.standing)
    return [
        Finding(
            "every proposed move was answered, or withdrawn",
            asked == sum(ends) and not unlike,
            f"{asked} = {ends[0]} accepted + {ends[1]} automatic + {ends[2]} refused + {ends[3]} withdrawn + "
            f"{ends[4]} open{_named(unlike)}",
        ),
        Finding(
            "every ordered move ended, or is under way",
            ordered == ended + len(moves.under_way) and not differing and not moves.wrong,
            f"{ordered} = {moves.ends['arrived']} arrived + {ended - moves.ends['arrived']} ended otherwise + "
            f"{len(moves.under_way)} under way{_named([*differing, *moves.wrong])}",
        ),
    ]


_AID_ENDS = ("committed", "declined", "taken_back")


def _roads(read: _Read, ledger: Ledger, world: World) -> list[Finding]:
    """Say nothing about a place that travels in straight lines."""
    if not world.settled.streets:
        return []
    epochs, through = read.epochs, ledger.drives_through_closed
    return [
        Finding(
            "every recommendation names its epoch",
            not epochs.unnamed,
            f"{epochs.named} over streets, up to epoch {epochs.current}{_named(epochs.unnamed)}",
        ),
        Finding(
            "nobody drove through a closed street",
            not through,
            f"{ledger.drives} drives, {ledger.closures_heard} closures, {ledger.drives_rerouted} found another way "
            f"at once{f'; WRONG: {through} went through' if through else ''}",
        ),
    ]


def _replay(replayed: Replayed) -> Finding:
    figures = f"{replayed.turns} turns"
    if replayed.difference is not None:
        figures += f"; turn {replayed.difference.seq} came out otherwise"
    return Finding("decided again: the same bytes", replayed.difference is None, figures)


def _named(culprits: list[str]) -> str:
    """Return the culprits for the end of a sentence; nothing if there are none."""
    if not culprits:
        return ""
    more = f" and {len(culprits) - NAMED_MAX} more" if len(culprits) > NAMED_MAX else ""
    return f"; WRONG: {', '.join(culprits[:NAMED_MAX])}{more}"
