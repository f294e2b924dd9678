"""Messages that got lost on their way are sent again."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import redis

from contract.envelope import message_id
from contract.message import queue_name
from contract.store import PREFIX, Store
from worker.task import log

#: Seconds that a message has to appear in its queue, or among those held, before it is looked for.
GRACE = 5.0
#: Most messages looked at in one sweep of a queue.
MOST = 500
#: Longest queue, in messages, that is searched for what is missing.
WINDOW = 2000
_TURN = PREFIX + "sweep:"


def sweep(store: Store, models: Iterable[str], every: float) -> None:
    """Send again what is accepted and unanswered, yet neither waits nor is held. One worker at a time sweeps a queue.

    Sending a message that is not lost after all costs a look: the store takes each answer once.
    Raises QueueUnavailable when Redis does not answer.
    """
    for queue in [queue_name(model, bulk=bulk) for model in models for bulk in (False, True)]:
        if not store.redis.set(_TURN + queue, 1, nx=True, px=int(every * 900)):
            continue
        overdue = store.pending(queue, older_than=GRACE, count=MOST)
        for lost in missing(store.redis, queue, overdue) if overdue else ():
            if fresh := store.renew(queue, lost):
                log.warning("message %s was lost; it is sent again as %s", lost, fresh)


def missing(client: redis.Redis, queue: str, message_ids: Sequence[str]) -> list[str]:
    """Those of some unanswered messages that neither wait in the queue nor are held by a worker.

    kombu takes a message from its list before it notes it as held, so a worker that dies in between takes it along.
    In a queue longer than WINDOW none is looked for before it is shorter.
    """
    pipeline: Any = client.pipeline()
    waiting, held = pipeline.lrange(queue, 0, WINDOW).hvals("unacked").execute()
    if len(waiting) > WINDOW:
        return []
    known = {message_id(json.loads(each)) for each in waiting} | {message_id(json.loads(each)[0]) for each in held}
    return [each for each in message_ids if each not in known]
