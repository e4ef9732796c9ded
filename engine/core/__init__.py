"""The only room that records facts."""
