"""What changes the gradients of a step: a penalty, layers made equally large, clipping."""

from __future__ import annotations

import torch

from trainlab.engine.torch.stack import Stack
from trainlab.maths.gradients import CLIP_EPS, KEPT_SIZE
from trainlab.spec import Clip, Penalty


def penalised(
    gradients: list[torch.Tensor], weights: list[torch.Tensor], penalty: Penalty
) -> list[torch.Tensor]:
    """Add the penalty's gradient, l1 sign(w) + 2 l2 w, to those of the weights, which come first."""
    if not penalty.l1 and not penalty.l2:
        return gradients
    added = [
        gradient + penalty.l1 * torch.sign(weight) + 2.0 * penalty.l2 * weight
        for gradient, weight in zip(gradients, weights, strict=False)
    ]
    return added + gradients[len(weights) :]


class Equaliser:
    """Makes each layer's gradients as large as the last one's, step after step; by `Gradient` of the spec."""

    def __init__(self, stack: Stack) -> None:
        self._layers = len(stack.moving)
        biased = [index for index, place in enumerate(stack.moving) if stack.biases[place] is not None]
        self._layer_of = [*range(self._layers), *biased]
        self._sizes: torch.Tensor | None = None

    def equalised(self, gradients: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the gradients ``[n, …]`` of one step, those of the stack's `parameters`, equally large."""
        means = [gradient.abs().mean(dim=(1, 2), keepdim=True) for gradient in gradients[: self._layers]]
        now = torch.stack(means)
        self._sizes = sizes = now if self._sizes is None else KEPT_SIZE * self._sizes + now
        return [
            gradient
            if layer == self._layers - 1
            else torch.where(sizes[layer] == 0, gradient, gradient / sizes[layer] * sizes[-1])
            for layer, gradient in zip(self._layer_of, gradients, strict=True)
        ]


def clipped(gradients: list[torch.Tensor], clip: Clip) -> list[torch.Tensor]:
    """Cap each network's norm over all its gradients ``[n, …]``, or each element's value."""
    if clip.value is not None:
        return [gradient.clamp(-clip.value, clip.value) for gradient in gradients]
    if clip.norm is None:
        return gradients
    squares = [gradient.square().sum(dim=(1, 2)) for gradient in gradients]
    total = torch.stack(squares).sum(dim=0).sqrt()
    scale = (clip.norm / (total + CLIP_EPS)).clamp(max=1.0)[:, None, None]
    return [gradient * scale for gradient in gradients]
