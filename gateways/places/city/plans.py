"""What can happen in the made-up city, and who goes: incident types, response plans, how often each is called in.

Fire and EMS plans are sent at once (`auto`) at priorities 1 to 3; police and low priorities ask a person first
(`advise`), so that a newcomer sees both.
"""

from typing import Any

from engine.model.place import Determination, IncidentType
from engine.model.plans import AlarmLevel, Alternative, Mode, Option, Order, Plan, Slot

CAPABILITIES = (
    *("pump", "ladder", "rescue", "hazmat", "boat", "command", "first_aid"),
    *("als", "bls", "transport", "police", "traffic", "k9", "sergeant"),
)
EMERGENCY = "unit_emergency"


def mask(words: str) -> int:
    """Return the capability mask of words with spaces between them."""
    return sum(1 << CAPABILITIES.index(word) for word in words.split())


def _slot(name: str, needs: str, count: int = 1, target_s: int = 480, weight: int = 100, **instead: int) -> Slot:
    """Return a slot; `instead` names substitutes and their penalty in seconds (`__` stands between two words)."""
    others = [Alternative(mask(words.replace("__", " ")), penalty * 1000) for words, penalty in instead.items()]
    return Slot(name, (Alternative(mask(needs)), *others), count, target_s * 1000, weight)


_FIRE = "structure_fire vehicle_fire brush_fire fire_alarm smoke_odour lift_entrapment"
_HAZARD = "hazmat_spill gas_leak"
_EMS = "cardiac_arrest breathing_difficulty chest_pain stroke overdose fall sick_person assault_injury"
_POLICE = "robbery shots_fired disturbance burglary theft welfare_check obstruction noise"

_MEDIC = _slot("medic", "als transport", bls__transport=180)
_PARAMEDIC = _slot("paramedic", "als", bls=120)
_FIRST_AID = _slot("first_aid", "first_aid", target_s=300)
_AMBULANCE = _slot("ambulance", "bls transport", target_s=900)
_POLICE_UNIT = _slot("police", "police", target_s=600)
_CHIEF = _slot("chief", "command", target_s=600, sergeant=300)
_ENGINE = _slot("engine", "pump", target_s=400)

TOP, URGENT, LOW, ALL = (1, 2), (1, 2, 3), (4, 5), (1, 2, 3, 4, 5)


def _plan(name: str, types: str, priorities: tuple[int, ...], mode: Mode, *slots: Slot, **more: Any) -> Plan:
    # Crews of urgent calls are watched more closely.
    return Plan(name, tuple(types.split()), priorities, mode, slots, 45_000 if 1 in priorities else 90_000, **more)


_FIRST_ENGINE = _slot("first_engine", "pump", target_s=320)
_RESCUE = _slot("rescue", "rescue", ladder=90)
_AT_A_FIRE = (_RESCUE, _CHIEF, _MEDIC, _POLICE_UNIT)
_WITH_QUINT = Option(
    "with-quint",
    (_FIRST_ENGINE, _slot("engine", "pump", weight=50), _slot("quint", "pump ladder"), *_AT_A_FIRE),
    penalty_ms=60_000,
)
_SECOND_ALARM = AlarmLevel(
    2,
    (
        _slot("more_engines", "pump", 2, 900, weight=50),
        *(_slot("more_medics", "als transport", 1, 900, bls__transport=180), _slot("second_chief", "command", 1, 1200)),
    ),
)
_THIRD_ALARM = AlarmLevel(
    3, (_slot("more_engines", "pump", 2, 900, weight=50), _slot("more_ladders", "ladder", 1, 900))
)
_PAR_MS = 1_200_000
"""Where people work in smoke, each unit is asked every twenty minutes whether they are well."""

_AUTO, _ADVISE = Mode.AUTO, Mode.ADVISE

