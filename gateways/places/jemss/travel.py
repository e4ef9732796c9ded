"""Reads how JEMSS's ambulances travel: travel_1.csv, speeds beside the road by mode, and which mode serves which priority.

Mode 1 is the one of the first priority: lights and sirens. A city without the file travels as streets usually do.
"""

from pathlib import Path

from msgspec.structs import replace

from engine.model.place import TravelSettings
from gateways.places.jemss.sheets import sheet
from gateways.places.mistakes import refused

FILE = "travel_1.csv"
KM_PER_DAY_IN_MM_PER_S = 1e6 / 86_400
PRIORITIES = ("highPriority", "medPriority", "lowPriority")


def with_modes(folder: Path, usual: TravelSettings) -> TravelSettings:
    """Return the settings with JEMSS's speeds beside the road. Raises PlaceRefused naming what cannot be read."""
    if not (folder / FILE).is_file():
        return usual
    modes = sheet(folder, FILE, "travelModes")
    speeds = dict(zip(modes.numbers("travelModeIndex"), modes.numbers("offRoadSpeed"), strict=True))
    sets = sheet(folder, FILE, "travelSets")
    served = dict(zip(sets.texts("priority"), sets.numbers("travelModeIndex"), strict=True))
    for priority, mode in served.items():
        if mode not in speeds or speeds[mode] <= 0:
            raise refused(folder, FILE, f"{priority} is served in mode {mode:g}, which has no speed beside the road")
    lights = served.get(PRIORITIES[0])
    if lights is None:
        raise refused(folder, FILE, f"does not say how {PRIORITIES[0]} is served", "travelSets")
    to_priority = sum(served.get(name) == lights for name in PRIORITIES)
    normal = speeds[served.get(PRIORITIES[2], lights)]
    return replace(
        usual,
        lights_to_priority=to_priority,
        off_road_mm_per_s=round(speeds[lights] * KM_PER_DAY_IN_MM_PER_S),
        off_road_normal_percent=max(100, round(100 * speeds[lights] / normal)),
    )
