"""Runs several commands as one server: when it is told to stop, or one of them ends, all do.

python together.py COMMAND [ARGUMENT ...] [--and COMMAND [ARGUMENT ...] ...]
"""

import itertools
import os
import signal
import subprocess
import sys

NEXT = "--and"


def main(words: list[str]) -> None:
    commands = [list(group) for ends, group in itertools.groupby(words, NEXT.__eq__) if not ends]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    processes = [subprocess.Popen(command) for command in commands]
    try:
        os.wait()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
