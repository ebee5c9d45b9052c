"""An experiment: the immutable description of one training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from trainlab.errors import SpecError
from trainlab.maths import LOSSES
from trainlab.spec.checks import MAX_COUNT, check_choice, check_number
from trainlab.spec.decode import decode
from trainlab.spec.fields import settle
from trainlab.spec.network import Network
from trainlab.spec.parts import SGD, Default, Full, Init, Optimizer, Record, Sampling, Single, Solved
from trainlab.tasks import TASKS, Task

FINGERPRINT_FORMAT = 1
MAX_STEPS = 1_000_000_000


class Experiment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training: what is learnt, by which network, how, for how long, and what counts as solved.

    `Experiment.from_dict` takes the shorthands of a study file, such as ``network="2-5-4-1"``.
    """

    network: Network
    task: str = "xor"
    init: Init = Init(weight=Default(), bias=Default())
    loss: str = "mse"
    optimizer: Optimizer = SGD()
    sampling: Sampling = Full()
    epochs: int = 300
    solved: Solved = Solved()
    record: Record = Record()

    def __post_init__(self) -> None:
        settle(self)
        check_choice("task", self.task, TASKS)
        check_choice("loss", self.loss, LOSSES)
        check_number("epochs", self.epochs, at_least=1, at_most=MAX_COUNT)
        if self.epochs * self.steps_per_epoch > MAX_STEPS:
            raise SpecError(
                f"epochs = {self.epochs:,}: with {self.steps_per_epoch:,} steps each that is more than "
                f"{MAX_STEPS:,} steps; lower epochs or sampling.steps_per_epoch."
            )
        data = self.data()
        for end, width, wanted in (
            ("first", self.network.widths[0], data.features),
            ("last", self.network.widths[-1], data.outputs),
        ):
            if width != wanted:
                raise SpecError(
                    f"network.widths = {self.network.label!r}: the {end} width is {width}, "
                    f"but the task {self.task!r} needs {wanted}."
                )

    def data(self) -> Task:
        """Return the examples of the task."""
        return TASKS[self.task]()

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one epoch."""
        if isinstance(self.sampling, Single):
            return self.sampling.steps_per_epoch or self.data().points
        return 1

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, in hex: equal experiments, however written, share it."""
        return hashlib.sha256(msgspec.json.encode(self.canonical(), order="sorted")).hexdigest()

    def canonical(self) -> dict[str, Any]:
        """Return the experiment with every shorthand resolved, layer by layer."""
        form = self.to_dict()
        form["network"] = {
            "widths": list(self.network.widths),
            "bias": list(self.network.biases),
            "activation": list(self.network.activations),
        }
        if isinstance(self.sampling, Single):
            form["sampling"]["steps_per_epoch"] = self.steps_per_epoch
        return {"format": FINGERPRINT_FORMAT, **form}

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


def _without_none(value: Any) -> Any:
    # TOML has no null; every None here is also the default, so leaving it out loses nothing.
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {key: _without_none(item) for key, item in items.items() if item is not None}
    return value
