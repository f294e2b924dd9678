"""What must hold of docker-compose.yml and deploy/Dockerfile before anything is started."""

import shutil
import subprocess
import tomllib
from dataclasses import fields
from fnmatch import fnmatch

import pytest

from contract.settings import Settings, variable
from tests.deploy.containers import COMPOSE, DOCKERIGNORE, compose, instructions, stages, variables
from tests.stack import ROOT

SERVICES = compose()["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}


def test_services() -> None:
    assert set(SERVICES) == {"redis", "api", "worker", "worker-gpu"}
    for name, service in SERVICES.items():
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"], name
        assert service["stop_grace_period"], name


@pytest.mark.parametrize("name", ["worker", "worker-gpu"])
def test_workers_scale(name: str) -> None:
    """A fixed name, host name or published port would allow one container only."""
    assert not {"container_name", "hostname", "ports"} & set(SERVICES[name])


def test_redis_keeps_what_it_was_given() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "everysec"
    assert options["--maxmemory-policy"] == "noeviction"
    assert f"redis-data:{options['--dir']}" in SERVICES["redis"]["volumes"]
    assert "ports" not in SERVICES["redis"]


def test_only_the_gpu_profile_asks_for_a_gpu() -> None:
    assert {name for name, service in SERVICES.items() if "deploy" in service} == {"worker-gpu"}
    gpu = SERVICES["worker-gpu"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (gpu["profiles"], device["driver"], device["capabilities"]) == (["gpu"], "nvidia", ["gpu"])
    assert gpu["environment"]["KERASQ_ENGINE"] == "keras"


@pytest.mark.parametrize("name", BUILT)
def test_images_run_one_command_as_an_ordinary_user(name: str) -> None:
    stage = stages()[BUILT[name]["build"]["target"]]
    assert stage.entrypoint + stage.cmd == ["kerasq", name.removesuffix("-gpu")]
    assert stage.user == "kerasq"
    assert stage.env["PYTHONUNBUFFERED"] == "1"


def test_variables_are_settings() -> None:
    """A misspelt one would go unnoticed."""
    known = {variable(each) for each in fields(Settings)} | {"REDIS_MAXMEMORY", "KERASQ_GPU_PRECISION"}
    used = {name for service in BUILT.values() for name in service["environment"]} | set(variables())
    built = {name for stage in stages().values() for name in stage.env if name.startswith("KERASQ_")}
    assert used | built <= known


def test_variables_have_defaults() -> None:
    """`docker compose up` needs nothing prepared."""
    assert "$" not in str(compose()["services"])


def test_the_port_of_the_host_reaches_no_container() -> None:
    """There it may be an address and a port, which no container's settings take."""
    assert {service["environment"]["KERASQ_PORT"] for service in BUILT.values()} == {"5000"}


def test_only_the_gpu_image_holds_tensorflow() -> None:
    """The base dependencies bring none, and only one stage installs the extra that does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(each.startswith(("tensorflow", "keras")) for each in project["dependencies"])
    installs = [rest for word, rest in instructions() if word == "RUN" and "tensorflow" in rest]
    assert len(installs) == 1
    assert "optional-dependencies" in installs[0]


def test_images_get_all_that_they_copy() -> None:
    """.dockerignore keeps out everything but what the Dockerfile copies."""
    let_in = {line[1:] for line in DOCKERIGNORE.read_text().splitlines() if line.startswith("!")}
    copied = {source for stage in stages().values() for source in stage.copied}
    assert let_in == copied
    assert not [source for source in copied if not (ROOT / source).exists()]


def test_packages_carry_their_data_files() -> None:
    """What is not Python reaches an image only if pyproject.toml names it."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("contract", "api", "cli", "worker"):
        paths = [path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
        files = [path.relative_to(ROOT / package).as_posix() for path in paths]
        assert not [file for file in files if not any(fnmatch(file, each) for each in named.get(package, []))]


def test_docker_takes_the_file() -> None:
    """CI has no Docker either."""
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("Docker's compose plugin is missing")
    subprocess.run(["docker", "compose", "-f", str(COMPOSE), "--profile", "gpu", "config", "-q"], check=True)
