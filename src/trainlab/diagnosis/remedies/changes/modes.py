# pyright: basic
"""Train mode for passes that learn, eval mode for those that judge; each as it was, after the pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.remedies.patching import Patching


def train_to_learn(on: Patching) -> None:
    """Make forward passes with gradients in train mode."""
    _in_mode(on, learning=True)


def eval_to_judge(on: Patching) -> None:
    """Make forward passes without gradients in eval mode."""
    _in_mode(on, learning=False)


def _in_mode(on: Patching, *, learning: bool) -> None:
    changed: list[nn.Module] = []

    def before(module: nn.Module, args: Any) -> None:
        changed.clear()
        if torch.is_grad_enabled() is not learning:
            return
        changed.extend(inner for inner in module.modules() if inner.training is not learning)
        for inner in changed:
            inner.training = learning
        if changed:
            on.act()

    def after(module: nn.Module, output: Any) -> None:
        for inner in changed:
            inner.training = not learning
        changed.clear()

    roots = on.roots()
    roots.before.append(before)
    roots.after.append(after)
