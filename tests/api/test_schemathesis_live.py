"""Schemathesis against the whole of kerasq, with all checks on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract import keys
from contract.settings import Settings
from contract.store import Store
from tests.stack import running

pytestmark = pytest.mark.live


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    with running(tmp_path, KERASQ_REQUIRE_KEY="1", KERASQ_MAX_WAIT_S="2") as stack:
        _, token = keys.add(Store(stack.client(), Settings()), "schemathesis")
        command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
        options = ["--config-file", str(Path(__file__).with_name("schemathesis.toml"))]
        run = ["run", f"{stack.url}/openapi.json", "--checks", "all", "--no-color", "--continue-on-failure"]
        done = subprocess.run(
            [*command, *options, *run],
            env={**os.environ, "KERASQ_TOKEN": token},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=400,
        )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert re.search(r"[0-9]{3,} generated", done.stdout), done.stdout[-3000:]
    assert "Traceback" not in stack.log("api")
