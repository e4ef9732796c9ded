"""Pure judgement: proposals from a World that it reads and never writes."""

from engine.policy.dispatch.nearest import NearestCapable
from engine.policy.dispatch.prospects import Prospects
from engine.policy.dispatch.solution import DispatchPolicy, Proposal, Solution

__all__ = ["DispatchPolicy", "NearestCapable", "Proposal", "Prospects", "Solution"]
