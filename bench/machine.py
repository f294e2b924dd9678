"""The machine that figures were taken on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: What of the processor decides how fast a network runs.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def facts() -> dict[str, Any]:
    """Processor, cores that may be used, memory in GiB, kernel, Python."""
    flags = _first("/proc/cpuinfo", "flags").split()
    return {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "instructions": [each for each in INSTRUCTIONS if each in flags],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def sentence(machine: dict[str, Any]) -> str:
    """The facts, or as many as a results file holds, on one line."""
    parts = [
        str(machine.get("cpu", "")),
        f"{machine['cores']} cores" if "cores" in machine else "",
        ", ".join(machine.get("instructions", [])),
        f"{machine['memory_gib']} GiB" if "memory_gib" in machine else "",
        str(machine.get("kernel", "")),
        f"Python {machine['python']}" if "python" in machine else "",
    ]
    return "; ".join(filter(None, parts))


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _first(path: str, name: str) -> str:
    """The first value of a name in a file of `name : value` lines; empty if there is none."""
    lines = Path(path).read_text().splitlines() if Path(path).exists() else []
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")
