"""A model that comes while everything runs: the API reads the folder again, and nobody notices but who asks for it."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.cli.bright import write_model
from tests.client import call
from tests.stack import Stack, running, until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With one model, `bright`."""
    folder = tmp_path_factory.mktemp("reload")
    write_model(folder / "models")
    with running(folder, KERASQ_MODELS_DIR=str(folder / "models"), KERASQ_ENGINE="openvino") as stack:
        yield stack


def served(stack: Stack) -> list[str]:
    return [each["name"] for each in call("GET", f"{stack.url}/models").body["models"]]


def test_a_new_model_is_served_after_sighup_and_no_request_is_lost(stack: Stack) -> None:
    statuses, over = [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            statuses.append(call("POST", f"{stack.url}/bright", {"key": "dog.jpg"}, Prefer="wait=20").status)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    write_model(stack.folder / "models", "glow")
    assert call("POST", f"{stack.url}/glow", {"key": "dog.jpg"}).status == 404
    stack.reload_api()
    until(lambda: served(stack) == ["bright", "glow"], "the API serves it")
    stack.start_worker()
    assert call("POST", f"{stack.url}/glow", {"key": "dog.jpg"}, Prefer="wait=20").status == 200
    over.set()
    for client in clients:
        client.join()
    assert len(statuses) > 10
    assert set(statuses) == {200}


def test_a_wrong_folder_changes_nothing(stack: Stack) -> None:
    write_model(stack.folder / "models", "flawed")
    path = stack.folder / "models" / "flawed" / "openvino.bin"
    path.write_bytes(path.read_bytes() + b"!")
    before = served(stack)
    stack.reload_api()
    sentence = until(lambda: [line for line in stack.log("api").splitlines() if "flawed" in line], "it is said")
    assert sentence[0].startswith(f"api: {path}: expected sha256 ")
    assert sentence[0].endswith("; the models stay as they were")
    time.sleep(1)
    assert served(stack) == before
    assert call("POST", f"{stack.url}/flawed", {"key": "dog.jpg"}).status == 404
    assert call("POST", f"{stack.url}/bright", {"key": "dog.jpg"}, Prefer="wait=20").status == 200
