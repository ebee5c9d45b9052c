"""The fast engine: a population trained in tiles of SIMD lanes, tiles spread over threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainlab.engine.readings import Reading, accuracy_of, check_marks, check_seeds, is_solved, runs_at
from trainlab.engine.runs import NEVER, FloatArray, Runs
from trainlab.engine.supports import unsupported
from trainlab.engine.tiles import choose_networks, prepare, train_tiles
from trainlab.errors import EngineError
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class FastEngine:
    """The numba kernel.

    How many `networks` stand side by side in a tile is chosen by size unless given; it changes no bit of
    a run. `samples` is how many examples are read at once: the order in which a full batch is added up,
    so another value rounds differently. `checked` refuses reads outside of the memory.
    """

    dtype: str = "float32"
    networks: int | None = None
    samples: int = 4
    checked: bool = False

    @property
    def name(self) -> str:
        """``fast``; another precision than float32 is another engine to the store."""
        return "fast" if self.dtype == "float32" else f"fast-{self.dtype}"

    @property
    def in_processes(self) -> bool:
        """Threads inside a chunk: the kernel runs without the interpreter's lock."""
        return False

    @property
    def chunk_seeds(self) -> int:
        """1,024: a few tenths of a second on the assignment's networks."""
        return 1024

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, read at each mark; see `Engine.train`."""
        check_seeds(seeds)
        wanted = check_marks(experiment, marks)
        fault = unsupported(experiment)
        if fault is not None:
            raise EngineError(f"engine = 'fast': can't train {fault}; use --engine reference.")
        network = experiment.network
        job = prepare(
            experiment,
            marks=wanted,
            networks=self.networks or choose_networks(network.parameters, self.dtype, len(seeds)),
            samples=self.samples,
            dtype=self.dtype,
            checked=self.checked,
        )
        output = train_tiles(job, seeds, threads=threads)
        return tuple(
            runs_at(
                mark,
                _reading(experiment, output.readings[:, index]),
                experiment=experiment,
                first_seed=seeds.start,
                loss_curve=output.loss_curve,
                gradient_curve=output.gradient_curve,
                solved_epoch=output.solved_epoch,
                stopped_epoch=np.full(len(seeds), NEVER),
                diverged_step=output.diverged_step,
            )
            for index, mark in enumerate(wanted)
        )


def _reading(experiment: Experiment, rows: FloatArray) -> Reading:
    """Take apart what the kernel wrote at one mark, ``[n, rows]``."""
    data = experiment.data()
    p, values = experiment.network.parameters, data.points * data.outputs
    predictions = rows[:, p : p + values].reshape(len(rows), data.points, data.outputs)
    loss, none = rows[:, p + values], np.full_like(rows[:, 0], np.nan)
    return Reading(
        solved=is_solved(experiment, predictions, data.targets, loss),
        finite=np.asarray(np.isfinite(predictions).all(axis=(1, 2)), dtype=np.bool_),
        loss=loss,
        accuracy=accuracy_of(data, predictions, data.targets),
        held_out_loss=none,
        held_out_accuracy=none,
        predictions=predictions,
        parameters=rows[:, :p],
        gradient=rows[:, p + values + 1 :],
    )
