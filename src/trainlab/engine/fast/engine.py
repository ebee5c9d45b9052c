"""The fast engine: a population trained in tiles of SIMD lanes, tiles spread over threads."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.engine.evaluation import check_marks, check_seeds, runs_at
from trainlab.engine.fast.job import prepare
from trainlab.engine.fast.tiles import evaluation_at, train_tiles
from trainlab.engine.layout import trained_start
from trainlab.engine.runs import Runs
from trainlab.errors import EngineError, shown
from trainlab.spec import Experiment

NETWORKS, SAMPLES = (8, 16, 32, 64), (1, 2, 4, 8, 16)
"""How many networks a tile may have side by side, and samples of each a block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FastEngine:
    """The compiled kernel.

    How many `networks` stand side by side in a tile, and how many `samples` of each are read at once, is
    chosen by size unless given; it changes no bit of a run. `checked` refuses reads outside of the memory.
    """

    dtype: str = "float32"
    networks: int | None = None
    samples: int | None = None
    checked: bool = False

    def __post_init__(self) -> None:
        # With others rows would lie where no register can load them from.
        for name, value, allowed in (
            ("networks", self.networks, NETWORKS),
            ("samples", self.samples, SAMPLES),
        ):
            if value is not None and value not in allowed:
                numbers = ", ".join(str(number) for number in allowed)
                raise EngineError(f"{name} = {shown(value)}: must be one of {numbers}, or left out.")

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
        job = prepare(
            experiment,
            marks=wanted,
            population=len(seeds),
            networks=self.networks,
            samples=self.samples,
            dtype=self.dtype,
            checked=self.checked,
        )
        start = trained_start(self, experiment, seeds, threads=threads)
        output = train_tiles(job, seeds, start=start, threads=threads)
        return tuple(
            runs_at(
                mark,
                evaluation_at(job, output, index),
                output.history,
                experiment=experiment,
                first_seed=seeds.start,
                solved_since=output.solved_since[:, index],
            )
            for index, mark in enumerate(wanted)
        )
