"""The engine: one synchronous function over one World.

It reads no clock, draws no chance, awaits nothing and opens nothing. Live, simulated and replayed days call the
same `step`; same inputs and times give the same bytes.
"""

from collections.abc import Callable
from typing import Any

from engine.core import alerts, incidents, orders, positions, roads, settings, statuses, ticking
from engine.core.matching import match_waiting
from engine.core.recorder import Recorder, Refused
from engine.model import inputs
from engine.model.facts import CommandRefused
from engine.model.input import Input
from engine.model.inputs import AnyInput
from engine.model.turn import Turn
from engine.policy import DispatchPolicy, NearestCapable
from engine.state import World

DECIDERS: dict[type[Input], Callable[[Recorder, Any], None]] = {
    inputs.AdoptPlace: settings.adopt_place,
    inputs.Resume: ticking.resume,
    inputs.Tick: ticking.tick,
    inputs.ReportPositions: positions.report_positions,
    inputs.ReportAttempt: alerts.report_attempt,
    inputs.ReportReceipt: alerts.report_receipt,
    inputs.AcknowledgeAlert: alerts.acknowledge_alert,
    inputs.AcknowledgeAlarm: alerts.acknowledge_alarm,
    inputs.ReportIncident: incidents.report_incident,
    inputs.AmendIncident: incidents.amend_incident,
    inputs.CancelIncident: incidents.cancel_incident,
    inputs.CloseIncident: incidents.close_incident,
    inputs.LinkIncidents: incidents.link_incidents,
    inputs.MergeIncident: incidents.merge_incident,
    inputs.AddNote: incidents.add_note,
    inputs.RecommendUnits: orders.recommend_units,
    inputs.ReserveUnits: orders.reserve_units,
    inputs.DispatchUnits: orders.dispatch_units,
    inputs.DivertUnit: orders.divert_unit,
    inputs.ReleaseUnit: orders.release_unit,
    inputs.ReportStatus: statuses.report_status,
    inputs.DeclareEmergency: statuses.declare_emergency,
    inputs.ResolveEmergency: statuses.resolve_emergency,
    inputs.CloseRoad: roads.close_road,
    inputs.OpenRoad: roads.open_road,
    inputs.ReportTraffic: roads.report_traffic,
    inputs.ReportWeather: roads.report_weather,
    inputs.PublishEpoch: roads.publish_epoch,
    inputs.LearnSpeeds: roads.learn_speeds,
    inputs.LearnTurnouts: roads.learn_turnouts,
}


class Engine:
    """Decides. Owns the World; nobody else may write to it."""

    def __init__(self, world: World | None = None, dispatch: DispatchPolicy | None = None) -> None:
        self.world = World() if world is None else world
        self.dispatch = NearestCapable() if dispatch is None else dispatch

    def step(self, given: AnyInput, now: int) -> Turn:
        """Take one input at time `now` (ms since the epoch, UTC) and return what it made true.

        A refused input gives a turn whose only fact is `CommandRefused`; it changes nothing else. A time before
        the last turn's counts as the last turn's.

        Anything raised from here is a fault of the program, never of the input: the World may be half changed, so
        the caller must stop and start again from the journal.
        """
        world = self.world
        world.begin(max(now, world.now))
        recorder = Recorder(world, self.dispatch)
        try:
            DECIDERS[type(given)](recorder, given)
        except Refused as refused:
            assert not recorder.facts, "an input was refused after it had changed something"
            refusal = refused.refusal
            recorder.record(CommandRefused(refusal.code, refusal.field, refusal.reason))
        else:
            if recorder.match:
                match_waiting(recorder)
        turn = Turn(world.seq, world.now, given, tuple(recorder.facts))
        world.finish(turn)
        return turn
