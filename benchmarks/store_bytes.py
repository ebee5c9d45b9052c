"""How many bytes a run takes in a store, by what is recorded of it, and which part of them is what.

    python -m benchmarks.store_bytes

Of made-up runs of the assignment's best cell (2-5-4-1, 2,001 epochs), in chunks as the fast engine makes
them, beyond the seeds that keep their curves: in a study of a million nearly all are.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.store_bench import CHUNK, ENGINE, made_up, plan_of
from trainlab.draw import terminal_table
from trainlab.engine.runs import ARRAYS
from trainlab.execution.train import stored_under
from trainlab.spec import Experiment
from trainlab.store import Store
from trainlab.store.outcomes import COLUMNS

CHUNKS: Final = 16
CHOICES: Final[dict[str, dict[str, Any]]] = {
    "the default": {},
    "curves of every seed (curves = 10_000_000)": {"curves": 10_000_000},
    "no curves (loss_every = 0, gradient_every = 0)": {"loss_every": 0, "gradient_every": 0},
    "no weights (parameters = false)": {"parameters": False},
    "neither": {"loss_every": 0, "gradient_every": 0, "parameters": False},
    "neither, nor predictions (predictions = 0)": {
        "loss_every": 0,
        "gradient_every": 0,
        "parameters": False,
        "predictions": 0,
    },
}
PARTS: Final = {
    "weights": ("parameters",),
    "curves": ("loss_curve", "gradient_curve", "coarse_loss"),
    "the rest": ("predictions", "gradient", "step_gradient"),
}


def main() -> None:
    """Print the table."""
    best = plan_of(1, 1).baseline
    rows: list[list[str]] = []
    for words, changed in CHOICES.items():
        record = msgspec.structs.replace(best.record, **changed)
        whole, of_rows, *arrays = bytes_a_run(msgspec.structs.replace(best, record=record))
        rows.append([words, *(f"{each:.0f}" for each in (whole, of_rows, *arrays))])
    from rich.console import Console

    headers = ("record", "Bytes a run", "Row", *(f"{name[0].upper()}{name[1:]}" for name in PARTS))
    Console(width=120).print(terminal_table(headers, rows, title="Bytes a run of 2-5-4-1"))


def bytes_a_run(experiment: Experiment) -> list[float]:
    """Return how many bytes a run takes in the file, in its row, and in each of `PARTS`."""
    start, n = CHUNK * 2, CHUNK * CHUNKS
    chunks = [made_up(experiment, range(at, at + CHUNK)) for at in range(start, start + n, CHUNK)]
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(folder) as store:
            store.save(chunks, engine=stored_under(ENGINE, experiment))
        file = Path(folder) / "store.sqlite3"
        with closing(sqlite3.connect(file)) as db:
            ((rows,),) = db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'runs'").fetchall()
        whole = file.stat().st_size
    arrays = {name: sum(np.asarray(getattr(each, name)).nbytes for each in chunks) for name in ARRAYS}
    kept = {name for names in PARTS.values() for name in names}
    if kept | set(COLUMNS) != set(ARRAYS):
        raise RuntimeError("PARTS don't name all arrays")
    return [
        size / n for size in (whole, rows, *(sum(arrays[each] for each in names) for names in PARTS.values()))
    ]


if __name__ == "__main__":
    main()
