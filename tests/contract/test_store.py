"""The life of a job in the store."""

import time

import fakeredis
import numpy as np
import pytest
import redis

from contract.connection import connect, reaching_redis
from contract.errors import BadSetting, JobGone, JobSettled, KeyReused, QueueFull, QueueUnavailable, UnknownJob
from contract.jobs import Job, Prediction, Result, Status, new_id
from contract.message import Message, pack
from contract.settings import Settings
from contract.store import Store, job_key, message_key

CIRCLE = Result(predictions=(Prediction(label="circle", probability=0.75),))
BROKEN = Result(error=("Engine error", "it broke"))


def job(images: int = 1, **fields: object) -> Job:
    return Job(model="shapes", images=images, **fields)


def queued(store: Store, *jobs: Job) -> list[Message]:
    messages = pack([(each, np.zeros((each.queued_images, 8, 8, 3), np.uint8)) for each in jobs])
    store.create(jobs, messages)
    return messages


def wanted(store: Store, message: Message) -> list[bool]:
    """Which parts a worker that takes the message now is to run."""
    taken = store.take(message.queue, message.id)
    assert taken
    return taken[1]


def answer(store: Store, message: Message, results: list[Result] | None = None) -> None:
    given = [[CIRCLE] * part.images if results is None else results for part in message.parts]
    store.finish(message, "v1", given)


def test_a_job_is_queued_then_running_then_succeeded(store: Store) -> None:
    one = job(names=("a.png",))
    (message,) = queued(store, one)
    waits = store.get(one.id)
    assert (waits.status, waits.position, waits.done_images, waits.results) == (Status.QUEUED, 1, 0, (None,))
    assert wanted(store, message) == [True]
    assert store.get(one.id).status is Status.RUNNING
    answer(store, message)
    done = store.get(one.id)
    assert (done.status, done.version, done.done_images, done.results) == (Status.SUCCEEDED, "v1", 1, (CIRCLE,))
    assert done.job == one
    assert done.job.submitted_at <= done.started_at <= done.finished_at


def test_a_chunk_delivered_twice_counts_once(store: Store) -> None:
    one = job(300)
    first, last = queued(store, one)
    again = Message(**{**vars(first), "id": new_id()})
    store.create([one], [again])
    for _ in range(3):
        answer(store, first)
    assert store.get(one.id).status is not Status.SUCCEEDED
    assert store.get(one.id).done_images == 256
    assert store.flow("shapes") == (556, 256)
    assert wanted(store, again) == [False]
    assert wanted(store, last) == [True]
    answer(store, last)
    answer(store, last, [BROKEN] * 44)
    answer(store, again, [])
    assert store.get(one.id).status is Status.SUCCEEDED
    assert store.flow("shapes") == (556, 556)
    assert set(store.get(one.id).results) == {CIRCLE}


def test_answers_come_in_the_order_of_the_images_with_refused_ones_in_place(store: Store) -> None:
    one = job(5, refused={1: ("Not an image", "text"), 4: ("Not an image", "more text")})
    (message,) = queued(store, one)
    other = Result(predictions=(Prediction(label="star", probability=0.5),))
    answer(store, message, [CIRCLE, other, BROKEN])
    record = store.get(one.id)
    refused = (Result(error=("Not an image", "text")), Result(error=("Not an image", "more text")))
    assert record.results == (CIRCLE, refused[0], other, BROKEN, refused[1])
    assert (record.status, record.done_images) == (Status.SUCCEEDED, 5)


def test_a_job_of_which_every_image_failed_has_failed(store: Store) -> None:
    one = job()
    (message,) = queued(store, one)
    answer(store, message, [BROKEN])
    assert store.get(one.id).status is Status.FAILED


def test_a_cancelled_job_is_not_run_and_takes_no_answers(store: Store) -> None:
    one = job(300)
    first, last = queued(store, one)
    answer(store, first)
    store.cancel(one.id)
    assert store.flow("shapes") == (300, 256)
    assert wanted(store, last) == [False]
    answer(store, last)
    record = store.get(one.id)
    assert (record.status, record.results) == (Status.CANCELLED, (CIRCLE,) * 256 + (None,) * 44)
    assert store.flow("shapes") == (300, 300)
    with pytest.raises(JobSettled):
        store.cancel(one.id)


