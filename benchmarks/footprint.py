"""Memory a network takes, and the time until the kernel runs: each measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
POPULATIONS = (100_000, 1_000_000)
PEAK = """
import sys
from pathlib import Path
from benchmarks.contenders import trainlab_job
from benchmarks.workloads import workload
experiment = workload("2-5-4-1", "adam", "single")
trainlab_job(experiment, networks=1024, steps=4, threads=1)()
def kilobytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))

# Forgets the peak of importing and compiling.
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
trainlab_job(experiment, networks=int(sys.argv[1]), steps=4, threads=1)()
print((kilobytes("VmHWM") - before) * 1024)
"""
FIRST = """
from benchmarks.contenders import trainlab_job
from benchmarks.workloads import workload
trainlab_job(workload("2-5-4-1", "adam", "single"), networks=8, steps=4, threads=1)()
"""


def memory(populations: tuple[int, ...] = POPULATIONS) -> list[dict[str, Any]]:
    """Return the bytes a network adds to the peak of resident memory, curves off, results included."""
    return [
        {"networks": networks, "bytes_per_network": int(_python(PEAK, str(networks))) / networks}
        for networks in populations
    ]


def cold_start() -> dict[str, float]:
    """Return seconds from starting Python until 8 networks are trained: compiling, then from the cache."""
    with tempfile.TemporaryDirectory() as cache:
        seconds: list[float] = []
        for _ in range(2):
            start = time.perf_counter()
            _python(FIRST, NUMBA_CACHE_DIR=cache)
            seconds.append(time.perf_counter() - start)
    return {"compiling_s": seconds[0], "from_cache_s": seconds[1]}


def _python(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
