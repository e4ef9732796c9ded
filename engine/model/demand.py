"""Where and when calls come from: what a simulated city, and later the coverage models, draw on."""

from msgspec import Struct


class Zone(Struct, frozen=True, gc=False):
    """A cell of demand."""

    x_m: int
    y_m: int
    half_m: int
    """Calls fall anywhere within this distance of the middle, in x and in y."""
    weight: float


class TypeShare(Struct, frozen=True):
    """How often an incident type is called in, at which priority."""

    type: str
    priority: int
    share: float


TO_HOSPITAL_MS = 420_000
"""A guess that only sampled futures rest on: how long the drive to hospital takes."""


class CareTimes(Struct, frozen=True):
    """What happens at the scene and after it; the times are means of exponential durations."""

    on_scene_ms: int
    transport_share: float
    """Share of incidents with a patient to bring to hospital."""
    handover_ms: int

    @property
    def service_ms(self) -> int:
        """Return the mean time of a unit with a call, without its way there."""
        return self.on_scene_ms + round(self.transport_share * (self.handover_ms + TO_HOSPITAL_MS))


class Demand(Struct, frozen=True):
    """The call process of a place: Poisson in time, by hour of the local day, over zones."""

    calls_per_day: float
    hourly: tuple[float, ...]
    """24 factors with mean 1."""
    shares: tuple[TypeShare, ...]
    zones: tuple[Zone, ...]
    care: CareTimes
