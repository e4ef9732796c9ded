"""An answer to whoever carries the question: all that was found, and whether the first may be taken unasked."""

from msgspec import Struct

from gateways.geocoding.geocoder import MOST, Found, Geocoder, sure
from gateways.inquiries import NoAnswer


class Answer(Struct, frozen=True, kw_only=True):
    """What a text may mean."""

    sure: bool
    """Only one was found as well as the first."""
    found: tuple[Found, ...]
    """The surest first; none where no street of the list fits."""


def look_up(geocoder: Geocoder | None, text: str, most: int = MOST) -> Answer:
    """Return what the text may mean. Raises NoAnswer where the place has no list."""
    if geocoder is None:
        raise NoAnswer("no_addresses", "text", "This place lists no house numbers: it has no addresses.csv.")
    found = geocoder.find(text, max(most, 2))
    return Answer(sure=sure(found), found=found[:most])
