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


class CareTimes(Struct, frozen=True):
    """What happens at the scene and after it; the times are means of exponential durations."""

    on_scene_ms: int
    transport_share: float
    """Share of incidents with a patient to bring to hospital."""
    handover_ms: int


class Demand(Struct, frozen=True):
    """The call process of a place: Poisson in time, by hour of the local day, over zones."""

    calls_per_day: float
    hourly: tuple[float, ...]
    """24 factors with mean 1."""
    shares: tuple[TypeShare, ...]
    zones: tuple[Zone, ...]
    care: CareTimes
