"""`turnout journal tail` and `why` speak in words: who, how soon, by which streets, and what is missing."""

from engine.model.facts import Choice, Mode, Shortage, UnitDispatched, UnitsRecommended
from engine.model.route import Route, RouteLeg
from engine.model.why import Why
from gateways.records import sentence


def test_a_dispatch_names_its_way() -> None:
    """Streets in their order, without the line for the map."""
    way = Route(61_400, 900, (RouteLeg("Quay", 700, 40_000), RouteLeg("Mill Lane", 200, 21_400)), ((0, 0), (700, 0)))
    told = sentence(UnitDispatched(unit="M1", incident="I1", slot="medic", eta_ms=121_400, by="engine", route=way))
    assert "route=900 m, 61 s: Quay, Mill Lane" in told
    assert "RouteLeg" not in told


def test_a_recommendation_names_units_times_and_what_is_missing() -> None:
    """Seconds with their spread; places that nobody can fill, with what they need."""
    fact = UnitsRecommended(
        incident="I1",
        mode=Mode.ADVISE,
        choices=(Choice("medic", "M1", 121_400, 20_000), Choice("medic", "M2", 150_000)),
        short=(Shortage("ladder", 1, ("ladder", "bls")),),
        why=Why(plan="p", policy="q", travel="streets", slots=()),
    )
    told = sentence(fact)
    assert "choices=medic M1 121 ±20 s, medic M2 150 s" in told
    assert "short=1 ladder (ladder+bls)" in told
