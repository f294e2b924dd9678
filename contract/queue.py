"""The Celery app that carries messages, the names that both ends use, and the sending."""

import json
from collections.abc import Sequence
from typing import Any

import celery
import kombu
import redis
from kombu.exceptions import OperationalError

from contract.errors import QueueUnavailable
from contract.message import queue_name
from contract.settings import Settings

TASK = "kerasq.classify"
#: Longest queue, in messages, that is searched for what is missing.
WINDOW = 2000


def make_app(settings: Settings) -> celery.Celery:
    """The Celery app as producers and workers configure it."""
    app = celery.Celery("kerasq", broker=settings.redis_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        task_create_missing_queues=True,
        # The pooled connection may be one that a restarted Redis has forgotten; a second try takes a new one. A message
        # that arrives twice is answered once.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.05, "interval_step": 0, "interval_max": 0.05},
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            # The queues are listed interactive first, and this order is kept: bulk waits.
            "queue_order_strategy": "priority",
            "visibility_timeout": settings.visibility_timeout_s,
            # kombu's own sweep for messages of dead workers comes every 100 seconds.
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            # A worker that dies in the sweep must not stop the others' for kombu's five minutes.
            "unacked_mutex_expire": 10,
            "socket_connect_timeout": 2,
            # A Redis that hangs must not hang whoever sends; longer than the 10 seconds of kombu's BRPOP.
            "socket_timeout": 30,
            "socket_keepalive": True,
        },
    )
    return app


def queues(models: list[str]) -> list[kombu.Queue]:
    """The queues of the models in the order in which a worker drains them."""
    names = [queue_name(model, bulk=bulk) for bulk in (False, True) for model in models]
    return [kombu.Queue(name, kombu.Exchange(name), name) for name in names]


def send(app: celery.Celery, queue: str, message_id: str) -> None:
    """Tell the workers of a message. Raises QueueUnavailable when Redis does not take it."""
    try:
        app.send_task(TASK, (message_id,), queue=queue, task_id=message_id, ignore_result=True)
    except (OperationalError, OSError) as error:
        raise QueueUnavailable(f"Redis does not take the message: {error}") from error


def missing(client: redis.Redis, queue: str, message_ids: Sequence[str]) -> list[str]:
    """Those of some unanswered messages that neither wait in the queue nor are held by a worker.

    kombu takes a message from its list before it notes it as held, so a worker that dies in between takes it along.
    In a queue longer than WINDOW none is looked for before it is shorter.
    """
    pipeline: Any = client.pipeline()
    waiting, held = pipeline.lrange(queue, 0, WINDOW).hvals("unacked").execute()
    if len(waiting) > WINDOW:
        return []
    known = {_id(json.loads(each)) for each in waiting} | {_id(json.loads(each)[0]) for each in held}
    return [each for each in message_ids if each not in known]


def _id(envelope: Any) -> str:
    return str(envelope["headers"]["id"])
