"""What the load generator knows of a server: how to start it, and how one image becomes one answer."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server to measure: kerasq itself, or one of `bench/peers/<folder>`.

    A request is one PNG as the body; the answer is JSON that holds one of the model's labels. A peer with `poll`
    answers its submit with a job's id (`id`, `job_id` or `task_id`), and the client then asks until it holds the
    result: a job is done when its state names a label, and failed when its `status` says so.
    """

    #: How it is called in tables; `--only` takes its key in PEERS.
    name: str
    #: Below bench/peers; it holds requirements.txt (pinned) and the server. None for kerasq, which is installed here.
    folder: str | None
    #: The command, with {python} and {bin} of its own environment, {port}, {place} (its `place`, where it is run),
    #: {root} of the project, and {work}, an empty folder of its own.
    command: tuple[str, ...]
    #: Set beside the environment of the bench; the same placeholders.
    environment: dict[str, str] = field(default_factory=dict)
    #: Other processes that it needs, started first: "valkey" on {redis_port}, append-only file on if `durable`.
    needs: tuple[str, ...] = ()
    #: The path that takes a POST of one image.
    path: str
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "image/png"})
    #: Path of a job's state with {id}, where the submit does not wait; None where its answer is the result.
    poll: str | None = None
    #: What a poll's HTTP status may be while the job is not done; any other is a failure.
    pending: tuple[int, ...] = (200, 202)
    #: Seconds between two polls.
    interval: float = 0.01
    #: "same" if it runs the OpenVINO file of this project, else the engine it is best at, by name.
    engine: str = "same"
    #: Whether an accepted job outlives the process that took it.
    durable: bool = False

    @property
    def place(self) -> Path | None:
        return Path(__file__).parent / "peers" / self.folder if self.folder else None
