"""A callback outlives the API that took it."""

import json
import threading
from http.server import HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.api.test_callbacks import Receiver
from tests.client import call
from tests.stack import running, until

pytestmark = pytest.mark.live


def test_a_job_that_ends_while_the_api_is_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    receiver.calls, receiver.statuses = [], [503]
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = quote(f"http://127.0.0.1:{receiver.server_port}/told", safe="")
    with running(tmp_path, workers=0, KERASQ_CALLBACK_SECRET="s3cret", KERASQ_CALLBACK_PRIVATE="1") as stack:
        job = call("POST", f"{stack.url}/cifar10?callback_url={url}", {"key": "truck.jpg"}).body
        stack.stop_api()
        stack.start_worker()
        until(lambda: stack.client().hexists(f"kerasq:job:{job['id']}", "finished"), "the job ends")
        assert not receiver.calls
        stack.start_api()
        until(lambda: len(receiver.calls) == 2, "the receiver hears of it, and again after its 503", timeout=30)
        assert json.loads(receiver.calls[1][2]) == call("GET", f"{stack.url}/jobs/{job['id']}").body
    receiver.shutdown()
