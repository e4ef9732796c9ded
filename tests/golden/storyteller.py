"""Turns as a dispatcher would tell them: one line for what came in, one for each thing that became true."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine.model import alert_facts as a
from engine.model import crew_facts as c
from engine.model import crew_inputs as ci
from engine.model import facts as f
from engine.model import forgetting as fg
from engine.model import inputs as i
from engine.model import moves as m
from engine.model import response_facts as rf
from engine.model import response_inputs as ri
from engine.model import road_facts as r
from engine.model import suggestions as sg
from engine.model import surroundings as s
from engine.model.turn import Turn
from engine.model.why import Reason


def tell(title: str, moral: str, turns: list[Turn]) -> str:
    """Return the story as text."""
    lines = [title.upper(), moral, ""]
    for turn in turns:
        if isinstance(turn.input, i.Tick) and not any(BECAME[type(fact)](fact) for fact in turn.facts):
            continue  # nothing was due that mattered
        lines.append(f"{_clock(turn.now)}  {SAID[type(turn.input)](turn.input)}")
        lines += [
            f"              {line}" for fact in turn.facts for line in BECAME[type(fact)](fact).split("\n") if line
        ]
    return "\n".join(lines) + "\n"


def _clock(now: int) -> str:
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%H:%M:%S")


def _minutes(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"


def _with(brings: tuple[str, ...]) -> str:
    return f", who bring {_names(brings)}" if brings else ""


def _because(text: str) -> str:
    return f" ({text})" if text else ""


def _reported(given: i.ReportIncident) -> str:
    priority = "" if given.priority is None else f" P{given.priority}"
    return f"{given.by} reports {given.type}{priority} at {given.x_m}, {given.y_m}{_because(given.address)}"


def _amended(given: i.AmendIncident) -> str:
    news = {"type": given.type, "priority": given.priority, "address": given.address}
    return f"{given.by} amends {given.incident}: " + _names(tuple(f"{k} {v}" for k, v in news.items() if v is not None))


def _attempt(given: i.ReportAttempt) -> str:
    how = "took it" if given.delivered else "did not take it"
    return f"the courier tried {given.alert}, rung {given.rung}, attempt {given.attempt}: {how}{_because(given.detail)}"


SAID: dict[type[Any], Callable[[Any], str]] = {
    i.AdoptPlace: lambda g: f"the place {g.place.name} is adopted",
    i.Resume: lambda _: "the engine is back",
    i.Tick: lambda _: "time passes",
    i.ReportPositions: lambda g: f"{len(g.fixes)} units are seen",
    i.ReportAttempt: _attempt,
    i.ReportCopy: lambda g: f"{g.recipient or 'somebody'} at {g.endpoint}: {g.alert} is {g.state}{_because(g.detail)}",
    i.ReportReceipt: lambda g: f"{g.by} has a receipt for {g.alert}",
    i.ReportIncident: _reported,
    i.AmendIncident: _amended,
    i.CancelIncident: lambda g: f"{g.by} cancels {g.incident}{_because(g.reason)}",
    i.CloseIncident: lambda g: f"{g.by} closes {g.incident}{_because(g.disposition)}",
    i.LinkIncidents: lambda g: f"{g.by} links {g.incident} and {g.other}",
    i.MergeIncident: lambda g: f"{g.by} merges {g.incident} into {g.into}",
    fg.ForgetIncident: lambda g: f"{g.by} has the people of {g.incident} forgotten: {g.reason}",
    i.AddNote: lambda g: f"{g.by} notes on {g.incident}: {g.text}",
    i.RecommendUnits: lambda g: f"{g.by} asks again for {g.incident}",
    i.ReserveUnits: lambda g: f"{g.by} reserves {_names(g.units)} for {g.incident}{_because(g.reason)}",
    i.DispatchUnits: lambda g: f"{g.by} sends {_names(g.units)} to {g.incident}{_because(g.reason)}",
    i.DivertUnit: lambda g: f"{g.by} diverts {g.unit} to {g.incident}{_because(g.reason)}",
    i.ReleaseUnit: lambda g: f"{g.by} releases {g.unit} from {g.incident}{_because(g.reason)}",
    i.ReportStatus: lambda g: f"{g.unit} reports {g.status}",
    i.DeclareEmergency: lambda g: f"{g.unit} CALLS FOR HELP{_because(g.text)}",
    i.ResolveEmergency: lambda g: f"{g.by} says that {g.unit} is safe{_because(g.reason)}",
    sg.SuggestStatus: lambda g: f"the position of {g.unit} says that it is {g.status}{_because(g.incident or '')}",
    ci.ReportStaffing: lambda g: f"{g.unit} has {g.staff} people{_with(g.brings)}",
    ci.AnswerAid: lambda g: f"{g.by} {'sends' if g.committed else 'does not send'} {g.unit}{_because(g.reason)}",
    ci.CallRoll: lambda g: f"{g.by} calls the roll on {g.incident}",
    ci.AnswerRoll: lambda g: f"{g.by} says that the people of {g.unit} are well",
    ci.DeclineDispatch: lambda g: f"{g.unit} declines {g.incident}{_because(g.reason)}",
    ci.ReportDelay: lambda g: f"{g.unit} will be {g.minutes} min later on {g.incident}{_because(g.reason)}",
    ci.RequestHelp: lambda g: f"{g.unit} asks for {g.what.replace('_', ' ')}{_because(g.text)}",
    ci.TellUnit: lambda g: f"{g.by} has words for {g.unit}: {g.text}",
    ci.TellDispatch: lambda g: f"{g.unit} has words for dispatch: {g.text}",
    i.AcknowledgeAlarm: lambda g: f"{g.by} takes on alarm {g.alarm}",
    i.AcknowledgeAlert: lambda g: f"{g.by} has told the crew of alert {g.alert}",
    i.CloseRoad: lambda g: f"{g.by} closes {g.stretch.words}{_because(g.reason)}",
    i.OpenRoad: lambda g: f"{g.by} opens {g.closure}{_because(g.reason)}",
    i.ReportTraffic: lambda g: f"{g.by} reports {g.percent} % on {g.stretch.words}",
    i.ReportWeather: lambda g: f"{g.by} reports {g.weather}, {g.percent} %",
    s.RecordCaution: lambda g: f"{g.by} warns of {g.severity} within {g.radius_m} m: {g.text}",
    s.EndCaution: lambda g: f"{g.by} takes back caution {g.caution}{_because(g.reason)}",
    s.ReportHospital: lambda g: f"{g.hospital} reports itself {g.state}, {g.waiting} waiting",
    s.RankDestinations: lambda g: f"{g.by} asks where {g.unit} should bring its patient ({_names(g.needs)})",
    s.ChooseDestination: lambda g: f"{g.by} sends {g.unit} to {g.hospital}{_because(g.reason)}",
    i.PublishEpoch: lambda g: f"the travel times of epoch {g.epoch} are ready",
    i.LearnSpeeds: lambda g: f"{g.learned.observations} drives have been judged",
    i.LearnTurnouts: lambda g: f"{len(g.turnouts)} turnouts have been judged",
    i.LearnService: lambda g: f"the work of {len(g.paces)} types of incidents has been judged",
    m.ProposeMoves: lambda g: f"the planner has thought about turn {g.seq} ({g.policy}): {len(g.moves)} moves",
    m.AcceptMove: lambda g: f"{g.by} accepts {g.move}",
    m.RejectMove: lambda g: f"{g.by} rejects {g.move}{_because(g.reason)}",
    m.SnoozeMove: lambda g: f"{g.by} puts {g.move} off for {_minutes(g.for_ms)}",
    m.OrderMove: lambda g: f"{g.by} moves {g.unit} to {g.post}{_because(g.reason)}",
    m.RecallUnit: lambda g: f"{g.by} calls {g.unit} home{_because(g.reason)}",
    ri.StrikeAlarm: lambda g: f"{g.by} strikes alarm {g.level or 'the next'} for {g.incident}{_because(g.reason)}",
    ri.AcceptRecommendation: lambda g: f"{g.by} accepts what was recommended for {g.incident}",
    ri.HoldIncident: lambda g: f"{g.by} holds {g.incident} until {_clock(g.until_ms)}{_because(g.reason)}",
    ri.EndHold: lambda g: f"{g.by} ends the hold of {g.incident}",
    ri.StackIncident: lambda g: f"{g.by} lets {g.unit} go to {g.incident} next{_because(g.reason)}",
    ri.UnstackIncident: lambda g: f"{g.by} lets anybody go to {g.incident}{_because(g.reason)}",
    ri.ReopenIncident: lambda g: f"{g.by} reopens {g.incident}{_because(g.reason)}",
    ri.SplitIncident: lambda g: f"{g.by} splits off {g.incident}{_because(g.reason)}",
    ri.UnlinkIncidents: lambda g: f"{g.by} says that {g.incident} and {g.other} do not belong together",
    ri.SupersedeUnit: lambda g: (
        f"{g.by} lets {g.replacement} go instead of {g.unit} to {g.incident}{_because(g.reason)}"
    ),
}


def _chosen(choice: f.Choice) -> str:
    how = f" from {choice.source}" if choice.source else ""
    how += f" instead of {choice.replaces}" if choice.replaces else ""
    how += f", free in {_minutes(choice.clear_ms)}" if choice.clear_ms >= 0 else ""
    return f"{choice.slot} {choice.unit} in {_minutes(choice.eta_ms)}{how}"


def _recommended(fact: f.UnitsRecommended) -> str:
    """The proposal in one line, then for each slot who was looked at; who cannot do the job is only counted."""
    chosen = [_chosen(choice) for choice in fact.choices]
    short = [f"{s.missing} {s.slot} short" for s in fact.short]
    lines = [f"{fact.incident} [{fact.mode}] would get: {_names((*chosen, *short))}"]
    for slot in fact.why.slots:
        told = []
        for unit in slot.considered:
            if unit.reason is not Reason.CAPABILITY:
                eta = f" {_minutes(unit.eta_ms)}" if unit.eta_ms >= 0 else ""
                told.append(f"{unit.unit} {unit.reason}{eta}")
        lines.append(f"  why {slot.slot}: {'; '.join(told) or 'nobody can do it'}")
    return "\n".join(lines)


def _sent(fact: f.UnitDispatched) -> str:
    place = f"as {fact.slot}" if fact.slot else "beyond the plan"
    why = f", instead of the one recommended: {fact.deviation}" if fact.deviation and not fact.diverted else ""
    return f"{fact.unit} is sent to {fact.incident} {place}, {_minutes(fact.eta_ms)} away, by {fact.by}{why}"


def _failed(fact: a.AlertAttemptFailed) -> str:
    again = f"again at {_clock(fact.retry_at_ms)}" if fact.retry_at_ms else "no further attempt here"
    return f"alert {fact.alert}: attempt {fact.attempt} failed ({fact.detail}), {again}"


def _suspected(fact: rf.DuplicatesSuspected) -> str:
    if not fact.suspects:
        return f"{fact.incident} is like none of the others"
    said = (f"{each.incident} ({each.permille}: {_names(each.reasons)})" for each in fact.suspects)
    return f"{fact.incident} may be the same as {'; '.join(said)}"


def _ranked(fact: s.DestinationsRanked) -> str:
    lines = [f"{fact.unit} should bring its patient to:"]
    for each in fact.ranked:
        way = f"{_minutes(each.travel_ms)} away" if each.travel_ms >= 0 else "no way"
        load = f"{_minutes(each.delay_ms)} delay, {each.inbound} inbound"
        lines.append(f"  {each.hospital}: {way}, {load}" + (f", but {each.reason}" if each.reason else ""))
    return "\n".join(lines)


def _covered(fact: m.PlanProposed) -> str:
    return "\n".join(f"{each.layer} covers {_share(each.now)}, then {_share(each.then)}" for each in fact.cover)


def _moved(fact: m.MoveProposed) -> str:
    why = fact.why
    asked = "should go" if fact.idle else "should drive home"
    lines = [
        f"{fact.move} [{fact.mode}]: {fact.unit} {asked} from {fact.source} to {fact.post}, {_minutes(fact.travel_ms)} away",
        f"  {why.fill}",
        f"  {why.choice}",
        f"  {_share(why.cover_now)} to {_share(why.cover_then)}: gains {_share(why.gain)}, costs {_share(why.price)}",
    ]
    return "\n".join(lines)


def _share(millionths: int) -> str:
    return f"{millionths / 10_000:.2f} %"


BECAME: dict[type[Any], Callable[[Any], str]] = {
    f.PlaceAdopted: lambda _: "",
    f.Resumed: lambda t: f"alarms are quiet until {_clock(t.quiet_until_ms)}",
    f.Ticked: lambda _: "",
    f.PositionsMoved: lambda _: "",
    f.CommandRefused: lambda t: f"REFUSED, {t.code} ({t.field}): {t.reason}",
    f.IncidentReported: lambda t: f"{t.incident} is on the board: {t.type} P{t.priority}, plan {t.plan}, area {t.area}",
    f.IncidentAmended: lambda t: f"{t.incident} is now {t.type} P{t.priority}, plan {t.plan}",
    f.IncidentClosed: lambda t: f"{t.incident} is closed",
    f.IncidentCancelled: lambda t: f"{t.incident} is cancelled",
    f.IncidentMerged: lambda t: f"{t.incident} goes on as part of {t.into}",
    f.IncidentsLinked: lambda t: f"{t.incident} and {t.other} are linked",
    fg.IncidentForgotten: lambda t: f"the people of {t.incident} are forgotten, by {t.by}: {t.reason}",
    f.NoteAdded: lambda t: f"note on {t.incident}: {t.text}",
    f.UnitsRecommended: _recommended,
    f.UnitReserved: lambda t: f"{t.unit} is reserved for {t.incident} as {t.slot}",
    f.UnitDispatched: _sent,
    f.UnitDiverted: lambda t: f"{t.unit} is diverted from {t.source} to {t.target}{_because(t.reason)}",
    f.AssignmentAdvanced: lambda t: f"{t.unit} is {t.status} on {t.incident}",
    f.AssignmentEnded: lambda t: f"{t.unit} is no longer on {t.incident}: {t.outcome}; it is {t.duty}",
    f.AssignmentMoved: lambda t: f"{t.unit} goes with {t.incident} to {t.into}" + (f" as {t.slot}" if t.slot else ""),
    f.DutyChanged: lambda t: f"{t.unit} is {t.duty}",
    f.EmergencyDeclared: lambda t: f"{t.unit} is in an emergency: {t.incident}",
    f.EmergencyResolved: lambda t: f"{t.unit} is safe",
    a.AlertRequested: lambda t: f"alert {t.alert} by {t.endpoint}, attempt {t.attempt}: {t.text}",
    a.CopyMarked: lambda t: f"alert {t.alert} for {t.recipient or 'somebody'} at {t.endpoint}: {t.state}",
    a.AlertDelivered: lambda t: f"alert {t.alert}: taken",
    a.AlertAttemptFailed: _failed,
    a.AlertEscalated: lambda t: f"alert {t.alert} climbs to rung {t.rung}: {t.reason}",
    a.AlertAcknowledged: lambda t: f"alert {t.alert}: acknowledged",
    a.AlertHandedOver: lambda t: f"alert {t.alert} is handed to a person: {t.reason}",
    a.AlertWithdrawn: lambda t: f"alert {t.alert} is withdrawn: {t.reason}",
    a.AlarmRaised: lambda t: f"ALARM {t.alarm}, {t.about}: {t.text}",
    a.AlarmEscalated: lambda t: f"alarm {t.alarm} climbs to rung {t.rung}: nobody has taken it on",
    a.AlarmAcknowledged: lambda t: f"alarm {t.alarm} is {t.by}'s",
    sg.StatusSuggested: lambda t: (
        f"{t.unit} may be {t.status}: {t.reason}{', which is taken for true' if t.applied else ''}"
    ),
    c.StaffingChanged: lambda t: f"{t.unit} is staffed with {t.staff}",
    c.AidRequested: lambda t: f"{t.agency} is asked for {t.unit} for {t.incident}, until {_clock(t.expires_ms)}",
    c.AidCommitted: lambda t: f"{t.agency} commits {t.unit} to {t.incident}",
    c.AidDeclined: lambda t: f"{t.agency} does not send {t.unit} to {t.incident}: {t.reason}",
    c.DispatchDeclined: lambda t: f"{t.unit} does not go to {t.incident}: {t.reason}",
    c.DelayReported: lambda t: (
        f"{t.unit} arrives on {t.incident} at {_clock(t.arrive_ms)}, {_minutes(t.late_ms)} later than told"
    ),
    c.HelpRequested: lambda t: f"{t.unit} wishes for {t.what.replace('_', ' ')}{_because(t.incident or '')}",
    c.UnitTold: lambda t: f"{t.unit} is to hear, by alert {t.alert}: {t.text}",
    c.UnitSaid: lambda t: f"{t.unit} has said: {t.text}",
    c.RollCalled: lambda t: (
        f"the roll is called on {t.incident}: {_names(t.units)} are to answer by {_clock(t.answer_by_ms)}"
    ),
    c.RollAnswered: lambda t: f"{t.unit} is accounted for on {t.incident}",
    a.AlarmCleared: lambda t: f"alarm {t.alarm} is over: {t.reason}",
    rf.DuplicatesSuspected: _suspected,
    s.CautionRecorded: lambda t: f"{t.caution.id} holds: {t.caution.severity}, {t.caution.text}",
    s.CautionEnded: lambda t: f"{t.caution} is over{_because(t.reason)}",
    s.HospitalReported: lambda t: f"{t.report.hospital} is {t.report.state}, {t.report.waiting} waiting",
    s.HospitalReportLapsed: lambda t: f"what {t.hospital} said is forgotten",
    s.DestinationsRanked: _ranked,
    s.DestinationChosen: lambda t: f"{t.unit} brings its patient to {t.hospital}{_because(t.reason)}",
    r.RoadClosed: lambda t: f"{t.closure.id} closes {t.closure.stretch.words}",
    r.RoadOpened: lambda t: f"{t.closure} is open",
    r.TrafficReported: lambda t: f"{t.slowing.id}: {t.slowing.percent} % on {t.slowing.stretch.words}",
    r.WeatherReported: lambda t: f"{t.weather.kind}: {t.weather.percent} %",
    r.ConditionsLapsed: lambda t: f"over: {_names((*t.closures, *t.slowings, *(['weather'] if t.weather else [])))}",
    r.HourBegan: lambda t: f"hour {t.hour} of the week begins",
    r.SpeedsLearned: lambda t: f"travel times rest on {t.learned.observations} drives",
    r.TurnoutsLearned: lambda t: f"turnouts rest on {len(t.turnouts)} judgements",
    r.ServiceLearned: lambda t: f"when units will be clear rests on {len(t.paces)} judgements",
    r.EpochPublished: lambda t: f"decisions rest on epoch {t.epoch}",
    rf.AlarmStruck: lambda t: f"{t.incident} is at alarm {t.level}{_because(t.reason)}",
    rf.IncidentHeld: lambda t: f"{t.incident} is held until {_clock(t.until_ms)}{_because(t.reason)}",
    rf.HoldEnded: lambda t: f"{t.incident} is no longer held",
    rf.IncidentStacked: lambda t: f"{t.unit} goes to {t.incident} next{_because(t.reason)}",
    rf.IncidentUnstacked: lambda t: f"{t.incident} no longer waits for {t.unit}{_because(t.reason)}",
    rf.IncidentReopened: lambda t: f"{t.incident} is on the board again{_because(t.reason)}",
    rf.PlacesReopened: lambda t: f"{t.incident} has nobody now that {t.unit} is released: its places are open again",
    rf.IncidentSplit: lambda t: f"{t.incident} is on the board by itself, no part of {t.source}{_because(t.reason)}",
    rf.IncidentsUnlinked: lambda t: f"{t.incident} and {t.other} are no longer linked",
    rf.AssignmentDelayed: lambda t: (
        f"{t.unit} is late for {t.incident}, {t.cause}: there at {_clock(t.arrive_ms)}, {_minutes(t.late_ms)} late"
    ),
    rf.AssignmentOnTime: lambda t: f"{t.unit} is on time for {t.incident} again: there at {_clock(t.arrive_ms)}",
    rf.ProgressSeen: lambda _: "",
    rf.ReleaseProposed: lambda t: f"{t.incident} no longer needs {_names(t.units)}{_because(t.reason)}",
    rf.UnitSuperseded: lambda t: (
        f"{t.replacement} goes to {t.incident} instead of {t.unit}, {_minutes(t.saves_ms)} sooner"
    ),
    rf.UnitsBypassed: lambda t: (
        f"{_names(t.bypassed)} passed over for {_names(t.sent)} on {t.incident}{_because(t.reason)}"
    ),
    rf.RecommendationStale: lambda t: f"NOT DONE, the recommendation for {t.incident} no longer holds: {t.reason}",
    rf.AutoWithheld: lambda t: f"{t.incident} is not dispatched by itself: {t.reason}",
    m.PlanProposed: _covered,
    m.MoveProposed: _moved,
    m.MoveHeldBack: lambda t: f"{t.unit} is not asked to go to {t.post}, {t.code}: {t.reason}",
    m.MoveWithdrawn: lambda t: f"{t.move} is withdrawn: {t.reason}",
    m.MoveRefused: lambda t: f"{t.move} is refused until {_clock(t.until_ms)}{_because(t.reason)}",
    m.MoveOrdered: lambda t: (
        f"{t.unit} belongs to {t.post} now, {_minutes(t.travel_ms)} away, by {t.by}{_because(t.reason)}"
    ),
    m.MoveEnded: lambda t: f"{t.move} is over: {t.outcome}; {t.unit} belongs to {t.post}",
}
