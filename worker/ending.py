"""How a worker ends that cannot go on."""

import logging
import os

log = logging.getLogger("kerasq.worker")


def end(why: str) -> None:
    """End the process at once: no thread can be told to leave the engine's code, and nothing must be answered any more.

    What it holds is sent again to another worker, and whoever keeps workers running starts this one anew.
    """
    log.critical("%s; this worker ends", why)
    os._exit(1)