def test_a_finished_job_cannot_be_cancelled(store: Store) -> None:
    one = job()
    (message,) = queued(store, one)
    answer(store, message)
    with pytest.raises(JobSettled, match="has ended"):
        store.cancel(one.id)
    assert store.get(one.id).status is Status.SUCCEEDED


def test_for_ever_is_a_long_time(models: object) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(job_ttl_s=10**15, result_ttl_s=10**15))
    one = job()
    (message,) = queued(store, one)
    assert store.reserve("key", b"request", one.id) == one.id
    answer(store, message)
    assert store.get(one.id).status is Status.SUCCEEDED


def test_an_expired_job_is_not_run(models: object) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(job_ttl_s=-1))
    one = job()
    (message,) = queued(store, one)
    assert store.get(one.id).status is Status.EXPIRED
    assert wanted(store, message) == [False]
    answer(store, message, [])
    assert store.flow("shapes") == (1, 1)


def test_a_job_that_has_expired_stays_so_whatever_comes_late(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one = job()
    (message,) = queued(store, one)
    assert wanted(store, message) == [True]
    late = time.time() + store._settings.job_ttl_s + 1
    monkeypatch.setattr("contract.store.time.time", lambda: late)
    assert store.get(one.id).status is Status.EXPIRED
    answer(store, message)
    assert (store.get(one.id).status, store.get(one.id).results) == (Status.EXPIRED, (None,))


def test_a_forgotten_job_stays_forgotten(store: Store) -> None:
    one = job(300)
    first, last = queued(store, one)
    answer(store, first)
    store.forget(one.id)
    assert store.flow("shapes") == (300, 256)
    assert wanted(store, last) == [False]
    answer(store, first)
    answer(store, last)
    assert store.flow("shapes") == (300, 300)
    for step in (store.get, store.cancel, store.forget):
        with pytest.raises(UnknownJob):
            step(one.id)
    assert store.page(10) == ([], None)


def test_every_image_is_settled_once_whatever_became_of_its_job(store: Store) -> None:
    kept, cancelled, forgotten, ran_out = jobs = [job(5) for _ in range(4)]
    (message,) = queued(store, *jobs)
    store.cancel(cancelled.id)
    store.forget(forgotten.id)
    for gone in (cancelled, ran_out):
        store.redis.delete(job_key(gone.id))
    for _ in range(2):
        answer(store, message)
    assert store.flow("shapes") == (20, 20)
    assert store.get(kept.id).status is Status.SUCCEEDED


def test_a_submit_that_is_sent_twice_counts_once(store: Store) -> None:
    one = job(300)
    assert [message.id for message in queued(store, one)] == [message.id for message in queued(store, one)]
    assert store.flow("shapes") == (300, 0)
    assert store.redis.llen("shapes") == 2


def test_an_idempotency_key_is_released_unless_its_job_is_there(store: Store) -> None:
    one, other = job(), job()
    assert store.reserve("k", b"request", one.id) == one.id
    store.release("k", other.id)
    assert store.reserve("k", b"request", other.id) == one.id
    store.release("k", one.id)
    assert store.reserve("k", b"request", other.id) == other.id
    queued(store, other)
    store.release("k", other.id)
    assert store.reserve("k", b"request", one.id) == other.id


def test_a_job_that_is_submitted_again_under_another_message_is_run_once_and_balances(store: Store) -> None:
    one = job(3)
    (first,) = queued(store, one)
    another = Message(**{**vars(first), "id": new_id()})
    store.create([one], [another])
    for message in (first, another):
        answer(store, message, None if wanted(store, message) == [True] else [])
    assert (store.get(one.id).status, store.get(one.id).done_images) == (Status.SUCCEEDED, 3)
    assert store.flow("shapes") == (6, 6)


def test_what_was_taken_back_waits_until_a_worker_drops_it() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=3))
    one = job(3)
    (message,) = queued(store, one)
    store.forget(one.id)
    with pytest.raises(QueueFull, match="3 images wait"):
        queued(store, job())
    answer(store, message, [])
    queued(store, job())


