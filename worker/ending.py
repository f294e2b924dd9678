"""How a worker ends: asked to, or because it cannot go on."""

import logging
import os

from celery.worker import state

log = logging.getLogger("kerasq.worker")


def asked() -> bool:
    """Whether the worker was told to stop."""
    return state.should_stop is not None or state.should_terminate is not None


def end(why: str) -> None:
    """End the process at once: no thread can be told to leave the engine's code, and nothing must be answered any more.

    What it holds is sent again to another worker, and whoever keeps workers running starts this one anew.
    """
    log.critical("%s; this worker ends", why)
    os._exit(1)
