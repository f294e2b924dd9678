"""How fast a key's owner, or an address without one, may submit. Reading and polling are outside of it.

Built on `limits`, which is what Flask-Limiter is built on: with one limit on two routes the decorators and their older
`X-RateLimit-*` headers would only be in the way. Headers as in draft-ietf-httpapi-ratelimit-headers-10.
"""

import ipaddress
import math
import time

from limits import RateLimitItem, parse_many
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from contract.connection import reaching_redis
from contract.errors import BadSetting, TooManyRequests
from contract.settings import Settings
from contract.store import PREFIX, Store


class OverRate(TooManyRequests):
    """More was submitted than the rate limit allows."""

    def __init__(self, item: RateLimitItem, seconds: int) -> None:
        super().__init__(f"at most {item} may be submitted; try again in {seconds} s")
        self.retry_after = seconds


class Rate:
    """One limit for all submitters, counted in Redis for each of them."""

    def __init__(self, store: Store, item: RateLimitItem) -> None:
        storage = RedisStorage("redis://", store.redis.connection_pool, key_prefix=PREFIX + "rate")
        self._limiter, self._item = SlidingWindowCounterRateLimiter(storage), item
        self.policy = f'"submit";q={item.amount};w={item.get_expiry()}'

    @classmethod
    def open(cls, store: Store, settings: Settings) -> "Rate | None":
        """None where no limit is set. Raises BadSetting."""
        return cls(store, read(settings.rate_limit)) if settings.rate_limit else None

    def spend(self, who: str) -> str:
        """Count one submission; the RateLimit header. Raises OverRate, or QueueUnavailable."""
        with reaching_redis():
            granted = self._limiter.hit(self._item, who)
            stats = self._limiter.get_window_stats(self._item, who)
        left = stats.reset_time - time.time()
        # A window that began just now has its whole length before it, of which `limits` says 0.
        seconds = math.ceil(left) if left > 0 else self._item.get_expiry()
        if not granted:
            raise OverRate(self._item, seconds)
        return f'"submit";r={stats.remaining};t={seconds}'


def network(address: str) -> str:
    """Who an address without a key is: of IPv6 its /64, which is what one subscriber has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def read(rate: str) -> RateLimitItem:
    """Raises BadSetting."""
    try:
        (item,) = parse_many(rate)
    except ValueError:
        item = None
    if item is None or item.amount < 1:
        raise BadSetting(f"KERASQ_RATE_LIMIT={rate!r} is not a rate such as 600/minute or 10/second")
    return item
