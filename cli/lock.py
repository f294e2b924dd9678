"""A lock on a file, which ends with the last process that has it open."""

import fcntl
from typing import IO, Any


def locked(file: IO[Any]) -> bool:
    """Take the file's lock, unless another process has it. A file system without locks has none that one could have."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
