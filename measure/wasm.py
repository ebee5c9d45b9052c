"""The kernel in WebAssembly beside native code: nanoseconds a network-step, on one thread, in one run.

Modules of other shapes than the package's are made first, by `scripts/wasm`, and weighed. Everything is timed
in turns, and the best of all rounds counts. Chromium takes part where it is installed.

    scripts/measure wasm [--rounds 3]
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from measure.blocks import machine
from measure.browser import answered, hosts
from trainlab.draw import terminal_table
from trainlab.engine import get_engine
from trainlab.engine.kernel.lanes import Lanes
from trainlab.engine.wasm.description import BLOCK, described
from trainlab.spec import Experiment

ROOT = Path(__file__).parents[1]
SHAPES = ((8, 4), (16, 4), (32, 4))
NETWORKS = 256
TIMES = """
async function answer(bytes, jobs) {
  const kernel = await KernelModule.load(bytes);
  return jobs.map(([description, networks]) => {
    const seconds = [];
    // The first times are those of quickly made code, until the browser has made better.
    for (let round = 0; round < 6; round += 1) {
      const began = performance.now();
      for (const _ of trainSeeds(kernel, description, 0, networks));
      seconds.push((performance.now() - began) / 1000);
    }
    return Math.min(...seconds);
  });
}
"""


def works() -> dict[str, Experiment]:
    """Return what is timed, by what it is called."""
    xor = {"network": {"widths": "2-5-4-1"}, "task": "xor", "loss": "mse"}
    relu = {"widths": "2-5-4-1", "activation": "relu"}
    moons = {"widths": "2-8-8-1", "output_activation": "sigmoid"}
    digits = {"widths": "64-16-10", "activation": "relu", "output_activation": "linear"}
    single = {"name": "single", "steps_per_epoch": 4}
    given: dict[str, dict[str, Any]] = {
        "XOR, full batch, SGD": {**xor, "optimizer": "sgd", "epochs": 2000},
        "XOR, full batch, Adam": {**xor, "optimizer": "adam", "epochs": 2000},
        "XOR, full batch, Adam, relu": {**xor, "network": relu, "optimizer": "adam", "epochs": 2000},
        "XOR, single examples, SGD": {**xor, "optimizer": "sgd", "sampling": single, "epochs": 500},
        "XOR, single examples, Adam": {**xor, "optimizer": "adam", "sampling": single, "epochs": 500},
        "moons, batches of 16, Adam": {
            "task": {"name": "moons", "points": 100},
            "network": moons,
            "loss": "bce",
            "epochs": 20,
            "optimizer": "adam",
            "sampling": {"name": "batch", "batch_size": 16},
        },
        "digits, batches of 32, Adam": {
            "task": "digits",
            "network": digits,
            "loss": "cross_entropy",
            "epochs": 1,
            "optimizer": "adam",
            "sampling": {"name": "batch", "batch_size": 32},
        },
    }
    record = {"loss_every": 0, "gradient_every": 0, "solved_every": 0}
    return {name: Experiment.from_dict({**each, "record": record}) for name, each in given.items()}


def modules(folder: Path) -> Iterator[tuple[str, Lanes, Path]]:
    """Make the module of each shape, and yield its name, its shape and where it is."""
    for networks, samples in SHAPES:
        name, path = f"{networks} × {samples}", folder / f"{networks}x{samples}.wasm"
        shape = f"{networks}x{samples}"
        subprocess.run(
            ["scripts/wasm", "--block", shape, "--to", path], cwd=ROOT, stdout=subprocess.DEVNULL, check=True
        )
        yield name, Lanes(networks=networks, samples=samples), path


def native(experiments: list[Experiment]) -> list[float]:
    """Return the seconds that each training takes in the machine's own code, in tiles as it chooses them."""
    engine = get_engine("fast")
    best: list[float] = []
    for each in experiments:
        rounds: list[float] = []
        for _ in range(4):
            began = time.perf_counter()
            engine.train(each, range(NETWORKS))
            rounds.append(time.perf_counter() - began)
        best.append(min(rounds))
    return best


def measured(folder: Path, *, rounds: int) -> tuple[dict[str, list[float]], list[tuple[str, int, int]]]:
    """Return nanoseconds a network-step by contender, in the order of `works`, and the modules' sizes."""
    asked = list(works().values())
    seconds: dict[str, list[list[float]]] = {}
    made = list(modules(folder))
    for _ in range(rounds):
        seconds.setdefault("native", []).append(native(asked))
        for name, shape, path in made:
            jobs = [[described(each, block=shape), NETWORKS] for each in asked]
            for host in hosts():
                if host == "node" or shape == BLOCK:
                    found = answered(host, TIMES, jobs, module=path)
                    seconds.setdefault(f"{host.title()}, {name}", []).append(found)
    steps = [each.epochs * each.steps_per_epoch * NETWORKS for each in asked]
    best = {name: [min(each) for each in zip(*found, strict=True)] for name, found in seconds.items()}
    sizes = [
        (name, len(path.read_bytes()), len(gzip.compress(path.read_bytes(), mtime=0)))
        for name, _, path in made
    ]
    return {
        name: [each / count * 1e9 for each, count in zip(found, steps, strict=True)]
        for name, found in best.items()
    }, sizes


def main() -> None:
    """Print the sizes and the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        times, sizes = measured(Path(folder), rounds=rounds)
    print(machine())
    for name, plain, compressed in sizes:
        print(f"module of {name}: {plain:,} bytes, {compressed:,} compressed")
    rows = [[name, *(f"{times[each][at]:,.0f}" for each in times)] for at, name in enumerate(works())]
    Console(width=160).print(terminal_table(["ns a network-step", *times], rows))


if __name__ == "__main__":
    main()
