from pathlib import Path

import pytest

from contract.errors import BadSetting
from contract.settings import Settings


def test_the_environment_overrides_the_table() -> None:
    given = {"REDIS_URL": "redis://elsewhere:1/2", "KERASQ_PORT": "8080", "KERASQ_MODELS_DIR": "/m", "KERASQ_HOST": ""}
    settings = Settings.from_env(given)
    assert (settings.redis_url, settings.port, settings.models_dir) == ("redis://elsewhere:1/2", 8080, Path("/m"))
    assert settings.host == Settings().host


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("KERASQ_PORT", "http", "KERASQ_PORT='http' is not of type int"),
        ("KERASQ_BATCH_WAIT_MS", "soon", "KERASQ_BATCH_WAIT_MS='soon' is not of type float"),
        ("KERASQ_ENGINE", "torch", "KERASQ_ENGINE='torch' is not one of auto, openvino, keras"),
        ("KERASQ_BATCH_MAX", "0", "KERASQ_BATCH_MAX='0' is not at least 1"),
        ("KERASQ_BATCH_WAIT_MS", "nan", "KERASQ_BATCH_WAIT_MS='nan' is not at least 0"),
        ("KERASQ_PORT", "65536", "KERASQ_PORT='65536' is not at most 65535"),
        ("KERASQ_MAX_WAIT_S", "inf", "KERASQ_MAX_WAIT_S='inf' is not at most 1000000000000000"),
        ("REDIS_URL", "unix:///run/redis.sock", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://host/zero", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "REDIS://host/0", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "rediss://host/0?db=2", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "rediss://h?ssl_check_hostname=no", "REDIS_URL is not an address such as redis://127.0.0.1"),
        ("REDIS_URL", "rediss://h?ssl_cert_reqs=CERT_NONE", "REDIS_URL is not an address such as redis://127.0.0.1"),
        ("REDIS_URL", "redis://host/0?foo=1", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://:secret@host:port/0", "REDIS_URL is not an address such as redis://127.0.0.1:6379/0"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_rule(variable: str, value: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says):
        Settings.from_env({variable: value})


@pytest.mark.parametrize(
    "url", ["redis://host", "redis://:p%40ss@[::1]:6379/3", "rediss://u:p@host:1/0?ssl_cert_reqs=none&ssl_ca_certs=/ca"]
)
def test_addresses_of_a_redis(url: str) -> None:
    assert Settings.from_env({"REDIS_URL": url}).redis_url == url


def test_zero_is_allowed_where_it_means_something() -> None:
    assert Settings.from_env({"KERASQ_ENGINE_THREADS": "0", "KERASQ_BATCH_WAIT_MS": "0"}).batch_wait_ms == 0
