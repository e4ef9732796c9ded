"""The MQTT door: one connection to a broker per feed, whose messages become fixes.

Rule: messages are taken as they come, a boxful at a time; a message that cannot be read is counted and the first of a
boxful is logged, because there is nobody to answer. A device whose last will came is offline until it sends again.
"""

import trio

from gateways.log import logger
from gateways.mqtt import Link
from gateways.telematics.doors import turns
from gateways.telematics.fix import Fix, Refusal
from gateways.telematics.intake import Intake, Principal
from gateways.telematics.topics import Gone, MqttFeed

_log = logger("telematics")


async def serve_mqtt(
    config: MqttFeed,
    intake: Intake,
    principal: Principal,
    *,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Subscribe and take what comes, until cancelled. Reports the broker's address at once, connected or not.

    Raises OSError where the files of the broker's TLS cannot be used.
    """
    link = Link(config.broker, topics=config.topics)
    async with trio.open_nursery() as nursery:
        await nursery.start(link.run)
        task_status.started(config.broker.address)
        lost = 0
        while True:
            messages = await link.receive()
            now_ms = intake.now_ms()
            fixes: list[Fix] = []
            refusals: list[Refusal] = []
            for message in messages:
                heard = config.hear(message.topic, message.payload, now_ms)
                if isinstance(heard, Fix):
                    fixes.append(heard)
                elif isinstance(heard, Refusal):
                    refusals.append(heard)
                elif isinstance(heard, Gone):
                    await _take(fixes, intake, principal)
                    fixes = []
                    intake.mark_offline(heard.device)
            await _take(fixes, intake, principal)
            if refusals:
                intake.count("malformed", len(refusals))
                first = refusals[0]
                _log.warning("an MQTT message could not be read", field=first.field, reason=first.reason)
            dropped = link.statistics()["dropped"]
            intake.count("mqtt_dropped", dropped - lost)
            lost = dropped


async def _take(fixes: list[Fix], intake: Intake, principal: Principal) -> None:
    for turn in turns(fixes):
        intake.take_columns(turn, principal)
        await trio.lowlevel.checkpoint()
