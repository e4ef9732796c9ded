"""What the desk hears from others and writes down: what to beware of somewhere, and how full hospitals are."""

from random import Random

import trio

from engine.model.demand import Demand
from engine.model.place import Place
from engine.model.surroundings import HospitalState, Severity
from gateways.cad.client import new_id
from gateways.demo.chance import around, exponential, stream
from gateways.demo.citytime import DAY_MS, CityTime
from gateways.demo.line import Line
from gateways.vocabulary.surroundings_messages import Caution, EndCaution, HospitalStatus

CALLS_A_CAUTION = 5
"""Calls between two of them, on average."""
CAUTION_LASTS_MS = 3_600_000
OVER_AFTER_MS = 900_000
"""Until somebody says that it is over, where anybody does."""
SAID_OVER_SHARE = 0.3
HOSPITAL_EVERY_MS = 1_200_000
"""Of one hospital."""
HOSPITAL_LASTS_MS = 1_800_000
CAUTIONS = (
    (Severity.DANGER, 120, "armed resident: wait for the police"),
    (Severity.DANGER, 80, "gas main under the yard"),
    (Severity.DANGER, 60, "wire down in the street"),
    (Severity.CAUTION, 40, "aggressive dog in the yard"),
    (Severity.CAUTION, 150, "no hydrant in this street"),
    (Severity.NOTICE, 30, "gate code at the porter's"),
)
STATES = (HospitalState.OPEN, HospitalState.BUSY, HospitalState.BUSY, HospitalState.DIVERTING)


class Bulletins:
    """The telephone that is not for emergencies."""

    def __init__(self, place: Place, demand: Demand, line: Line, time: CityTime, seed: int) -> None:
        self._warn_every_ms = CALLS_A_CAUTION * DAY_MS / demand.calls_per_day
        self._hospitals = [hospital.id for hospital in place.hospitals]
        self._line = line
        self._time = time
        self._warnings: Random = stream(seed, "cautions")
        self._beds: Random = stream(seed, "hospitals")

    async def run(self) -> None:
        """Write down what is heard, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._hear_warnings, nursery)
            if self._hospitals:
                nursery.start_soon(self._hear_hospitals)

    async def _hear_warnings(self, nursery: trio.Nursery) -> None:
        while True:
            await self._time.sleep(exponential(self._warnings, self._warn_every_ms))
            if places := list(self._line.client.mirror.incidents.values()):
                spot = self._warnings.choice(places)
                nursery.start_soon(self._warn, spot.lat, spot.lon)

    async def _warn(self, lat: float, lon: float) -> None:
        severity, radius_m, text = self._warnings.choice(CAUTIONS)
        until_ms = self._time.now() + CAUTION_LASTS_MS
        caution = Caution(
            id=new_id(), lat=lat, lon=lon, radius_m=radius_m, severity=severity, text=text, until_ms=until_ms
        )
        answer = await self._line.ask(caution)
        if answer is not None and answer.caution is not None and self._warnings.random() < SAID_OVER_SHARE:
            await self._time.sleep(around(self._warnings, OVER_AFTER_MS, 0.4))
            await self._line.ask(EndCaution(id=new_id(), caution=answer.caution, reason="the police say it is over"))

    async def _hear_hospitals(self) -> None:
        while True:
            await self._time.sleep(exponential(self._beds, HOSPITAL_EVERY_MS / len(self._hospitals)))
            await self._line.ask(self._word_of_one())

    def _word_of_one(self) -> HospitalStatus:
        chance = self._beds
        return HospitalStatus(
            id=new_id(),
            hospital=chance.choice(self._hospitals),
            state=chance.choice(STATES),
            waiting=chance.randrange(0, 6),
            handover_ms=round(around(chance, 900_000, 0.3)),
            until_ms=self._time.now() + HOSPITAL_LASTS_MS,
        )