def test_an_old_id_is_gone_and_a_made_up_one_unknown(store: Store) -> None:
    with pytest.raises(JobGone, match="results are kept for 86,400 seconds"):
        store.get(new_id(time.time() - 3 * 86400))
    with pytest.raises(UnknownJob, match="no job has the id 'truck'"):
        store.get("truck")


def test_results_are_kept_for_their_time(store: Store) -> None:
    one = job()
    (message,) = queued(store, one)
    assert store.redis.ttl(job_key(one.id)) > 86400
    answer(store, message)
    assert 86000 < store.redis.ttl(job_key(one.id)) <= 86400


def test_a_full_queue_refuses_the_whole_group_and_writes_nothing() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=3))
    queued(store, job(), job())
    with pytest.raises(QueueFull, match="2 images wait for shapes; at most 3 may, so 2 more are not taken"):
        queued(store, job(), job())
    assert store.flow("shapes") == (2, 0)
    assert len(store.page(10)[0]) == 2
    queued(store, job())


def test_the_position_counts_the_images_ahead(store: Store) -> None:
    first, second = job(10), job(5)
    (message,) = queued(store, first)
    queued(store, second)
    assert store.get(second.id).position == 15
    answer(store, message)
    assert store.get(second.id).position == 5


def test_what_is_taken_back_moves_those_behind_it_once_a_worker_drops_it(store: Store) -> None:
    cancelled, kept, forgotten = job(10), job(2), job(5)
    messages = [message for each in (cancelled, kept, forgotten) for message in queued(store, each)]
    store.cancel(cancelled.id)
    store.forget(forgotten.id)
    assert store.get(kept.id).position == 12
    answer(store, messages[0], [])
    assert store.get(kept.id).position == 2
    answer(store, messages[2], [])
    assert store.get(kept.id).position == 2
    assert store.flow("shapes") == (17, 15)


def test_bulk_stands_behind_all_that_is_not_bulk(store: Store) -> None:
    first, bulk, urgent = job(4, bulk=True), job(20, bulk=True), job(3)
    (running,), (message,), (before,) = (queued(store, each) for each in (first, bulk, urgent))
    assert [store.get(each.id).position for each in (first, bulk, urgent)] == [7, 27, 3]
    answer(store, running)
    assert [store.get(each.id).position for each in (bulk, urgent)] == [23, 3]
    answer(store, before)
    assert store.get(bulk.id).position == 20
    answer(store, message)
    assert store.flow("shapes") == (27, 27)


def test_a_record_that_ran_out_moves_nobody_forward_twice(store: Store) -> None:
    lost, kept = job(10), job(2)
    (message,) = queued(store, lost)
    queued(store, kept)
    store.redis.delete(job_key(lost.id))
    answer(store, message, [])
    assert store.get(kept.id).position == 2


def test_pages_go_from_new_to_old_without_gaps(store: Store) -> None:
    jobs = [job(id=new_id(time.time() + number)) for number in range(5)]
    queued(store, *jobs)
    store.redis.delete(job_key(jobs[3].id))
    seen, before = [], None
    while True:
        page, before = store.page(2, before)
        seen += [record.job.id for record in page]
        if before is None:
            break
    assert seen == [jobs[number].id for number in (4, 2, 1, 0)]


