"""How a unit is chosen for an incident."""
