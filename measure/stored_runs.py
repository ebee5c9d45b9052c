"""What a store of millions of runs costs: bytes, seconds and memory, for each thing that one does with it.

    scripts/measure stored_runs [--runs N] [--cells N] [--folder FOLDER] [--check]
    scripts/measure stored_runs --train N [--folder FOLDER]
    scripts/measure stored_runs --bytes

Of the first nothing is trained: made-up runs of the assignment's best cell are saved through the store, chunk
by chunk as the fast engine makes them, and read again, each way by a process of its own whose CPU seconds and
peak memory are taken. `--folder` keeps the store for another time; `--check` reads all of it, too. The second
trains the cell from so many seeds, on all processors, and then answers. The third says how many bytes a run
takes by what is recorded of it.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from measure.blocks import machine
from trainlab.draw import counted, terminal_table
from trainlab.engine import Runs
from trainlab.engine.runs import ARRAYS, curve_rows, recorded_epochs
from trainlab.execution.train import stored_under, train_missing
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, Study, any_study, named_cell, study_from_dict, study_to_dict
from trainlab.store import Store
from trainlab.store.chunks import COLUMNS
from trainlab.studies.stored import HeldRuns, StoredStudy

CELL: Final = "Model 1:A+B+D+E"
"""2-5-4-1 for 2,001 epochs: the longest of the assignment's trainings that is solved nearly always."""
CHUNK: Final = 1024
AT_ONCE: Final = 32
"""How many chunks are saved in one transaction, as where training them takes less time than saving."""
ENGINE: Final = "fast"
WHOLE, ONE = "All cells", "One cell"
TRAIN, CHECK = "train one cell", "store check"


