"""R0: every unit goes back to where it belongs, and nobody is moved (the usual static policy; JEMSS, Ridler and others 2022)."""

from msgspec import Struct

from engine.model.moves import ProposedMove
from engine.policy.redeploy.survey import Survey


class Home(Struct, frozen=True, tag="home"):
    """Propose nothing."""

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return no moves."""
        del survey
        return ()
