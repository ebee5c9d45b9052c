"""What is read of a network as it stands: losses, predictions, gradients, whether it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.evaluation import Evaluation, accuracy_of, is_solved
from trainlab.engine.reference.losses import Criterion, build_criterion, predictions_of
from trainlab.engine.reference.module import flat, weights_of
from trainlab.spec import Experiment

Chosen = npt.NDArray[np.int64] | None
"""Which of the examples trained on a step sees; None for all of them."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Meter:
    """Reads one experiment's networks, without anything that only training has, such as dropout."""

    torch: Any
    experiment: Experiment
    criterion: Criterion
    parts: dict[str, tuple[Any, Any]]

    @classmethod
    def of(cls, torch: Any, experiment: Experiment, dtype: str) -> Meter:
        """Return the meter of an experiment, with its examples as tensors."""
        data = experiment.data()
        pairs = {
            "train": (data.inputs, data.targets),
            "held_out": (data.held_out_inputs, data.held_out_targets),
        }
        return cls(
            torch=torch,
            experiment=experiment,
            criterion=build_criterion(torch, experiment.loss),
            parts={
                name: (torch.from_numpy(x.astype(dtype)), torch.from_numpy(y.astype(dtype)))
                for name, (x, y) in pairs.items()
            },
        )

    def loss(self, module: Any, part: str) -> float:
        """Return the loss over the train or held-out examples; NaN if there are none."""
        inputs, targets = self.parts[part]
        if not len(inputs):
            return float("nan")
        with self.torch.no_grad():
            return float(self.criterion(module(inputs), targets))

    def predictions(self, module: Any, part: str) -> Any:
        """Return the predictions ``[examples, outputs]``, an array."""
        with self.torch.no_grad():
            outputs = module(self.parts[part][0])
            return predictions_of(self.torch, self.experiment.loss, outputs).numpy()

    def solved(self, module: Any) -> bool:
        """Return whether the experiment counts the network as solved."""
        part = self.experiment.solved.on
        predictions = self.predictions(module, part)[None]
        loss = np.array([self.loss(module, part)])
        targets = self.parts[part][1].numpy()
        return bool(is_solved(self.experiment, predictions, targets, loss)[0])

    def gradient(self, module: Any, chosen: Chosen = None) -> list[float]:
        """Return the mean |∂L/∂w| of each layer's weights, over the examples `chosen`, or all trained on."""
        inputs, targets = self.parts["train"]
        x, y = (inputs, targets) if chosen is None else (inputs[chosen], targets[chosen])
        loss = self.criterion(module(x), y)
        gradients = self.torch.autograd.grad(loss, weights_of(self.torch, module))
        return [float(gradient.abs().mean()) for gradient in gradients]

    def evaluate(self, module: Any, chosen: Chosen) -> Evaluation:
        """Return everything that `Runs` has of the end, as one row; `chosen` are the examples of a step."""
        data, dtype = self.experiment.data(), flat(module).dtype
        with self.torch.no_grad():
            finite = bool(self.torch.isfinite(module(self.parts["train"][0])).all())
        predictions = {part: self.predictions(module, part)[None] for part in self.parts}
        return Evaluation(
            solved=np.array([self.solved(module)]),
            finite=np.array([finite]),
            loss=np.array([self.loss(module, "train")], dtype=dtype),
            accuracy=accuracy_of(data, predictions["train"], data.targets),
            held_out_loss=np.array([self.loss(module, "held_out")], dtype=dtype),
            held_out_accuracy=accuracy_of(data, predictions["held_out"], data.held_out_targets),
            predictions=predictions["train"],
            parameters=flat(module)[None],
            gradient=np.array([self.gradient(module)], dtype=dtype),
            step_gradient=np.array([self.gradient(module, chosen)], dtype=dtype),
        )
