"""Hooks of schemathesis: who asks, and a key of its own for each command, so that it reaches the engine and is no repeat."""

import os
from itertools import count
from typing import Any

import schemathesis

_numbers = count()


@schemathesis.auth()
class Token:
    """Shows the token of the environment."""

    def get(self, case: Any, context: Any) -> str:
        """Return the token."""
        del case, context
        return os.environ["TURNOUT_TOKEN"]

    def set(self, case: Any, data: str, context: Any) -> None:
        """Show it."""
        del context
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Number the keys that the document allows."""
    del context, kwargs
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 100 and key.isascii() and key.isprintable() and " " not in key:
        case.headers = {**case.headers, "Idempotency-Key": f"{next(_numbers)}-{key}"}
