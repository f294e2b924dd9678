"""Where the time of one job goes: a lone client, one image after another, each job's own times read from Redis.

    python -m bench stages                               # of this kerasq
    python -m bench stages --before ../kerasq-before     # and of another checkout, round by round beside it

Four stages lie between times that a job's record holds anyway; what of them are single steps is measured alone, in this
process, on a server of its own. Writes bench/results/stages.json.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import redis

from bench import environments, pictures, results, valkey
from bench.group import Group
from bench.kerasq import MODELS, in_tree, redis_url
from bench.results import Plot, Table
from bench.spread import Spread, plain
from contract import records
from contract.card import Cards
from contract.connection import connect
from contract.images import decode
from contract.jobs import Job, Prediction, Result
from contract.message import pack
from contract.settings import ROOT, Settings
from contract.store import Store, job_key

STAGES = (
    "request, decode",
    "record, publish, fetch",
    "batch wait, engine",
    "finish, notice, answer",
)
NOW, BEFORE = "kerasq, now", "kerasq, before"
#: Jobs that warm everything up, and runs of a single step.
WARM, TIMES = 50, 300
Milliseconds = dict[str, float]


def main(argv: Sequence[str]) -> None:
    options = _options(argv)
    trees = {NOW: ROOT, **({BEFORE: options.before.resolve()} if options.before else {})}
    found: dict[str, list[Milliseconds]] = {name: [] for name in trees}
    for number in range(1, options.rounds + 1):
        for name, tree in trees.items():
            print(f"round {number} of {options.rounds}, {name}", flush=True)
            found[name].append(stages(tree, options.jobs))
    alone = steps()
    tables = [stage_table(found), step_table(alone)]
    results.write("stages", tables, [plot(found)], rounds=found, steps=alone, jobs=options.jobs)
    print("\n\n".join(table.text() for table in tables))


def stages(tree: Path, jobs: int) -> Milliseconds:
    """The median of each stage, in milliseconds, over `jobs` jobs of the kerasq that lies in `tree`."""
    peer = in_tree(tree)
    images = pictures.pngs(64)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with Group(peer, environments.python(None), Path(folder)) as group:
            group.first_answer(images[0])
            store = redis.Redis.from_url(redis_url(Path(folder)))
            host, port = group.url.removeprefix("http://").split(":")
            connection = http.client.HTTPConnection(host, int(port))
            times = [_one(connection, images[n % len(images)], dict(peer.headers), store) for n in range(WARM + jobs)]
    medians = np.median(np.diff(times[WARM:], axis=1), axis=0) * 1000
    return dict(zip(STAGES, medians.tolist(), strict=True))


def steps() -> Milliseconds:
    """The median of each single step alone, in milliseconds, by its name."""
    from worker.engines import open_engine

    card = Cards(ROOT / "models")[MODELS[0]]
    png, pixels = pictures.pngs(1)[0], np.zeros((1, *card.input.shape), np.uint8)
    engine = open_engine(card, ROOT / "models" / card.name, replace(Settings(), engine="openvino"))
    answer = Result(predictions=tuple(Prediction(label=each, probability=0.1) for each in card.labels[:3]))
    with valkey.running() as url:
        store = Store(connect(Settings(redis_url=url)), Settings())
        made = [Job(model=card.name, images=1) for _ in range(4 * TIMES)]
        packed = {job.id: pack([(job, pixels)]) for job in made}
        turns = {name: iter(made) for name in ("create", "take", "finish", "read")}
        return {
            "decode a PNG of 32x32": _alone(lambda: decode(png, card.input.shape[:2], max_pixels=10**6)),
            "records, message and queue entry": _alone(
                lambda: store.create([job := next(turns["create"])], packed[job.id])
            ),
            "take the message": _alone(lambda: store.take(card.name, packed[next(turns["take"]).id][0].id)),
            "engine, one image": _alone(lambda: engine.predict(pixels)),
            "write the answer and publish": _alone(
                lambda: store.finish(packed[next(turns["finish"]).id][0], card.version, [[answer]])
            ),
            "read the record": _alone(lambda: store.get(next(turns["read"]).id)),
        }


def stage_table(found: dict[str, list[Milliseconds]]) -> Table:
    rows = [[stage, *(str(Spread.of(each[stage] for each in rounds)) for rounds in found.values())] for stage in STAGES]
    whole = [str(Spread.of(sum(each.values()) for each in rounds)) for rounds in found.values()]
    note = (
        "Milliseconds, medians of the jobs of a round; median of the rounds (lowest–highest). One client, one image a "
        "job, `Prefer: wait`. The four add up to what the client waits."
    )
    return Table(title="One job, stage by stage", columns=["", *found], rows=[*rows, ["all", *whole]], note=note)


def step_table(alone: Milliseconds) -> Table:
    rows = [[name, plain(took)] for name, took in alone.items()]
    note = "What is left of a stage is HTTP, Flask, Celery, and one process waking another."
    return Table(title="Single steps, alone", columns=["", "ms"], rows=rows, note=note)


def plot(found: dict[str, list[Milliseconds]]) -> Plot:
    stacks = {
        name: {stage: statistics.median(each[stage] for each in rounds) for stage in STAGES}
        for name, rounds in found.items()
    }
    return Plot(
        file="stages.png", title="Where the time of one job goes", kind="stacks", x="milliseconds", stacks=stacks
    )


def _one(connection: http.client.HTTPConnection, image: bytes, headers: dict[str, str], store: Any) -> list[float]:
    """When it was sent, made a job, begun, finished, and held as an answer; seconds since the epoch."""
    sent = time.time()
    connection.request("POST", "/cifar10", image, headers)
    answer = json.loads(connection.getresponse().read())
    held = time.time()
    facts, started, finished = store.hmget(job_key(answer["id"]), "job", "started", "finished")
    return [sent, records.unpack_job(facts).submitted_at, float(started), float(finished), held]


def _alone(step: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench stages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, metavar="DIR", help="another checkout to measure beside this one")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, default=300, help="jobs a round (%(default)s)")
    return parser.parse_args(argv)
