"""Names for streets, districts and stations, put together from plain parts. None is meant to be a real one."""

from gateways.places.city.chance import Dice


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_STEMS = _words(
    "Alder Amber Anchor Apple Ash Barley Beacon Beech Birch Bramble Brick Bridle Candle Cedar Chapel Cherry Clay "
    "Clover Cobble Cooper Copper Crane Daisy Dove Elder Elm Falcon Fern Ferry Finch Flint Forge Fox Garnet Glass "
    "Granite Hawthorn Hazel Heather Heron Holly Hop Iron Ivy Juniper Kestrel Lantern Larch Lark Linden Lime Maple "
    "Marble Mason Meadow Mill Mint Oak Orchard Otter Owl Pear Pebble Pine Plum Poplar Quarry Quill Raven Reed Robin "
    "Rowan Rye Saddle Sage Salt Silver Slate Sparrow Stone Swallow Swan Tanner Thistle Thorn Tiller Vine Walnut "
    "Weaver Wheat Willow Wren Yarrow Yew"
)
_ENDS = _words(
    "brook croft dale field ford gate ham hurst lea mead port ridge side stead ton vale well wick wood worth"
)
_WAYS = ("Street", "Lane", "Road", "Row", "Way", "Close", "Terrace", "Drive")


def town_name(dice: Dice) -> str:
    """Return a name for the whole city."""
    return f"Port {_compounds(dice, 1)[0]}"


def district_names(dice: Dice, count: int) -> list[str]:
    """Return different names: Alderbrook, Finchgate."""
    return _compounds(dice, count)


def street_names(dice: Dice, count: int) -> list[str]:
    """Return different names: Alder Lane, Finchgate Road."""
    plain = [f"{stem} {way}" for stem in _STEMS for way in _WAYS]
    fancy = [f"{stem}{end} {way}" for stem in _STEMS for end in _ENDS for way in _WAYS]
    # Short names first: a small city has few of the long ones.
    names = _shuffled(dice, plain) + _shuffled(dice, fancy)
    return [_numbered(names[n % len(names)], n // len(names)) for n in range(count)]


def _compounds(dice: Dice, count: int) -> list[str]:
    names = _shuffled(dice, [stem + end for stem in _STEMS for end in _ENDS])
    return [_numbered(names[n % len(names)], n // len(names)) for n in range(count)]


def _numbered(name: str, time: int) -> str:
    return f"{name} {time + 1}" if time else name


def _shuffled(dice: Dice, names: list[str]) -> list[str]:
    return [names[position] for position in dice.permutation(len(names)).tolist()]
