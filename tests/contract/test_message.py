import numpy as np

from contract.jobs import CHUNK, Job
from contract.message import Message, pack


def numbered(count: int, first: int = 0) -> np.ndarray:
    return np.broadcast_to(
        np.arange(first, first + count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)
    ).copy()


def test_a_message_decodes_to_what_was_encoded() -> None:
    job = Job(model="shapes", images=3, top=2)
    (message,) = pack([(job, numbered(3))])
    again = Message.decode(message.id, message.encode())
    assert (again.id, again.model, again.parts) == (message.id, "shapes", message.parts)
    assert (again.pixels == numbered(3)).all()


def test_bulk_has_a_queue_of_its_own() -> None:
    for bulk, queue in ((False, "shapes"), (True, "shapes.bulk")):
        (message,) = pack([(Job(model="shapes", images=1, bulk=bulk), numbered(1))])
        assert Message.decode(message.id, message.encode()).queue == message.queue == queue


def test_small_jobs_share_a_message() -> None:
    jobs = [Job(model="shapes", images=n) for n in (1, 2, 3)]
    (message,) = pack([(job, numbered(job.images)) for job in jobs])
    assert [(part.job_id, part.chunk, part.images) for part in message.parts] == [
        (job.id, 0, job.images) for job in jobs
    ]


def test_the_message_of_a_lone_chunk_is_always_the_same_one() -> None:
    one, other = (Job(model="shapes", images=n) for n in (300, 2))
    names = [[message.id for message in pack([(one, numbered(300 % 256)[[0] * 300])])] for _ in range(2)]
    assert names[0] == names[1] == [f"{one.id}:0", f"{one.id}:1"]
    first, shared = pack([(one, numbered(300 % 256)[[0] * 300]), (other, numbered(2))])
    assert first.id == f"{one.id}:0"
    assert shared.id not in (f"{one.id}:1", f"{other.id}:0")  # of which the other part would be lost with it


def test_a_big_job_is_cut_and_no_message_is_over_a_chunk() -> None:
    jobs = [Job(model="shapes", images=n) for n in (200, 600, 100)]
    messages = pack(
        [
            (job, numbered(job.images % 256, 0) if job.images < 256 else np.zeros((job.images, 8, 8, 3), np.uint8))
            for job in jobs
        ]
    )
    assert max(len(message.pixels) for message in messages) <= CHUNK
    parts = [(part.job_id, part.chunk, part.images) for message in messages for part in message.parts]
    assert [part[1:] for part in parts if part[0] == jobs[1].id] == [(0, 256), (1, 256), (2, 88)]
    assert sum(part[2] for part in parts) == 900
