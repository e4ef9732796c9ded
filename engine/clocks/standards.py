"""The named standard profiles. Figures that were not read at their source are marked unverified, or left out.

A place has its own words for types and kinds, so the profiles go by capabilities. An agency whose words are others
writes a profile of the same name into `clocks.toml`; it replaces the one here.
"""

from engine.clocks.profiles import Event, Limit, Measure, Profile, Who

FIRE = ("pump", "engine", "ladder", "rescue", "hazmat", "boat")
EMS = ("als", "bls", "transport", "ambulance")

_CALL_NOTE = (
    "The clock starts when the engine is told of the incident. Call answering, and what passes between answer and "
    "report, happen before that and are not measured here."
)

_NFPA_1225 = Profile(
    name="nfpa-1225",
    title="NFPA 1225 (2022): alarm processing",
    source="nfpa.org: processing 60 s for 90 %; answering 10 s for 90 %",
    notes=(_CALL_NOTE,),
    measures=(
        Measure(
            name="processing",
            start=Event.REPORTED,
            stop=Event.FIRST_DISPATCHED,
            limits=(Limit(60, 90),),
            asks=(*FIRE, *EMS),
        ),
    ),
)

_NFPA_1221 = Profile(
    name="nfpa-1221",
    title="NFPA 1221 (2016): alarm processing",
    source="firehouse.com: 64 s for 90 %, 106 s for 95 %",
    notes=(
        _CALL_NOTE,
        (
            "The standard allows longer times for emergency medical dispatch, language lines, hazardous materials and "
            "technical rescue; here all count alike."
        ),
    ),
    measures=(
        Measure(
            name="processing",
            start=Event.REPORTED,
            stop=Event.FIRST_DISPATCHED,
            limits=(Limit(64, 90), Limit(106, 95)),
            asks=(*FIRE, *EMS),
        ),
    ),
)

_NFPA_1710 = Profile(
    name="nfpa-1710",
    title="NFPA 1710: turnout and travel of career departments",
    source="NFPA 1710: turnout 80 s fire and special operations, 60 s EMS; travel 240 s first engine, 480 s full alarm",
    notes=(
        "Turnout is taken of every unit that was sent, also of those that were on the road.",
        (
            "The travel time of the full first alarm is taken from the first unit en route until all its places are filled "
            "on scene, which is its strictest reading."
        ),
        "The figure for advanced life support is known at second hand only.",
    ),
    measures=(
        Measure(
            name="turnout-fire",
            start=Event.DISPATCHED,
            stop=Event.EN_ROUTE,
            limits=(Limit(80, 90),),
            asks=FIRE,
            has=FIRE,
        ),
        Measure(name="turnout-ems", start=Event.DISPATCHED, stop=Event.EN_ROUTE, limits=(Limit(60, 90),), asks=EMS),
        Measure(
            name="first-engine-travel",
            start=Event.EN_ROUTE,
            stop=Event.ON_SCENE,
            who=Who.FIRST,
            limits=(Limit(240, 90),),
            asks=FIRE,
            has=("pump", "engine"),
        ),
        Measure(
            name="full-alarm-travel",
            start=Event.FIRST_EN_ROUTE,
            stop=Event.FULL_RESPONSE,
            limits=(Limit(480, 90),),
            asks=FIRE,
        ),
        Measure(
            name="als-travel",
            start=Event.EN_ROUTE,
            stop=Event.ON_SCENE,
            who=Who.FIRST,
            limits=(Limit(480, 90),),
            asks=EMS,
            has=("als",),
            unverified=True,
        ),
    ),
)


def _category(name: str, priority: int, limit_s: int, mean_s: int | None = None) -> Measure:
    return Measure(
        name=name,
        start=Event.REPORTED,
        stop=Event.BEST_FITTING,
        limits=(Limit(limit_s, 90),),
        mean_s=mean_s,
        priorities=(priority,),
        asks=EMS,
    )


_NHS_ARP = Profile(
    name="nhs-arp",
    title="NHS England Ambulance Response Programme",
    source="House of Commons Library; South Central, London Ambulance Services: C1 to C4, and the rule of the stop",
    notes=(
        "C1 to C4 are priorities 1 to 4, as they stand when the incident ends.",
        (
            "The clock stops when the most appropriate response arrives, not the first: a unit that has what the plan's "
            "first slot asks for as its first choice."
        ),
        (
            "The programme's own rule for the start (a code, an allocation, or seconds after connecting, whichever is "
            "first) could not be read at its source: here the clock starts with the report."
        ),
    ),
    measures=(
        _category("c1", 1, 15 * 60, 7 * 60),
        _category("c2", 2, 40 * 60, 18 * 60),
        _category("c3", 3, 120 * 60),
        _category("c4", 4, 180 * 60),
    ),
)

STANDARDS: tuple[Profile, ...] = (_NFPA_1225, _NFPA_1221, _NFPA_1710, _NHS_ARP)
