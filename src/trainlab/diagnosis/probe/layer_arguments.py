# pyright: basic
"""Layers whose arguments tell something: batch-norm's batch, dropout's share, softmax's axis."""

from __future__ import annotations

from typing import Any

import torch

from trainlab.diagnosis.observed.record import Op
from trainlab.diagnosis.probe.probe_state import Core
from trainlab.diagnosis.probe.user_frames import user_site

LAYERS = frozenset(
    ("batch_norm", "dropout", "dropout1d", "dropout2d", "alpha_dropout", "softmax", "log_softmax", "clamp",
     "clamp_", "clip", "linear", "embedding", "conv1d", "conv2d", "conv3d", "lstm", "gru", "rnn_tanh")
)  # fmt: skip


_TAKES_DATA = frozenset(("linear", "conv1d", "conv2d", "conv3d"))


class Layers:
    """Puts such arguments into the operation's facts."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Read the arguments of one call."""
        if name in _TAKES_DATA:
            self._what_enters(args, op)
        elif name == "batch_norm":
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

    def _what_enters(self, args: tuple[Any, ...], op: Op) -> None:
        """Measure what a layer gets that comes from no other layer: its size, how unlike its features are."""
        entered = args[0] if args else None
        if not isinstance(entered, torch.Tensor) or entered.requires_grad or self.core.record.tick > 3:
            return
        if not entered.is_floating_point() or entered.dim() < 2 or not 2 <= entered.numel() <= 4_000_000:
            return
        values = entered.detach().float()
        spread = values.reshape(-1, values.shape[-1] if op.name == "linear" else 1).std(0, unbiased=False)
        live = spread[spread > 1e-9]
        ratio = live.max() / live.min() if live.numel() else spread.max() * 0
        event = self.core.event("first_input", None, op.module)
        self.core.later.read(
            torch.stack([values.abs().mean(), ratio]),
            lambda got: event.facts.update(size=got[0], ratio=got[1]),
        )

    def dropout_while_judging(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Dropout that is at work in an evaluation although the module that calls it is in eval mode."""
        share = float(_given(args, kwargs, 1, "p", 0.5))
        active = bool(_given(args, kwargs, 2, "training", True))
        core = self.core
        if active and share > 0 and core.modules and not core.modules[-1].training:
            core.event("dropout_in_eval", user_site(), core.module_path(), p=share)


def _given(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)
