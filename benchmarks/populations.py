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

from benchmarks.machine import machine
from benchmarks.peaks import Peaks
from benchmarks.results import compared, limit_rows, tables

ROOT = Path(__file__).parents[1]
THREADS = (1, 2)


def main() -> None:
    """Measure, print the tables, and write JSON or the page if asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--account", action="store_true", help="instead, what binds the kernel")
    parser.add_argument("--doctor", action="store_true", help="instead, how often the doctor is right")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, peers and sizes; no sweeps")
    parser.add_argument("--json", metavar="PATH", help="write everything measured to this file, too")
    parser.add_argument(
        "--docs", action="store_true", help="write docs/benchmarks.json and what is made of it: the page"
    )
    options = parser.parse_args()
    if options.docs and options.quick:
        parser.error("--docs shows what only the full form measures: leave out --quick")
    result = run(full=not options.quick)
    show(result)
    if options.json:
        write(result, Path(options.json))
    if options.docs:
        from benchmarks.page import write_page

        write(result, ROOT / "docs" / "benchmarks.json")
        write_page(ROOT / "docs")


def run(*, full: bool) -> dict[str, Any]:
    """Measure everything, each number of threads in a process of its own."""
    few = [] if full else ["--quick"]
    parts = [start("measure", str(number), *few) for number in THREADS if number <= (os.cpu_count() or 1)]
    peaks = Peaks(**{name: max(part["peaks"][name] for part in parts) for name in parts[0]["peaks"]})
    limits = [row for part in parts for row in limit_rows(peaks, part["rows"][0]["threads"])]
    result: dict[str, Any] = {
        "machine": machine(),
        "peaks": asdict(peaks),
        "rows": compared([*limits, *(row for part in parts for row in part["rows"])]),
        "missing": parts[0]["missing"],
    }
    if full:
        from benchmarks.footprint import cold_start, memory

        result |= {"sweeps": start("sweeps"), "memory": memory(), "cold_start": cold_start()}
    return result


def start(module: str, *arguments: str) -> Any:
    """Run a module of this folder in a process of its own, and return the JSON of its last line."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
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


if __name__ == "__main__":
    main()
