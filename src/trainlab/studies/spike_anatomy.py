"""What a run lost, and when: the spike that unlearned it, and the steps around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine.layout import layers_of
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.spec import Experiment, Network, name_of

if TYPE_CHECKING:
    from trainlab.engine.reference.replay import Replay


# Where one run unlearns what it had solved, and what moved it: found in its replay, step by step.


Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CALM = 100
"""Steps: a run that is solved again for fewer between two losses of it is still in the same spike."""
BEGUN = 1000.0
"""A rise is told from where the loss was last so many times less than it is after the step."""

MOMENTUM = {
    "sgd": "momentum_buffer",
    "rmsprop": "momentum_buffer",
    **dict.fromkeys(("adam", "adamw", "nadam", "radam"), "exp_avg"),
}
"""What an optimizer sums gradients up in, by its name in torch.optim."""
SQUARES = {
    "rmsprop": "square_avg",
    "adadelta": "square_avg",
    "adagrad": "sum",
    **dict.fromkeys(("adam", "adamw", "nadam", "radam"), "exp_avg_sq"),
}
"""What it sums their squares up in, whose root its steps are divided by."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spike:
    """A run that was solved, the step that ended it, and the parameter that this step moved most.

    Steps count from 1: after `first` of them the run was first solved; after `step` of them it no longer was,
    which it had been for `solved_for` steps. Losses are over all the examples trained on: `low` the lowest of
    these steps; `begun` how many steps had been made when the loss was last below a thousandth of what it is
    after the step, None if never; `peak` the highest, after `peak_step` steps, until the run is solved again
    for `CALM` steps, after `again` steps, None if never. `moved` parameters moved by more than half of lr.

    Of every step, ``[T]``: `gradient` of the parameter as the optimizer got it, `momentum` and `scale`, √v,
    both as the step takes them (Adam's divided by 1 − βᵗ), None where the optimizer has none, and the
    `change` of the parameter; `rate` is the learning rate. `loss` ``[T + 1]`` is that before each step and at
    the end.
    """

    experiment: Experiment
    seed: int
    first: int
    step: int
    solved_for: int
    low: float
    begun: int | None
    peak: float
    peak_step: int
    again: int | None
    example: npt.NDArray[np.int64] | None
    column: int
    before: float
    after: float
    moved: int
    loss: Numbers
    gradient: Numbers
    change: Numbers
    rate: Numbers
    momentum: Numbers | None
    scale: Numbers | None
    apart: float

    @property
    def epoch(self) -> int:
        """The epoch of the step, from 1."""
        return self.epoch_of(self.step)

    def epoch_of(self, step: int) -> int:
        """Return the epoch of a step, both from 1."""
        return (step - 1) // self.experiment.steps_per_epoch + 1

    @property
    def eps(self) -> float:
        """What the optimizer adds to √v; 0 of one that has none."""
        return float(getattr(self.experiment.optimizer, "eps", 0.0))

    @property
    def fallen(self) -> float | None:
        """How many times less √v was at the step than when the run was first solved; None without √v."""
        if self.scale is None:
            return None
        first, now = float(self.scale[self.first - 1]), float(self.scale[self.step - 1])
        return (first + self.eps) / (now + self.eps) if now + self.eps else None

    @property
    def divides(self) -> bool:
        """Whether a step is lr · m / (√v + eps), and nothing else."""
        optimizer = self.experiment.optimizer
        plain = name_of(optimizer) in ("adam", "adamw")
        return plain and (name_of(optimizer) == "adam" or not getattr(optimizer, "weight_decay", 0.0))


def find_spike(experiment: Experiment, seed: int, made: Replay) -> Spike | None:
    """Return the spike of a replayed run; None if it never lost what it had solved.

    Of a run that isn't solved at the end, the last one; else that with the highest loss. Only those count
    that come after `CALM` solved steps; without any, the one after the most.
    """
    departures = np.flatnonzero(made.solved[:-1] & ~made.solved[1:])
    if not len(departures):
        return None
    unsolved = np.flatnonzero(~made.solved)
    calm = np.array([step - int(unsolved[unsolved < step].max(initial=-1)) for step in departures])
    chosen = departures[calm >= min(CALM, calm.max())]
    peaks = [_until(made, step) for step in chosen]
    place = len(chosen) - 1 if not made.solved[-1] else int(np.argmax([loss for loss, _, _ in peaks]))
    at = int(chosen[place])
    peak, peak_step, again = peaks[place]
    moves = made.weights[at + 1].astype(np.float64) - made.weights[at]
    column = int(np.nanargmax(np.abs(moves))) if np.isfinite(moves).any() else 0
    solved_for = int(calm[departures == at][0])
    loss = made.loss.astype(np.float64)
    small = np.flatnonzero(loss[: at + 1] < loss[at + 1] / BEGUN)
    momentum, scale = _kept(experiment, made, column)
    return Spike(
        experiment=experiment,
        seed=seed,
        first=max(1, int(made.solved.argmax())),
        step=at + 1,
        solved_for=solved_for,
        low=float(np.nanmin(loss[at + 1 - solved_for : at + 1])),
        begun=int(small[-1]) if len(small) else None,
        peak=peak,
        peak_step=peak_step,
        again=again,
        example=made.examples[at],
        column=column,
        before=float(made.weights[at, column]),
        after=float(made.weights[at + 1, column]),
        moved=int((np.abs(moves) > 0.5 * made.rate[at]).sum()),
        loss=loss,
        gradient=made.gradient[:, column].astype(np.float64),
        change=np.diff(made.weights[:, column].astype(np.float64)),
        rate=made.rate,
        momentum=momentum,
        scale=scale,
        apart=made.apart,
    )


