"""A crew: told to go, turns out, drives, works, brings its patient to hospital, clears, and comes home to its post.

Rule: a crew knows what the engine's facts tell it and nothing else; what it says goes in as a `ReportStatus` like any
crew's. It has one thing to do next, and a newer order strikes that out.
"""

from typing import TYPE_CHECKING

from engine.model.fixes import UNKNOWN
from engine.model.inputs import ReportStatus
from engine.model.lifecycle import Status
from engine.model.place import Station, Unit
from engine.sim.calendar import Act, Entry
from engine.sim.drives import Drive, Seen
from engine.state.records import Incident
from engine.streets.weighing import Mode

if TYPE_CHECKING:
    from engine.sim.city import City

TRANSPORT = "transport"
"""The capability that plans ask for where somebody may have to go to hospital."""


class Crew:
    """One unit's people and their vehicle."""

    def __init__(self, city: "City", row: int, unit: Unit, home: Station) -> None:
        self.city = city
        self.row, self.unit = row, unit
        self.post = home
        self.drive: Drive | None = None
        self.stands = Seen(home.x_m, home.y_m, 0, UNKNOWN)
        self.incident: str | None = None
        self.sent_ms = 0
        self.carries = False
        self.after = Status.AVAILABLE
        """What it is once it is home."""
        self._next: Entry | None = None

    # ── where it is ─────────────────────────────────────────────────────────────────────────────────────────

    def seen(self, now: int) -> Seen:
        """Return where it is."""
        return self.stands if self.drive is None else self.drive.seen(now)

    def _halt(self) -> None:
        """It stands from now on, and its way so far is counted."""
        if self.drive is not None:
            now = self.city.now
            seen = self.drive.seen(now)
            self.city.tally.drove(self, self.drive, now)
            self.stands = seen if now < self.drive.arrive_ms else Seen(seen.x_m, seen.y_m, 0, UNKNOWN)
            self.drive = None
            self.city.movers.pop(self.row, None)

    def _set_out(self, to: tuple[int, int], mode: Mode, then: Act, purpose: str) -> None:
        city = self.city
        self._halt()
        self.drive = city.driver.drive(self.stands, to, mode, city.now, self._pace(purpose))
        city.movers[self.row] = self
        self._later(self.drive.arrive_ms, then)
        city.tally.breaks_down(self, self.drive)

    def _pace(self, purpose: str) -> float:
        nature, about = self.city.nature, self.city.number_of(self.incident)
        return self.city.dice.around(nature.travel_percent, nature.crews.drive_spread, purpose, self.row, about)

    def _later(self, when_ms: int, act: Act) -> None:
        if self._next is not None:
            self._next.strike()
        self._next = self.city.calendar.at(when_ms, act, self)

    def _report(self, status: Status, incident: str | None = None) -> None:
        city = self.city
        city.step(
            ReportStatus(id=city.command_id(), by=self.unit.id, unit=self.unit.id, status=status, incident=incident)
        )

    # ── a response, rung by rung ────────────────────────────────────────────────────────────────────────────

    def ordered(self, incident: str) -> None:
        """It is told to go there: at once, whatever it is doing."""
        city, crews = self.city, self.city.nature.crews
        self.incident, self.sent_ms, self.carries = incident, city.now, False
        about = city.number_of(incident)
        if city.refusals.says_no(self.row, about):
            self._later(city.now + crews.notice_ms, Crew._decline)
            return
        if not crews.notice_ms and not int(city.world.fleet.turnout_ms[self.row]):
            self._later(city.now, Crew._leave)
            return
        self._later(city.now + round(city.dice.around(crews.notice_ms, 0.5, "notice", self.row, about)), Crew._notice)

    def _notice(self) -> None:
        city, crews = self.city, self.city.nature.crews
        due_ms = int(city.world.fleet.turnout_ms[self.row])
        if crews.notice_ms:
            self._report(Status.ACKNOWLEDGED, self.incident)
        middle_ms = max(crews.rolling_ms, due_ms - crews.notice_ms)
        spread = city.dice.around(middle_ms, crews.turnout_spread, "turnout", self.row, city.number_of(self.incident))
        self._later(city.now + round(spread), Crew._leave)

    def _decline(self) -> None:
        """It does not go: somebody else has to, and it goes on with what it was doing."""
        incident = self.incident
        self.incident, self._next = None, None
        assert incident is not None
        self.city.before_deciding()
        self.city.refusals.decline(self, incident)
        if self.incident is None:
            self._later(self.city.now, Crew._go_home)

    def _leave(self) -> None:
        scene = self._scene()
        lights = self.city.place.travel.under_lights(scene.priority)
        self._halt()
        self._set_out((scene.x_m, scene.y_m), Mode.LIGHTS if lights else Mode.NORMAL, Crew._arrive, "way")
        self._report(Status.EN_ROUTE, self.incident)

    def _arrive(self) -> None:
        city = self.city
        self._halt()
        city.tell_arrival(self)
        self._report(Status.ON_SCENE, self.incident)
        call = city.arrived(self)
        work_ms = max(city.nature.crews.work_least_ms, int(city.calls.work_ms[call]))
        self._later(city.now + work_ms, Crew._done)

    def _done(self) -> None:
        """The work is done: with a patient on board, or clear."""
        city = self.city
        if not self._takes_patient():
            self._clear()
            return
        self.carries = True
        self._report(Status.TRANSPORTING, self.incident)
        self._set_out(city.hospital_for(self), Mode.NORMAL, Crew._at_hospital, "hospital")

    def _takes_patient(self) -> bool:
        city, call = self.city, self.city.call_of(self.incident)
        if not city.calls.transport[call] or not city.place.hospitals or call in city.carried:
            return False
        if TRANSPORT in city.place.capabilities and not self.unit.capabilities & city.place.mask((TRANSPORT,)):
            return False
        city.carried.add(call)
        return True

    def _at_hospital(self) -> None:
        city = self.city
        self._halt()
        city.tell_arrival(self)
        self._report(Status.AT_HOSPITAL, self.incident)
        self._later(city.now + int(city.calls.handover_ms[city.call_of(self.incident)]), Crew._clear)

    def _clear(self) -> None:
        incident = self.incident
        self.incident, self._next = None, None
        assert incident is not None
        self.city.before_deciding()
        self._report(Status.RETURNING, incident)
        self.city.cleared(incident, self)
        if self.incident is None:
            self._later(self.city.now, Crew._go_home)

    # ── between two incidents ───────────────────────────────────────────────────────────────────────────────

    def released(self) -> None:
        """It need not go on: it turns round and drives to its post."""
        self.incident = None
        self._later(self.city.now, Crew._go_home)

    def moved(self, post: Station) -> None:
        """It belongs to that post from now on, and drives there."""
        self.post = post
        if self.incident is None:
            self._later(self.city.now, Crew._move)

    def _move(self) -> None:
        unit = self.city.world.units[self.row]
        if unit.duty is Status.AVAILABLE:
            self._report(Status.RETURNING)
        if self.incident is None:
            self._go_home()

    def _go_home(self) -> None:
        self._halt()
        if (self.stands.x_m, self.stands.y_m) == (self.post.x_m, self.post.y_m):
            self._home()
        else:
            self._set_out((self.post.x_m, self.post.y_m), Mode.NORMAL, Crew._home, "home")

    def _home(self) -> None:
        self._halt()
        self.city.tell_arrival(self)
        if self.city.world.units[self.row].duty is not self.after:
            self._next = None
            self._report(self.after)

    # ── hours of duty, meals, repairs ───────────────────────────────────────────────────────────────────────

    def on_duty(self, status: Status = Status.AVAILABLE) -> None:
        """Its crew is there: on duty, back from a meal, repaired."""
        self.after = Status.AVAILABLE
        if self.incident is None and self.city.world.units[self.row].duty is not status:
            self._report(status)

    def off_duty(self) -> None:
        """Its hours are over: now if it is free, else once it is home."""
        self.after = Status.OFF_DUTY
        if self.incident is None:
            self._later(self.city.now, Crew._go_home)

    def fails(self, until_ms: int) -> None:
        """The vehicle breaks down where it is, and is back at its post once it is repaired."""
        if self.drive is None or self.carries:
            return
        self._halt()
        self.incident = None
        self._report(Status.OUT_OF_SERVICE)
        self.stands = Seen(self.stands.x_m, self.stands.y_m, 0, UNKNOWN)
        self._later(until_ms, Crew._repaired)

    def _repaired(self) -> None:
        self.stands = Seen(self.post.x_m, self.post.y_m, 0, UNKNOWN)
        self.city.tell_arrival(self)
        self.on_duty()

    def _scene(self) -> Incident:
        assert self.incident is not None
        return self.city.world.open[self.incident]
