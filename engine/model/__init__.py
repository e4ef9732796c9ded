"""Words: places, lifecycles, inputs, facts, turns. Frozen, and without any behaviour of their own."""
