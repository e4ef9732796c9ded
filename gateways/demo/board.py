"""The terminal board: the whole city on one screen, from 80 by 24 upward.

Rule: calm. What only informs is plain or dim; colour is for what somebody should act on: the most urgent call that
waits, an alarm nobody owns, an engine that is down.
"""

from collections import Counter
from pathlib import Path

from msgspec import Struct
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from engine.model.lifecycle import Phase, Status
from engine.model.place import Place
from gateways.cad.mirror import Mirror
from gateways.demo.citytime import CityTime, local
from gateways.demo.cover_lines import cover_words, move_counts, move_lines
from gateways.demo.invitation import Invitation
from gateways.demo.ledger import Closing, Ledger, percentile
from gateways.demo.supervisor import Supervisor
from gateways.demo.watch import Watch
from gateways.road_views import ClosureView
from gateways.views import AssignmentView, IncidentView

STALE = "stale_recommendation"
"""Refusal of an acceptance that came too late."""
GLYPHS: tuple[tuple[Status, str, str], ...] = (
    (Status.AVAILABLE, "●", "available"),
    (Status.RETURNING, "◁", "returning"),
    (Status.ON_BREAK, "○", "at a meal"),
    (Status.REQUESTED, "◍", "asked for"),
    (Status.RESERVED, "◌", "reserved"),
    (Status.DISPATCHED, "◔", "dispatched"),
    (Status.ACKNOWLEDGED, "◑", "acknowledged"),
    (Status.EN_ROUTE, "▶", "en route"),
    (Status.STAGING, "▷", "staging"),
    (Status.ON_SCENE, "■", "on scene"),
    (Status.AT_PATIENT, "◆", "at patient"),
    (Status.TRANSPORTING, "▲", "transporting"),
    (Status.AT_HOSPITAL, "✚", "at hospital"),
    (Status.OUT_OF_SERVICE, "✕", "out of service"),
    (Status.OFF_DUTY, "·", "off duty"),
)
GLYPH = {status: glyph for status, glyph, _ in GLYPHS}
CLOSEST = {status: rank for rank, (status, _, _) in enumerate(GLYPHS)}
TALL = 30
"""From this height on all hints are shown."""
FIXED_LINES = 14
"""Header, figures and rules; without the moves themselves."""
MOVE_LINES = ((24, 1), (34, 3), (42, 6))
"""From each height on: so many lines for moves."""
EVENTS_MIN, EVENTS_MAX = 3, 8
SEATS = (
    ("dispatcher", "the console, as a dispatcher (each link counts once)"),
    ("supervisor", "as a supervisor, in a private window: S DESK, S PAST"),
)
WIDE = 100
"""From this width on the place of an incident is shown in a column of its own."""


class Seen(Struct):
    """Everything that the board looks at."""

    place: Place
    journal: Path
    time: CityTime
    mirror: Mirror
    watch: Watch
    ledger: Ledger
    supervisor: Supervisor
    street: str = ""
    """A busy one that somebody might want to close; empty where none has a name."""
    ending: bool = False
    invitation: Invitation | None = None

    def hints(self) -> tuple[str, ...]:
        """Return the next things to try, in another terminal."""
        doors = self.supervisor.doors
        return (
            *self.links(),
            f"try  kill -9 {self.supervisor.pid or '…'}   the engine; it comes back, and nothing is lost",
            f"     curl {doors.web if doors else '…'}/metrics",
            f"     {doors.web if doors else '…'}/crew   a crew's phone, for the code of the next line",
            f"     turnout crew code {self.place.units[0].id} --data {self.journal.parent}",
            f"     turnout why I1 --data {self.journal.parent}",
            f"     turnout report {self.journal.parent}",
            *((f'     turnout roads close "{self.street}" --data {self.journal.parent}',) if self.street else ()),
        )

    def links(self) -> tuple[str, ...]:
        """Return where to sit down, and as whom."""
        links = {} if self.invitation is None else self.invitation.links
        return tuple(f"open {links[role]}   {what}" for role, what in SEATS if role in links)


