"""`turnout demo`: a make-believe city round a real engine. See README.md."""

from gateways.demo.entry import run_demo

__all__ = ["run_demo"]
