"""Measurements of Turnout beside its alternatives. Run one as `python -m loadtests.<name> [--json]`."""