def parameter_place(network: Network, column: int) -> tuple[int, int, int | None]:
    """Return layer, unit and source of the parameter in a column of a row, from 1; a bias has no source."""
    for number, layer in enumerate(layers_of(network), 1):
        if column < layer.weights.stop:
            unit, source = divmod(column - layer.first_weight, layer.fan_in)
            return number, unit + 1, source + 1
        if column < layer.biases.stop:
            return number, column - layer.biases.start + 1, None
    raise IndexError(f"column = {column}: the network has {network.parameters} parameters.")


def _until(made: Replay, at: int) -> tuple[float, int, int | None]:
    """Return the highest loss after a step until the run is solved for `CALM` steps: it, where, and then."""
    after = made.solved[at + 1 :]
    unsolved = np.flatnonzero(np.concatenate([~after, [True]]))
    gaps = np.flatnonzero(np.diff(unsolved) > CALM)
    back = int(unsolved[gaps[0]]) + 1 if len(gaps) else None
    # A run that is solved at the end, if only since a few steps, is told so.
    if back is None and after[-1]:
        back = int(unsolved[-2]) + 1
    losses = made.loss[at + 1 : None if back is None else at + 1 + back].astype(np.float64)
    known = np.where(np.isfinite(losses), losses, np.inf)
    peak = int(known.argmax())
    start = int(at) + 1
    return float(known[peak]), start + peak, None if back is None else start + back


def _kept(experiment: Experiment, made: Replay, column: int) -> tuple[Numbers | None, Numbers | None]:
    """Return momentum and √v of one parameter at each step, as the step takes them."""
    optimizer = experiment.optimizer
    name = name_of(optimizer)
    squares = "max_exp_avg_sq" if getattr(optimizer, "amsgrad", False) else SQUARES.get(name, "")
    momentum = _column(made, MOMENTUM.get(name, ""), column)
    square = _column(made, squares, column)
    scale = None if square is None else np.sqrt(square)
    if name in ("adam", "adamw", "nadam", "radam") and scale is not None and momentum is not None:
        t = np.arange(1, len(scale) + 1)
        scale = scale / np.sqrt(1.0 - float(optimizer.betas[1]) ** t)  # type: ignore[union-attr]
        momentum = momentum if name == "nadam" else momentum / (1.0 - made.beta1**t)
    return momentum, scale


def _column(made: Replay, name: str, column: int) -> Numbers | None:
    return made.state[name][:, column].astype(np.float64) if name in made.state else None


# The steps around a spike, one by one: the loss after each, and what moved the parameter.


AROUND = (30, 20)
"""So many steps before and after the spike are told of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeStep:
    """A step, from 1: the loss after it; of the parameter its gradient, what Adam keeps, and its move."""

    step: int
    loss: float
    gradient: float
    momentum: float | None
    scale: float | None
    lr: float
    change: float


def places_around(spike: Spike, before: int, after: int) -> range:
    """Return the numbers of the steps, from 1, around the spike."""
    return range(max(1, spike.step - before), min(len(spike.change), spike.step + after) + 1)


def steps_around(spike: Spike, before: int, after: int) -> list[SpikeStep]:
    """Return the steps around the spike."""
    return [
        SpikeStep(
            step=step,
            loss=float(spike.loss[step]),
            gradient=float(spike.gradient[step - 1]),
            momentum=value_at(spike.momentum, step - 1),
            scale=value_at(spike.scale, step - 1),
            lr=float(spike.rate[step - 1]),
            change=float(spike.change[step - 1]),
        )
        for step in places_around(spike, before, after)
    ]


def steps_table(spike: Spike) -> TableOf[SpikeStep]:
    """Return the table of steps; an arrow is at that of the spike."""

    def marked(step: int) -> str:
        return f"{'→ ' if step == spike.step else ''}{step:,}"

    momentum = "m" if spike.scale is not None else "Velocity"
    return TableOf(
        (
            Column("Step", lambda each: each.step, show=marked, align="right", json="step"),
            Column("Loss after it", lambda each: each.loss, show=format_number, align="right", json="loss"),
            Column(
                "Gradient", lambda each: each.gradient, show=format_number, align="right", json="gradient"
            ),
            Column(
                momentum,
                lambda each: each.momentum,
                show=format_number,
                align="right",
                json="momentum",
                optional=True,
            ),
            Column(
                "√v", lambda each: each.scale, show=format_number, align="right", json="scale", optional=True
            ),
            json_only("lr", lambda each: each.lr),
            json_only("change", lambda each: each.change),
            Column(
                "Step / lr",
                lambda each: each.change / each.lr if each.lr else np.nan,
                show=format_number,
                align="right",
            ),
        )
    )


def value_at(values: npt.NDArray[np.float64] | None, place: int) -> float | None:
    """Return one of the values; None where there are none."""
    return None if values is None else float(values[place])
