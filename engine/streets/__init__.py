"""The streets: a graph, its hierarchy, and exact travel times under today's conditions."""
