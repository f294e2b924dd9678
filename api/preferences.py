"""The `Prefer` header (RFC 7240)."""

from dataclasses import dataclass
from functools import lru_cache

from werkzeug.http import parse_list_header


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What a client prefers: to be held for at most `wait` seconds (4.3), or not at all (`respond-async`, 4.1).

    Both together mean: hold for so long, then answer 202. What is not understood is ignored, as the RFC demands.
    """

    wait: float = 0.0
    respond_async: bool = False

    @classmethod
    @lru_cache(maxsize=64)
    def read(cls, header: str, longest: float) -> "Preferences":
        wait, respond_async = None, False
        for preference in parse_list_header(header):
            name, _, value = preference.partition(";")[0].partition("=")
            name, value = name.strip().lower(), value.strip().strip('"')
            # Of a preference that is given twice, the first counts (section 2).
            if name == "wait" and wait is None and value.isascii() and value.isdigit():
                wait = min(float(value[:9]), longest)
            respond_async = respond_async or name == "respond-async"
        return cls(wait=wait or 0.0, respond_async=respond_async)

    def applied(self, *, waited: bool) -> dict[str, str]:
        """The header that says which preference was honoured (section 3)."""
        if waited:
            return {"Preference-Applied": "wait"}
        return {"Preference-Applied": "respond-async"} if self.respond_async else {}
