import os
import subprocess
import sys

import pytest

pytest.importorskip("keras")

from contract.settings import ROOT


@pytest.mark.parametrize(("given", "expected"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_onednn_is_on_unless_said_otherwise(given, expected):
    environ = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    code = "import training, os, sys; print(os.environ['TF_ENABLE_ONEDNN_OPTS'], 'tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environ, **given}, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [expected, "False"]
