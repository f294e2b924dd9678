"""The `Prefer` header (RFC 7240)."""

from werkzeug.http import parse_list_header


def wait_seconds(header: str | None, longest: float) -> float:
    """How long a client prefers to wait, in seconds, at most `longest`; 0 without a `wait`."""
    for preference in parse_list_header(header or ""):
        name, _, value = preference.partition("=")
        if name.strip().lower() == "wait" and value.strip().isdigit():
            return min(float(value), longest)
    return 0.0
