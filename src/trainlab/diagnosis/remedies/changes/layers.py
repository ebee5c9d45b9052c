# pyright: basic
"""Layers that depend on the mode, and the mode: milder dropout, group norm for batch-norm, train or eval."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.remedies.patching import Patching

_DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
_GROUPS = (32, 16, 8, 4, 2, 1)


def dropout(on: Patching, *, most: float) -> None:
    """Drop no more than this share, and nothing in passes without gradients."""

    def wrap(original: Any) -> Any:
        def drop(given: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
            if training and (p > most or not torch.is_grad_enabled()):
                on.act()
                training = torch.is_grad_enabled()
            return original(given, min(p, most), training, inplace)

        return drop

    for name in _DROPOUTS:
        on.replace(nn.functional, name, wrap)


def group_norm(on: Patching) -> None:
    """Normalize each sample by itself, over groups of at least four channels, where batch-norm is."""

    def wrap(original: Any) -> Any:
        def batch_norm(
            given: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
            training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
        ) -> Any:  # fmt: skip
            on.act()
            channels = given.shape[1]
            groups = next(
                one for one in _GROUPS if channels % one == 0 and channels // one >= min(4, channels)
            )
            return nn.functional.group_norm(given, groups, weight, bias, eps)

        return batch_norm

    on.replace(nn.functional, "batch_norm", wrap)


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
