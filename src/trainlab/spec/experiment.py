"""An experiment: the immutable description of one training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.decode import decode
from trainlab.spec.fields import convert_fields
from trainlab.spec.losses import MSE, Loss
from trainlab.spec.network import Init, Network
from trainlab.spec.optimizers import SGD, Optimizer
from trainlab.spec.record import NoStopping, Record, Solved, Stopping, Within
from trainlab.spec.rules import check_rules
from trainlab.spec.sampling import (
    Batch,
    Clip,
    Full,
    Gradient,
    Noise,
    Penalty,
    Sampling,
    Single,
    examples_per_step,
    steps_per_epoch,
)
from trainlab.spec.schedules import NoSchedule, Schedule, Warmup, looks_ahead, resolved
from trainlab.spec.tasks import Scaling, Split, TaskSpec, Xor
from trainlab.tasks import Task, build, fingerprint_data

FINGERPRINT_FORMAT = 2


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training: what is learnt, by which network, how, for how long, and what counts as solved.

    A part that comes in several kinds can be given by name, such as ``loss="mse"``. `Experiment.from_dict`
    takes the other shorthands of a study file, too, such as ``network="2-5-4-1"``.

    `gradient` is what a step does to the gradient (`Gradient`). The weights and biases of the layers that
    `frozen` lists, counted from 1, stay fixed, whatever the optimizer, penalty and weight decay, and don't
    count in the norm of `clip`.

    `redraw` draws the examples that steps see, noise and dropout anew, another time for each number; weights
    start as they do without it. It is the placebo of whatever else is changed.

    `after` is the training that this one continues: it takes over the weights, and nothing else. `init` is
    then ignored.
    """

    network: Network
    task: TaskSpec = Xor()
    split: Split = Split()
    scaling: Scaling = Scaling()
    init: Init = Init()
    loss: Loss = MSE()
    optimizer: Optimizer = SGD()
    schedule: Schedule = NoSchedule()
    warmup: Warmup = Warmup()
    gradient: Gradient = "plain"
    clip: Clip = Clip()
    penalty: Penalty = Penalty()
    noise: Noise = Noise()
    frozen: tuple[int, ...] = ()
    sampling: Sampling = Full()
    redraw: int = 0
    epochs: int = 300
    solved: Solved = Within()
    stopping: Stopping = NoStopping()
    record: Record = Record()
    after: Experiment | None = None

    def __post_init__(self) -> None:
        convert_fields(self)
        msgspec.structs.force_setattr(self, "frozen", tuple(sorted(set(self.frozen))))
        check_number("epochs", self.epochs, at_least=1, at_most=MAX_COUNT)
        check_rules(self)

    def data(self) -> Task:
        """Return the examples of the task, split and scaled; raise SpecError if they aren't available."""
        return build(self.task, self.split, self.scaling)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one epoch."""
        return steps_per_epoch(self.sampling, self.data().points)

    @property
    def examples_per_step(self) -> int:
        """The examples that a training step sees: 1, the batch, or all of them."""
        return examples_per_step(self.sampling, self.data().points)

    @property
    def phases(self) -> tuple[Experiment, ...]:
        """The successive trainings, this one last; just this one if it continues none."""
        return (self,) if self.after is None else (*self.after.phases, self)

    @property
    def scheduled(self) -> bool:
        """Whether the learning rate changes during the training."""
        return not isinstance(self.schedule, NoSchedule) or self.warmup.total_iters > 0

    @property
    def looks_ahead(self) -> bool:
        """Whether the learning rate of a step depends on how many epochs the whole training has."""
        return looks_ahead(self.schedule)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, in hex: equal experiments, however written, share it."""
        return hashlib.sha256(msgspec.json.encode(self.canonical(), order="sorted")).hexdigest()

    def canonical(self) -> dict[str, Any]:
        """Return the experiment with shorthands resolved, layer by layer; own examples by content."""
        form = self.to_dict()
        layers = self.network.layers
        form["network"] = {
            "widths": list(self.network.widths),
            "bias": list(self.network.biases),
            "activation": list(self.network.activations),
            "dropout": list(self.network.dropouts),
        }
        form["init"] = msgspec.to_builtins(
            {"weight": self.init.weights_of(layers), "bias": self.init.biases_of(layers)}
        )
        form["sampling"] = msgspec.to_builtins(self._sampling())
        schedule = resolved(self.schedule, epochs=self.epochs, steps_per_epoch=self.steps_per_epoch)
        form["schedule"] = _without_none(msgspec.to_builtins(schedule))
        # Left out if they are the defaults, so that experiments keep their old fingerprints.
        if self.gradient == "plain":
            del form["gradient"]
        if not self.frozen:
            del form["frozen"]
        if not self.redraw:
            del form["redraw"]
        if self.record.gradients == "data" or isinstance(self.sampling, Full):
            # As before there was a choice; with full batches there is none.
            del form["record"]["gradients"]
        content = fingerprint_data(self.task)
        if content is not None:
            form["task"] = {"name": "file", "content": content}
        if self.after is not None:
            del form["init"]
            form["after"] = self.after.trained_form()
        return {"format": FINGERPRINT_FORMAT, **form}

    def trained_form(self) -> dict[str, Any]:
        """Return the part of the canonical form that the final weights depend on."""
        form = self.canonical()
        if isinstance(self.stopping, NoStopping):
            del form["record"], form["solved"]
        return form

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which `from_dict` makes an equal experiment."""
        return _without_none(msgspec.to_builtins(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Experiment:
        """Read an experiment from plain data, strictly; shorthands allowed as in a study file."""
        return decode(cls, data)

    def at_epochs(self, epochs: int) -> Experiment:
        """Return the same experiment with another number of epochs."""
        return msgspec.structs.replace(self, epochs=epochs)

    def _sampling(self) -> Sampling:
        """Return the sampling with its steps filled in; batches of one, replaced, are single examples."""
        alone = (
            isinstance(self.sampling, Batch) and self.sampling.replacement and self.sampling.batch_size == 1
        )
        if alone or isinstance(self.sampling, Single):
            return Single(steps_per_epoch=self.steps_per_epoch)
        return self.sampling


def _without_none(value: Any) -> Any:
    # TOML has no null; every None here is also the default, so leaving it out loses nothing.
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {key: _without_none(item) for key, item in items.items() if item is not None}
    return value
