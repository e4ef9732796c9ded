"""News of alerts from three whole numbers: receipts, and how far one recipient's copy has come."""

from engine.model.alert_facts import CopyState
from engine.model.inputs import ReportCopy, ReportReceipt
from engine.state.world import World


def news_of(world: World, a: int, b: int, c: int) -> ReportReceipt | ReportCopy:
    """A receipt, or news of a copy: of this rung, of an earlier one, or heard of later; now and then of nothing."""
    alerts = [*world.alerts, "A0"]
    alert = alerts[a % len(alerts)]
    if b % 3 == 0:
        return ReportReceipt(alert, "pager")
    return ReportCopy(
        alert=alert,
        endpoint=("sms", "pager")[c % 2],
        recipient=("", "jansen", "wit")[b % 3],
        state=list(CopyState)[c % len(CopyState)],
        rung=b % 4 - 1,
    )
