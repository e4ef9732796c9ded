"""Questions about cover: answered from what the planner last thought, in a thread, so that no decision waits.

    a page asks ──► Covering.picture / .left ──► the columns of the last survey, in a thread ──► the answer

Rule: one at a time, few waiting, each with a deadline; what many ask alike is worked out once. Nothing is worked out for
nobody: who has the layer off costs nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import trio

from engine.live.planner import Planner, Thought
from engine.model.place import Place
from engine.policy.redeploy.survey import Layer, Survey
from engine.policy.redeploy.zones import NOBODY, Change, most_changed
from gateways.cover_views import LeftView, PictureView, by_share, view_left, view_picture
from gateways.inquiries import NoAnswer

WITHIN_S: Final = 2.0
WAITING_MAX: Final = 32
PICTURES_KEPT: Final = 16

T = TypeVar("T")


class Covering:
    """Knows how the city is covered, as far as a planner does. One per process."""

    def __init__(self, planner: Planner | None) -> None:
        self._planner = planner
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._pictures: OrderedDict[tuple[str, tuple[Change, ...], tuple[Change, ...]], PictureView] = OrderedDict()
        """By the class that was named, by what it is chosen for where none was, and by what would change."""
        self._of: Thought | None = None
        """What the pictures show."""

    def thought(self) -> Thought:
        """Return what the last plan rests on. Raises NoAnswer."""
        if self._planner is None:
            raise NoAnswer("unavailable", "type", "No planner runs here, so nobody knows the cover: see [planner].")
        if self._planner.thought is None:
            raise NoAnswer("not_yet", "type", "The planner has not looked at the city yet. Ask again in a moment.")
        return self._planner.thought

    async def picture(self, layer: str, unit: str | None, post: str | None) -> tuple[Thought, PictureView]:
        """Return a class of demand, now and with the unit at the post (None: sent away).

        Unit None: with all that is proposed done. Layer "": the class that the unit changes most, else the largest.
        Raises NoAnswer.
        """
        thought = self.thought()
        survey = thought.survey
        changes = _proposed(thought) if unit is None else (_change(thought, unit, post),)
        named = _named(survey, layer) if layer else None
        if self._of is not thought:
            self._of = thought
            self._pictures.clear()
        moved = () if unit is None else changes
        key = layer, moved, changes
        known = self._pictures.get(key)
        if known is None:
            place = self._place
            known = await self._aside(lambda: view_picture(place, survey, named or _telling(survey, moved), changes))
            if self._of is thought:
                self._pictures[key] = known
                while len(self._pictures) > PICTURES_KEPT:
                    self._pictures.popitem(last=False)
        return thought, known

    async def left(self, units: Sequence[str]) -> tuple[Thought, tuple[LeftView, ...], float]:
        """Return what each of these units leaves uncovered if it goes, and all of them together, in percent.

        Those that are not free are not in it: they cover nothing. Raises NoAnswer.
        """
        thought = self.thought()
        survey = thought.survey
        numbers = {name: number for number, name in enumerate(survey.ids)}
        gone = [numbers[name] for name in dict.fromkeys(units) if name in numbers]
        views, together = await self._aside(lambda: view_left(self._place, survey, gone))
        return thought, views, together

    @property
    def _place(self) -> Place:
        assert self._planner is not None, "there is a thought, so there is a planner"
        return self._planner.service.world.settled

    async def _aside(self, work: Callable[[], T]) -> T:
        if self._one_at_a_time.statistics().tasks_waiting >= WAITING_MAX:
            raise NoAnswer("busy", "", "Many ask at this moment. Ask again in a second.")
        with trio.move_on_after(WITHIN_S):
            return await trio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._one_at_a_time)
        raise NoAnswer("too_long", "", f"The cover was not worked out within {WITHIN_S:g} s. Ask again.")


def _named(survey: Survey, name: str) -> Layer:
    found = next((each for each in survey.layers if each.name == name), None)
    if found is None:
        raise NoAnswer("unknown_layer", "layer", f"There is no class of demand {name!r}.")
    return found


def _telling(survey: Survey, changes: tuple[Change, ...]) -> Layer:
    """Return the class that changes most; where none does, the largest that the unit counts for, or of all."""
    ranked = by_share(survey)
    if not changes:
        return ranked[0]
    mask = int(survey.capability[changes[0][0]])
    counts = next((each for each in ranked if mask & each.needs == each.needs), ranked[0])
    return most_changed(survey, changes) or counts


def _proposed(thought: Thought) -> tuple[Change, ...]:
    survey = thought.survey
    return tuple((survey.ids.index(move.unit), survey.posts.index(move.post)) for move in thought.plan.moves)


def _change(thought: Thought, unit: str, post: str | None) -> Change:
    survey = thought.survey
    if unit not in survey.ids:
        raise NoAnswer("not_free", "unit", f"{unit} is not free, so it covers nothing.")
    if post is None:
        return survey.ids.index(unit), NOBODY
    if post not in survey.posts:
        raise NoAnswer("unknown_post", "post", f"There is no station or post {post!r}.")
    return survey.ids.index(unit), survey.posts.index(post)
