"""Simulated days: the same engine, under a calendar instead of a clock."""