PLANS = (
    _plan(
        *("distress", EMERGENCY, ALL, _AUTO),
        *(_slot("help", "police", 3, 300), _slot("sergeant", "sergeant", police=60), _PARAMEDIC),
    ),
    _plan(
        *("working-fire", "structure_fire", TOP, _AUTO),
        *(_FIRST_ENGINE, _slot("engine", "pump", 2, weight=50), _slot("ladder", "ladder"), *_AT_A_FIRE),
        options=(_WITH_QUINT,),
        alarms=(_SECOND_ALARM, _THIRD_ALARM),
        order=Order.BLENDED,
        par_every_ms=_PAR_MS,
    ),
    _plan(
        *("fire", _FIRE, TOP, _AUTO, _slot("engine", "pump", 2, 400), _slot("ladder", "ladder", rescue=60)),
        order=Order.BLENDED,
    ),
    _plan("small-fire", _FIRE, (3,), _AUTO, _ENGINE),
    _plan("fire-service-call", _FIRE, LOW, _ADVISE, _slot("engine", "pump", target_s=1800)),
    _plan(
        *("hazard", _HAZARD, TOP, _AUTO),
        *(_slot("engine", "pump", 2, 400), _slot("hazmat", "hazmat", target_s=900), _CHIEF, _PARAMEDIC),
        par_every_ms=_PAR_MS,
    ),
    _plan("small-hazard", _HAZARD, (3,), _AUTO, _ENGINE, _slot("hazmat", "hazmat", target_s=1200)),
    _plan("hazard-inspection", _HAZARD, LOW, _ADVISE, _slot("engine", "pump", target_s=1800)),
    _plan(
        *("technical-rescue", "technical_rescue", URGENT, _AUTO),
        *(_slot("rescue", "rescue"), _slot("ladder", "ladder"), _ENGINE, _CHIEF, _MEDIC),
    ),
    _plan(
        *("water-rescue", "water_rescue", URGENT, _AUTO),
        *(_slot("boat", "boat", target_s=600), _ENGINE, _MEDIC, _POLICE_UNIT),
    ),
    _plan("rescue-standby", "technical_rescue water_rescue", LOW, _ADVISE, _slot("rescue", "rescue", pump=60)),
    _plan(
        *("entrapment", "collision_entrapment", URGENT, _AUTO),
        *(_slot("rescue", "rescue", ladder=120), _ENGINE, _MEDIC, _CHIEF, _slot("police", "police", 2, 600)),
    ),
    _plan(
        *("collision", "collision_injury", URGENT, _AUTO),
        *(_MEDIC, _ENGINE, _slot("traffic", "traffic", target_s=600, police=30)),
    ),
    _plan(
        *("collision-damage", "collision_entrapment collision_injury", LOW, _ADVISE),
        _slot("traffic", "traffic", target_s=1800, police=30),
    ),
    _plan(
        *("cardiac-arrest", "cardiac_arrest", TOP, _AUTO),
        *(_MEDIC, _FIRST_AID, _slot("second_medic", "als", bls=120, first_aid=240)),
    ),
    _plan("medical-urgent", _EMS, TOP, _AUTO, _MEDIC),
    _plan("medical", _EMS, (3,), _AUTO, _AMBULANCE),
    _plan("medical-low", f"{_EMS} transfer", LOW, _ADVISE, _slot("ambulance", "bls transport", target_s=3600)),
    _plan("transfer-urgent", "transfer", URGENT, _AUTO, _MEDIC),
    _plan(
        *("armed-incident", "robbery shots_fired", TOP, _ADVISE),
        *(_slot("police", "police", 3, 300), _slot("sergeant", "sergeant", police=120)),
        _slot("dog", "k9", target_s=900, police=240),
    ),
    _plan("police-urgent", _POLICE, TOP, _ADVISE, _slot("police", "police", 2, 400)),
    _plan("obstruction", "obstruction", (3, 4, 5), _ADVISE, _slot("traffic", "traffic", target_s=1200, police=30)),
    _plan("police", _POLICE, (3, 4, 5), _ADVISE, _slot("police", "police", target_s=1200)),
)

