"""Places: folders of TOML and data that say everything about an agency. See README.md.

Rule: `load` gives a whole and sound place or raises PlaceRefused with every mistake; `check` tells them all;
`save` writes what `load` reads. Nothing here knows the rest of the program.
"""

from gateways.places.check import check
from gateways.places.city import generate
from gateways.places.jemss import import_jemss
from gateways.places.load import Loaded, load
from gateways.places.mistakes import Mistake, PlaceRefused, Severity
from gateways.places.save import save
from gateways.places.streets import Streets

__all__ = [
    "Loaded",
    "Mistake",
    "PlaceRefused",
    "Severity",
    "Streets",
    "check",
    "generate",
    "import_jemss",
    "load",
    "save",
]
