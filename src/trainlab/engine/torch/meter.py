"""What is read of a stack of networks: losses, predictions, gradients, which are solved, which diverge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from trainlab.engine.evaluation import Evaluation, accuracy_of, is_solved
from trainlab.engine.runs import NEVER
from trainlab.engine.torch.stack import Criterion, Stack, criterion_of, predictions_of
from trainlab.spec import Experiment, LossBelow

Part = Literal["train", "held_out"]
Floats = npt.NDArray[Any]

HELD = 256
"""How many steps' results are held before they are looked at: a look waits for the device."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Meter:
    """Reads a stack; results are kept until `forget`, since several records may fall due at once."""

    experiment: Experiment
    stack: Stack
    criterion: Criterion
    parts: dict[Part, tuple[torch.Tensor, torch.Tensor]]
    known: dict[Any, Any] = field(default_factory=dict[Any, Any])

    @classmethod
    def of(cls, experiment: Experiment, stack: Stack, *, dtype: str, device: str) -> Meter:
        """Return the meter of a stack, with the examples as tensors ``[examples, …]``."""
        data = experiment.data()
        pairs: dict[Part, Any] = {
            "train": (data.inputs.astype(dtype), data.targets.astype(dtype)),
            "held_out": (data.held_out_inputs.astype(dtype), data.held_out_targets.astype(dtype)),
        }
        return cls(
            experiment=experiment,
            stack=stack,
            criterion=criterion_of(experiment.loss),
            parts={
                part: (torch.as_tensor(x, device=device), torch.as_tensor(y, device=device))
                for part, (x, y) in pairs.items()
            },
        )

    def forget(self) -> None:
        """Forget what was read: the networks have changed."""
        self.known.clear()

    def loss(self, part: Part) -> Floats:
        """Return the losses ``[n]`` over the train or held-out examples; NaN if there are none."""
        if ("loss", part) not in self.known:
            targets = self.parts[part][1]
            with torch.no_grad():
                losses = self.criterion(self._outputs(part), targets[None])
            self.known["loss", part] = losses.cpu().numpy()
        return self.known["loss", part]

    def predictions(self, part: Part) -> Floats:
        """Return the predictions ``[n, examples, outputs]``."""
        if ("predictions", part) not in self.known:
            predictions = predictions_of(self.experiment.loss, self._outputs(part))
            self.known["predictions", part] = predictions.cpu().numpy()
        return self.known["predictions", part]

    def solved(self) -> npt.NDArray[np.bool_]:
        """Return which networks the experiment counts as solved, ``[n]``."""
        solved = self.experiment.solved
        targets = self.parts[solved.on][1].cpu().numpy()
        # Only one of them is asked for.
        loss = self.loss(solved.on) if isinstance(solved, LossBelow) else np.empty(0)
        none = np.empty((0, 0, 0))
        predictions = none if isinstance(solved, LossBelow) else self.predictions(solved.on)
        return is_solved(self.experiment, predictions, targets, loss)

    def gradient(self) -> Floats:
        """Return the mean |∂L/∂w| of each layer's weights, ``[n, layers]``, over all examples trained on."""
        if "gradient" not in self.known:
            self.known["gradient"] = self._gradient(self._inputs("train"), self.parts["train"][1][None])
        return self.known["gradient"]

    def step_gradient(self, chosen: torch.Tensor | None) -> Floats:
        """Return the same over each network's own examples of a step, ``[n, batch]``; None for all."""
        if chosen is None:
            return self.gradient()
        inputs, targets = self.parts["train"]
        return self._gradient(inputs[chosen], targets[chosen])

    def _gradient(self, inputs: torch.Tensor, targets: torch.Tensor) -> Floats:
        losses = self.criterion(self.stack.forward(inputs), targets)
        gradients = torch.autograd.grad(losses.sum(), self.stack.weights)
        means = [gradient.abs().mean(dim=(1, 2)) for gradient in gradients]
        return torch.stack(means, dim=1).cpu().numpy()

    def evaluate(self, rows: slice, chosen: torch.Tensor | None) -> Evaluation:
        """Return everything that `Runs` has of the end, of these networks; `chosen` as in `step_gradient`."""
        data = self.experiment.data()
        train, held_out = self.predictions("train")[rows], self.predictions("held_out")[rows]
        finite = torch.isfinite(self._outputs("train")).flatten(1).all(dim=1)
        return Evaluation(
            solved=self.solved()[rows],
            finite=finite.cpu().numpy()[rows],
            loss=self.loss("train")[rows],
            accuracy=accuracy_of(data, train, data.targets),
            held_out_loss=self.loss("held_out")[rows],
            held_out_accuracy=accuracy_of(data, held_out, data.held_out_targets),
            predictions=train[:, : self.experiment.record.predictions].copy(),
            parameters=self.stack.rows()[rows],
            gradient=self.gradient()[rows],
            step_gradient=self.step_gradient(chosen)[rows],
        )

    def _inputs(self, part: Part) -> torch.Tensor:
        networks = len(self.stack.weights[0])
        return self.parts[part][0].expand(networks, -1, -1)

    def _outputs(self, part: Part) -> torch.Tensor:
        if ("outputs", part) not in self.known:
            with torch.no_grad():
                self.known["outputs", part] = self.stack.forward(self._inputs(part))
        return self.known["outputs", part]


class Divergence:
    """The first step at which each network's outputs weren't all finite: ``first [n]``, −1 if none."""

    def __init__(self, networks: int) -> None:
        self.first = np.full(networks, NEVER, dtype=np.int64)
        self._screens: list[torch.Tensor] = []
        self._start = 0

    def watch(self, step: int, outputs: torch.Tensor) -> None:
        """Note a step's outputs ``[n, examples, outputs]``; steps come one after the other."""
        if not self._screens:
            self._start = step
        # 0 times what isn't finite is NaN; one pass, no waiting for the device.
        self._screens.append((outputs * 0.0).sum(dim=(1, 2)))
        if len(self._screens) == HELD:
            self.settle()

    def settle(self) -> None:
        """Find the first steps among those noted."""
        if not self._screens:
            return
        lost = torch.isnan(torch.stack(self._screens)).cpu().numpy()
        new = lost.any(axis=0) & (self.first == NEVER)
        self.first[new] = self._start + lost.argmax(axis=0)[new]
        self._screens.clear()