class Board:
    """Renders what is seen at the moment of rendering."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._types = {kind.id: kind.name for kind in seen.place.types}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Fill the console's size, and never more."""
        height = options.height or console.size.height
        yield Group(*self._parts(options.max_width, height))

    def _parts(self, width: int, height: int) -> list[RenderableType]:
        seen = self._seen
        hints = seen.hints() if height >= TALL else seen.links() or seen.hints()[:1]
        moves = max((lines for least, lines in MOVE_LINES if height >= least), default=0)
        free = height - FIXED_LINES - moves - len(hints)
        events = max(EVENTS_MIN, min(EVENTS_MAX, free // 3))
        return [
            self._header(width),
            Rule(style="dim"),
            *self._incidents(width, free - events),
            Rule(style="dim"),
            self._units(),
            *self._figures(),
            Rule(style="dim"),
            *self._cover(moves),
            Rule(style="dim"),
            *self._timeline(events),
            *(Text(hint, style="dim", no_wrap=True, overflow="ellipsis") for hint in hints),
        ]

    # ── the parts ───────────────────────────────────────────────────────────────────────────────────────────

    def _header(self, width: int) -> RenderableType:
        seen, engine = self._seen, self._seen.supervisor
        clock = local(seen.place, seen.time.now())
        left = Text.assemble(
            (seen.place.name, "bold"), f"  {clock:%a %H:%M:%S}", (f"  pace {seen.time.pace.rate:g}", "dim")
        )
        if seen.ending:
            right = Text("ending: the last answers are on their way", "bold")
        elif engine.up:
            right = Text.assemble(("engine ", "dim"), f"{engine.pid}", (f"  up {_mmss(engine.up_for_s())}", "dim"))
            if engine.outages:
                right.append(f"  restarts {len(engine.outages)}", "dim")
        else:
            right = Text(" engine down, restarting ", "bold white on red")
        return _ends(left, right, width)

    def _incidents(self, width: int, rows: int) -> list[RenderableType]:
        mirror, now = self._seen.mirror, self._seen.time.now()
        shown = sorted(mirror.incidents.values(), key=rank)
        table = Table(box=None, expand=True, padding=(0, 1, 0, 0), show_edge=False, header_style="dim")
        for name, size in (("P", 1), ("id", 5), ("what", 26), ("where", 24), ("phase", 8), ("since", 5)):
            if name != "where" or width >= WIDE:
                table.add_column(name, width=size, no_wrap=True, overflow="ellipsis")
        table.add_column("units", no_wrap=True, overflow="ellipsis", ratio=1)
        room = rows - 1
        if len(shown) > room:
            room -= 1
        for incident in shown[:room]:
            table.add_row(*self._row(incident, now, width), style=_style(incident))
        parts: list[RenderableType] = [table]
        hidden = len(shown) - room
        if hidden > 0:
            parts.append(Text(f"  and {hidden} more", "dim"))
        blank = rows - 1 - len(shown[:room]) - (hidden > 0)
        parts += [Text("")] * blank
        return parts

    def _row(self, incident: IncidentView, now: int, width: int) -> list[RenderableType]:
        cells: list[RenderableType] = [
            str(incident.priority),
            incident.id,
            self._types.get(incident.type, incident.type),
        ]
        if width >= WIDE:
            cells.append(incident.address or incident.area or "")
        cells += [
            incident.phase.replace("_", " "),
            _mmss((now - incident.reported_ms) / 1000),
            self._who(incident, now),
        ]
        return cells

    def _who(self, incident: IncidentView, now: int) -> Text:
        """Return the units, furthest first, then what is still to be found."""
        text = Text()
        ordered = sorted(incident.assigned, key=lambda each: (-CLOSEST[each.status], each.unit))
        for each in ordered:
            text.append(f"{GLYPH[each.status]}{each.unit}{_eta(each, now)} ")
        if incident.held_until_ms is not None:
            text.append(f"held until {local(self._seen.place, incident.held_until_ms):%H:%M}", "dim")
        elif incident.stacked_on is not None:
            text.append(f"next for {incident.stacked_on}", "dim")
        elif incident.lacks and incident.waiting_since_ms is not None:
            if incident.recommended:
                names = " ".join(choice.unit for choice in incident.recommended)
                text.append(f"? {names}", "yellow")
            else:
                lacks = ", ".join(f"{count} {slot}" for slot, count in incident.lacks.items())
                text.append(f"lacks {lacks}", "yellow" if incident.priority > 1 else "bold red")
        return text

    def _units(self) -> RenderableType:
        counts = Counter(unit.status for unit in self._seen.mirror.units.values())
        text = Text("units   ", "dim", no_wrap=True, overflow="ellipsis")
        for status, glyph, name in GLYPHS:
            if counts[status]:
                text.append(f"{glyph} {counts[status]} ", "default")
                text.append(f"{name}  ", "dim")
        return text

    def _figures(self) -> list[RenderableType]:
        seen = self._seen
        ledger, counts = seen.ledger, seen.watch.counts
        unowned = [alarm for alarm in seen.mirror.alarms.values() if alarm.acknowledged_by is None]
        waiting = ledger.calls_made - ledger.calls_answered
        return [
            _line(
                "calls",
                f"{ledger.calls_made} in",
                f"{ledger.calls_answered} answered",
                f"{counts['incident_closed']} closed",
                f"{waiting} on the line" if waiting else "",
            ),
            self._decisions(),
            _line("latency", f"answer {_ms(ledger.answer_ms)}", f"recommendation {_ms(ledger.recommend_ms)}"),
            _line(
                "alerts",
                f"{counts['alerts_owed']} owed",
                f"{counts['alert_delivered']} delivered",
                f"{counts['alerts_retried']} retried",
                f"{counts['alert_escalated']} escalated",
            ),
            Text.assemble(("alarms  ", "dim"), (f"{len(unowned)} to look at: {unowned[-1].text}", "yellow"))
            if unowned
            else _line("alarms", "none to look at"),
            self._roads(),
        ]

    def _decisions(self) -> Text:
        """Return what became of recommendations, and what was changed after the dispatch."""
        return _line("advice", *decision_words(self._seen.ledger, self._seen.watch.counts))

    def _roads(self) -> Text:
        """Return what travel times rest on, and what is closed."""
        roads = self._seen.mirror.roads
        if not roads.streets:
            return _line("roads", "travel in straight lines: this place has no streets")
        closed = ", ".join(_closed(each, self._seen.ledger.closing) for each in roads.closures)
        return _line(
            "roads",
            f"epoch {roads.epoch}" + (f", {roads.making} in the works" if roads.making else ""),
            f"closed: {closed}" if closed else "nothing closed",
            f"{len(roads.slowings)} slow" if roads.slowings else "",
            roads.weather.weather if roads.weather else "",
        )

    def _cover(self, rows: int) -> list[RenderableType]:
        """Return how well the city is covered, and who is moved for it."""
        seen = self._seen
        return [
            _line("cover", *cover_words(seen.mirror.coverage)),
            _line("moves", *move_counts(seen.watch.counts)),
            *move_lines(seen.place, seen.mirror, seen.time.now(), rows),
        ]

    def _timeline(self, rows: int) -> list[RenderableType]:
        """Return the latest events in words, newest last."""
        latest = list(self._seen.watch.events)[-rows:]
        lines: list[RenderableType] = []
        for at_ms, sentence in latest:
            line = Text.assemble((f"{local(self._seen.place, at_ms):%H:%M:%S}  ", "dim"), sentence)
            line.no_wrap, line.overflow = True, "ellipsis"
            lines.append(line)
        return [*lines, *([Text("")] * (rows - len(lines)))]


def decision_words(ledger: Ledger, counts: Counter[str]) -> tuple[str, ...]:
    """Return figures in words; what has not happened is left out, but for the first two."""
    asked = counts["aid_requested"]
    told = (
        ("overridden", counts["units_bypassed"]),
        ("stale", ledger.refusals[STALE]),
        ("diverted", counts["unit_diverted"]),
        ("superseded", counts["unit_superseded"]),
        ("further alarm", counts["alarm_struck"]),
        ("merged", counts["incident_merged"]),
    )
    neighbours = (f"neighbours {counts['aid_committed']} of {asked}",) if asked else ()
    always = (f"{ledger.done['Accept']} accepted", f"{told[0][1]} {told[0][0]}")
    return (*always, *(f"{count} {word}" for word, count in told[1:] if count), *neighbours)


def _closed(view: ClosureView, closing: Closing | None) -> str:
    """Return what is closed; of what the demo's own operator closed, also how soon decisions rested on it."""
    words = ", ".join(view.stretch.streets) or (f"{len(view.stretch.arcs)} arcs" if view.stretch.arcs else view.id)
    if closing is None or closing.closure != view.id or closing.in_force_ms is None:
        return words
    return f"{words} (in force after {closing.in_force_ms:.0f} ms)"


def rank(incident: IncidentView) -> tuple[int, int, int]:
    """Order the board: what lacks somebody first, then by urgency, then by age."""
    put_off = incident.held_until_ms is not None or incident.stacked_on is not None
    lacking = incident.waiting_since_ms is not None and bool(incident.lacks) and not put_off
    return (0 if lacking else 1, incident.priority, incident.reported_ms)


def _style(incident: IncidentView) -> str:
    if incident.phase is Phase.WAITING and incident.lacks:
        return "bold red" if incident.priority == 1 else ""
    return "dim" if incident.phase is Phase.WAITING else ""


def _eta(assignment: AssignmentView, now: int) -> str:
    """Return the minutes and seconds to arrival while a unit is on its way."""
    if assignment.status not in (Status.DISPATCHED, Status.ACKNOWLEDGED, Status.EN_ROUTE):
        return ""
    left_s = (assignment.stamps.get(Status.DISPATCHED, now) + assignment.eta_ms - now) / 1000
    return f" {_mmss(max(0.0, left_s))}"


def _line(name: str, *figures: str) -> Text:
    text = Text.assemble((f"{name:<8}", "dim"), " · ".join(figure for figure in figures if figure))
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _ms(values: list[float]) -> str:
    latest = values[-500:]
    if not latest:
        return "-"
    return f"p50 {percentile(latest, 50):.1f} ms, p99 {percentile(latest, 99):.1f} ms"


def _mmss(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}" if minutes < 100 else f"{minutes // 60}h{minutes % 60:02}"


def _ends(left: Text, right: Text, width: int) -> Text:
    left.append(" " * max(2, width - left.cell_len - right.cell_len))
    left.append_text(right)
    left.no_wrap, left.overflow = True, "ellipsis"
    return left
