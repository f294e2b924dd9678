"""Run one worker.

python -m worker                     # every model
python -m worker --models cifar10    # one of them
"""

import argparse
import sys

from contract import logs
from contract.card import Cards
from contract.connection import connect
from contract.errors import MISCONFIGURED, KerasqError
from contract.settings import Settings
from contract.store import Store
from worker.batcher import Batcher
from worker.consumer import consume
from worker.device import Device
from worker.engines import open_engine
from worker.task import Served, log


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m worker", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", metavar="NAME,...", help="the models to serve (default: KERASQ_MODELS, or all)")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_env()
        logs.begin(settings.log_level)
        cards = Cards(settings.models_dir, options.models or settings.models)
        cards.demand()
        served, engine = load(cards, settings)
    except KerasqError as error:
        print(f"worker: {error}", file=sys.stderr)
        return MISCONFIGURED
    return consume(served, engine, Store(connect(settings), settings), settings)


def load(cards: Cards, settings: Settings) -> tuple[dict[str, Served], str]:
    """The models, loaded and warm, and the name of the engine that runs them."""
    device = Device()
    served, engine_name = {}, ""
    for name, card in cards.items():
        engine = open_engine(card, cards.folder / name, settings)
        # No more than the engine takes at once, so that the device is free for urgent images soon.
        batch_max = min(settings.batch_max, engine.sizes[-1])
        batcher = Batcher(engine, device, batch_max=batch_max, wait_s=settings.batch_wait_ms / 1000)
        served[name] = Served(card=card, batcher=batcher)
        engine_name = engine.name
        log.info("%s is ready on %s", name, engine.name)
    return served, engine_name


if __name__ == "__main__":
    sys.exit(main())
