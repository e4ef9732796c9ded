"""PostGIS: nearest neighbours by the index operator <->, filtered by a capability mask, taken by an update."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import psycopg

from loadtests.matchers import Absent, Ints, Matcher, Scene

TAKE = """
UPDATE unit SET free = false WHERE id = (
  SELECT id FROM unit WHERE free AND mask & %(needs)s = %(needs)s
  ORDER BY at <-> ST_SetSRID(ST_MakePoint(%(x)s, %(y)s), 3857) LIMIT 1
) RETURNING id
"""
SETTINGS = "fsync=off synchronous_commit=off full_page_writes=off listen_addresses='' autovacuum=off"


class PostgisKnn:
    """A server of its own on a socket in a temporary folder, with everything off that makes it durable."""

    name = "PostGIS kNN + capability filter, by distance"

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found or not list(Path("/usr/share/postgresql").glob("*/extension/postgis.control")):
            raise Absent(
                "PostgreSQL with PostGIS is not installed (Debian: postgresql-15-postgis-3), so it is not compared"
            )
        self._bin = found[-1].parent
        self._folder = Path(tempfile.mkdtemp())
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        self._as_postgres("initdb", "-A", "trust", "-D", str(self._folder / "data"))
        options = f"-k {self._folder} " + " ".join(f"-c {setting}" for setting in SETTINGS.split())
        self._as_postgres(
            "pg_ctl", "-D", str(self._folder / "data"), "-l", str(self._folder / "log"), "-w", "-o", options, "start"
        )
        self._db = psycopg.connect(f"host={self._folder} user=postgres dbname=postgres", autocommit=True)
        self._db.execute("CREATE EXTENSION postgis")

    def _as_postgres(self, program: str, *arguments: str) -> None:
        """Run a program of the server; it refuses to be run by root."""
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*user, str(self._bin / program), *arguments], check=True, capture_output=True, cwd="/")

    def prepare(self, scene: Scene) -> None:
        """Put the units where they are."""
        self._scene = scene
        self._db.execute("DROP TABLE IF EXISTS unit")
        self._db.execute("CREATE TABLE unit (id int PRIMARY KEY, mask bigint, free bool, at geometry(Point, 3857))")
        rows = zip(scene.mask.tolist(), scene.x_m.tolist(), scene.y_m.tolist(), strict=True)
        with self._db.cursor().copy("COPY unit FROM STDIN") as copy:
            for unit, (mask, x, y) in enumerate(rows):
                copy.write_row((unit, mask, True, f"SRID=3857;POINT({x} {y})"))
        self._db.execute("CREATE INDEX ON unit USING gist (at) WHERE free")
        self._db.execute("ANALYZE unit")

    def choose(self) -> Ints:
        """Ask call by call, in one transaction that is rolled back so that the next decision finds the same city."""
        scene = self._scene
        chosen = np.full(len(scene.needs), -1, np.int32)
        with self._db.transaction(force_rollback=True):
            for place, (incident, needs) in enumerate(zip(scene.incident.tolist(), scene.needs.tolist(), strict=True)):
                at = {"needs": needs, "x": int(scene.at_x_m[incident]), "y": int(scene.at_y_m[incident])}
                row = self._db.execute(TAKE, at).fetchone()
                chosen[place] = -1 if row is None else row[0]
        return chosen

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._db.close()
        self._as_postgres("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)


def make() -> Matcher:
    """Start it."""
    return PostgisKnn()
