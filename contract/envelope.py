"""What lies in a queue: a Celery message that carries nothing but an id.

Written by hand, so that it enters the queue in the same step as the records that it speaks of, and no producer needs
Celery. Celery's message protocol, version 2 (docs.celeryq.dev, "Message Protocol"), in the form in which kombu's Redis
transport lays it into a list.
"""

import base64
import json
from typing import Any

TASK = "kerasq.classify"
#: Of positional arguments, keyword arguments and what follows the task there is none.
_BODY = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
_HEADERS: dict[str, Any] = {"lang": "py", "task": TASK, "retries": 0, "ignore_result": True, "argsrepr": "()"}
_ENVELOPE: dict[str, Any] = {
    "body": base64.b64encode(_BODY.encode()).decode(),
    "content-type": "application/json",
    "content-encoding": "utf-8",
}


def seal(queue: str, message_id: str) -> str:
    """The envelope of a message: the task's id is the message's."""
    properties = {
        "correlation_id": message_id,
        "delivery_tag": message_id,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
    }
    headers = {**_HEADERS, "id": message_id, "root_id": message_id}
    return json.dumps({**_ENVELOPE, "headers": headers, "properties": properties})


def message_id(envelope: Any) -> str:
    """Of a parsed envelope."""
    return str(envelope["headers"]["id"])
