"""An environment for each peer: `.bench/<folder>`, from bench/peers/<folder>/requirements.txt.

    python -m bench install
    python -m bench install --only flask,bulk-ray

Kept apart, because what one peer pins another cannot have. One that is as its requirements say is left as it is.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from contract.settings import ROOT

PEERS = Path(__file__).parent / "peers"
ENVIRONMENTS = ROOT / ".bench"


def folders() -> list[str]:
    """The peers that need an environment of their own."""
    return sorted(path.parent.name for path in PEERS.glob("*/requirements.txt"))


def python(folder: str | None) -> Path:
    """The interpreter that runs a peer: its environment's, or ours where it has no requirements."""
    return ENVIRONMENTS / folder / "bin" / "python" if folder and _requirements(folder) else Path(sys.executable)


def installed(folder: str | None) -> bool:
    """Whether the environment is there, and is what the requirements say now."""
    required = _requirements(folder) if folder else ""
    stamp = ENVIRONMENTS / str(folder) / "requirements.txt"
    return not required or (stamp.exists() and stamp.read_text() == required)


def install(folder: str) -> None:
    """Make the environment anew. Raises CalledProcessError if pip cannot."""
    place = ENVIRONMENTS / folder
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(PEERS / folder / "requirements.txt")], check=True)
    (place / "requirements.txt").write_text(_requirements(folder))


def packages(folder: str | None) -> dict[str, str]:
    """Versions of what a peer requires, by name, as pip finds them; of what kerasq requires where `folder` is None."""
    required = _requirements(folder).splitlines() if folder else _of_kerasq()
    names = {_name(line) for line in required if line.strip() and not line.lstrip().startswith(("#", "-"))}
    listing = [str(python(folder)), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    found = json.loads(subprocess.run(listing, check=True, capture_output=True, text=True).stdout)
    versions = {_name(each["name"]): each["version"] for each in found}
    return {name: versions[name] for name in sorted(names & versions.keys())}


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench install", description="Make the peers' environments.")
    parser.add_argument("--only", metavar="FOLDER,...", help="folders of bench/peers; all unless given")
    only = parser.parse_args(argv).only
    wanted = only.split(",") if only else folders()
    if unknown := sorted(set(wanted) - set(folders())):
        parser.error(f"{', '.join(unknown)}: no such folder with a requirements.txt; there are {', '.join(folders())}")
    failed = [folder for folder in wanted if not _kept(folder)]
    if failed:
        raise SystemExit(f"not installed: {', '.join(failed)}")


def _kept(folder: str) -> bool:
    """Install unless it is; whether it is there afterwards."""
    if not installed(folder):
        print(f"{folder}: installing", flush=True)
        try:
            install(folder)
        except subprocess.CalledProcessError as error:
            print(f"{folder}: {error}", file=sys.stderr)
            return False
    print(f"{folder}: installed", flush=True)
    return True


def _requirements(folder: str) -> str:
    path = PEERS / folder / "requirements.txt"
    return path.read_text() if path.exists() else ""


def _of_kerasq() -> list[str]:
    return [each for each in metadata.requires("kerasq") or [] if "extra ==" not in each]


def _name(requirement: str) -> str:
    """The package of a requirement, as pip compares names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()
