"""Rules of the command line whose breach no other test would notice."""

import numpy as np
import pytest

from cli import embedded
from cli.carrier import RedisCarrier
from cli.patience import Patience
from contract.jobs import Status
from contract.notices import Notices
from contract.submit import Submitter


@pytest.fixture
def carrier(store):
    return RedisCarrier(store, Submitter(store), Notices(store), model="shapes", top=3, patience=Patience(0, print))


def test_a_job_that_has_ended_does_not_keep_the_next_from_being_taken_back(store, carrier):
    one, other = carrier.send(np.zeros((1, 8, 8, 3), np.uint8)), carrier.send(np.zeros((1, 8, 8, 3), np.uint8))
    store.cancel(one)
    carrier.close()
    assert store.get(other).status is Status.CANCELLED


def test_nothing_is_left_of_what_was_fetched(store, carrier):
    one = carrier.send(np.zeros((1, 8, 8, 3), np.uint8))
    store.cancel(one)
    assert carrier.fetch(one, 1.0)
    assert not carrier._notices._watches and store.page(9)[0] == []


def test_the_embedded_server_writes_its_file_and_listens_here_alone(tmp_path):
    words = embedded.command(tmp_path, 6399)
    assert words[words.index("--appendonly") + 1] == "yes" and words[words.index("--bind") + 1] == "127.0.0.1"
