"""The Celery app that carries messages, and the queues that it drains."""

import celery
import kombu

from contract.message import queue_name
from contract.settings import Settings
from worker.order import Hands, UrgentFirst
from worker.transport import Connection, transport


def make_app(settings: Settings, hands: Hands) -> celery.Celery:
    """The Celery app of a worker, which holds messages in `hands`."""
    app = celery.Celery("kerasq", broker=_broker(settings.redis_url), set_as_current=False)
    app.amqp.Connection = Connection
    app.conf.update(
        task_ignore_result=True,
        accept_content=["json"],
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Also where Redis answers that it takes no writes, as one whose disk is full does.
        broker_channel_error_retry=True,
        broker_transport=transport(hands),
        broker_transport_options={
            "queue_order_strategy": lambda: UrgentFirst(hands),
            # Seconds that Redis is asked to wait, before bulk is asked for again if there is room for it now.
            "polling_interval": 0.1,
            # No message has a priority of its own; kombu would look into four lists a queue.
            "priority_steps": [0],
            # The store knows which messages are held, and the sweep sends those of dead workers again.
            "ack_emulation": False,
            "socket_connect_timeout": 2,
            # A Redis that hangs must not hang the worker; kombu's BRPOP answers after a tenth of a second.
            "socket_timeout": 30,
            "socket_keepalive": True,
            # Seconds; a connection that somebody between here and Redis has forgotten says nothing of it.
            "health_check_interval": 5,
        },
    )
    return app


def _broker(url: str) -> str:
    """The address for kombu, which looks at no server's certificate unless it is told to."""
    if not url.startswith("rediss://") or "ssl_cert_reqs=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}ssl_cert_reqs=required"


def queues(models: list[str]) -> list[kombu.Queue]:
    """The queues of the models that a worker drains."""
    names = [queue_name(model, bulk=bulk) for bulk in (False, True) for model in models]
    # Declaring them would write to Redis what nobody reads, and a worker could not begin while that has no memory left.
    return [kombu.Queue(name, kombu.Exchange(name), name, no_declare=True) for name in names]