TYPES = (
    IncidentType(EMERGENCY, "Unit in distress", 1),
    IncidentType("structure_fire", "Building on fire", 1),
    IncidentType("vehicle_fire", "Vehicle on fire", 2),
    IncidentType("brush_fire", "Brush or rubbish on fire", 3),
    IncidentType("fire_alarm", "Automatic fire alarm", 3),
    IncidentType("smoke_odour", "Smell of smoke", 3),
    IncidentType("lift_entrapment", "Person shut in a lift", 4),
    IncidentType("hazmat_spill", "Dangerous substance released", 2),
    IncidentType("gas_leak", "Smell of gas", 2),
    IncidentType("technical_rescue", "Person trapped or at height", 1),
    IncidentType("water_rescue", "Person in the water", 1),
    IncidentType("collision_entrapment", "Collision, person trapped", 1),
    IncidentType("collision_injury", "Collision, person hurt", 2),
    IncidentType("cardiac_arrest", "Cardiac arrest", 1),
    IncidentType("breathing_difficulty", "Difficulty breathing", 1),
    IncidentType("chest_pain", "Chest pain", 2),
    IncidentType("stroke", "Stroke", 2),
    IncidentType("overdose", "Overdose or poisoning", 2),
    IncidentType("fall", "Fall", 3),
    IncidentType("sick_person", "Sick person", 3),
    IncidentType("assault_injury", "Person hurt in an assault", 2),
    IncidentType("transfer", "Transfer between hospitals", 5),
    IncidentType("robbery", "Robbery", 1),
    IncidentType("shots_fired", "Shots fired", 1),
    IncidentType("disturbance", "Fight or disturbance", 2),
    IncidentType("burglary", "Burglary", 3),
    IncidentType("theft", "Theft", 5),
    IncidentType("welfare_check", "Welfare check", 4),
    IncidentType("obstruction", "Road blocked", 4),
    IncidentType("noise", "Noise", 5),
)

DETERMINATIONS = tuple(
    Determination(tuple(codes.split()), type_, priority)
    for codes, type_, priority in (
        ("9-E 9-D", "cardiac_arrest", 1),
        ("6-E 6-D", "breathing_difficulty", 1),
        ("6", "breathing_difficulty", 2),
        ("10", "chest_pain", 2),
        ("28", "stroke", 2),
        ("17", "fall", 3),
        ("23", "overdose", 2),
        ("29-D", "collision_entrapment", 1),
        ("29", "collision_injury", 2),
        ("*-E *-D *-C", "sick_person", 2),
        ("*-B", "sick_person", 3),
        ("*-A *-Ω", "sick_person", 4),
    )
)
"""What determinant codes mean here: made up, as every agency decides on its own."""

CALLS = (
    *(("structure_fire", 1, 6), ("vehicle_fire", 2, 6), ("brush_fire", 3, 10), ("fire_alarm", 3, 36)),
    *(("smoke_odour", 3, 14), ("lift_entrapment", 4, 6), ("hazmat_spill", 2, 2), ("gas_leak", 2, 6)),
    *(("technical_rescue", 1, 1), ("water_rescue", 1, 1), ("collision_entrapment", 1, 3)),
    *(("collision_injury", 2, 26), ("cardiac_arrest", 1, 9), ("breathing_difficulty", 1, 36)),
    *(("breathing_difficulty", 2, 18), ("chest_pain", 2, 40), ("stroke", 2, 14), ("overdose", 2, 14)),
    *(("fall", 3, 54), ("fall", 2, 12), ("sick_person", 3, 70), ("sick_person", 4, 24)),
    *(("assault_injury", 2, 10), ("transfer", 5, 20), ("robbery", 1, 4), ("shots_fired", 1, 1)),
    *(("disturbance", 2, 22), ("disturbance", 3, 34), ("burglary", 3, 16), ("theft", 5, 24)),
    *(("welfare_check", 4, 26), ("obstruction", 4, 16), ("noise", 5, 20)),
)
"""(type, priority, how often against the others)."""
