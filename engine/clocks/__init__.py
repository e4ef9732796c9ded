"""Response clocks: what standards and contracts ask for, read off released turns."""

from engine.clocks.clocks import Clocks
from engine.clocks.profiles import Measure, Profile
from engine.clocks.standards import STANDARDS

__all__ = ["STANDARDS", "Clocks", "Measure", "Profile"]
