"""A believable made-up city, from a seed: `generate(out, seed, units, progress)`.

Rule: one seed and one number of units make the same bytes. Each subject draws from its own stream of chance.
"""

from gateways.places.city.generate import generate, make_city
from gateways.places.city.metropolis import metropolis_streets

__all__ = ["generate", "make_city", "metropolis_streets"]
