"""Jobs in Redis: created as a group, finished once, read, cancelled, forgotten."""

import hashlib
import math
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import redis

from contract import records, scripts
from contract.connection import reaching_redis
from contract.envelope import seal
from contract.errors import JobGone, JobSettled, KeyReused, QueueFull, TooLarge, UnknownJob
from contract.jobs import Job, Record, Result, born, new_id
from contract.message import Message
from contract.settings import Settings

PREFIX = "kerasq:"
INDEX = PREFIX + "jobs"
#: How the key begins that says of a job that it was forgotten before it had run.
FORGOTTEN = PREFIX + "forgotten:"
#: The outbox: jobs of whose end a client is to be told (contract.outbox).
CALLBACKS = PREFIX + "callbacks"
#: Where the ids of jobs that made progress or ended are published, separated by spaces.
CHANNEL = PREFIX + "told"
#: How often Redis is asked for its memory, in seconds, and the share of it at which no more is taken.
MEMORY_LOOK, MEMORY_SHARE = 1.0, 0.9
#: How many jobs are looked at together to fill a page, and how many times, where many are no longer kept.
LOOK, LOOKS = 500, 20


def job_key(job_id: str) -> str:
    return f"{PREFIX}job:{job_id}"


def flow_key(model: str) -> str:
    return f"{PREFIX}flow:{model}"


def _idempotency_key(key: str) -> str:
    return f"{PREFIX}idempotency:{hashlib.sha256(key.encode()).hexdigest()}"


def message_key(message_id: str) -> str:
    return f"{PREFIX}message:{message_id}"


def pending_key(queue: str) -> str:
    return f"{PREFIX}pending:{queue}"


def held_key(queue: str) -> str:
    return f"{PREFIX}held:{queue}"


