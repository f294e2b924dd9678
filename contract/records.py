"""How a job and its answers are written in Redis, and read back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgpack

from contract.jobs import CHUNK, Job, Prediction, Record, Result, Status


def pack_job(job: Job) -> bytes:
    facts = {name: value for name, value in vars(job).items() if value not in ((), {}, None, False)}
    return msgpack.packb(facts)


def unpack_job(content: bytes) -> Job:
    facts = msgpack.unpackb(content, strict_map_key=False)
    facts["names"] = tuple(facts.get("names", ()))
    facts["refused"] = {position: tuple(error) for position, error in facts.get("refused", {}).items()}
    return Job(**facts)


def pack_answers(results: Sequence[Result]) -> bytes:
    """The answers of one chunk, an entry per image."""
    rows = [[list(each.error)] if each.error else [None, *_pairs(each)] for each in results]
    return msgpack.packb(rows, use_single_float=True)


def _pairs(result: Result) -> list[list[Any]]:
    return [[each.label, each.probability] for each in result.predictions]


def unpack_answers(content: bytes) -> list[Result]:
    return [_result(*row) for row in msgpack.unpackb(content)]


def _result(error: list[str] | None, *pairs: list[Any]) -> Result:
    if error:
        return Result(error=(error[0], error[1]))
    return Result(predictions=tuple(Prediction(label=label, probability=value) for label, value in pairs))


def read(fields: Mapping[bytes, bytes], passed: Callable[[str, bool], int], now: float) -> Record:
    """A job's record from its hash; `passed` says how many images of a model's queue, bulk or not, are behind it."""
    job = unpack_job(fields[b"job"])
    chunks = {int(key[2:]): unpack_answers(value) for key, value in fields.items() if key.startswith(b"r:") and value}
    status = _status(fields, now)
    return Record(
        job=job,
        status=status,
        done_images=len(job.refused) + int(fields.get(b"done_images", 0)),
        position=_position(job, int(fields[b"seq"]), passed) if status is Status.QUEUED else None,
        started_at=_time(fields, b"started"),
        finished_at=_time(fields, b"finished") or _time(fields, b"cancelled"),
        version=fields[b"version"].decode() if b"version" in fields else None,
        results=_in_order(job, chunks),
    )


def _position(job: Job, seq: int, passed: Callable[[str, bool], int]) -> int:
    """Not fewer than its own: what was submitted twice counts once in `seq`, and messages may overtake one another."""
    return max(job.queued_images, seq - passed(job.model, job.bulk))


def _in_order(job: Job, chunks: Mapping[int, list[Result]]) -> tuple[Result | None, ...]:
    results: list[Result | None] = [None] * job.queued_images
    for number, answers in chunks.items():
        results[number * CHUNK : number * CHUNK + len(answers)] = answers
    for position in sorted(job.refused):
        results.insert(position, Result(error=job.refused[position]))
    return tuple(results)


def _status(fields: Mapping[bytes, bytes], now: float) -> Status:
    if b"finished" in fields:
        return Status.SUCCEEDED if int(fields[b"good_images"]) else Status.FAILED
    if b"cancelled" in fields:
        return Status.CANCELLED
    if float(fields[b"deadline"]) < now:
        return Status.EXPIRED
    return Status.RUNNING if b"started" in fields else Status.QUEUED


def _time(fields: Mapping[bytes, bytes], name: bytes) -> float | None:
    return float(fields[name]) if name in fields else None
