"""The API on port 5000.

python -m api
"""

from gevent import monkey

monkey.patch_all()  # before everything that it makes cooperative is imported

import sys

from api.context import Context
from api.server import Server
from contract import logs
from contract.errors import MISCONFIGURED, KerasqError
from contract.settings import Settings


def main() -> int:
    try:
        settings = Settings.from_env()
        logs.begin(settings.log_level)
        cards = Context.check(settings)
    except KerasqError as error:
        print(f"api: {error}", file=sys.stderr)
        return MISCONFIGURED
    Server(settings, cards).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