def test_what_is_no_longer_kept_leaves_the_list_and_no_gap(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract.store.LOOK", 3)
    jobs = [job(id=new_id(time.time() + number)) for number in range(12)]
    queued(store, *jobs)
    for gone in jobs[4:11]:
        store.redis.delete(job_key(gone.id))
    page, following = store.page(3)
    assert [record.job.id for record in page] == [jobs[number].id for number in (11, 3, 2)]
    assert following == jobs[2].id and store.redis.zcard("kerasq:jobs") == 5
    assert [record.job.id for record in store.page(3, following)[0]] == [jobs[1].id, jobs[0].id]


def test_a_page_looks_no_further_than_it_must(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract.store.LOOK", 2)
    monkeypatch.setattr("contract.store.LOOKS", 2)
    jobs = [job(id=new_id(time.time() + number)) for number in range(6)]
    queued(store, *jobs)
    for gone in jobs[1:]:
        store.redis.delete(job_key(gone.id))
    assert store.page(1) == ([], jobs[2].id)
    assert [record.job.id for record in store.page(1, jobs[2].id)[0]] == [jobs[0].id]


def test_a_list_tells_the_same_status_as_the_job(store: Store) -> None:
    good, bad = job(), job()
    answer(store, *queued(store, good))
    answer(store, *queued(store, bad), [BROKEN])
    listed = {record.job.id: (record.status, record.version) for record in store.page(9)[0]}
    assert listed == {good.id: (Status.SUCCEEDED, "v1"), bad.id: (Status.FAILED, "v1")}


def test_a_redis_that_is_nearly_full_takes_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.redis, "info", lambda section: {"maxmemory": 1000, "used_memory": 901})
    with pytest.raises(QueueFull, match="more than 90% of its memory"):
        queued(store, job())


def test_an_idempotency_key_is_bound_to_its_first_request(store: Store) -> None:
    assert store.reserve("k", b"body", "first") == "first"
    assert store.reserve("k", b"body", "second") == "first"
    with pytest.raises(KeyReused, match="'k' was used with another request"):
        store.reserve("k", b"other", "third")


def test_an_idempotency_key_lives_as_long_as_its_job_may() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(job_ttl_s=1000, result_ttl_s=10))
    store.reserve("k", b"body", "first")
    (key,) = store.redis.keys("kerasq:idempotency:*")
    assert store.redis.ttl(key) > 1000


def test_a_redis_that_is_away_is_named_within_seconds() -> None:
    away = Settings(redis_url="redis://127.0.0.1:1/0")
    began = time.monotonic()
    with pytest.raises(QueueUnavailable, match="Redis does not answer"):
        Store(connect(away), away).get("x")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "error",
    [
        redis.ResponseError("MISCONF Errors writing to the AOF file: No space left"),
        redis.ReadOnlyError("You can't write against a read only replica."),
    ],
)
def test_a_redis_that_takes_no_writes_is_unavailable(error: Exception) -> None:
    with pytest.raises(QueueUnavailable, match="Redis takes no writes"), reaching_redis():
        raise error


def test_a_server_error_is_not_taken_for_absence(store: Store) -> None:
    store.redis.set(job_key("x"), "not a hash")
    with pytest.raises(redis.ResponseError):
        store.get("x")


def test_an_address_that_names_no_option_of_the_client_is_said() -> None:
    with pytest.raises(BadSetting, match="REDIS_URL cannot be used"):
        connect(Settings(redis_url="redis://127.0.0.1:1/0?flavour=salt"))


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (redis.InvalidResponse("HTTP/1.1"), QueueUnavailable),
        (redis.ResponseError("DB index is out of range"), BadSetting),
    ],
)
def test_what_is_no_redis_and_what_it_does_not_have_are_said(raised: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="REDIS_URL"), reaching_redis():
        raise raised


def test_a_job_forgotten_before_it_ran_leaves_its_key_to_another(store: Store) -> None:
    first, other = job(), job()
    assert store.reserve("k", b"request", first.id) == first.id
    (message,) = queued(store, first)
    assert store.reserve("k", b"request", other.id) == first.id  # it is there
    store.forget(first.id)
    assert wanted(store, message) == [False]
    with pytest.raises(KeyReused):
        store.reserve("k", b"another", other.id)
    assert store.reserve("k", b"request", other.id) == other.id
    assert store.reserve("k", b"request", job().id) == other.id
    (second,) = queued(store, other)
    store.finish(message, "v1", [[]])
    assert wanted(store, second) == [True]
    answer(store, second)
    assert store.get(other.id).status is Status.SUCCEEDED
    assert store.redis.hmget("kerasq:flow:shapes", "submitted", "settled") == [b"2", b"2"]


