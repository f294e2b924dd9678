"""Client: the API's resources as methods."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from client.records import Job, Queue, read_card, read_cards, read_job, read_queues
from client.retries import Patience, Retry
from client.run import Run
from client.server import Server
from client.uploads import Image, Pieces, listed, multipart
from contract.card import Card
from contract.errors import InvalidRequest, KerasqError
from contract.jobs import Result, new_id

T = TypeVar("T")
#: Seconds that are as good as forever for a request to be held.
DAY = 86_400.0


class Client:
    """A kerasq server. It may be shared by threads, each of which has its own connection.

    Every method raises Unreachable (a QueueUnavailable) when the server does not answer within `timeout` seconds, and
    the class of contract.errors that the server's problem names. Submits and reads are tried again for `patience`
    seconds while the server is away, full or asked too often; `patience` may be a Retry of your own. Cancelling and
    forgetting, which a second try would answer otherwise, are tried once. Raises BadSetting if `url` is none.
    """

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 30.0, patience: float | Retry = 60.0
    ) -> None:
        self._server, self._pieces = Server(url, key, timeout), Pieces()
        self._retry: Retry = Patience(patience) if isinstance(patience, int | float) else patience

    def submit(
        self,
        images: Image | Iterable[Image],
        model: str,
        top: int | None = None,
        wait: float = 0,
        idempotency_key: str | None = None,
        *,
        bulk: bool = False,
    ) -> Job:
        """One job of some images, each a path or a file's bytes, held for up to `wait` seconds until it has ended.

        Every submit has an Idempotency-Key, so that one whose answer was lost is the same job when tried again.
        Raises OSError for a file that cannot be read, InvalidRequest for a key that no header can hold, and NotAnImage,
        UnusableImage or TooLarge when none is usable.
        """
        if idempotency_key is not None and not (idempotency_key.isascii() and idempotency_key.isprintable()):
            raise InvalidRequest("the idempotency key holds what no header has: a line's end, or letters beyond ASCII")
        body, kind = multipart(listed(images))
        headers = {"Content-Type": kind, "Idempotency-Key": idempotency_key or new_id()}
        if wait := min(wait, DAY):
            headers["Prefer"] = f"wait={math.ceil(wait)}"  # whole seconds alone, RFC 7240
        query = urlencode(({} if top is None else {"top": top}) | ({"bulk": "true"} if bulk else {}))
        path = f"/{quote(model, safe='')}{f'?{query}' if query else ''}"
        return self._retry(partial(self._ask, read_job, "POST", path, body, headers, wait=wait))

    def submit_all(
        self, images: Iterable[Image], model: str, top: int | None = None, *, bulk: bool = False
    ) -> Iterator[Job]:
        """As many jobs as the server's limits ask for, in order, each submitted when it is asked for."""
        return self._pieces.each(listed(images), lambda piece: self.submit(piece, model, top, bulk=bulk))

    def classify(
        self, images: Image | Iterable[Image], model: str, top: int | None = None, *, timeout: float = 600.0
    ) -> list[Result]:
        """The answer for each image, in order; for one that cannot be used or was not run, an error in its place.

        Raises OSError for a file that cannot be read, and NotInTime after `timeout` seconds. If it raises, what is
        still under way is taken back.
        """
        return Run(self, self._pieces, model, top).answers(listed(images), timeout)

    def job(self, job_id: str, wait: float = 0) -> Job:
        """The job, held for up to `wait` seconds (and the server's KERASQ_MAX_WAIT_S) until it has ended.

        Raises UnknownJob, or JobGone.
        """
        wait = min(wait, DAY)
        path = f"/jobs/{quote(job_id, safe='')}" + (f"?wait={wait:.3f}" if wait else "")
        return self._retry(partial(self._ask, read_job, "GET", path, wait=wait))

    def cancel(self, job_id: str) -> Job:
        """Take a job back. Raises UnknownJob, JobGone, or JobSettled when it has ended."""
        return self._ask(read_job, "POST", f"/jobs/{quote(job_id, safe='')}/cancel")

    def forget(self, job_id: str) -> None:
        """Delete a job and its results. Raises UnknownJob, or JobGone."""
        self._ask(lambda body: None, "DELETE", f"/jobs/{quote(job_id, safe='')}")

    def models(self) -> dict[str, Card]:
        return self._retry(partial(self._ask, read_cards, "GET", "/models"))

    def model(self, name: str) -> Card:
        """Raises UnknownModel."""
        return self._retry(partial(self._ask, read_card, "GET", f"/models/{quote(name, safe='')}"))

    def queues(self) -> dict[str, Queue]:
        """Each model's queue, by the model's name."""
        return self._retry(partial(self._ask, read_queues, "GET", "/queues"))

    def close(self) -> None:
        """Close this thread's connection."""
        self._server.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ask(self, read: Callable[[Any], T], method: str, path: str, *given: Any, wait: float = 0) -> T:
        answer = self._server.ask(method, path, *given, wait=wait)
        try:
            return read(answer)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise KerasqError(
                f"{self._server.url} answered {method} {path} as kerasq does not; is it kerasq?"
            ) from None
