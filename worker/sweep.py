"""Messages that got lost on their way are sent again."""

import json
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from redis.exceptions import OutOfMemoryError

from contract.envelope import message_id
from contract.message import queue_name
from contract.store import PREFIX, Store, pending_key

log = logging.getLogger("kerasq.worker")
#: Seconds that a message has to be taken before it is looked for in its queue.
GRACE = 5.0
#: Seconds within which a worker takes a message whose envelope it has popped; what is missing for longer is lost.
ON_ITS_WAY = 0.05
#: Most messages looked at in one sweep of a queue.
MOST = 500
#: The oldest messages of a queue, among which is looked for what is missing.
WINDOW = 1000
_TURN = PREFIX + "sweep:"


def sweep(store: Store, models: Iterable[str], every: float) -> None:
    """Send again what a worker took and never answered, and what neither waits nor was taken.

    One worker at a time sweeps a queue. Sending a message that is not lost after all costs a look: the store takes each
    answer once. Raises redis-py's errors and QueueUnavailable when Redis does not answer.
    """
    for queue in [queue_name(model, bulk=bulk) for model in models for bulk in (False, True)]:
        if not _has_turn(store.redis, queue, every):
            continue
        suspects = missing(store.redis, queue, store.pending(queue, older_than=GRACE, count=MOST))
        if suspects:
            time.sleep(ON_ITS_WAY)
        for lost in store.abandoned(queue, count=MOST) + missing(store.redis, queue, suspects):
            if fresh := store.renew(queue, lost):
                log.warning("message %s was lost; it is sent again as %s", lost, fresh)


def _has_turn(client: Any, queue: str, every: float) -> bool:
    try:
        return bool(client.set(_TURN + queue, 1, nx=True, px=int(every * 900)))
    except OutOfMemoryError:  # then what is sent again makes room, and two that sweep do no harm
        return True


def missing(client: Any, queue: str, message_ids: Sequence[str]) -> list[str]:
    """Those of some messages that nobody has taken and that do not wait in the queue.

    kombu pops an envelope before the worker takes its message, so a worker that dies in between takes it along. They
    are the oldest, and so are looked for among the oldest in the queue; one that is there all the same, because clocks
    differ, is sent again for nothing.
    """
    if not message_ids:
        return []
    pipeline = client.pipeline()
    waiting, sent = pipeline.lrange(queue, -WINDOW, -1).zmscore(pending_key(queue), message_ids).execute()
    known = {message_id(json.loads(each)) for each in waiting}
    return [each for each, at in zip(message_ids, sent, strict=True) if at is not None and each not in known]
