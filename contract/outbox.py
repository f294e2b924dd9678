"""Which jobs somebody is to be called back about, and when: in Redis, so that it outlives whoever calls.

A job enters when it is submitted, due just after it would expire; ending makes it due at once, in the same step that
ends it. Whoever claims one has a lease on it: should they die, it comes again. So a callback may come twice, never not
at all.
"""

import time

from contract.connection import reaching_redis
from contract.store import CALLBACKS, PREFIX, Store, job_key

TRIES = PREFIX + "callbacks:tries"
#: Seconds after which a claim that nothing was heard of is void.
LEASE = 60.0

#: KEYS callbacks, tries. ARGV now, when to try again if nothing is heard. Answers {job id, which try} of one due.
CLAIM = """
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)
if #found == 0 then return false end
redis.call('ZADD', KEYS[1], ARGV[2], found[1])
return {found[1], redis.call('HINCRBY', KEYS[2], found[1], 1)}
"""

#: KEYS callbacks, tries, job. ARGV its id.
REFUSE = """
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
"""


class Outbox:
    """Every method raises QueueUnavailable when Redis does not answer."""

    def __init__(self, store: Store) -> None:
        self._redis = store.redis
        self._claim = self._redis.register_script(CLAIM)
        self._refuse = self._redis.register_script(REFUSE)

    def enter(self, job_id: str, due: float) -> None:
        """A job that is about to be submitted; one that is there already, perhaps due by now, stays as it is."""
        with reaching_redis():
            self._redis.zadd(CALLBACKS, {job_id: due}, nx=True)

    def put_off(self, job_id: str, due: float) -> None:
        with reaching_redis():
            self._redis.zadd(CALLBACKS, {job_id: due})

    def refuse(self, job_id: str) -> None:
        """Its submit was refused; unless another one under the same Idempotency-Key was not, nobody is called."""
        with reaching_redis():
            self._refuse([CALLBACKS, TRIES, job_key(job_id)], [job_id])

    def claim(self) -> tuple[str, int] | None:
        """The id of a job that is due, and which try this is; None if there is none."""
        now = time.time()
        with reaching_redis():
            found = self._claim([CALLBACKS, TRIES], [now, now + LEASE])
        return (found[0].decode(), found[1]) if found else None

    def drop(self, job_id: str) -> None:
        """It is done, or given up."""
        with reaching_redis():
            self._redis.pipeline().zrem(CALLBACKS, job_id).hdel(TRIES, job_id).execute()
