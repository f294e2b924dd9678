"""`python -m bench COMMAND`: every measurement, and what goes before and after."""

import argparse
import importlib
import sys

#: In the order in which they are run; each module has `main(argv)`.
COMMANDS = {
    "install": "bench.environments",
    "http": "bench.servers",
    "best": "bench.best",
    "stages": "bench.stages",
    "changes": "bench.changes",
    "bulk": "bench.bulk",
    "engines": "bench.engines",
    "growth": "bench.growth",
    "memory": "bench.memory",
    "int8": "bench.int8",
    "models": "bench.models",
    "bars": "bench.bars",
    "report": "bench.report",
}
#: Those that `all` leaves out: they measure nothing, or need the data set or the history.
AROUND = {"install", "changes", "int8", "models", "bars", "report"}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS, "all"], help="`all` runs what measures and needs nothing else")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="--help tells those of a command")
    given = parser.parse_args(argv)
    if given.command == "all":
        for name in (each for each in COMMANDS if each not in AROUND):
            run(name, [])
    else:
        run(given.command, given.options)


def run(name: str, options: list[str]) -> None:
    importlib.import_module(COMMANDS[name]).main(options)


if __name__ == "__main__":
    main(sys.argv[1:])
