"""The rules of an agency: bounds, prices and times that its decisions rest on. Data only; every number has a default."""

from enum import StrEnum

from msgspec import Struct

ByPriority = tuple[int, int, int, int, int]
"""One number for each priority, 1 to 5."""


class MatchingRules(Struct, frozen=True):
    """What is weighed when units are chosen. All prices are in ms of the arrival of that incident's unit."""

    weights: ByPriority = (16, 8, 4, 2, 1)
    """What a second is worth."""
    late_percent: int = 100
    """What a second beyond a slot's target counts on top."""
    divert_ms: int = 120_000
    """A unit is diverted only if that saves the more urgent incident more than this."""
    consent_ms: int = 600_000
    """… and this much more, where a person has to agree to it and the incident is one that the engine may serve itself."""
    supersede_ms: int = 60_000
    """A unit that is under way is replaced only by one that arrives so much earlier: plans must not flap."""
    supersede_percent: int = 20
    """… and so much of the time that is left."""
    free_within_ms: int = 600_000
    """A busy unit that will be free within this may be waited for."""
    wait_ms: int = 60_000
    """… if it still arrives so much earlier than any that could go now."""
    wait_from_priority: int = 2
    """More urgent incidents never wait for a unit that is not free."""
    unseen_ms: int = 600_000
    """Price of a unit whose position is too old, or was never told: it goes where nobody else would be there sooner."""
    open_ms: int = 1_800_000
    """A unit is diverted although nobody could take its place: that place is reckoned to stay open for so long."""
    coverage_ms: ByPriority = (0, 0, 60_000, 180_000, 300_000)
    """By priority: what it may cost to keep the last cover of the whole demand; nothing for the most urgent."""


class CoverageRules(Struct, frozen=True):
    """Where demand is, and what counts as covered (MEXCLP, Daskin 1983)."""

    points: tuple[tuple[int, int, int], ...] = ()
    """(x_m, y_m, weight): places of demand. None: taking a unit away costs nothing."""
    within_m: int = 3_500
    """A point is covered by a free unit this near."""
    busy_permille: int = 300
    """How much of the time a unit is busy."""


class WorkRules(Struct, frozen=True):
    """What is asked of crews: soft prices in ms, that the two most urgent priorities do not pay."""

    paid_from_priority: int = 3
    overtime_percent: int = 50
    """Of every ms that the work will probably last beyond the end of the shift."""
    break_after_ms: int = 18_000_000
    """A meal break is due after so long on duty without one …"""
    break_ms: int = 1_800_000
    """… and lasts so long."""
    break_due_ms: int = 120_000
    """Price of a unit whose break is due."""
    on_break_ms: int = 300_000
    """Price of one that is on its break."""
    break_to_priority: int = 3
    """Less urgent incidents never interrupt a break."""
    rest_ms: int = 0
    """After an assignment a crew should rest for so long …"""
    rest_price_ms: int = 60_000
    """… and costs this much before that."""
    rotation_ms: int = 5_000
    """Price of each assignment that a crew had in this shift: work goes round."""
    understaffed_ms: int = 60_000
    """Price of each person that a unit lacks of its full crew."""


class WatchRules(Struct, frozen=True):
    """When a person is asked to look. 0 switches a rule off."""

    turnout_ms: int = 180_000
    """Dispatched or acknowledged, and not rolling after this."""
    overdue_ms: int = 120_000
    """Not on scene this long after the time that was told …"""
    overdue_percent: int = 25
    """… and so much of the travel that was told."""
    delayed_ms: int = 90_000
    """A unit under way that will arrive so much later than told is reported late, before it is."""
    wrong_way_ms: int = 60_000
    """A unit under way whose time to go has grown by so much drives the wrong way."""
    unchanged_ms: tuple[tuple[str, int], ...] = (
        ("reserved", 300_000),
        ("on_scene", 7_200_000),
        ("at_patient", 5_400_000),
        ("transporting", 3_600_000),
        ("at_hospital", 3_600_000),
        ("returning", 3_600_000),
    )
    """By status: a unit that has been in it for longer is asked."""
    escalate_ms: int = 120_000
    """An alarm that nobody has acknowledged goes one rung up after this, and again."""
    escalations: int = 3
    """How often; then it stands at the top."""
    par_answer_ms: int = 120_000
    """A unit that has not answered a roll-call by then is taken to be in need of help."""


class Suggesting(StrEnum):
    """What becomes of a status that a unit's position suggests."""

    OFF = "off"
    SUGGEST = "suggest"
    """People are told; the crew's word is waited for."""
    APPLY = "apply"
    """It counts until the crew says otherwise."""


class GeofenceRules(Struct, frozen=True):
    """When a unit's position suggests that it has arrived, or is in quarters again."""

    arrived: Suggesting = Suggesting.SUGGEST
    in_quarters: Suggesting = Suggesting.SUGGEST
    arrived_m: int = 75
    """So near to the incident …"""
    quarters_m: int = 60
    """… or to where it belongs …"""
    for_ms: int = 15_000
    """… for so long …"""
    fixes: int = 3
    """… by at least so many positions in a row …"""
    slower_than_kmh: int = 8
    """… none of them faster than this …"""
    accuracy_m: int = 50
    """… and none less accurate. Of a device that tells no accuracy, or no speed, none is asked."""


class DuplicateRules(Struct, frozen=True):
    """When two calls may be about one occurrence (defaults: Active911's and their kin)."""

    within_ms: int = 900_000
    within_m: int = 400
    suspect_permille: int = 500
    """Told to a person from this score on."""
    suspects: int = 5
    """At most so many are named."""


class Limits(Struct, frozen=True):
    """Bounds on what decisions may rest on and how much is kept."""

    stale_after_ms: int = 600_000
    """Nobody knows where a tracked unit is whose position is older than this: it costs `unseen_ms` more."""
    pending_after_ms: ByPriority = (60_000, 300_000, 900_000, 1_800_000, 3_600_000)
    """By priority: an incident without its units for longer raises an alarm."""
    joint_slots: int = 96
    """Waiting slots solved together; what ranks behind waits for the next turn."""
    nearest_explained: int = 12
    """Eligible units listed by name in a decision's why; the others are counted."""
    answers_kept: int = 100_000
    """Commands whose answers are remembered, so that the same id gets the same answer."""
    closed_kept: int = 5_000
    """Closed incidents that stay in memory for look-ups; the journal keeps all of them."""
    resume_grace_ms: int = 10_000
    """After a restart alarms wait this long, so that reports held back during the outage can arrive first."""
    hold_ms: int = 86_400_000
    """An incident is held for this long at most."""
