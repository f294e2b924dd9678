"""What a run has done so far: counted, shown on a terminal, and summed up."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cli.resume import Done
from cli.window import Answered


class Tally:
    """Counts files."""

    def __init__(self) -> None:
        self.classified = self.failed = self.skipped = self.found = 0
        self.all_found = False
        self._started = time.monotonic()

    def count(self, files: Iterable[str], done: Done) -> Iterator[str]:
        """The files that are not done, counted as they go by."""
        for file in files:
            if done and file in done:
                self.skipped += 1
            else:
                self.found += 1
                yield file
        self.all_found = True

    def add(self, answered: Answered) -> None:
        failed = sum(1 for _, result in answered if result.error)
        self.failed += failed
        self.classified += len(answered) - failed

    @property
    def images_a_second(self) -> float:
        return self.classified / max(1e-3, time.monotonic() - self._started)

    def summary(self) -> str:
        seconds = time.monotonic() - self._started
        parts = [f"{self.classified:,} classified", f"{self.failed:,} failed", f"{seconds:.1f} s"]
        if self.skipped:
            parts.insert(2, f"{self.skipped:,} done before")
        return ", ".join([*parts, f"{self.images_a_second:,.0f} images/s"])


@contextmanager
def shown_on(console: Any, tally: Tally) -> Iterator[Callable[[], None]]:
    """A function that brings the bar up to date; without a terminal there is no bar."""
    if not console.is_terminal:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.description}")
    columns = [SpinnerColumn(), BarColumn(), MofNCompleteColumn(), words, TimeElapsedColumn()]
    with Progress(
        *columns, console=console, transient=True, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=None)

        def update() -> None:
            total = tally.found if tally.all_found else None
            rate = f"{tally.images_a_second:,.0f} images/s, {tally.failed:,} failed"
            bar.update(task, completed=tally.classified + tally.failed, total=total, description=rate)

        yield update
