"""The signals that end a command."""

import signal
from collections.abc import Callable
from types import FrameType


def heed(handler: Callable[[int, FrameType | None], object], *more: signal.Signals) -> None:
    """Have SIGTERM, that of a terminal that closes, and `more` handled so."""
    signals = [signal.SIGTERM, *more]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
        signals.append(signal.SIGHUP)
    for each in signals:
        signal.signal(each, handler)
