"""Nanoseconds per network-step: the machine's limit, trainlab and its peers, on the same work in one run.

A network-step is one optimizer step of one network. The work is three networks of examples/xor44.toml, by SGD
and Adam, on single examples and on the full batch, with one thread and with two. All start from the same
weights, and all but scikit-learn see the same examples. Figures are the best of several rounds in which
all take turns, without compilation. The quick form takes about two minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import benchmarks_page, blocks
from measure.benchmarks_page import compared, limit_rows, tables
from measure.blocks import machine
from measure.limit import Peaks

ROOT = Path(__file__).parents[1]
THREADS = (1, 2)


def main() -> None:
    """Measure, print the tables, and write JSON or the page if asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, peers and sizes; no sweeps")
    parser.add_argument("--json", metavar="PATH", help="write everything measured to this file, too")
    parser.add_argument(
        "--docs", action="store_true", help="write measure/benchmarks.json and what is made of it: the page"
    )
    options = parser.parse_args()
    if options.docs and options.quick:
        parser.error("--docs shows what only the full form measures: leave out --quick")
    result = run(full=not options.quick)
    show(result)
    if options.json:
        write(result, Path(options.json))
    if options.docs:
        write(result, benchmarks_page.KEPT)
        blocks.write(benchmarks_page.made())


def run(*, full: bool) -> dict[str, Any]:
    """Measure everything, each number of threads in a process of its own."""
    few = [] if full else ["--quick"]
    parts = [start("timed_work", str(number), *few) for number in THREADS if number <= (os.cpu_count() or 1)]
    peaks = Peaks(**{name: max(part["peaks"][name] for part in parts) for name in parts[0]["peaks"]})
    limits = [row for part in parts for row in limit_rows(peaks, part["rows"][0]["threads"])]
    result: dict[str, Any] = {
        "machine": machine(),
        "peaks": asdict(peaks),
        "rows": compared([*limits, *(row for part in parts for row in part["rows"])]),
        "missing": parts[0]["missing"],
    }
    if full:
        result |= {"sweeps": start("sweeps"), "memory": memory()}
    return result


def start(module: str, *arguments: str) -> Any:
    """Run a module of this folder in a process of its own, and return the JSON of its last line."""
    command = [sys.executable, "-m", f"measure.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def show(result: dict[str, Any]) -> None:
    """Print the machine, the peaks and a table for each work."""
    from rich.console import Console

    from trainlab.draw import terminal_table

    console = Console(width=128)
    about = result["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    console.print(f"{about['processor']}, {about['processors']} processors, {about['vectors']}; {versions}")
    console.print(str(Peaks(**result["peaks"])), highlight=False)
    for engine, package in result["missing"].items():
        console.print(f"{engine}: not measured, since {package} is not installed (pip install {package}).")
    for title, headers, rows in tables(result["rows"]):
        console.print(terminal_table(headers, rows, title=title))
    console.print("ns per network-step · times the limit · times trainlab. In brackets: how many networks;")
    console.print("after a limit, what exact roots and divisions take by themselves, where that is longer.")


def write(result: dict[str, Any], path: Path) -> None:
    """Write the result as JSON."""
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# Memory a network takes, each population measured in a process of its own.


POPULATIONS = (100_000, 1_000_000)
PEAK = """
import sys
from pathlib import Path
from measure.timed_work import trainlab_job
from measure.limit import workload
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


def memory(populations: tuple[int, ...] = POPULATIONS) -> list[dict[str, Any]]:
    """Return the bytes a network adds to the peak of resident memory, curves off, results included."""
    return [
        {"networks": networks, "bytes_per_network": int(_python(PEAK, str(networks))) / networks}
        for networks in populations
    ]


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
