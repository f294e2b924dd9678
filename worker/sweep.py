"""Messages that got lost on their way are sent again."""

from collections.abc import Iterable

import celery

from contract.message import queue_name
from contract.queue import missing, send
from contract.store import PREFIX, Store
from worker.task import log

#: Seconds that a message has to appear in its queue, or among those held, before it is looked for.
GRACE = 5.0
#: Most messages looked at in one sweep of a queue.
MOST = 500
_TURN = PREFIX + "sweep:"


def sweep(store: Store, app: celery.Celery, models: Iterable[str], every: float) -> None:
    """Send again what is accepted and unanswered, yet neither waits nor is held. One worker at a time sweeps a queue.

    Sending a message that is not lost after all costs a look: the store takes each answer once.
    Raises QueueUnavailable when Redis does not answer.
    """
    for queue in [queue_name(model, bulk=bulk) for model in models for bulk in (False, True)]:
        if not store.redis.set(_TURN + queue, 1, nx=True, px=int(every * 900)):
            continue
        overdue = store.pending(queue, older_than=GRACE, count=MOST)
        for message_id in missing(store.redis, queue, overdue) if overdue else ():
            if fresh := store.renew(queue, message_id):
                log.warning("message %s was lost; it is sent again as %s", message_id, fresh)
                send(app, queue, fresh)
