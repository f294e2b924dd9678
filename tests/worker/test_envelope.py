"""Our envelopes are Celery's own, but for what no worker reads."""

import base64
import json
import ssl
from dataclasses import replace
from typing import Any

import pytest

from contract.envelope import TASK, message_id, seal
from contract.message import queue_name
from contract.settings import Settings
from worker.celery_app import make_app
from worker.order import Hands

#: What Celery writes for its own tools, and what it writes only where it has been asked for.
UNREAD = {"origin", "kwargsrepr", "argsrepr", "stamps", "stamped_headers", "replaced_task_nesting"}


@pytest.fixture
def celerys() -> dict[str, Any]:
    """The envelope that Celery itself lays into a queue."""
    app = make_app(Settings(), Hands(8))
    app.conf.update(broker_url="memory://", broker_transport="memory")
    app.send_task(TASK, queue="shapes.bulk", task_id="some-id", ignore_result=True)
    with app.connection() as connection:
        return connection.default_channel._queue_for("shapes.bulk").get(timeout=5)


def test_it_says_what_celerys_says(celerys: dict[str, Any]) -> None:
    ours = json.loads(seal(queue_name("shapes", bulk=True), "some-id"))
    assert set(ours) == set(celerys)
    assert json.loads(base64.b64decode(ours["body"])) == json.loads(base64.b64decode(celerys["body"]))
    for name, value in celerys["headers"].items():
        assert name in UNREAD or ours["headers"].get(name) == (None if value == [None, None] else value), name
    properties = {k: v for k, v in celerys["properties"].items() if k not in ("reply_to", "delivery_tag")}
    assert {k: v for k, v in ours["properties"].items() if k != "delivery_tag"} == properties


@pytest.mark.parametrize(
    ("options", "checked"),
    [("", "CERT_REQUIRED"), ("?ssl_ca_certs=/ca", "CERT_REQUIRED"), ("?ssl_cert_reqs=none", "CERT_NONE")],
)
def test_celery_checks_the_certificates_that_the_api_checks(options: str, checked: str) -> None:
    app = make_app(replace(Settings(), redis_url=f"rediss://:secret@host:6380/0{options}"), Hands(8))
    assert app.connection_for_read().ssl["ssl_cert_reqs"] == ssl.VerifyMode[checked]


def test_it_tells_its_id() -> None:
    assert message_id(json.loads(seal("shapes", "some-id"))) == "some-id"
