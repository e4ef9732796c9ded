"""R1: a unit that has just become free goes where it adds most cover (DMEXCLP; Jagtenberg, Bhulai, van der Mei 2015).

The post is argmax over j of sum d_i (1 - q) q**k_i over what j covers, k_i counting all other free units where they stand
or drive to. Nobody who idles is moved.
"""

import numpy as np
from msgspec import Struct

from engine.model.moves import ProposedMove
from engine.policy.redeploy.refused import check
from engine.policy.redeploy.survey import Survey, millionths
from engine.policy.redeploy.weighing import Weighing
from engine.policy.redeploy.words import Move, proposed


class Dmexclp(Struct, frozen=True, tag="dmexclp"):
    """Choose the post of each unit that has just become free; ties go to the lowest post."""

    q: int | None = None
    """How much of the time a unit is busy, in permille; None: as was learned, by layer and area."""

    def __post_init__(self) -> None:
        check(self)

    def propose(self, survey: Survey) -> tuple[ProposedMove, ...]:
        """Return at most one move for each fresh unit, in order of rows."""
        units = np.flatnonzero(survey.fresh & survey.movable).tolist()
        if not units:
            return ()
        weighing, moves = Weighing(survey, self.q), []
        kinds, post = weighing.kinds, weighing.post
        for unit in units:
            source, whole = int(post[unit]), int(kinds.whole[kinds.kind[unit]])
            here = np.bincount(post, minlength=len(survey.posts))
            open_to = (
                (here < survey.capacity) & (survey.to_post_ms[unit] >= 0) & (here[source] > survey.minimum[source])
            )
            open_to[source] = True
            worth = np.where(open_to, weighing.gains(unit), np.iinfo(np.int64).min)
            target = int(np.argmax(worth))
            if target != source:
                moves.append(Move(unit, target, millionths(int(worth[target]), whole)))
                weighing.take(unit, target)
        return proposed(survey, "dmexclp", moves, self.q)
