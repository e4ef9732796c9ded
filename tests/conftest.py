"""What holds for every test of the project."""

from hypothesis import settings

# How long an example takes says something about the machine and what runs beside it, nothing about what is tested.
settings.register_profile("turnout", settings.default, deadline=None)
settings.load_profile("turnout")
