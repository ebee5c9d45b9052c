# pyright: basic
"""Layers whose arguments tell something: batch-norm's batch, dropout's share, softmax's axis."""

from __future__ import annotations

from typing import Any

import torch

from trainlab.diagnosis.probe.core import Core
from trainlab.diagnosis.probe.places import user_site
from trainlab.diagnosis.seen import Op

LAYERS = frozenset(
    ("batch_norm", "dropout", "dropout1d", "dropout2d", "alpha_dropout", "softmax", "log_softmax", "clamp",
     "clamp_", "clip", "linear", "embedding", "conv1d", "conv2d", "conv3d", "lstm", "gru", "rnn_tanh")
)  # fmt: skip


class Layers:
    """Puts such arguments into the operation's facts."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Read the arguments of one call."""
        if name == "batch_norm":
            if out.dim() > 1 and _given(args, kwargs, 5, "training", False):
                values = out.numel() // max(1, out.shape[1])
                event = self.core.event("batch_norm", op.site, op.module, values=values, calls=0, small=0)
                event.facts["calls"] += 1
                event.facts["small"] += values <= 4
                event.facts["values"] = min(event.facts["values"], values)
        elif name.startswith("dropout") or name == "alpha_dropout":
            share = float(_given(args, kwargs, 1, "p", 0.5))
            op.facts["p"] = share if _given(args, kwargs, 2, "training", True) else 0.0
            if op.facts["p"]:
                self.core.event("dropout", op.site, op.module, p=share)
        elif name in ("softmax", "log_softmax"):
            op.facts["dim"] = _given(args, kwargs, 1, "dim", None)

    def dropout_while_judging(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Dropout that is at work in an evaluation although the module that calls it is in eval mode."""
        share = float(_given(args, kwargs, 1, "p", 0.5))
        active = bool(_given(args, kwargs, 2, "training", True))
        core = self.core
        if active and share > 0 and core.modules and not core.modules[-1].training:
            core.event("dropout_in_eval", user_site(), core.module_path(), p=share)


def _given(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)
