"""Places from JEMSS, the simulator of ambulance fleets: `import_jemss(source, out, progress)`."""

from gateways.places.jemss.city import import_jemss

__all__ = ["import_jemss"]