def main() -> None:
    """Make a store, or take one that is there, and print what reading it costs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--folder", help="where the store is, or is to be")
    parser.add_argument("--check", action="store_true", help="'trainlab store check', too")
    parser.add_argument("--train", type=int, metavar="N", help="train one cell from N seeds instead")
    parser.add_argument("--bytes", action="store_true", help="bytes a run, by what is recorded, instead")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        _measured(asked.only, asked.folder)
        return
    if asked.bytes:
        print_bytes()
        return
    with _folder(asked.folder) as folder:
        if asked.train:
            with Store.open(folder) as store:
                _name(store, plan_of(1, asked.train))
            print_table(
                folder, ["nothing", TRAIN, "rate of one cell", "study of one cell"], asked.train, cells=1
            )
            return
        if not (folder / "store.sqlite3").exists():
            seconds = fill(folder, runs=asked.runs, cells=asked.cells)
            print(f"{asked.runs:,} runs written in {seconds:.1f} CPU s, {asked.runs / seconds:,.0f} a second")
        left_out = {TRAIN} if asked.check else {TRAIN, CHECK}
        names = [each for each in READERS if each not in left_out]
        print_table(folder, names, asked.runs, cells=asked.cells)


def print_table(folder: Path, names: Sequence[str], runs: int, *, cells: int) -> None:
    """Do these with the store, each in a process of its own; print what they cost, and the store's size."""
    rows: list[list[str]] = []
    for name in names:
        said = subprocess.run(
            [sys.executable, "-m", "measure.stored_runs", "--only", name, "--folder", str(folder)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.splitlines()
        rows.append([name, *said[-1].split("\t")])
    size = (folder / "store.sqlite3").stat().st_size
    title = f"{runs:,} runs in {counted(cells, 'cell')}, {size / 1e6:,.1f} MB, {size / runs:.0f} bytes a run"
    from rich.console import Console

    Console().print(terminal_table(("What", "Wall s", "CPU s", "Peak MB", "Says"), rows, title=title))
    print(f"{machine()['processor']}, {machine()['processors']} processors")


def fill(folder: Path, *, runs: int, cells: int) -> float:
    """Save so many made-up runs, as many of each cell, and name their studies; return the CPU seconds.

    Those in which the numbers are made up don't count.
    """
    seconds = 0.0
    with Store.open(folder) as store:
        for plan in (plan_of(cells, runs // cells), plan_of(1, runs // cells)):
            _name(store, plan)
        for cell in plan_of(cells, runs // cells).cells():
            engine = stored_under(ENGINE, cell.experiment)
            chunks = _chunks(cell.experiment, runs // cells)
            while saved := list(islice(chunks, AT_ONCE)):
                before = time.process_time()
                store.save(saved, engine=engine)
                seconds += time.process_time() - before
    return seconds


def _chunks(experiment: Experiment, seeds: int) -> Iterator[Runs]:
    """Give the made-up chunks of an experiment; once no seed keeps its curves, one is like the other."""
    made: Runs | None = None
    for start in range(0, seeds, CHUNK):
        part = range(start, min(start + CHUNK, seeds))
        alike = start > experiment.record.curves + CHUNK and len(part) == CHUNK
        made = replace(made, first_seed=start) if made and alike else made_up(experiment, part)
        yield made


def _name(store: Store, plan: Study) -> None:
    store.remember(
        "study",
        plan.title,
        [each.experiment.fingerprint for each in plan.cells()],
        networks=len(plan.network_names),
        changes=len(plan.changes),
        seeds=plan.seeds,
        question=study_to_dict(plan),
    )


def plan_of(cells: int, seeds: int) -> Study:
    """Return a study of the best cell by itself, or of as many as there are activations for."""
    best = named_cell(any_study("xor44"), CELL).experiment
    if cells == 1:
        return Study(baseline=best, seeds=seeds, title=ONE)
    names = ("tanh", *(name for name in ACTIVATIONS if name != "tanh"))[:cells]
    networks = {name: {"widths": list(best.network.widths), "activation": name} for name in names}
    return study_from_dict({"baseline": best.to_dict(), "seeds": seeds, "title": WHOLE, "networks": networks})


def made_up(experiment: Experiment, seeds: range) -> Runs:
    """Return runs as the fast engine might make them: most are solved, by whichever epoch."""
    drawn, n = np.random.default_rng(seeds.start), len(seeds)
    record, end, layers = experiment.record, experiment.epochs, experiment.network.layers
    solved = drawn.random(n) < 0.97
    first = np.where(solved, drawn.integers(3, end // 10, n) * 10, -1)
    kept = curve_rows(experiment, seeds)
    losses, gradients = (
        len(recorded_epochs(each, end)) for each in (record.loss_every, record.gradient_every)
    )

    def floats(*shape: int) -> npt.NDArray[np.float32]:
        return drawn.random(shape, dtype=np.float32)

    off, targets = floats(n, 4, 1) * np.float32(0.05), experiment.data().targets.astype(np.float32)

    return Runs(
        experiment=experiment,
        first_seed=seeds.start,
        solved=solved,
        solved_epoch=first,
        settled_epoch=first,
        stopped_epoch=np.full(n, -1),
        diverged_step=np.full(n, -1),
        loss=np.where(solved, floats(n) * np.float32(1e-4), np.float32(0.25)),
        accuracy=np.where(solved, np.float32(1.0), np.float32(0.5)),
        held_out_loss=np.full(n, np.nan, dtype=np.float32),
        held_out_accuracy=np.full(n, np.nan, dtype=np.float32),
        predictions=np.abs(targets - off)[:, : record.predictions],
        parameters=floats(n, experiment.network.parameters if record.parameters else 0),
        gradient=floats(n, layers),
        step_gradient=floats(n, layers),
        loss_curve=floats(kept, losses),
        gradient_curve=floats(kept, gradients, layers),
        coarse_loss=drawn.integers(0x3A00, 0x3F00, (n - kept, losses), dtype=np.uint16),
    )


def _open(folder: str) -> str:
    with Store.open(folder) as store:
        return f"{len(store.studies())} studies"


def _command(*arguments: str) -> Callable[[str], str]:
    def call(folder: str) -> str:
        from trainlab.cli.main import main as command

        said = StringIO()
        with redirect_stdout(said):
            try:
                command((*arguments, "--store", folder))
            except SystemExit as ended:
                if ended.code:
                    raise RuntimeError(f"exit code {ended.code}") from None
        return f"{len(said.getvalue().splitlines())} lines"

    return call


def _rate(folder: str) -> str:
    with Store.open(folder) as store:
        named = next(one for one in store.studies() if one.title == ONE)
        (part,) = StoredStudy.of(named).parts()
        found = part.solved(HeldRuns.of(store, named))
        return f"{found.k:,} of {found.n:,}" if found else "none"


def _train(folder: str) -> str:
    with Store.open(folder) as store:
        (named,) = store.studies()
        (cell,) = StoredStudy.of(named).plan.cells()
        train_missing([cell.experiment], range(named.seeds), engine=ENGINE, store=store)
    return f"{named.seeds:,} networks"


def _study(folder: str) -> str:
    with Store.open(folder) as store:
        named = next(one for one in store.studies() if one.title == ONE)
        result = StoredStudy.of(named).result(HeldRuns.of(store, named))
    return f"{result.cells[0].solved.k:,} of {result.run_count:,}"


READERS: Final[dict[str, Callable[[str], str]]] = {
    "nothing": lambda folder: "imports alone",
    "open": _open,
    "trainlab show": _command("show"),
    "trainlab show --study": _command("show", "--study", ONE),
    TRAIN: _train,
    "rate of one cell": _rate,
    "study of one cell": _study,
    CHECK: _command("store", "check"),
}


def _measured(name: str, folder: str) -> None:
    """Read the store that way, and print wall and CPU seconds, peak memory in MB, and what it found."""
    wall, cpu = time.perf_counter(), time.process_time()
    says = READERS[name](folder)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{wall:.2f}\t{cpu:.2f}\t{peak:,.0f}\t{says}")


@contextmanager
def _folder(asked: str | None) -> Generator[Path]:
    if asked:
        yield Path(asked)
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


# How many bytes a run takes in a store, by what is recorded of it, and which part of them is what.
#
# Of made-up runs of the assignment's best cell (2-5-4-1, 2,001 epochs), in chunks as the fast engine makes
# them, beyond the seeds that keep their curves: in a study of a million nearly all are.


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


def print_bytes() -> None:
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
