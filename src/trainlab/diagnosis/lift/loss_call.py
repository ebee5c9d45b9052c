# pyright: basic
"""From the network's output to the loss: which function meets which targets."""

from __future__ import annotations

from typing import Any

import torch

from trainlab import maths
from trainlab.diagnosis.lift.layer_chain import activation_of, keeps_rows
from trainlab.diagnosis.lift.recording import Refused
from trainlab.spec import loss_named

LOSSES = {entry.torch_function: name for name, entry in maths.LOSSES.items() if entry.torch_function}
"""Functions of torch.nn.functional: the loss of an experiment."""
DIFFERENCES = ("sub", "__sub__", "subtract", "rsub", "__rsub__")


class OutputFollower:
    """Follows the output of one pass until it meets targets."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, str]] = {}
        self.loss = ""
        self.loss_settings: dict[str, Any] = {}
        self.activation = "linear"
        self.target: Any = None

    def begin(self, output: Any) -> None:
        """A new pass: its output is what is followed from now on."""
        self.known = {id(output): (output, "linear")}
        self.target = None

    def called(self, name: str, args: Any, kwargs: dict[str, Any], out: Any) -> None:
        """Follow a call that is given a known output."""
        place = next((at for at, value in enumerate(args[:2]) if id(value) in self.known), None)
        if place is None:
            first = kwargs.get("input")
            if name in LOSSES and id(first) in self.known:
                self._met(name, first, kwargs.get("target"), kwargs)
            return
        given, activation = self.known[id(args[place])]
        if name in LOSSES and place == 0:
            self._met(name, given, args[1] if len(args) > 1 else kwargs.get("target"), kwargs)
        elif name in DIFFERENCES and isinstance(args[1 - place], torch.Tensor):
            self._met("difference", given, args[1 - place], {})
        elif isinstance(out, torch.Tensor):
            kind = activation_of(name, given, out)
            if kind is not None and activation == "linear":
                self.known[id(out)] = (out, kind)
            elif keeps_rows(name, given, out) and id(out) not in self.known:
                self.known[id(out)] = (out, activation)

    def check_loss(self) -> None:
        """Raise Refused unless this pass has met targets."""
        if self.target is None:
            raise Refused("the loss isn't one that trainlab knows")

    def _met(self, name: str, given: Any, target: Any, kwargs: dict[str, Any]) -> None:
        if not isinstance(target, torch.Tensor):
            raise Refused("the targets are no tensor")
        if target.requires_grad:
            raise Refused("the targets depend on the network")
        if target.is_floating_point() and given.shape != target.shape:
            raise Refused(
                f"the loss is of outputs {tuple(given.shape)} and targets {tuple(target.shape)}, "
                "not of one shape"
            )
        kind = LOSSES.get(name, "difference")
        activation = self.known[id(given)][1]
        if self.loss and (self.loss, self.activation) != (kind, activation):
            raise Refused("there is more than one loss")
        self.loss, self.activation = kind, activation
        self.loss_settings = {key: kwargs[key] for key in settings_of(kind) if key in kwargs}
        self.target = target


def settings_of(loss: str) -> tuple[str, ...]:
    """Return the names of the settings that an experiment's loss of that name has."""
    return loss_named(loss).__struct_fields__ if loss in maths.LOSSES else ()
