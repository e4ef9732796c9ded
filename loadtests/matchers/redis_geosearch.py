"""Redis: GEOSEARCH sorted by distance, and a Lua script that takes the first free unit with the capabilities."""

import shutil
import socket
import subprocess
import tempfile
import time

import numpy as np
import redis

from loadtests.matchers import Absent, Ints, Matcher, Scene

TAKE = """
local needs, at = tonumber(ARGV[3]), {ARGV[1], ARGV[2]}
local want = 16
while want <= 65536 do
  local near = redis.call('GEOSEARCH', 'units', 'FROMLONLAT', at[1], at[2], 'BYRADIUS', 200, 'km', 'ASC', 'COUNT', want)
  for _, unit in ipairs(near) do
    local mask = tonumber(redis.call('HGET', 'mask', unit))
    if bit.band(mask, needs) == needs and redis.call('SADD', 'out', unit) == 1 then return unit end
  end
  if #near < want then return -1 end
  want = want * 4
end
return -1
"""


class RedisGeosearch:
    """A server of its own on the loopback, nothing on the disk."""

    name = "Redis GEOSEARCH + Lua, by distance"

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Absent("redis-server is not installed (Debian: redis-server), so it is not compared")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory()
        settings = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name]
        self._server = subprocess.Popen([program, *settings], stdout=subprocess.DEVNULL)
        self._client = redis.Redis(port=port)
        for _ in range(100):
            try:
                self._client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        self._take = self._client.register_script(TAKE)

    def prepare(self, scene: Scene) -> None:
        """Put the units where they are."""
        self._scene = scene
        self._client.flushall()
        pipe = self._client.pipeline(transaction=False)
        lon, lat = _degrees(scene.x_m, scene.y_m)
        for unit, (x, y, mask) in enumerate(zip(lon.tolist(), lat.tolist(), scene.mask.tolist(), strict=True)):
            pipe.geoadd("units", (x, y, unit))
            pipe.hset("mask", unit, mask)
        pipe.execute()
        self._at = list(zip(*(column.tolist() for column in _degrees(scene.at_x_m, scene.at_y_m)), strict=True))

    def choose(self) -> Ints:
        """Ask call by call, as each is answered before the next is asked."""
        self._client.delete("out")
        chosen = np.full(len(self._scene.needs), -1, np.int32)
        for place, (incident, needs) in enumerate(
            zip(self._scene.incident.tolist(), self._scene.needs.tolist(), strict=True)
        ):
            chosen[place] = int(self._take(args=[*self._at[incident], needs]))
        return chosen

    def close(self) -> None:
        """Stop the server."""
        self._client.close()
        self._server.terminate()
        self._server.wait(10)
        self._folder.cleanup()


def _degrees(x_m: Ints, y_m: Ints) -> tuple[np.ndarray, np.ndarray]:
    """Return longitudes and latitudes near the equator, where a degree is as long both ways."""
    return x_m / 111_320.0, y_m / 111_320.0


def make() -> Matcher:
    """Start it."""
    return RedisGeosearch()
