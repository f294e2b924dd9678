"""Holding a request until its job has ended, and never for longer than was asked for."""

from contextlib import suppress

from gevent import Timeout

from contract.errors import QueueUnavailable
from contract.jobs import Record
from contract.notices import Watch

#: Seconds that Redis has for the last look, when the time is over.
LAST_LOOK = 0.5


def waited(watch: Watch, record: Record, seconds: float) -> Record:
    """The job's record as soon as it has ended, or as it is after `seconds`; `record` where Redis goes away or hangs.

    Raises UnknownJob or JobGone where it was forgotten meanwhile.
    """
    with suppress(QueueUnavailable), Timeout(seconds + LAST_LOOK, False):
        return watch.settled(seconds)
    return record
