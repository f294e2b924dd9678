"""Rules of the store and what is around it whose breach no other test would notice."""

import threading
import time

import fakeredis
import pytest
import redis

from contract import keys
from contract.connection import connect, reaching_redis
from contract.errors import JobSettled, QueueFull, QueueUnavailable, TooLarge
from contract.jobs import Job, Prediction, Result, Status, new_id
from contract.message import pack
from contract.notices import Notices
from contract.outbox import CALLBACKS, TRIES, Outbox
from contract.presence import Presence, announce, present
from contract.settings import Settings
from contract.store import INDEX, Store, job_key
from contract.submit import Submitter
from tests.contract.test_message import numbered
from tests.contract.test_store import CIRCLE, answer, job, queued, wanted
from tests.contract.test_submit import image, sent
from tests.worker.test_sweep import accepted, sweep_now, taken


def test_a_job_that_is_sent_again_keeps_its_place(store):
    first, second = job(10), job(5)
    for each in (first, second, first):
        queued(store, each)
    assert (store.get(first.id).position, store.get(second.id).position) == (10, 15)


def test_ids_that_are_too_old_leave_the_index(store):
    queued(store, job(id=new_id(time.time() - 3 * 86400)))
    queued(store, job())
    assert store.redis.zcard(INDEX) == 1


def test_a_redelivery_does_not_move_the_start(store, monkeypatch):
    one = job()
    (message,) = queued(store, one)
    wanted(store, message)
    began = store.get(one.id).started_at
    later = time.time() + 60
    monkeypatch.setattr("contract.store.time.time", lambda: later)
    wanted(store, message)
    assert store.get(one.id).started_at == began


@pytest.mark.parametrize("end", ["answer", "cancel"])
def test_whoever_waits_is_woken_and_does_not_find_out(store, monkeypatch, end):
    monkeypatch.setattr("contract.notices.LOOK_AGAIN", 60.0)
    one = job()
    (message,) = queued(store, one)
    ends = {"answer": lambda: answer(store, message), "cancel": lambda: store.cancel(one.id)}
    with Notices(store).watch(one.id) as watch:
        threading.Timer(0.2, ends[end]).start()
        began = time.monotonic()
        assert watch.settled(5).status.settled and time.monotonic() - began < 3


def test_a_cancelled_record_lives_as_long_as_a_result(store):
    one = job()
    queued(store, one)
    store.cancel(one.id)
    assert store.redis.ttl(job_key(one.id)) <= 86400


def test_a_cancelled_job_says_when(store):
    one = job()
    queued(store, one)
    store.cancel(one.id)
    assert store.get(one.id).finished_at


def test_an_expired_job_cannot_be_cancelled():
    store = Store(fakeredis.FakeRedis(), Settings(job_ttl_s=-1))
    one = job()
    queued(store, one)
    with pytest.raises(JobSettled):
        store.cancel(one.id)
    assert store.get(one.id).status is Status.EXPIRED


def test_that_a_job_was_forgotten_is_not_kept_for_ever(store):
    one = job()
    queued(store, one)
    store.forget(one.id)
    assert 0 < store.redis.ttl(f"kerasq:forgotten:{one.id}") <= 2 * 86400


def test_what_is_sent_again_is_held_no_longer():
    store = Store(fakeredis.FakeRedis(), Settings(visibility_timeout_s=-1))
    accepted(store, 1)
    taken(store)
    sweep_now(store, ["shapes"], 2.0)
    assert store.abandoned("shapes", count=9) == []


def test_a_job_of_just_as_many_as_may_wait_fits():
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=3))
    with pytest.raises(TooLarge):
        queued(store, job(4))
    queued(store, job(3))


def test_memory_is_looked_at_again(store, monkeypatch):
    monkeypatch.setattr("contract.store.MEMORY_LOOK", -1.0)
    monkeypatch.setattr(store.redis, "info", lambda section: {"maxmemory": 1000, "used_memory": 901})
    with pytest.raises(QueueFull):
        queued(store, job())
    monkeypatch.setattr(store.redis, "info", lambda section: {"maxmemory": 1000, "used_memory": 500})
    queued(store, job())


def test_a_redis_without_memory_is_a_full_queue():
    with pytest.raises(QueueFull), reaching_redis():
        raise redis.exceptions.OutOfMemoryError("command not allowed")


def test_chunks_keep_their_places_whichever_is_answered_first(store):
    one = job(300)
    first, last = queued(store, one)
    other = Result(predictions=(Prediction(label="star", probability=0.5),))
    answer(store, last, [other] * 44)
    assert store.get(one.id).results == (None,) * 256 + (other,) * 44
    answer(store, first)
    assert store.get(one.id).results == (CIRCLE,) * 256 + (other,) * 44


