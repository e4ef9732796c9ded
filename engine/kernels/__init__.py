"""Numbers only: sums over arrays, compiled. No domain objects, no clock, no chance, no import of the project.

Importing this room compiles nothing; `engine.kernels.warm.warm()` does, before the doors open.
"""
