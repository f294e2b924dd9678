import numpy as np
import pytest
import redis

from contract.card import Cards
from contract.errors import QueueUnavailable
from contract.jobs import Job, Status
from contract.message import Message, pack
from contract.settings import Settings
from contract.store import Store
from worker import ending, task
from worker.batcher import Batcher
from worker.celery_app import make_app
from worker.device import Device
from worker.order import Hands
from worker.task import Classifier, Served, patiently, top_k


class Bright:
    """Answers by brightness: dark is a circle, light a star. Cannot bear pure white."""

    name, input_shape, classes, sizes = "bright", (8, 8, 3), 3, (1, 8)

    def predict(self, batch: np.ndarray) -> np.ndarray:
        if (batch == 255).all(axis=(1, 2, 3)).any():
            raise RuntimeError("blinded")
        light = batch.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - light, np.zeros_like(light), light], axis=1).astype(np.float32)


@pytest.fixture
def classifier(settings: Settings, store: Store) -> Classifier:
    batcher = Batcher(Bright(), Device(), batch_max=256, wait_s=0)
    return Classifier({"shapes": Served(card=Cards(settings.models_dir)["shapes"], batcher=batcher)}, store, Hands(8))


def asked(*brightness: int) -> tuple[Job, np.ndarray]:
    job = Job(model="shapes", images=len(brightness), top=2)
    return job, np.stack([np.full((8, 8, 3), value, np.uint8) for value in brightness])


def queued(store: Store, *jobs: tuple[Job, np.ndarray]) -> list[Message]:
    messages = pack(jobs)
    store.create([job for job, _ in jobs], messages)
    return messages


def run(classifier: Classifier, store: Store, message_id: str) -> None:
    """As the task does."""
    taken = store.take("shapes", message_id)
    assert taken
    classifier.classify(*taken)


def test_a_message_of_several_jobs_answers_each(classifier: Classifier, store: Store) -> None:
    dark, light = asked(0, 51), asked(204)
    for message in queued(store, dark, light):
        run(classifier, store, message.id)
    assert [result.predictions[0].label for result in store.get(dark[0].id).results] == ["circle", "circle"]
    (only,) = store.get(light[0].id).results
    assert [(each.label, round(each.probability, 2)) for each in only.predictions] == [("star", 0.8), ("circle", 0.2)]
    assert store.get(light[0].id).version == Cards(store._settings.models_dir)["shapes"].version
    assert classifier.images == 3


def test_an_image_that_breaks_the_engine_fails_alone(classifier: Classifier, store: Store) -> None:
    good, bad = asked(10), asked(255)
    for message in queued(store, good, bad):
        run(classifier, store, message.id)
    assert store.get(good[0].id).status is Status.SUCCEEDED
    record = store.get(bad[0].id)
    assert record.status is Status.FAILED
    assert record.results[0].error == ("Engine error", "the model could not run on this image: blinded")


def test_an_image_that_breaks_the_engine_leaves_the_others_of_its_job(classifier: Classifier, store: Store) -> None:
    job = asked(204, 255, 10, 255)
    for message in queued(store, job):
        run(classifier, store, message.id)
    record = store.get(job[0].id)
    assert record.status is Status.SUCCEEDED
    first = [result.error[0] if result.error else result.predictions[0].label for result in record.results]
    assert first == ["star", "Engine error", "circle", "Engine error"]


def test_what_was_cancelled_is_left_out(classifier: Classifier, store: Store) -> None:
    kept, cancelled = asked(10), asked(20)
    messages = queued(store, kept, cancelled)
    store.cancel(cancelled[0].id)
    assert store.flow("shapes") == (2, 0)
    for message in messages:
        run(classifier, store, message.id)
    assert classifier.images == 1
    assert store.get(cancelled[0].id).status is Status.CANCELLED
    assert store.flow("shapes") == (2, 2)


def test_a_message_that_comes_again_runs_nothing(classifier: Classifier, store: Store) -> None:
    (message,) = queued(store, asked(10))
    slow = store.take("shapes", message.id)
    again = store.renew("shapes", message.id)
    assert slow and again
    classifier.classify(*slow)
    run(classifier, store, again)
    assert classifier.images == 1
    assert store.flow("shapes") == (1, 1)


def test_the_best_come_first_and_ties_in_label_order() -> None:
    (result,) = top_k(np.array([[0.2, 0.4, 0.4]], np.float32), ("a", "b", "c"), 2)
    assert [each.label for each in result.predictions] == ["b", "c"]


def test_a_redis_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task.time, "sleep", lambda _: None)
    answers = iter([QueueUnavailable("away"), redis.ResponseError("OOM"), 7])

    def step() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patiently(step) == 7


def test_a_worker_that_is_to_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "LAST_TRIES", 0.2)
    monkeypatch.setattr(ending.state, "should_stop", 0)
    tries = []

    def step() -> None:
        tries.append(1)
        raise QueueUnavailable("away")

    with pytest.raises(QueueUnavailable):
        patiently(step)
    assert len(tries) > 2


@pytest.mark.parametrize("bulk", [False, True])
def test_bulk_is_not_urgent_to_the_engine(classifier, store, monkeypatch, bulk):
    batcher = classifier._served["shapes"].batcher
    ran, real = [], batcher.run
    monkeypatch.setattr(batcher, "run", lambda pieces, *, urgent: ran.append(urgent) or real(pieces, urgent=urgent))
    one = Job(model="shapes", images=1, bulk=bulk)
    (message,) = queued(store, (one, np.zeros((1, 8, 8, 3), np.uint8)))
    classifier.classify(*store.take(message.queue, message.id))
    assert ran == [not bulk]


def test_answers_outlive_a_blip_of_redis(classifier, store, monkeypatch):
    one = asked(10)
    (message,) = queued(store, one)
    finish, away = store.finish, [QueueUnavailable("away")]
    monkeypatch.setattr(task.time, "sleep", lambda _: None)

    def flaky(*given):
        if away:
            raise away.pop()
        finish(*given)

    monkeypatch.setattr(store, "finish", flaky)
    run(classifier, store, message.id)
    assert store.get(one[0].id).status is Status.SUCCEEDED


def task_of(classifier):
    app = make_app(Settings(), classifier._hands)
    classifier.register(app)
    return app.tasks["kerasq.classify"]


def deliver(work, queue, message_id):
    """What Celery does with an envelope."""
    work.push_request(id=message_id, delivery_info={"routing_key": queue})
    try:
        work.run()
    finally:
        work.pop_request()


def test_what_celery_delivers_is_run_once_and_counted_as_bulk(classifier, store, monkeypatch):
    one = Job(model="shapes", images=1, bulk=True)
    (message,) = queued(store, (one, np.zeros((1, 8, 8, 3), np.uint8)))
    take, away, held = store.take, [QueueUnavailable("away")], []
    monkeypatch.setattr(task.time, "sleep", lambda _: None)

    def flaky(*given):
        held.append(classifier._hands.held)
        if away:
            raise away.pop()
        return take(*given)

    monkeypatch.setattr(store, "take", flaky)
    work = task_of(classifier)
    deliver(work, "shapes.bulk", message.id)
    assert store.get(one.id).status is Status.SUCCEEDED
    assert held == [{"shapes.bulk": [message.id]}] * 2 and classifier._hands.held == {}
    deliver(work, "shapes.bulk", message.id)  # it comes again: nothing is run
    assert classifier.images == 1
