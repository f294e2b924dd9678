import time

import pytest

from contract.jobs import Prediction, born, iso, new_id


def test_ids_sort_by_time_and_tell_it() -> None:
    ids = [new_id(now) for now in (1e9, 1e9 + 0.001, 2e9)]
    assert ids == sorted(ids)
    assert born(ids[2]) == 2e9
    assert born(new_id()) == pytest.approx(time.time(), abs=1)
    assert len({new_id(1e9) for _ in range(1000)}) == 1000


def test_no_id_is_older_than_the_epoch() -> None:
    assert born(new_id(-1e15)) == 0


@pytest.mark.parametrize("text", ["", "truck", "0" * 36, "z" * 36, "01a20d35-ad78-4f95-9bd2-5b3b1061cb79"])
def test_what_is_no_id_has_no_time(text: str) -> None:
    assert born(text) is None


def test_the_percentage_is_that_of_the_original() -> None:
    assert Prediction(label="truck", probability=0.99903804).percentage == 99.9038


def test_times_are_rfc_3339() -> None:
    assert iso(1.5) == "1970-01-01T00:00:01.500Z"
    assert iso(None) is None
