"""The study that the crash tests run in a process of its own: arguments FOLDER, seconds a chunk, workers.

It prints a line when a chunk is begun, and one when a chunk is saved.
"""

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


class Announced(FakeEngine):
    def train(self, *args: Any, **options: Any) -> tuple[Runs, ...]:
        print("training", flush=True)
        return super().train(*args, **options)


def tell(now: Progress) -> None:
    print(f"saved {now.chunks_done}/{now.chunks_total}", flush=True)


def main(folder: str, seconds: float, workers: int) -> int:
    engine = Announced(chunk_seeds=2, seconds=seconds, in_processes=workers > 1)
    try:
        with Store.open(folder) as store:
            train_all(EXPERIMENTS, SEEDS, engine=engine, store=store, workers=workers, on_progress=tell)
    except Interrupted as stopped:
        print(stopped, flush=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
