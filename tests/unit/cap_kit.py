"""CAP documents for tests, written by hand: what the standard asks for, and what is changed by name."""

from datetime import UTC, datetime

from tests.builders import NOW, PROJECTION

SENDER = "met@weather.example"


def when(at_ms: int) -> str:
    """Return a time as CAP writes it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def polygon(*corners_m: tuple[int, int]) -> str:
    """Return a polygon element of corners in metres of the town."""
    pairs = [PROJECTION.to_degrees(x_m, y_m) for x_m, y_m in (*corners_m, corners_m[0])]
    return f"<polygon>{' '.join(f'{lat},{lon}' for lat, lon in pairs)}</polygon>"


def circle(x_m: int, y_m: int, radius_km: float) -> str:
    """Return a circle element."""
    lat, lon = PROJECTION.to_degrees(x_m, y_m)
    return f"<circle>{lat},{lon} {radius_km}</circle>"


def geocode(name: str, value: str) -> str:
    """Return a geocode element."""
    return f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>"


SQUARE = polygon((-1_000, -1_000), (1_000, -1_000), (1_000, 1_000), (-1_000, 1_000))


def info(area: str = SQUARE, **fields: str) -> str:
    """Return an info element."""
    said = {"language": "en-US", "category": "Met", "event": "Snow Squall Warning", "responseType": ""}
    said |= {"urgency": "Immediate", "severity": "Severe", "certainty": "Likely", "effective": "", "onset": ""}
    said |= {"expires": "", "senderName": "", "headline": "Heavy snow until noon", "description": "", **fields}
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in said.items() if text)
    return f"<info>{inner}<area><areaDesc>North</areaDesc>{area}</area></info>"


def alert(identifier: str = "S1", *infos: str, sent_ms: int = NOW, **fields: str) -> bytes:
    """Return a document."""
    said = {"sender": SENDER, "sent": when(sent_ms), "status": "Actual", "msgType": "Alert", "scope": "Public"}
    said |= {"references": "", **fields}
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in said.items() if text)
    inner = f"<identifier>{identifier}</identifier>{inner}{''.join(infos)}"
    return f'<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{inner}</alert>'.encode()


def refer(identifier: str, sent_ms: int, sender: str = SENDER) -> str:
    """Return how another alert refers to that one."""
    return f"{sender},{identifier},{when(sent_ms)}"
