"""How long a first answer takes: commands from nothing, in an empty home of their own, and again there.

``python -m measure.first_answer [ROUNDS]``
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = {
    "spirals": ("2-16-16-1", "bce"),
    "circles": ("2-8-1", "bce"),
    "digits": ("64-16-10", "cross_entropy"),
}
FILE = """
task = "{task}"
loss = "{loss}"
sampling = {{name = "batch", batch_size = 20}}
epochs = 5

[network]
widths = "{widths}"
output_activation = "{output}"
"""
COMMANDS = {
    "import trainlab": ["-c", "import trainlab"],
    "trainlab --help": ["-m", "trainlab", "--help"],
    "trainlab study xor44 --seeds 20": ["-m", "trainlab", "study", "xor44", "--seeds", "20", "--fresh"],
    **{
        f"trainlab run {task}.toml --seeds 20": [
            *("-m", "trainlab", "run", f"{task}.toml", "--seeds", "20", "--engine", "fast", "--fresh")
        ]
        for task in TASKS
    },
}
"""What is run, by what is typed; a second time it would have nothing to train."""


def seconds(arguments: list[str], *, home: Path) -> tuple[float, float]:
    """Return (CPU, wall) seconds of a command whose home and working folder is `home`."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env=os.environ | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main() -> None:
    """Run each command from nothing and once more, all in turn, and print medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            with tempfile.TemporaryDirectory() as folder:
                for task, (widths, loss) in TASKS.items():
                    output = "sigmoid" if loss == "bce" else "linear"
                    text = FILE.format(task=task, widths=widths, loss=loss, output=output)
                    Path(folder, f"{task}.toml").write_text(text, encoding="utf-8")
                for when in ("first", "again"):
                    taken.setdefault((name, when), []).append(seconds(arguments, home=Path(folder)))
    print(f"Medians of {rounds}, in seconds")
    print(f"{'':34}{'first CPU':>10}{'wall':>7}{'again CPU':>11}{'wall':>7}")
    for name in COMMANDS:
        (cpu, wall), (again, once) = (
            [statistics.median(each) for each in zip(*taken[name, when], strict=True)]
            for when in ("first", "again")
        )
        print(f"{name:34}{cpu:10.2f}{wall:7.2f}{again:11.2f}{once:7.2f}")


if __name__ == "__main__":
    main()
