# pyright: basic
"""Layers whose arguments tell something: batch-norm's batch, dropout's probability, a first layer's input."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.events import BatchNorm, Dropout, DropoutInEval, FirstInput
from trainlab.diagnosis.observed.record import Op
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.user_frames import user_site
from trainlab.diagnosis.torch_private import functions

_TAKES_DATA = frozenset(("linear", "conv1d", "conv2d", "conv3d"))
DROPOUTS = frozenset(("dropout", "dropout1d", "dropout2d", "alpha_dropout"))
LAYERS = _TAKES_DATA | DROPOUTS | {"batch_norm"}


class Layers:
    """Records such arguments, with the operation or as an event."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Read the arguments of one call."""
        if name in _TAKES_DATA:
            self._what_enters(args, op)
        elif name == "batch_norm":
            if out.dim() > 1 and _given(args, kwargs, 5, "training", False):
                values = out.numel() // max(1, out.shape[1])
                event = self.state.seen(BatchNorm(site=op.site, module=op.module, values=values))
                event.calls += 1
                event.small += values <= 4
                event.values = min(event.values, values)
        elif name in DROPOUTS:
            share = float(_given(args, kwargs, 1, "p", 0.5))
            op.dropout = share if _given(args, kwargs, 2, "training", True) else 0.0
            if op.dropout:
                self.state.seen(Dropout(site=op.site, module=op.module, p=share))

    def _what_enters(self, args: tuple[Any, ...], op: Op) -> None:
        """Measure what enters a first layer: its size, and how its features' scales differ."""
        entered = args[0] if args else None
        if not isinstance(entered, torch.Tensor) or entered.requires_grad or self.state.record.tick > 3:
            return
        if not entered.is_floating_point() or entered.dim() < 2 or not 2 <= entered.numel() <= 4_000_000:
            return
        values = entered.detach().float()
        spread = values.reshape(-1, values.shape[-1] if op.name == "linear" else 1).std(0, unbiased=False)
        live = spread[spread > 1e-9]
        ratio = live.max() / live.min() if live.numel() else spread.max() * 0
        event = self.state.seen(FirstInput(module=op.module))

        def keep(got: list[float]) -> None:
            event.size, event.ratio = got

        self.state.deferred.read(functions.stack([values.abs().mean(), ratio]), keep)

    def dropout_while_judging(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Dropout is active in an evaluation, although the module that calls it is in eval mode."""
        share = float(_given(args, kwargs, 1, "p", 0.5))
        active = bool(_given(args, kwargs, 2, "training", True))
        state = self.state
        if not active or not share > 0 or not state.modules:
            return
        network, caller = state.modules[0], state.modules[-1]
        made_anew = caller.training and not network.training and _is_outside(caller, network)
        if made_anew or not caller.training:
            event = DropoutInEval(site=user_site(), module=state.module_path(), p=share, made_anew=made_anew)
            state.seen(event, training=state.trainings.judged)


def _is_outside(module: nn.Module, network: nn.Module) -> bool:
    return not any(module is one for one in module_parts.parts(network))


def _given(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)
