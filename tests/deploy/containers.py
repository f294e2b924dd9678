"""Reads docker-compose.yml and deploy/Dockerfile as Docker would, as far as these two files go."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.stack import ROOT

COMPOSE, DOCKERFILE, DOCKERIGNORE = ROOT / "docker-compose.yml", ROOT / "deploy" / "Dockerfile", ROOT / ".dockerignore"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@dataclass
class Stage:
    """What a container of a stage begins with."""

    base: str
    env: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    user: str = "root"
    copied: list[str] = field(default_factory=list)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments; comments are gone and continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def stages() -> dict[str, Stage]:
    """The Dockerfile's stages by name; each inherits from the stage that it is built on."""
    found: dict[str, Stage] = {}
    stage = Stage(base="")
    for word, rest in instructions():
        match word:
            case "FROM":
                base, _, name = rest.partition(" AS ")
                parent = found.get(base, Stage(base=base))
                stage = Stage(base, dict(parent.env), parent.entrypoint, parent.cmd, parent.user)
                found[name] = stage
            case "ENV":
                stage.env.update(pair.split("=", 1) for pair in shlex.split(rest))
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(rest)
            case "CMD":
                stage.cmd = json.loads(rest)
            case "USER":
                stage.user = rest
            case "COPY" if not rest.startswith("--from"):
                stage.copied += rest.split()[:-1]
    return found


def variables() -> dict[str, str]:
    """The variables that docker-compose.yml takes from outside, with their defaults."""
    return dict(_VARIABLE.findall(COMPOSE.read_text()))


def compose(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """docker-compose.yml with its variables filled in from `environ`, else with their defaults."""
    given = environ or {}
    text = _VARIABLE.sub(lambda match: given.get(match[1]) or match[2], COMPOSE.read_text())
    return yaml.safe_load(text)


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()
    return int(number) * {"s": 1, "m": 60}[unit]