def test_a_job_made_anew_is_not_dropped_with_the_message_of_its_old_self(store: Store) -> None:
    """A worker took the message while there was nothing to run, and answers it when there is."""
    one = job()
    (message,) = queued(store, one)
    store.cancel(one.id)
    assert wanted(store, message) == [False]
    store.redis.delete(job_key(one.id))
    queued(store, one)  # its message is there already
    assert not store.finish(message, "v1", [[]])
    assert wanted(store, message) == [True]
    assert store.finish(message, "v1", [[CIRCLE]])
    assert store.get(one.id).status is Status.SUCCEEDED


def test_a_job_made_anew_is_not_dropped_by_a_second_worker_of_its_old_self(store: Store) -> None:
    one = job()
    (message,) = queued(store, one)
    store.cancel(one.id)
    for _ in range(2):
        assert wanted(store, message) == [False]
    assert store.finish(message, "v1", [[]])
    store.forget(one.id)
    (fresh,) = queued(store, one)
    store.redis.delete(message_key(fresh.id))  # whose name is the old one's, and which a third has answered
    assert store.finish(message, "v1", [[]])
    assert store.get(one.id).status is Status.QUEUED


def test_a_slow_worker_s_second_answer_settles_nothing_again(store: Store) -> None:
    one = job(2)
    (message,) = queued(store, one)
    for _ in range(2):
        answer(store, message)
    assert store.redis.hget(job_key(one.id), "settled") == b"2"
    assert store.flow("shapes") == (2, 2)


def test_a_cancel_whose_reply_was_lost_succeeds_when_it_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr("contract.store.time.time", lambda: now)  # one call, sent twice
    one = job()
    queued(store, one)
    store.cancel(one.id)
    store.cancel(one.id)
    monkeypatch.setattr("contract.store.time.time", lambda: now + 1)
    with pytest.raises(JobSettled):
        store.cancel(one.id)


def test_a_job_no_longer_kept_leaves_its_key_to_another(store: Store) -> None:
    first, other = job(id=new_id(time.time() - store._settings.result_ttl_s - 1)), job()
    assert store.reserve("k", b"request", first.id) == first.id
    answer(store, *queued(store, first))
    assert store.reserve("k", b"request", other.id) == first.id  # its record is still there
    store.redis.delete(job_key(first.id))
    with pytest.raises(KeyReused):
        store.reserve("k", b"another", other.id)
    assert store.reserve("k", b"request", other.id) == other.id


def test_a_job_cancelled_and_forgotten_leaves_its_key_to_another(store: Store) -> None:
    """While its message is with a worker, which will drop it: what has the id then would be dropped with it."""
    first, other = job(), job()
    assert store.reserve("k", b"request", first.id) == first.id
    (message,) = queued(store, first)
    store.cancel(first.id)
    assert wanted(store, message) == [False]
    store.forget(first.id)
    assert store.reserve("k", b"request", other.id) == other.id
    (second,) = queued(store, other)
    store.finish(message, "v1", [[]])
    assert wanted(store, second) == [True]


def test_a_job_forgotten_after_it_ran_leaves_nothing(store: Store) -> None:
    one = job()
    (message,) = queued(store, one)
    wanted(store, message)
    answer(store, message)
    store.forget(one.id)
    assert store.redis.keys("kerasq:forgotten:*") == []


def test_a_redis_that_does_not_tell_its_memory_takes_jobs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(section: str) -> None:
        raise redis.exceptions.NoPermissionError("this user has no permissions to run the 'info' command")

    monkeypatch.setattr(store.redis, "info", refuse)
    queued(store, job())


def test_a_user_without_the_rights_is_a_wrong_setting() -> None:
    with pytest.raises(BadSetting, match="names a user who may not do what is needed"), reaching_redis():
        raise redis.exceptions.NoPermissionError("this user has no permissions to run the 'hget' command")
