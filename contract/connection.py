"""The connection to Redis, and what it raises as our errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError
from redis.retry import Retry

from contract.errors import BadSetting, QueueFull, QueueUnavailable
from contract.settings import Settings

#: How the answer of a Redis begins that cannot write to its disk, or to as many replicas as it must.
REFUSES_WRITES = ("MISCONF", "NOREPLICAS")


def connect(settings: Settings) -> redis.Redis:
    """A client whose caller hears of a Redis that is away at once, and of one that hangs after two tries of 10 s.

    Raises BadSetting for an address with options that there are not, or a certificate's file that is not there.
    """
    try:
        pool = redis.BlockingConnectionPool.from_url(
            settings.redis_url,
            # One finish can wake hundreds of waiters; those that find no connection free wait for one.
            max_connections=64,
            timeout=10,
            socket_connect_timeout=2,
            socket_timeout=10,
            socket_keepalive=True,
            retry=Retry(ConstantBackoff(0.05), 1),
        )
        pool.connection_class(**pool.connection_kwargs)  # what follows the "?" shows only here
    except (TypeError, ValueError, redis.RedisError) as error:
        raise BadSetting(f"REDIS_URL cannot be used: {error}") from None
    for option in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if (file := pool.connection_kwargs.get(option)) and not Path(file).is_file():
            raise BadSetting(f"REDIS_URL: {option} names {file}, which is no file")
    return redis.Redis(connection_pool=pool)


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Raises redis-py's errors as ours: QueueUnavailable, QueueFull without memory, BadSetting for a wrong database or
    a user without the rights.
    """
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise QueueUnavailable("Redis does not answer", error) from error
    except redis.InvalidResponse as error:
        raise QueueUnavailable("what answers at REDIS_URL is no Redis") from error
    except OutOfMemoryError as error:
        raise QueueFull("Redis has no memory left") from error
    except NoPermissionError as error:
        raise BadSetting(f"REDIS_URL names a user who may not do what is needed: {error}") from None
    except redis.ResponseError as error:
        if "DB index" in str(error):
            raise BadSetting(f"REDIS_URL names a database that this Redis does not have: {error}") from None
        if not isinstance(error, ReadOnlyError) and not str(error).startswith(REFUSES_WRITES):  # a replica now
            raise
        raise QueueUnavailable("Redis takes no writes", error) from error