@pytest.mark.parametrize("error", [QueueUnavailable("away"), RuntimeError("nobody thought of this")])
def test_the_writer_outlives_whatever_it_meets(store, monkeypatch, error):
    submitter = Submitter(store)
    with monkeypatch.context() as away:
        away.setattr(store, "create", lambda *_: (_ for _ in ()).throw(error))
        with pytest.raises(type(error)):
            submitter.submit_soon(Job(model="shapes", images=1), image()).result(5)
    submitter.submit_soon(Job(model="shapes", images=1), image()).result(5)
    assert len(sent(store)) == 1


def test_a_commit_is_no_larger_than_it_should_be(store, monkeypatch):
    go, create, commits = threading.Event(), store.create, []
    monkeypatch.setattr(
        store, "create", lambda jobs, messages: go.wait(5) and (commits.append(len(jobs)), create(jobs, messages))
    )
    submitter = Submitter(store)
    waiting = [submitter.submit_soon(Job(model="shapes", images=n), image(n)) for n in (1, 256, 256, 256)]
    go.set()
    for committed in waiting:
        committed.result(5)
    assert max(commits) <= 2


def test_each_part_of_a_message_has_its_own_top():
    jobs = [Job(model="shapes", images=1, top=top) for top in (1, 2)]
    (message,) = pack([(job, numbered(1)) for job in jobs])
    assert [part.top for part in message.parts] == [1, 2]


def test_the_listener_outlives_whatever_it_meets(store, monkeypatch):
    monkeypatch.setattr("contract.notices.LOOK_AGAIN", 60.0)
    several, met = store.several, threading.Event()

    def once(ids):
        if not met.is_set():
            met.set()
            raise RuntimeError("nobody thought of this")
        return several(ids)

    monkeypatch.setattr(store, "several", once)
    notices = Notices(store)
    one, other = job(), job()
    messages = [*queued(store, one), *queued(store, other)]
    with notices.watch(one.id), notices.watch(other.id) as watch:
        time.sleep(0.2)
        answer(store, messages[0])
        assert met.wait(5)
        time.sleep(0.5)  # until it listens anew
        threading.Timer(0.1, answer, (store, messages[1])).start()
        began = time.monotonic()
        assert watch.settled(5).status is Status.SUCCEEDED and time.monotonic() - began < 3


def test_nothing_is_left_of_a_watch(store):
    notices = Notices(store)
    with notices.watch("one"), notices.watch("one"):
        pass
    assert not notices._watches


def test_all_who_wait_for_a_job_are_told(store, monkeypatch):
    monkeypatch.setattr("contract.notices.LOOK_AGAIN", 60.0)
    notices, one = Notices(store), job()
    (message,) = queued(store, one)
    with notices.watch(one.id) as first, notices.watch(one.id) as second:
        threading.Timer(0.2, answer, (store, message)).start()
        began = time.monotonic()
        assert [each.settled(3).status for each in (first, second)] == [Status.SUCCEEDED] * 2
        assert time.monotonic() - began < 2


def test_a_callback_is_entered_once(store):
    box = Outbox(store)
    box.enter("one", time.time() - 1)
    box.enter("one", time.time() + 3600)
    assert box.claim() == ("one", 1)


def test_a_refused_callback_leaves_no_count(store):
    box = Outbox(store)
    box.enter("one", 0.0)
    box.claim()
    box.refuse("one")
    assert not store.redis.exists(CALLBACKS, TRIES)


def test_a_key_is_compared_in_constant_time(store, monkeypatch):
    key, token = keys.add(store, "ci")
    compared = []
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda *given: compared.append(given) or False)
    assert not key.opens(token) and len(compared) == 1


def test_a_worker_that_falls_silent_is_gone_after_a_while(store):
    announce(store.redis, Presence(worker="host:7", models={"shapes": "v"}, engine="none", started_at=0.0))
    assert 0 < store.redis.pttl("kerasq:worker:host:7") <= 6000


def test_the_name_of_a_worker_that_is_gone_goes_too(store):
    announce(store.redis, Presence(worker="host:7", models={"shapes": "v"}, engine="none", started_at=0.0))
    store.redis.delete("kerasq:worker:host:7")  # as when it has been silent for too long
    assert present(store.redis) == []
    assert store.redis.smembers("kerasq:workers") == set()


def test_a_redis_that_is_away_is_tried_twice_and_many_may_ask_at_once(settings):
    kinds = connect(settings).connection_pool.connection_kwargs
    assert kinds["retry"].get_retries() == 1
    assert connect(settings).connection_pool.max_connections >= 64