class Store:
    """All that is remembered of jobs.

    Every method raises QueueUnavailable when Redis does not answer, and those that write QueueFull when it has no
    memory left.
    """

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        # redis-py's types cannot say that this client answers at once and in bytes.
        self.redis: Any = client
        self._settings = settings
        self._looked_at, self._nearly_full = -math.inf, False
        self._create = client.register_script(scripts.CREATE)
        self._take = client.register_script(scripts.TAKE)
        self._finish = client.register_script(scripts.FINISH)
        self._cancel = client.register_script(scripts.CANCEL)
        self._forget = client.register_script(scripts.FORGET)
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)
        self._reserve = client.register_script(scripts.RESERVE)
        #: Seconds for which a job's record may be there.
        self._kept = settings.job_ttl_s + settings.result_ttl_s

    def create(self, jobs: Sequence[Job], messages: Sequence[Message]) -> None:
        """Write the records of jobs of one model and queue and lay their messages into it, in one step.

        Raises QueueFull, writing nothing, when they would not all fit, and TooLarge for one that never would.
        """
        now, settings = time.time(), self._settings
        if (most := max(job.queued_images for job in jobs)) > settings.max_queued:
            raise TooLarge(f"the job has {most:,} images; at most {settings.max_queued:,} may wait for one model")
        self._demand_memory()
        queue = messages[0].queue
        keys = [flow_key(jobs[0].model), INDEX, pending_key(queue), queue, *(job_key(job.id) for job in jobs)]
        keys += [message_key(message.id) for message in messages]
        arguments: list[Any] = [settings.max_queued, self._kept, now + settings.job_ttl_s]
        arguments += [new_id(now - self._kept), now, int(messages[0].bulk), len(jobs)]
        for job in jobs:
            arguments += [job.id, records.pack_job(job), job.queued_images, job.chunks]
        for message in messages:
            arguments += [message.id, message.encode(), seal(queue, message.id), len(message.pixels)]
        with reaching_redis():
            accepted, waiting = self._create(keys, arguments)
        if not accepted:
            raise QueueFull(
                f"{waiting:,} images wait for {jobs[0].model}; at most {settings.max_queued:,} may, "
                f"so {sum(job.queued_images for job in jobs):,} more are not taken"
            )

    def _demand_memory(self) -> None:
        """Raise QueueFull while Redis is nearly full: workers and Celery need room to bring it down again."""
        now = time.monotonic()
        if now - self._looked_at > MEMORY_LOOK:
            with reaching_redis():
                try:
                    memory = self.redis.info("memory")
                except redis.ResponseError:  # some hosted servers do not tell, or not everybody
                    memory = {}
            self._looked_at, limit = now, memory.get("maxmemory", 0)
            self._nearly_full = bool(limit) and memory["used_memory"] > MEMORY_SHARE * limit
        if self._nearly_full:
            raise QueueFull(f"Redis uses more than {MEMORY_SHARE:.0%} of its memory, so no more is taken")

    def take(self, queue: str, message_id: str) -> tuple[Message, list[bool]] | None:
        """A message of the queue, held from now on, and which of its parts to run; None once it has been answered.

        Those of jobs that were cancelled, forgotten or already answered, or that have expired, are not to be run.
        """
        keys = [message_key(message_id), pending_key(queue), held_key(queue)]
        with reaching_redis():
            taken = self._take(keys, [message_id, time.time(), job_key("")])
        if taken is None:
            return None
        content, *wanted = taken
        return Message.decode(message_id, content), [each == 1 for each in wanted]

    def finish(self, message: Message, version: str, answers: Sequence[Sequence[Result]]) -> bool:
        """Write the answers to each part of the message, once, and be done with it; none: the part was not run.

        False, and nothing is written, where one that was not run is to be run after all: then take the message again.
        """
        queue = message.queue
        keys = [flow_key(message.model), pending_key(queue), held_key(queue), message_key(message.id), CALLBACKS]
        keys += [job_key(part.job_id) for part in message.parts]
        now, ttl = time.time(), self._settings.result_ttl_s
        arguments: list[Any] = [now, ttl, CHANNEL, message.id, len(message.pixels), int(message.bulk), version]
        for part, results in zip(message.parts, answers, strict=True):
            packed = records.pack_answers(results) if results else b""
            good = sum(not result.error for result in results)
            arguments += [part.job_id, part.chunk, packed, part.images, good]
        with reaching_redis():
            return bool(self._finish(keys, arguments))

    def get(self, job_id: str) -> Record:
        """The job's record. Raises UnknownJob, or JobGone where the id is older than results are kept."""
        with reaching_redis():
            fields = self.redis.hgetall(job_key(job_id))
        if not fields:
            raise self._missing(job_id)
        return self._read(fields)

    def several(self, job_ids: Sequence[str]) -> dict[str, Record]:
        """The records of those jobs that there are, read at once."""
        pipeline = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hgetall(job_key(job_id))
        with reaching_redis():
            found = pipeline.execute()
        return {job_id: self._read(fields) for job_id, fields in zip(job_ids, found, strict=True) if fields}

    def _read(self, fields: dict[bytes, bytes]) -> Record:
        return records.read(fields, self._passed, time.time())

    def flow(self, model: str) -> tuple[int, int]:
        """How many images of a model were ever submitted, and how many of them settled."""
        with reaching_redis():
            submitted, settled = self.redis.hmget(flow_key(model), "submitted", "settled")
        return int(submitted or 0), int(settled or 0)

    def waiting(self, model: str) -> int:
        """How many images of a model have no answer yet."""
        submitted, settled = self.flow(model)
        return max(0, submitted - settled)

    def _passed(self, model: str, bulk: bool) -> int:
        """How many images of a queue are behind it; for bulk less those that go before it because they are not."""
        with reaching_redis():
            found = self.redis.hmget(flow_key(model), "submitted", "settled", "bulk_submitted", "bulk_settled")
        submitted, settled, bulk_submitted, bulk_settled = (int(each or 0) for each in found)
        if not bulk:
            return settled - bulk_settled
        return bulk_settled - ((submitted - bulk_submitted) - (settled - bulk_settled))

    def pending(self, queue: str, *, older_than: float, count: int) -> list[str]:
        """The oldest messages of a queue that no worker has taken though they were sent `older_than` seconds ago."""
        return self._oldest(pending_key(queue), older_than, count)

    def abandoned(self, queue: str, *, count: int) -> list[str]:
        """The oldest messages of a queue of which their worker has said nothing for `visibility_timeout_s`."""
        return self._oldest(held_key(queue), self._settings.visibility_timeout_s, count)

    def _oldest(self, key: str, older_than: float, count: int) -> list[str]:
        with reaching_redis():
            found = self.redis.zrangebyscore(key, 0, time.time() - older_than, start=0, num=count)
        return [message_id.decode() for message_id in found]

    def keep(self, queue: str, message_ids: Sequence[str]) -> None:
        """Say that a worker still works on messages of the queue that it took."""
        now = time.time()
        with reaching_redis():
            self.redis.zadd(held_key(queue), dict.fromkeys(message_ids, now), xx=True)

    def renew(self, queue: str, message_id: str) -> str | None:
        """Lay a lost message into its queue again; its new id, or None if it has been answered after all."""
        fresh = new_id()
        keys = [message_key(message_id), message_key(fresh), pending_key(queue), held_key(queue), queue]
        with reaching_redis():
            return fresh if self._renew(keys, [message_id, fresh, time.time(), seal(queue, fresh)]) else None

    def cancel(self, job_id: str) -> None:
        """Take a job back: what has not run will not. Raises UnknownJob, JobGone or JobSettled."""
        arguments: list[Any] = [time.time(), self._settings.result_ttl_s, CHANNEL, job_id]
        with reaching_redis():
            answer = self._cancel([job_key(job_id), CALLBACKS], arguments)
        if answer == -1:
            raise self._missing(job_id)
        if answer == 0:
            raise JobSettled(f"job {job_id} has ended; only a job that is queued or running can be cancelled")

    def forget(self, job_id: str) -> None:
        """Delete a job and its results; one that has not run never will. Raises UnknownJob or JobGone."""
        keys = [job_key(job_id), INDEX, FORGOTTEN + job_id]
        with reaching_redis():
            if not self._forget(keys, [job_id, self._kept]):
                raise self._missing(job_id)

    def page(self, count: int, before: str | None = None) -> tuple[list[Record], str | None]:
        """Up to `count` jobs, newest first, older than the id `before`, without their results; and where to go on.

        Fewer, with somewhere to go on, only where very many before them are no longer kept.
        """
        page, size = list[Record](), count + 1
        passed, now = cache(self._passed), time.time()
        for _ in range(LOOKS):
            ids, found = self._listed(before, size)
            page += [records.read(each, passed, now) for each in found]
            if len(page) > count:
                return page[:count], page[count - 1].job.id
            if len(ids) < size:
                return page, None
            before, size = ids[-1], LOOK
        return page, before

    def _listed(self, before: str | None, count: int) -> tuple[list[str], list[dict[bytes, bytes]]]:
        """The next ids of the index, and the facts of those jobs that are still kept; the others leave the index."""
        fields = ["job", "seq", "deadline", "started", "finished", "cancelled", "done_images", "good_images", "version"]
        with reaching_redis():
            ids = self.redis.zrevrangebylex(INDEX, f"({before}" if before else "+", "-", 0, count)
            pipeline = self.redis.pipeline(transaction=False)
            for job_id in ids:
                pipeline.hmget(job_key(job_id.decode()), fields)
            rows = pipeline.execute()
            if gone := [job_id for job_id, row in zip(ids, rows, strict=True) if row[0] is None]:
                self.redis.zrem(INDEX, *gone)
        kept = [row for row in rows if row[0] is not None]
        found = [{k.encode(): v for k, v in zip(fields, row, strict=True) if v is not None} for row in kept]
        return [job_id.decode() for job_id in ids], found

    def reserve(self, key: str, request: bytes, job_id: str) -> str:
        """Bind an idempotency key to a request; the id of the job it was first bound to, `job_id` if it is new.

        It is also new where that job was forgotten before it had run, or is no longer kept. Raises KeyReused when the
        key came with another request before.
        """
        digest = hashlib.sha256(request).hexdigest()
        oldest = new_id(time.time() - self._settings.result_ttl_s)
        with reaching_redis():
            bound = self._reserve([_idempotency_key(key)], [digest, job_id, self._kept, FORGOTTEN, job_key(""), oldest])
        bound_digest, bound_id = bound.decode().split()
        if bound_digest != digest:
            raise KeyReused(f"Idempotency-Key {key.split(' ', 1)[-1]!r} was used with another request")
        return str(bound_id)

    def release(self, key: str, job_id: str) -> None:
        """Free an idempotency key whose job was refused."""
        with reaching_redis():
            self._release([_idempotency_key(key), job_key(job_id)], [job_id])

    def _missing(self, job_id: str) -> UnknownJob | JobGone:
        kept = self._settings.result_ttl_s
        made = born(job_id)
        if made is not None and made < time.time() - kept:
            return JobGone(f"job {job_id} is gone: results are kept for {kept:,} seconds")
        return UnknownJob(f"no job has the id {job_id!r}")
