"""The engine: one synchronous function over one World.

It reads no clock, draws no chance, awaits nothing and opens nothing. Live, simulated and replayed days call the
same `step`; same inputs and times give the same bytes.
"""

from collections.abc import Callable
from typing import Any

from engine.core import (
    accepting,
    aid,
    alerts,
    crew_words,
    crews,
    destinations,
    emergencies,
    forgetting,
    holding,
    incidents,
    learned,
    move_ends,
    moving,
    orders,
    plans,
    positions,
    reopening,
    roads,
    rollcall,
    settings,
    statuses,
    suggesting,
    surroundings,
    ticking,
    watching,
)
from engine.core.lookup import check_text
from engine.core.matching import match_waiting
from engine.core.recorder import Recorder, Refused
from engine.model import crew_inputs, inputs, moves, response_inputs, suggestions
from engine.model import forgetting as forgetting_words
from engine.model import surroundings as surroundings_words
from engine.model.facts import CommandRefused
from engine.model.input import Command, Input
from engine.model.inputs import AnyInput
from engine.model.turn import Turn
from engine.policy import DispatchPolicy, JointMatch
from engine.state import World

DECIDERS: dict[type[Input], Callable[[Recorder, Any], None]] = {
    inputs.AdoptPlace: settings.adopt_place,
    inputs.Resume: ticking.resume,
    inputs.Tick: ticking.tick,
    inputs.ReportPositions: positions.report_positions,
    inputs.ReportAttempt: alerts.report_attempt,
    inputs.ReportReceipt: alerts.report_receipt,
    inputs.ReportCopy: alerts.report_copy,
    inputs.AcknowledgeAlert: alerts.acknowledge_alert,
    inputs.AcknowledgeAlarm: alerts.acknowledge_alarm,
    inputs.ReportIncident: incidents.report_incident,
    inputs.AmendIncident: incidents.amend_incident,
    inputs.CancelIncident: incidents.cancel_incident,
    inputs.CloseIncident: incidents.close_incident,
    inputs.LinkIncidents: incidents.link_incidents,
    inputs.MergeIncident: incidents.merge_incident,
    inputs.AddNote: incidents.add_note,
    forgetting_words.ForgetIncident: forgetting.forget_incident,
    inputs.RecommendUnits: orders.recommend_units,
    inputs.ReserveUnits: orders.reserve_units,
    inputs.DispatchUnits: orders.dispatch_units,
    inputs.DivertUnit: orders.divert_unit,
    inputs.ReleaseUnit: orders.release_unit,
    response_inputs.StrikeAlarm: plans.strike_alarm,
    response_inputs.HoldIncident: holding.hold_incident,
    response_inputs.EndHold: holding.end_hold,
    response_inputs.StackIncident: holding.stack_incident,
    response_inputs.UnstackIncident: holding.unstack_incident,
    response_inputs.ReopenIncident: reopening.reopen_incident,
    response_inputs.SplitIncident: reopening.split_incident,
    response_inputs.UnlinkIncidents: reopening.unlink_incidents,
    response_inputs.SupersedeUnit: orders.supersede_unit,
    response_inputs.AcceptRecommendation: accepting.accept_recommendation,
    inputs.ReportStatus: statuses.report_status,
    suggestions.SuggestStatus: suggesting.suggest_status,
    crew_inputs.ReportStaffing: crews.report_staffing,
    crew_inputs.AnswerAid: aid.answer_aid,
    inputs.DeclareEmergency: emergencies.declare_emergency,
    inputs.ResolveEmergency: emergencies.resolve_emergency,
    crew_inputs.CallRoll: rollcall.call_roll,
    crew_inputs.AnswerRoll: rollcall.answer_roll,
    crew_inputs.DeclineDispatch: crew_words.decline_dispatch,
    crew_inputs.ReportDelay: crew_words.report_delay,
    crew_inputs.RequestHelp: crew_words.request_help,
    crew_inputs.TellUnit: crew_words.tell_unit,
    crew_inputs.TellDispatch: crew_words.tell_dispatch,
    surroundings_words.RecordCaution: surroundings.record_caution,
    surroundings_words.EndCaution: surroundings.end_caution,
    surroundings_words.ReportHospital: destinations.report_hospital,
    surroundings_words.RankDestinations: destinations.rank_destinations,
    surroundings_words.ChooseDestination: destinations.choose_destination,
    inputs.CloseRoad: roads.close_road,
    inputs.OpenRoad: roads.open_road,
    inputs.ReportTraffic: roads.report_traffic,
    inputs.ReportWeather: roads.report_weather,
    inputs.PublishEpoch: roads.publish_epoch,
    inputs.LearnSpeeds: learned.learn_speeds,
    inputs.LearnTurnouts: learned.learn_turnouts,
    inputs.LearnService: learned.learn_service,
    moves.ProposeMoves: moving.propose_moves,
    moves.AcceptMove: moving.accept_move,
    moves.RejectMove: moving.reject_move,
    moves.SnoozeMove: moving.snooze_move,
    moves.OrderMove: moving.order_move,
    moves.RecallUnit: moving.recall_unit,
}


class Engine:
    """Decides. Owns the World; nobody else may write to it."""

    def __init__(self, world: World | None = None, dispatch: DispatchPolicy | None = None) -> None:
        self.world = World() if world is None else world
        self.dispatch = JointMatch() if dispatch is None else dispatch

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
            if isinstance(given, Command) and given.line:
                check_text(line=given.line)
            DECIDERS[type(given)](recorder, given)
        except Refused as refused:
            assert not recorder.facts, "an input was refused after it had changed something"
            refusal = refused.refusal
            recorder.record(CommandRefused(refusal.code, refusal.field, refusal.reason))
        else:
            if recorder.match:
                holding.settle_stacks(recorder)
                match_waiting(recorder)
                while holding.settle_stacks(recorder):
                    # The match took a unit for which others were waiting.
                    match_waiting(recorder)
            move_ends.settle(recorder)
            rollcall.settle(recorder)
            watching.settle(recorder)
        turn = Turn(world.seq, world.now, given, tuple(recorder.facts))
        world.finish(turn)
        return turn
