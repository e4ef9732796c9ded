"""From words to a policy: `home`, `dmexclp:q=300`, `compliance:q=0`, `priced:price=2000,budget_permille=400`.

The names and settings are those of the policies themselves; what is not named keeps its default. `none` and `learned`
stand for a setting that is left to what was learned.
"""

from typing import Any, get_args

import msgspec

from engine.policy.redeploy.refused import PolicyRefused

LEFT_OPEN = ("none", "learned")


def named(union: Any, text: str) -> Any:
    """Return the policy of the union that the text means. Raises PolicyRefused naming what does not fit."""
    kinds = {kind.__struct_config__.tag: kind for kind in get_args(union)}
    name, _, rest = text.strip().partition(":")
    kind = kinds.get(name.strip())
    if kind is None:
        raise PolicyRefused(
            "policy", f"there is no {name.strip() or 'policy without a name'!r}; there are {', '.join(kinds)}"
        )
    return _built(kind, name.strip(), [part for part in rest.split(",") if part.strip()])


def _built(kind: Any, name: str, parts: list[str]) -> Any:
    known, settings = kind.__struct_fields__, {}
    for part in parts:
        field, equals, value = (each.strip() for each in part.partition("="))
        if not equals or field not in known:
            these = ", ".join(known) or "none"
            raise PolicyRefused(
                f"{name}.{field}", f"{part.strip()!r} is no setting of {name}; they are {these}, as in q=300"
            )
        if field in settings:
            raise PolicyRefused(f"{name}.{field}", "it is set twice")
        settings[field] = _value(f"{name}.{field}", value)
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as error:
        raise _of_setting(name, error) from error


def _of_setting(name: str, error: msgspec.ValidationError) -> PolicyRefused:
    """Return the refusal, whether a setting was of a wrong kind or the policy itself would not have it."""
    cause = error.__cause__
    if isinstance(cause, PolicyRefused):
        return PolicyRefused(f"{name}.{cause.field}", cause.reason)
    reason, _, path = str(error).partition(" - at `$.")
    return PolicyRefused(f"{name}.{path.rstrip('`')}" if path else name, reason[:1].lower() + reason[1:])


def _value(field: str, text: str) -> int | None:
    if text.lower() in LEFT_OPEN:
        return None
    try:
        return int(text)
    except ValueError:
        raise PolicyRefused(field, f"{text!r} is no whole number") from None
