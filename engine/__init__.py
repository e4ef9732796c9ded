"""Turnout: a synchronous dispatch engine over one World, and the drivers that run it."""
