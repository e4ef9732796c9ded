"""Pure judgement: proposals from a World that it reads and never writes."""

from engine.policy.dispatch.joint import JointMatch
from engine.policy.dispatch.named import dispatch_named, policy_of
from engine.policy.dispatch.nearest import Nearest
from engine.policy.dispatch.prospects import Prospects
from engine.policy.dispatch.quiet import Quiet
from engine.policy.dispatch.solution import DispatchPolicy, Proposal, Reviewed, Solution

__all__ = [
    "DispatchPolicy",
    "JointMatch",
    "Nearest",
    "Proposal",
    "Prospects",
    "Quiet",
    "Reviewed",
    "Solution",
    "dispatch_named",
    "policy_of",
]
