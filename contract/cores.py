"""How many cores this process may use."""

import os


def cores() -> int:
    """Those that it was given, of all that the machine has, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
