"""The study that the crash tests run in a process of its own: arguments FOLDER, seconds a chunk, workers.

It prints a line when a chunk is begun, and one when a chunk is saved.
"""

import os
import sys
from typing import Any

from execution.fake_engine import FakeEngine

from trainlab.engine import Runs
from trainlab.execution import Interrupted, Progress, train_all
from trainlab.spec import Experiment
from trainlab.store import Store

SEEDS = range(120)
EXPERIMENTS = [
    Experiment.from_dict({"network": network, "epochs": epochs})
    for network in ("2-5-4-1", "2-11-1")
    for epochs in (300, 2001)
]


def say(words: str) -> None:
    """Write a line in one piece: two threads print, and print() writes a line and its end separately."""
    os.write(1, f"{words}\n".encode())


class Announced(FakeEngine):
    def train(self, *args: Any, **options: Any) -> tuple[Runs, ...]:
        say("training")
        return super().train(*args, **options)


def tell(now: Progress) -> None:
    say(f"saved {now.chunks_done}/{now.chunks_total}")


def main(folder: str, seconds: float, workers: int) -> int:
    engine = Announced(chunk_seeds=2, seconds=seconds, in_processes=workers > 1)
    try:
        with Store.open(folder) as store:
            train_all(EXPERIMENTS, SEEDS, engine=engine, store=store, workers=workers, on_progress=tell)
    except Interrupted as stopped:
        say(str(stopped))
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
