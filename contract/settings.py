"""All settings, one table: name, default, type and meaning. Each is read from one environment variable, once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from contract.errors import BadSetting

ROOT = Path(__file__).resolve().parents[1]


def _setting(
    default: Any,
    meaning: str,
    *,
    env: str | None = None,
    choices: tuple[str, ...] = (),
    least: float = 1,
    most: float = 1e15,
    form: Callable[[str], bool] = lambda _: True,
    secret: bool = False,
) -> Any:
    about = {"meaning": meaning, "env": env, "choices": choices, "least": least, "most": most, "form": form}
    return field(default=default, metadata=about | {"secret": secret})


def _is_redis_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        database = parts.path.removeprefix("/")
        whole = not database or (database.isascii() and database.isdigit())
        return text.startswith(("redis://", "rediss://")) and (parts.port or 1) > 0 and whole and _are_of_tls(parts)
    except ValueError:  # a port that is no number
        return False


def _are_of_tls(parts: SplitResult) -> bool:
    """Whether its options are such as Redis's client and Celery's read alike: there are none but those of TLS."""
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    known = options.get("ssl_cert_reqs", "none") in ("none", "optional", "required")
    known = known and options.get("ssl_check_hostname", "true") in ("true", "false")
    return known and all(parts.scheme == "rediss" and name.startswith("ssl_") for name in options)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """kerasq's settings; `Settings.from_env()` reads them."""

    redis_url: str = _setting(
        "redis://127.0.0.1:6379/0",
        "The Redis that holds queues and jobs: `redis://` or `rediss://`, the latter with options of TLS.",
        env="REDIS_URL",
        form=_is_redis_url,
    )
    models_dir: Path = _setting(ROOT / "models", "The folder of models, one folder each.")
    models: str = _setting("", "The models that are served, such as `cifar10,cifar100`; all in the folder unless set.")
    images_dir: Path = _setting(ROOT / "img", 'The folder that `{"key": ...}` names files in.')
    data_dir: Path = _setting(ROOT / "data", "The folder of the CIFAR data sets, for training and evaluation.")
    state_dir: Path = _setting(ROOT / ".kerasq", "Where `kerasq up` keeps the embedded server's data.")

    host: str = _setting("127.0.0.1", "The address that the API listens on.")
    port: int = _setting(5000, "The port that the API listens on.", most=65535)
    api_workers: int = _setting(1, "API processes.")
    max_body_bytes: int = _setting(32 * 2**20, "Largest request body, in bytes.")
    max_images: int = _setting(256, "Most images in one request.")
    max_pixels: int = _setting(50_000_000, "Largest picture, width times height in pixels.")
    max_wait_s: float = _setting(
        60.0, "Longest time that `Prefer: wait`, `?wait=` or `/v2` holds a request, in seconds."
    )
    max_queued: int = _setting(
        1_000_000, "Most images that may wait for one model; no fewer than a message has.", least=256
    )

    require_key: bool = _setting(False, "Ask for an API key even while none has been made.")
    rate_limit: str = _setting("", "Submissions per key, or per address, such as `600/minute`; empty is no limit.")
    trusted_proxies: int = _setting(0, "Proxies in front of the API whose X-Forwarded-For is believed.", least=0)
    key: str = _setting("", "The API key that `kerasq classify --url` sends.", secret=True)
    callback_secret: str = _setting(
        "", "Signs callbacks (HMAC-SHA256); without one no callback_url is taken.", secret=True
    )
    callback_private: bool = _setting(False, "Let callbacks go to private, loopback and link-local addresses.")
    callback_tries: int = _setting(8, "Most tries to deliver a callback; the pause doubles from one second.")

    job_ttl_s: int = _setting(24 * 3600, "Seconds after which a job that has not ended expires.")
    result_ttl_s: int = _setting(24 * 3600, "Seconds for which a result is kept.")
    visibility_timeout_s: int = _setting(
        30,
        "Seconds after which a message that a dead worker held is delivered again; the shortest on a Redis wins.",
        least=3,
    )

    engine: str = _setting(
        "auto", "What runs the models: auto is Keras on a GPU, else OpenVINO.", choices=("auto", "openvino", "keras")
    )
    precision: str = _setting(
        "auto",
        "Arithmetic of the engine: auto is float32 in Keras, and in OpenVINO bfloat16 where the CPU has it, with "
        "float32 once more for close calls; int8 is OpenVINO's, for models that have it.",
        choices=("auto", "float32", "bfloat16", "int8"),
    )
    engine_threads: int = _setting(0, "Cores that one worker's engine uses; 0 is all.", least=0)
    batch_max: int = _setting(256, "Most images in one batch on the device.")
    batch_wait_ms: float = _setting(
        2.0, "Longest time that the oldest image waits for company, in milliseconds.", least=0, most=60_000
    )
    worker_threads: int = _setting(8, "Messages that one worker holds at once.")
    log_level: str = _setting("WARNING", "How much is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR"))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read every setting from the environment. Raises BadSetting naming the variable, its value and its type."""
        environ = os.environ if environ is None else environ
        given = {each.name: environ[variable(each)] for each in fields(cls) if environ.get(variable(each), "") != ""}
        return cls(**{name: _parse(cls.__dataclass_fields__[name], text) for name, text in given.items()})


def variable(setting: Field[Any]) -> str:
    """The environment variable of a setting."""
    return setting.metadata["env"] or f"KERASQ_{setting.name.upper()}"


def _parse(setting: Field[Any], text: str) -> Any:
    default: Any = setting.default
    kind = Path if isinstance(default, Path) else type(default)
    choices = setting.metadata["choices"]
    if kind is bool:
        return _parse_bool(setting, text)
    if not setting.metadata["form"](text):
        raise BadSetting(f"{variable(setting)} is not an address such as {default}")  # it may hold a password
    try:
        value = kind(text)
    except ValueError:
        raise BadSetting(f"{variable(setting)}={text!r} is not of type {kind.__name__}") from None
    if choices and value not in choices:
        raise BadSetting(f"{variable(setting)}={text!r} is not one of {', '.join(choices)}")
    least, most = setting.metadata["least"], setting.metadata["most"]
    if kind in (int, float) and not value >= least:  # in this form NaN fails too
        raise BadSetting(f"{variable(setting)}={text!r} is not at least {least}")
    if kind in (int, float) and value > most:
        raise BadSetting(f"{variable(setting)}={text!r} is not at most {most:.0f}")
    return value


def _parse_bool(setting: Field[Any], text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return words[text.lower()]
    except KeyError:
        raise BadSetting(f"{variable(setting)}={text!r} is not one of {', '.join(words)}") from None
