"""The life of a job in the store."""

import time

import fakeredis
import pytest
import redis

from contract.errors import JobGone, JobSettled, KeyReused, QueueFull, QueueUnavailable, UnknownJob
from contract.jobs import Job, Prediction, Result, Status, new_id
from contract.settings import Settings
from contract.store import Store, connect, job_key

CIRCLE = Result(predictions=(Prediction(label="circle", probability=0.75),))
BROKEN = Result(error=("Engine error", "it broke"))


def job(images: int = 1, **fields: object) -> Job:
    return Job(model="shapes", images=images, **fields)


def answer(store: Store, job: Job, chunk: int = 0, images: int = 1, results: list[Result] | None = None) -> None:
    store.finish("shapes", "v1", [(job.id, chunk, images, [CIRCLE] * images if results is None else results)])


def test_a_job_is_queued_then_running_then_succeeded(store: Store) -> None:
    one = job(names=("a.png",))
    store.create([one])
    queued = store.get(one.id)
    assert (queued.status, queued.position, queued.done_images, queued.results) == (Status.QUEUED, 1, 0, (None,))
    assert store.start([(one.id, 0)]) == [True]
    assert store.get(one.id).status is Status.RUNNING
    answer(store, one)
    done = store.get(one.id)
    assert (done.status, done.version, done.done_images, done.results) == (Status.SUCCEEDED, "v1", 1, (CIRCLE,))
    assert done.job == one
    assert done.job.submitted_at <= done.started_at <= done.finished_at


def test_a_chunk_delivered_twice_counts_once(store: Store) -> None:
    one = job(300)
    store.create([one])
    for _ in range(3):
        answer(store, one, 0, 256)
    assert store.get(one.id).status is not Status.SUCCEEDED
    assert store.get(one.id).done_images == 256
    assert store.flow("shapes") == (300, 256)
    assert store.start([(one.id, 0), (one.id, 1)]) == [False, True]
    answer(store, one, 1, 44)
    answer(store, one, 1, 44, [BROKEN] * 44)
    assert store.get(one.id).status is Status.SUCCEEDED
    assert set(store.get(one.id).results) == {CIRCLE}


def test_answers_come_in_the_order_of_the_images_with_refused_ones_in_place(store: Store) -> None:
    one = job(5, refused={1: ("Not an image", "text"), 4: ("Not an image", "more text")})
    store.create([one])
    other = Result(predictions=(Prediction(label="star", probability=0.5),))
    answer(store, one, 0, 3, [CIRCLE, other, BROKEN])
    record = store.get(one.id)
    refused = (Result(error=("Not an image", "text")), Result(error=("Not an image", "more text")))
    assert record.results == (CIRCLE, refused[0], other, BROKEN, refused[1])
    assert (record.status, record.done_images) == (Status.SUCCEEDED, 5)


def test_a_job_of_which_every_image_failed_has_failed(store: Store) -> None:
    one = job()
    store.create([one])
    answer(store, one, results=[BROKEN])
    assert store.get(one.id).status is Status.FAILED


def test_a_cancelled_job_is_not_run_and_takes_no_answers(store: Store) -> None:
    one = job(300)
    store.create([one])
    answer(store, one, 0, 256)
    store.cancel(one.id)
    assert store.flow("shapes") == (300, 300)
    assert store.start([(one.id, 1)]) == [False]
    answer(store, one, 1, 44)
    record = store.get(one.id)
    assert (record.status, record.results) == (Status.CANCELLED, (CIRCLE,) * 256 + (None,) * 44)
    assert store.flow("shapes") == (300, 300)
    with pytest.raises(JobSettled):
        store.cancel(one.id)


def test_a_finished_job_cannot_be_cancelled(store: Store) -> None:
    one = job()
    store.create([one])
    answer(store, one)
    with pytest.raises(JobSettled, match="has ended"):
        store.cancel(one.id)
    assert store.get(one.id).status is Status.SUCCEEDED


def test_an_expired_job_is_not_run(models: object) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(job_ttl_s=-1))
    one = job()
    store.create([one])
    assert store.get(one.id).status is Status.EXPIRED
    assert store.start([(one.id, 0)]) == [False]


