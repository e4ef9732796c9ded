"""What an alert does here, as commands of the engine: decided by rules, before anything is done.

Rule: pure. Every caution, closure and slowing bears a name made of the alert's own, so whoever takes the alert back knows
what to end, and the same alert twice is the same thing.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from engine.model.inputs import AnyCommand, CloseRoad, OpenRoad, ReportTraffic
from engine.model.place import Place
from engine.model.roads import Stretch, Weather
from engine.model.surroundings import EndCaution, RecordCaution
from gateways.cap.alert import PREFIX, Area, CapAlert, Info, Urgency
from gateways.cap.config import EVERYWHERE, CapConfig, CapRule
from gateways.cap.shapes import Shape, shape_of_bounds, shape_of_circle, shape_of_metres, shape_of_ring

TEXT_MAX = 200
SHAPES_MAX = 64
"""Of one alert: each is a caution, or a stretch, of its own."""
ALL_CLEAR = "AllClear"
USUAL = 100


class Effects(Struct, frozen=True, kw_only=True):
    """What is to be done between two moments."""

    from_ms: int
    until_ms: int
    commands: tuple[AnyCommand, ...] = ()
    weather: Weather | None = None
    rules: tuple[str, ...] = ()
    """Names of the rules that fitted, one for each info that counts."""
    notes: tuple[str, ...] = ()
    """What could not be made of it, in sentences."""


def effects_of(alert: CapAlert, config: CapConfig, place: Place, now: int, by: str) -> Effects:
    """Return what the alert does here from its onset to its end."""
    maker = _Maker(alert, config, place, by)
    infos = [info for info in _in_one_language(alert.infos, config.languages) if not _is_over(info)]
    until_ms = max((_until_ms(info, alert, config) for info in infos), default=0)
    from_ms = min((info.onset_ms or info.effective_ms or now for info in infos), default=now)
    for info in infos:
        maker.add(info)
    return Effects(
        from_ms=max(now, from_ms),
        until_ms=until_ms,
        commands=tuple(maker.commands),
        weather=maker.weather,
        rules=tuple(maker.rules),
        notes=tuple(maker.notes),
    )


def endings_of(commands: Sequence[AnyCommand], by: str, reason: str) -> Iterator[AnyCommand]:
    """Give the commands that take back what these have done."""
    for done in commands:
        name = f"{done.id}:end"
        match done:
            case RecordCaution():
                yield EndCaution(id=name, by=by, caution=done.caution, reason=reason)
            case CloseRoad():
                yield OpenRoad(id=name, by=by, closure=done.closure, reason=reason)
            case ReportTraffic():
                yield ReportTraffic(
                    id=name, by=by, stretch=done.stretch, percent=USUAL, until_ms=done.until_ms, slowing=done.slowing
                )
            case _:
                pass


class _Maker:
    """Gathers what the infos of one alert do."""

    def __init__(self, alert: CapAlert, config: CapConfig, place: Place, by: str) -> None:
        self.commands: list[AnyCommand] = []
        self.weather: Weather | None = None
        self.rules: list[str] = []
        self.notes: list[str] = []
        self._alert = alert
        self._config = config
        self._place = place
        self._by = by
        self._shapes = 0

    def add(self, info: Info) -> None:
        rule = next((rule for rule in self._config.rules if rule.fits(info, self._alert.sender)), None)
        if rule is None:
            self.notes.append(f"No rule is about {info.event!r} ({info.severity}, {info.certainty}).")
            return
        self.rules.append(rule.name)
        until_ms = _until_ms(info, self._alert, self._config)
        shapes = list(self._shapes_of(info))
        if not shapes:
            self.notes.append(f"No area of {info.event!r} reaches this place.")
            return
        if rule.weather and (self.weather is None or self.weather.percent < rule.weather_percent):
            self.weather = Weather(rule.weather, rule.weather_percent, until_ms)
        for area, shape in shapes:
            if self._shapes == SHAPES_MAX:
                self.notes.append(f"Only the first {SHAPES_MAX} shapes are taken.")
                return
            self._shapes += 1
            self.commands += self._commands(rule, info, area, shape, until_ms)

    def _commands(self, rule: CapRule, info: Info, area: Area, shape: Shape, until_ms: int) -> Iterator[AnyCommand]:
        name = f"{PREFIX}{self._alert.reference.name}:{self._shapes}"
        if rule.caution is not None:
            yield RecordCaution(
                id=f"{name}:caution",
                by=self._by,
                x_m=shape.x_m,
                y_m=shape.y_m,
                radius_m=shape.radius_m,
                severity=rule.caution,
                text=_text(rule, info, area),
                until_ms=until_ms,
                caution=name,
                polygon=shape.ring,
            )
        if rule.traffic_percent != USUAL:
            yield ReportTraffic(
                id=f"{name}:traffic",
                by=self._by,
                stretch=Stretch(classes=rule.traffic_classes, polygon=shape.polygon),
                percent=rule.traffic_percent,
                until_ms=until_ms,
                slowing=name,
            )
        if rule.closes:
            yield CloseRoad(
                id=f"{name}:closure",
                by=self._by,
                stretch=Stretch(classes=rule.closed_classes, polygon=shape.polygon),
                reason=_text(rule, info, area),
                until_ms=until_ms,
                closure=name,
            )

    def _shapes_of(self, info: Info) -> Iterator[tuple[Area, Shape]]:
        """Give what of the info's areas lies in the place. Codes count where an area draws nothing."""
        projection, bounds = self._place.projection, self._place.bounds
        for area in info.areas:
            drawn = [shape_of_ring(ring, projection, bounds) for ring in area.polygons]
            drawn += [shape_of_circle(circle, projection, bounds) for circle in area.circles]
            if not drawn:
                drawn = [shape for code in area.geocodes for shape in self._coded(code.key)]
            yield from ((area, shape) for shape in drawn if shape is not None)

    def _coded(self, key: str) -> Iterator[Shape | None]:
        meant = self._config.geocodes.get(key)
        if meant is None:
            self.notes.append(f"The geocode {key!r} is not in the configured table.")
        elif meant == EVERYWHERE:
            yield shape_of_bounds(self._place.bounds)
        else:
            parts = (meant,) if isinstance(meant, str) else meant
            rings = {area.id: area.polygon for area in self._place.areas}
            for name in (part for part in parts if isinstance(part, str)):
                if name in rings:
                    yield shape_of_metres(rings[name], self._place.bounds)
                else:
                    self.notes.append(f"The geocode {key!r} stands for the response area {name!r}, which is not there.")
            corners = [part for part in parts if not isinstance(part, str)]
            if len(corners) >= 3:
                yield shape_of_ring(corners, self._place.projection, self._place.bounds)


def _in_one_language(infos: tuple[Info, ...], languages: tuple[str, ...]) -> list[Info]:
    """Return the infos that say the same thing only once: those of one language."""
    spoken = [info.language.casefold() for info in infos]
    for language in (*languages, *spoken[:1]):
        wanted = language.casefold()
        chosen = [info for info, said in zip(infos, spoken, strict=True) if said.split("-")[0] == wanted.split("-")[0]]
        if chosen:
            return chosen
    return []


def _is_over(info: Info) -> bool:
    return info.urgency is Urgency.PAST or ALL_CLEAR in info.responses


def _until_ms(info: Info, alert: CapAlert, config: CapConfig) -> int:
    return info.expires_ms or alert.sent_ms + round(config.lasts_h * 3_600_000)


def _text(rule: CapRule, info: Info, area: Area) -> str:
    text = rule.text.format(
        event=info.event,
        headline=info.headline,
        instruction=info.instruction,
        area=area.described,
        sender=info.sender_name,
    )
    text = " ".join(text.split()).strip(" :")
    return (text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…") or info.event
