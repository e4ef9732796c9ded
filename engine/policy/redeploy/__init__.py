"""Where idle units should stand: policies that see a survey and propose moves."""

from typing import TypeAlias, cast

from engine.policy.redeploy.ahead import Ahead
from engine.policy.redeploy.compliance import Compliance
from engine.policy.redeploy.dmexclp import Dmexclp
from engine.policy.redeploy.expected import BUSY_EVERY_MS, Expected, Learned
from engine.policy.redeploy.ground import LayerRule, Points
from engine.policy.redeploy.home import Home
from engine.policy.redeploy.looking import Look
from engine.policy.redeploy.naming import named
from engine.policy.redeploy.planning import Planning, RedeployPolicy, reached_share
from engine.policy.redeploy.price import Price
from engine.policy.redeploy.priced import Priced
from engine.policy.redeploy.refused import PolicyRefused
from engine.policy.redeploy.rules import rules_of
from engine.policy.redeploy.survey import Ground, Layer, Survey, without_times
from engine.policy.redeploy.surveyor import Demand, Surveyor, complete

AnyRedeploy: TypeAlias = Home | Dmexclp | Compliance | Priced | Ahead


def policy_named(text: str) -> AnyRedeploy:
    """Return the policy that words like `priced:q=300,price=2000` mean. Raises PolicyRefused naming what does not fit."""
    return cast("AnyRedeploy", named(AnyRedeploy, text))


__all__ = [
    "BUSY_EVERY_MS",
    "Ahead",
    "AnyRedeploy",
    "Compliance",
    "Demand",
    "Dmexclp",
    "Expected",
    "Ground",
    "Home",
    "Layer",
    "LayerRule",
    "Learned",
    "Look",
    "Planning",
    "Points",
    "PolicyRefused",
    "Price",
    "Priced",
    "RedeployPolicy",
    "Survey",
    "Surveyor",
    "complete",
    "policy_named",
    "reached_share",
    "rules_of",
    "without_times",
]
