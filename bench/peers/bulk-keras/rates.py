"""Images a second of the worker's Keras engine: reads lines of "PRECISION BATCH SECONDS", answers each with a number.

echo "float32 32 1" | PYTHONPATH=. python bench/peers/bulk-keras/rates.py models/cifar10
"""

import sys
from dataclasses import replace
from pathlib import Path

from bench.rates import rate
from contract.settings import Settings
from worker.engines.keras import KerasEngine


def main(folder: Path) -> None:
    engines = {each: KerasEngine(folder, replace(Settings(), precision=each)) for each in ("float32", "bfloat16")}
    for line in sys.stdin:
        precision, batch, seconds = line.split()
        engine = engines[precision]
        print(rate(engine.predict, engine.input_shape, int(batch), float(seconds)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
