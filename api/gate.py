"""What stands before the routes that do work: the key, then the rate."""

from flask import Response, after_this_request, g, request

from api import rates
from api.context import context


def demand_key() -> None:
    """Raises Unauthorized where a key is asked for and none that is known was sent."""
    g.owner = context().keyring.owner(request.headers.get("Authorization", ""))


def limit_rate() -> None:
    """Count one submission of the key's owner, or of an address without one. Raises OverRate."""
    rate = context().rate
    if rate is None or request.method != "POST":
        return
    spent = rate.spend(g.owner or rates.network(request.remote_addr or ""))

    @after_this_request
    def told(response: Response) -> Response:
        response.headers["RateLimit-Policy"] = rate.policy
        response.headers["RateLimit"] = spent
        return response
