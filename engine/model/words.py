"""How a message's class names itself on paper: IncidentReported is written "incident_reported"."""

import re


def tag(name: str) -> str:
    """Return the class name in lower case with underscores."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
