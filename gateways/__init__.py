"""Everything that Turnout says to the outside and hears from it."""
