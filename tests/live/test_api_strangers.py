"""Strangers read our documents and try what they say: schemathesis the OpenAPI, the parser of AsyncAPI the AsyncAPI.

pip install turnout[strangers]                       # schemathesis
npm install --prefix out/node @asyncapi/parser       # then TURNOUT_NODE=out/node
python -m pytest -m slow tests/live/test_api_strangers.py
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import trio

from gateways.api import ApiConfig
from gateways.cad.schema import FOLDER
from tests.builders import token
from tests.live.api_kit import api_client

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE_PACKAGES = Path(os.environ.get("TURNOUT_NODE", ROOT / "out" / "node")).resolve() / "node_modules"
PARSER = """\
const { Parser } = require("@asyncapi/parser");
new Parser().parse(require("fs").readFileSync(0, "utf8")).then(({ document, diagnostics }) => {
  for (const each of diagnostics) console.log(each.severity, each.code, each.message, each.path.join("."));
  process.exit(document && document.operations().length === 2 ? 0 : 1);
});"""


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("schemathesis") is None, reason="schemathesis is not installed: pip install turnout[strangers]"
)
@pytest.mark.parametrize("who", ["desk", "wall"])
async def test_schemathesis_finds_nothing(tmp_path: Path, who: str) -> None:
    """Thousands of requests, right and wrong, against a running server: no fault, and every answer is as documented."""
    async with api_client(tmp_path, config=ApiConfig(requests_per_s=1e6, burst=10**6)) as client:
        for kind in ("fire", "sick", "theft"):
            await client.report(incident_type=kind)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
        command += [
            f"{client.http.base_url}/v1/openapi.json".replace("//v1", "/v1"),
            "--max-examples",
            "20",
            "--seed",
            "7",
        ]
        command += ["--phases", "coverage,fuzzing", "--continue-on-failure", "--exclude-path-regex", "why|reports"]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.live.schemathesis_hooks", "TURNOUT_TOKEN": token(who)}
        environment["PYTHONPATH"] = str(ROOT)
        with trio.fail_after(540):
            done = await trio.run_process(
                command, env=environment, capture_stdout=True, stderr=subprocess.STDOUT, check=False, cwd=tmp_path
            )
        told = done.stdout.decode(errors="replace")
        print(told[-1500:])
        assert done.returncode == 0, told[-20_000:]
        assert client.api.statistics.requests > 1_000


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(
    not (NODE_PACKAGES / "@asyncapi" / "parser").is_dir(), reason=f"no @asyncapi/parser in {NODE_PACKAGES}"
)
def test_the_parser_of_asyncapi_reads_ours() -> None:
    """It finds both operations, and no error or warning."""
    document = (FOLDER / "cad.v1.asyncapi.json").read_bytes()
    environment = {**os.environ, "NODE_PATH": str(NODE_PACKAGES)}
    done = subprocess.run(
        ["node", "-e", PARSER], input=document, capture_output=True, timeout=600, env=environment, check=False
    )
    told = done.stdout.decode()
    assert done.returncode == 0, told + done.stderr.decode()
    worse = [line for line in told.splitlines() if line[0] in "01"]
    assert not worse, told
