"""Rules of the client whose breach no other test would notice."""

import threading

import pytest

from client import Client
from client.records import read_job
from client.run import Run
from client.uploads import Pieces
from contract.errors import JobSettled, NotInTime, QueueFull
from tests.api.conftest import picture
from tests.client.conftest import JOB


class Asked:
    """A server whose first job has ended, and whose third finds no room."""

    def __init__(self):
        self.jobs, self.cancelled, self.waits = 0, [], []

    def submit(self, images, model, top):
        if self.jobs == 2:
            raise QueueFull("full")
        self.jobs += 1
        return read_job(JOB | {"id": str(self.jobs)})

    def job(self, job_id, wait):
        self.waits.append(wait)
        return read_job(JOB | {"id": job_id})

    def cancel(self, job_id):
        self.cancelled.append(job_id)
        if job_id == "1":
            raise JobSettled("it has ended")

    def forget(self, job_id): ...


def test_a_held_request_may_take_longer_than_the_timeout(api, url):
    api.line.answers = False
    with Client(url, timeout=0.3, patience=0) as client:
        job = client.submit(picture(), "shapes")
        threading.Timer(0.8, api.line.answer, api.line.jobs[0]).start()
        assert client.job(job.id, wait=2).settled


def test_a_job_that_has_ended_does_not_keep_the_next_from_being_taken_back(monkeypatch):
    monkeypatch.setattr("client.uploads.CHUNK", 1)
    asked = Asked()
    with pytest.raises(QueueFull):
        Run(asked, Pieces(), "shapes", 3).answers([b"x"] * 3, 10)
    assert asked.cancelled == ["1", "2"]


def test_nothing_is_held_beyond_the_time_that_is_left():
    asked = Asked()
    with pytest.raises(NotInTime):
        Run(asked, Pieces(), "shapes", 3).answers([b"x"], 0.05)
    assert 0 < max(asked.waits) <= 0.05


def test_images_that_were_not_run_have_an_error_in_their_place(client, api):
    api.line.answers = False
    accept = api.line.submit

    def and_cancel(job, pixels):
        accept(job, pixels)
        api.store.cancel(job.id)

    api.line.submit = and_cancel
    found = client.classify([picture(), picture()], "shapes")
    assert [each.error[0] for each in found] == ["Job cancelled"] * 2
