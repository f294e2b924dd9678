"""Where Redis is, for every command alike."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from contract.settings import Settings


def url_file(state_dir: Path) -> Path:
    """The file in which `kerasq up` keeps the address of the server it runs."""
    return state_dir / "redis.url"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings; Redis is at REDIS_URL, else where `kerasq up` runs it, else at the default address."""
    environ = os.environ if environ is None else environ
    settings = Settings.from_env(environ)
    if environ.get("REDIS_URL"):
        return settings
    try:
        url = url_file(settings.state_dir).read_text().strip()
    except OSError:
        return settings
    return replace(settings, redis_url=url) if url else settings
