"""Metrics and health: what the engine does, for those who keep it running."""

from gateways.metrics.metrics import Metrics

__all__ = ["Metrics"]
