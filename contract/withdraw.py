"""Jobs that nobody waits for any more are taken back."""

from collections.abc import Callable, Iterable

from contract.errors import KerasqError, QueueUnavailable


def withdraw(cancel: Callable[[str], object], job_ids: Iterable[str]) -> None:
    """Cancel those that have not ended, as long as the queue is there to hear it."""
    for job_id in job_ids:
        try:
            cancel(job_id)
        except QueueUnavailable:
            return
        except KerasqError:  # it has ended, or was never there
            continue
