"""From a neighbour's document to commands of the engine, each given once however often the document comes.

Rule: ids are made of what is said, so a repeat is answered as before; what has no counterpart is kept and counted; what
the engine refuses changes nothing and is counted. The engine's guard judges neighbours' words as it does everybody's.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final

from engine.model.inputs import (
    AddNote,
    AmendIncident,
    AnyCommand,
    CancelIncident,
    CloseIncident,
    DispatchUnits,
    LinkIncidents,
    MergeIncident,
    ReportIncident,
)
from engine.model.response_inputs import UnlinkIncidents
from engine.model.surroundings import RecordCaution
from engine.model.turn import Answer
from engine.state.records import Incident
from engine.state.world import World
from gateways.eido.config import Peer, Statistics, count
from gateways.eido.memory import Memory, Said
from gateways.eido.naming import TRACKING, Naming
from gateways.eido.reading import Reading
from gateways.eido.unit_intake import unit_commands

CAUTION_RADIUS_M: Final = 150
IDENTIFIER_MAX: Final = 512
Ask = Callable[[AnyCommand], Awaitable[Answer]]
Keep = Callable[[str, Reading], None]
"""Told what has no counterpart, and in which document."""


class Intake:
    """Takes the documents of one peer."""

    def __init__(
        self,
        peer: Peer,
        naming: Naming,
        world: Callable[[], World],
        ask: Ask,
        memory: Memory,
        statistics: Statistics,
        keep: Keep,
    ) -> None:
        self._peer = peer
        self._naming = naming
        self._world = world
        self._ask = ask
        self._memory = memory
        self._statistics = statistics
        self._keep = keep
        self.by = f"eido-{peer.name}"
        """The principal under whose name commands are given."""

    async def take(self, reading: Reading) -> None:
        """Give the engine everything that follows from a document; return once that is durable."""
        known = self._ours(reading) or self._known(reading.tracking)
        if self._memory.is_forgotten(known):
            # Over, and its people erased: nothing of what is said of them is kept. Crews may still be on their way home.
            count(self._statistics.kept, "forgotten")
            await self._of_units(reading, known)
            return
        for kind in reading.unread:
            self._left(kind, reading)
        if len(reading.tracking) > IDENTIFIER_MAX:
            self._left("identifier", reading)
            return
        ours = self._ours(reading)
        incident = ours or await self._theirs(reading)
        await self._of_units(reading, incident)
        if incident is None:
            return
        await self._notes(incident, reading)
        await self._distress(incident, reading)
        if ours is None:
            await self._aid(incident, reading)
            await self._ties(incident, reading)
            await self._cautions(incident, reading)
            await self._end(incident, reading)

    def open_ones(self) -> list[str]:
        """Return the tracking identifiers of the neighbour's incidents that are open here."""
        ours = [each for each in self._world().open.values() if any(note.by == self.by for note in each.notes)]
        return [each.external for each in ours if each.external.startswith(TRACKING)]

    async def lost_sight(self, tracking: str) -> None:
        """Write down that the neighbour no longer tells of an incident that is open here: a person decides."""
        record = self._world().open.get(self._known(tracking) or "")
        count(self._statistics.kept, "lost_sight")
        if record is None:
            return
        text = f"{self._peer.agency} no longer tells of this incident: it may have ended there."
        if all(note.text != text for note in record.notes):
            name = _digest(f"{tracking}\nlost sight\n{len(record.notes)}")[:32]
            count(self._statistics.commands, AddNote.__name__)
            await self._ask(AddNote(id=name, by=self.by, incident=record.id, text=text))

    # ── which incident ──────────────────────────────────────────────────────────────────────────────────────

    def _ours(self, reading: Reading) -> str | None:
        """Return the incident of ours that it is about: by our own identifier, or as the parent of the neighbour's."""
        names = (reading.tracking, *reading.parents)
        return next((found for name in names if (found := self._named(name)) is not None), None)

    def _named(self, tracking: str) -> str | None:
        """Return an incident of ours by its tracking identifier."""
        found = self._naming.find(self._world(), tracking) if tracking.startswith(TRACKING) else None
        return None if found is None else found.id

    async def _theirs(self, reading: Reading) -> str | None:
        """Return the incident that the neighbour's is here; report it, or amend it."""
        said = self._memory.get(reading.tracking)
        known = said.incident if said is not None else self._known(reading.tracking)
        if known is None:
            known = await self._report(reading)
        else:
            await self._amend(known, said, reading)
        if known is not None:
            self._memory.put(
                reading.tracking,
                Said(known, reading.kind, reading.priority, reading.lat, reading.lon, reading.address),
            )
        return known

    def _known(self, tracking: str) -> str | None:
        """Return what an incident is called here that a neighbour names."""
        said = self._memory.get(tracking)
        named = self._named(tracking) if said is None else said.incident
        if named is not None:
            return named
        found = (each.id for each in self._world().incidents.values() if each.external == tracking)
        return next(found, None)

    async def _report(self, reading: Reading) -> str | None:
        ended = not reading.status.isdisjoint({"Closed", "Cancelled"})
        missing = (
            ("not_ours", not reading.concerns_us),
            ("ended_before", ended),
            ("type", not reading.kind),
            ("position", reading.lat is None),
        )
        reason = next((name for name, is_so in missing if is_so), None)
        if reason is not None:
            self._left(reason, reading)
            return None
        assert reading.lat is not None
        assert reading.lon is not None
        x_m, y_m = self._world().settled.projection.to_metres(reading.lat, reading.lon)
        answer = await self._give(
            ReportIncident,
            reading,
            type=reading.kind,
            x_m=x_m,
            y_m=y_m,
            priority=reading.priority,
            address=reading.address,
            caller=reading.caller.removeprefix("tel:"),
            note=f"{reading.agency}: {reading.told_as}"[:500],
            external=reading.tracking,
        )
        if answer.incident is None:
            self._left("refused", reading)
        return answer.incident

    async def _amend(self, incident: str, said: Said | None, reading: Reading) -> None:
        """Pass on what has changed since it was last said; without a memory of that, what is otherwise here."""
        record = self._world().incidents.get(incident)
        if record is None or not record.open:
            return
        before = said or self._as_here(record)
        fields: dict[str, Any] = {}
        if reading.kind and reading.kind != before.kind:
            fields["type"] = reading.kind
        if reading.priority is not None and reading.priority != before.priority:
            fields["priority"] = reading.priority
        if reading.address and reading.address != before.address:
            fields["address"] = reading.address
        if (
            reading.lat is not None
            and reading.lon is not None
            and (reading.lat, reading.lon) != (before.lat, before.lon)
        ):
            x_m, y_m = self._world().settled.projection.to_metres(reading.lat, reading.lon)
            if (x_m, y_m) != (record.x_m, record.y_m):
                fields.update(x_m=x_m, y_m=y_m)
        if fields:
            await self._give(AmendIncident, reading, incident=incident, **fields)

    def _as_here(self, record: Incident) -> Said:
        lat, lon = self._world().settled.projection.to_degrees(record.x_m, record.y_m)
        return Said(record.id, record.type, record.priority, lat, lon, record.address)

    async def _of_units(self, reading: Reading, incident: str | None) -> None:
        """Follow the neighbour's own units."""
        for given in unit_commands(self._world(), self._peer.agency, reading, incident):
            await self._give(given.kind, reading, given.about, **given.fields)

    # ── what is said of it ──────────────────────────────────────────────────────────────────────────────────

    async def _notes(self, incident: str, reading: Reading) -> None:
        """Write down what is not there already: what we have said ourselves comes back from neighbours."""
        record = self._world().incidents.get(incident)
        written = {note.text for note in record.notes} if record is not None else set()
        ours = self._naming.agency
        for name, text in reading.notes:
            said = text in written or f"{reading.agency}: {text}" in written or f"{ours}: " in text
            if text and not said:
                await self._give(AddNote, reading, f"note {name}", incident=incident, text=f"{reading.agency}: {text}")

    async def _distress(self, incident: str, reading: Reading) -> None:
        """Write down a crew's call for help where its unit is none that the place knows; the others are declared."""
        rows = self._world().fleet.rows
        for name, since in reading.distressed:
            if name not in rows:
                text = f"{reading.agency}: its unit {name} is in distress"
                await self._give(AddNote, reading, f"distress {name} {since}", incident=incident, text=text[:4_000])

    async def _aid(self, incident: str, reading: Reading) -> None:
        """Send units of ours that are asked for, or let a person decide."""
        world = self._world()
        for name in reading.asked_for:
            unit = world.unit(name)
            if unit is None:
                self._left("unknown_unit", reading)
            elif unit.incident != incident and self._peer.aid and unit.incident is None:
                reason = f"asked for by {reading.agency}"
                await self._give(DispatchUnits, reading, incident=incident, units=(name,), reason=reason)
            elif unit.incident != incident:
                text = f"{reading.agency} asks for {name}"
                await self._give(AddNote, reading, f"aid {name}", incident=incident, text=text)

    async def _ties(self, incident: str, reading: Reading) -> None:
        record = self._world().incidents.get(incident)
        linked = set(record.links) if record is not None else set()
        for tracking in (*reading.links, *reading.parents):
            other = self._known(tracking)
            if other is None:
                self._left("link", reading)
            elif other not in linked and other != incident:
                await self._give(LinkIncidents, reading, incident=incident, other=other)
        for tracking in reading.unlinked:
            other = self._known(tracking)
            if other in linked:
                await self._give(UnlinkIncidents, reading, incident=incident, other=other)
        for tracking in reading.into:
            into = self._known(tracking)
            if into is None:
                self._left("merge", reading)
            elif record is not None and record.open and into != incident:
                await self._give(MergeIncident, reading, incident=incident, into=into)

    async def _cautions(self, incident: str, reading: Reading) -> None:
        world = self._world()
        record = world.incidents.get(incident)
        for each in reading.cautions:
            name = f"{self.by}-{_digest(each.id)[:16]}"
            there = world.cautions.get(name)
            if (
                record is None
                or not each.text
                or (there and (there.text, there.severity) == (each.text, each.severity))
            ):
                continue
            await self._give(
                RecordCaution,
                reading,
                x_m=record.x_m,
                y_m=record.y_m,
                radius_m=CAUTION_RADIUS_M,
                severity=each.severity,
                text=each.text,
                until_ms=world.now + self._peer.caution_hours * 3_600_000,
                caution=name,
            )

    async def _end(self, incident: str, reading: Reading) -> None:
        """End what has ended there; where crews of ours are still on it, write it down instead."""
        record = self._world().incidents.get(incident)
        if record is None or not record.open or reading.status.isdisjoint({"Closed", "Cancelled"}):
            return
        word = "cancelled" if "Cancelled" in reading.status else "closed"
        reason = f"{word} by {reading.agency}"
        kind: Any = CancelIncident if word == "cancelled" else CloseIncident
        field = "reason" if word == "cancelled" else "disposition"
        answer = await self._give(kind, reading, incident=incident, **{field: reason})
        if answer.refusal is not None:
            await self._give(AddNote, reading, f"ended {reading.stamp}", incident=incident, text=f"It was {reason}.")

    # ── the engine ──────────────────────────────────────────────────────────────────────────────────────────

    async def _give(self, kind: Callable[..., Any], reading: Reading, about: str = "", **fields: Any) -> Answer:
        """Give one command, under an id that is made of what it says, or of what it is about."""
        name = kind.__name__
        said = about or f"{reading.stamp} {sorted(fields.items())!r}"
        command = kind(id=_digest(f"{reading.tracking}\n{name}\n{said}")[:32], by=self.by, **fields)
        count(self._statistics.commands, name)
        answer = await self._ask(command)
        if answer.refusal is not None:
            count(self._statistics.refused, answer.refusal.code)
        return answer

    def _left(self, kind: str, reading: Reading) -> None:
        count(self._statistics.kept, kind)
        self._keep(kind, reading)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
