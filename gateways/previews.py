"""What would be recommended for a call that is being typed, as it is told to whoever carries the question."""

from engine.core.recorder import Refused
from engine.live.previews import Busy
from engine.live.service import Service
from gateways.inquiries import NoAnswer
from gateways.vocabulary.commands import FIELDS, foreseen
from gateways.vocabulary.questions import AskPreview, Foreseen


async def preview(service: Service, question: AskPreview) -> Foreseen:
    """Return what the engine foresees. Raises NoAnswer, with what a report would be refused for."""
    given = foreseen(question, service.world.settled.projection)
    try:
        found = await service.previews.tell(given)
    except Refused as refused:
        refusal = refused.refusal
        raise NoAnswer(refusal.code, FIELDS.get(refusal.field, refusal.field), refusal.reason) from refused
    except Busy as busy:
        raise NoAnswer("busy", "", str(busy)) from busy
    return Foreseen(
        seq=found.seq,
        incident_type=found.type,
        priority=found.priority,
        plan=found.plan,
        mode=found.mode,
        area=found.area,
        choices=found.choices,
        short=found.short,
        option=found.option,
        travel=found.travel,
        behind=found.behind,
    )