def test_a_forgotten_job_stays_forgotten(store: Store) -> None:
    one = job(300)
    store.create([one])
    answer(store, one, 0, 256)
    store.forget(one.id)
    assert store.flow("shapes") == (300, 300)
    assert store.start([(one.id, 1)]) == [False]
    answer(store, one)
    answer(store, one, 1, 44)
    assert store.flow("shapes") == (300, 300)
    for step in (store.get, store.cancel, store.forget):
        with pytest.raises(UnknownJob):
            step(one.id)
    assert store.page(10) == ([], None)


def test_a_job_whose_record_ran_out_is_settled_by_its_message(store: Store) -> None:
    old = job(id=new_id(time.time() - 3 * 86400))
    store.create([old])
    store.redis.delete(job_key(old.id))
    answer(store, old)
    assert store.flow("shapes") == (1, 1)


def test_an_old_id_is_gone_and_a_made_up_one_unknown(store: Store) -> None:
    with pytest.raises(JobGone, match="results are kept for 86,400 seconds"):
        store.get(new_id(time.time() - 3 * 86400))
    with pytest.raises(UnknownJob, match="no job has the id 'truck'"):
        store.get("truck")


def test_results_are_kept_for_their_time(store: Store) -> None:
    one = job()
    store.create([one])
    assert store.redis.ttl(job_key(one.id)) > 86400
    answer(store, one)
    assert 86000 < store.redis.ttl(job_key(one.id)) <= 86400


def test_a_full_queue_refuses_the_whole_group_and_writes_nothing() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=3))
    store.create([job(), job()])
    with pytest.raises(QueueFull, match="2 images wait for shapes; at most 3 may, so 2 more are not taken"):
        store.create([job(), job()])
    assert store.flow("shapes") == (2, 0)
    assert len(store.page(10)[0]) == 2
    store.create([job()])


def test_the_position_counts_the_images_ahead(store: Store) -> None:
    first, second = job(10), job(5)
    store.create([first, second])
    assert store.get(second.id).position == 15
    answer(store, first, 0, 10)
    assert store.get(second.id).position == 5


def test_pages_go_from_new_to_old_without_gaps(store: Store) -> None:
    jobs = [job(id=new_id(time.time() + number)) for number in range(5)]
    store.create(jobs)
    store.redis.delete(job_key(jobs[3].id))
    seen, before = [], None
    while True:
        page, before = store.page(2, before)
        seen += [record.job.id for record in page]
        if before is None:
            break
    assert seen == [jobs[number].id for number in (4, 2, 1, 0)]


def test_a_list_tells_the_same_status_as_the_job(store: Store) -> None:
    good, bad = job(), job()
    store.create([good, bad])
    answer(store, good)
    answer(store, bad, results=[BROKEN])
    listed = {record.job.id: (record.status, record.version) for record in store.page(9)[0]}
    assert listed == {good.id: (Status.SUCCEEDED, "v1"), bad.id: (Status.FAILED, "v1")}


def test_a_redis_that_is_nearly_full_takes_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.redis, "info", lambda section: {"maxmemory": 1000, "used_memory": 901})
    with pytest.raises(QueueFull, match="more than 90% of its memory"):
        store.create([job()])


def test_an_idempotency_key_is_bound_to_its_first_request(store: Store) -> None:
    assert store.reserve("k", b"body", "first") == "first"
    assert store.reserve("k", b"body", "second") == "first"
    with pytest.raises(KeyReused, match="'k' was used with another request"):
        store.reserve("k", b"other", "third")


def test_a_redis_that_is_away_is_named_within_seconds() -> None:
    away = Settings(redis_url="redis://127.0.0.1:1/0")
    began = time.monotonic()
    with pytest.raises(QueueUnavailable, match="Redis does not answer"):
        Store(connect(away), away).get("x")
    assert time.monotonic() - began < 5


def test_a_server_error_is_not_taken_for_absence(store: Store) -> None:
    store.redis.set(job_key("x"), "not a hash")
    with pytest.raises(redis.ResponseError):
        store.get("x")
