"""Places: folders of TOML and data that say everything about an agency. See README.md.

Rule: `load` gives a whole and sound place or raises PlaceRefused with every mistake; `check` tells them all;
`save` writes what `load` reads. Nothing here knows the rest of the program.
"""

from gateways.places.addresses import Addresses
from gateways.places.check import Survey, check, survey
from gateways.places.city import generate, metropolis_streets
from gateways.places.house_numbers import HouseNumber, house_number
from gateways.places.imported import Imported
from gateways.places.jemss import import_jemss
from gateways.places.load import Loaded, load
from gateways.places.mistakes import Mistake, PlaceRefused, Severity
from gateways.places.osm import import_osm
from gateways.places.save import save
from gateways.places.streets import Streets, graph_of

__all__ = [
    "Addresses",
    "HouseNumber",
    "Imported",
    "Loaded",
    "Mistake",
    "PlaceRefused",
    "Severity",
    "Streets",
    "Survey",
    "check",
    "generate",
    "graph_of",
    "house_number",
    "import_jemss",
    "import_osm",
    "load",
    "metropolis_streets",
    "save",
    "survey",
]
