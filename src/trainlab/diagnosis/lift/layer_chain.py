# pyright: basic
"""A network as a chain of layers, and the call of its loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import torch
from torch import nn

from trainlab import maths
from trainlab.diagnosis.lift.recording import Layer, Refused, Unused
from trainlab.diagnosis.probe import reading
from trainlab.maths import ACTIVATIONS
from trainlab.spec import loss_named

# Whether what a network calls is a chain of linear layers and activations that an experiment can have.


SHAPES = ("view", "reshape", "flatten", "squeeze", "unsqueeze", "contiguous", "float", "to", "__getitem__")
NOTHING = ("dropout", "alpha_dropout", "dropout1d", "dropout2d", "feature_alpha_dropout", "identity")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Op:
    """A call of a torch function that returned a tensor."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any


def activation_of(name: str, given: Any, out: Any) -> str | None:
    """Return the activation that made `out` of `given`, if it has PyTorch's defaults; else None."""
    plain = name.rstrip("_") if not name.startswith("__") else name
    entry = ACTIVATIONS.get(plain)
    if entry is None or not entry.torch_function or given.shape != out.shape:
        return None
    # What is done in place has overwritten what it was given; of those only relu can be told after it.
    if given is out and plain != "relu":
        return None
    function: Any = attrgetter(entry.torch_function)(torch)
    made = function(given) if entry.elementwise else function(given, dim=-1)
    return plain if torch.equal(made, out) else None


def keeps_rows(name: str, given: Any, out: Any) -> bool:
    """Whether an op changes nothing but the shape, and leaves the rows what they are."""
    return (
        name in SHAPES
        and given.numel() == out.numel()
        and (given.dim() < 2 or out.dim() == 0 or out.shape[0] == given.shape[0])
    )


def chain_of(
    root: nn.Module, inputs: Any, output: Any, ops: list[Op], *, may_skip: bool = False
) -> list[Layer]:
    """Return the layers; raise Refused with the reason where they form no such chain.

    Linear layers that are never called are allowed with `may_skip`.
    """
    names = {id(param): name for name, param in reading.named_parameters(root).items()}
    layers: list[Layer] = []
    last, fresh = inputs, False
    for op in ops:
        given = op.args[0] if op.args else op.kwargs.get("input")
        if given is not last:
            if not isinstance(given, torch.Tensor) or op.out is last:
                continue
            raise Refused(
                _not_a_stack(root, f"{op.name} is given something that isn't the last layer's output")
            )
        if op.name == "linear":
            weight, bias = (_argument(op, place, name) for place, name in ((1, "weight"), (2, "bias")))
            if id(weight) not in names or (bias is not None and id(bias) not in names):
                raise Refused(_not_a_stack(root, "a layer's weights are no parameters of it"))
            layers.append(
                Layer(
                    weight=names[id(weight)],
                    bias=None if bias is None else names[id(bias)],
                    fan_in=weight.shape[1],
                    fan_out=weight.shape[0],
                )
            )
            fresh = True
        elif (kind := activation_of(op.name, given, op.out)) is not None and fresh:
            layers[-1], fresh = replace(layers[-1], activation=kind), False
        elif op.name in NOTHING and given is not None and torch.equal(given, op.out) and not _drops(root):
            pass
        elif op.name in NOTHING:
            raise Refused(f"its {op.name} draws masks that an experiment can't be given to compare by")
        elif not keeps_rows(op.name, given, op.out):
            raise Refused(_not_a_stack(root, f"it calls {op.name}"))
        last = op.out
    _check_whole(root, layers, output, last, names, may_skip=may_skip)
    return layers


def unused_layers(root: nn.Module, layers: list[Layer]) -> list[Unused]:
    """Return the linear layers that aren't among those called, in the order in which they are declared."""
    used = {layer.weight for layer in layers}
    found: list[Unused] = []
    met = 0
    for name, part in reading.named_parts(root):
        if not isinstance(part, nn.Linear):
            continue
        if f"{name}.weight" in used:
            met += 1
            continue
        found.append(
            Unused(
                name=name,
                fan_in=part.in_features,
                fan_out=part.out_features,
                bias=part.bias is not None,
                after=met,
            )
        )
    return found


def _check_whole(
    root: nn.Module, layers: list[Layer], output: Any, last: Any, names: dict[int, str], *, may_skip: bool
) -> None:
    if last is not output or not layers:
        raise Refused(_not_a_stack(root, "its output isn't that of the last layer"))
    used = {name for layer in layers for name in (layer.weight, layer.bias) if name}
    if len(used) != sum(2 if layer.bias else 1 for layer in layers):
        raise Refused(_not_a_stack(root, "a layer is used twice"))
    unused = [name for name in names.values() if name not in used]
    if may_skip:
        skipped = [one.name for one in unused_layers(root, layers)]
        unused = [name for name in unused if name.rpartition(".")[0] not in skipped]
    if unused:
        raise Refused(_not_a_stack(root, f"{unused[0]} isn't part of it"))
    if any(True for _ in root.buffers()):
        raise Refused(_not_a_stack(root, "it has buffers"))


def _argument(op: Op, place: int, name: str) -> Any:
    return op.args[place] if len(op.args) > place else op.kwargs.get(name)


def _drops(root: nn.Module) -> bool:
    return any(getattr(part, "p", 0) for part in reading.parts(root) if "Dropout" in type(part).__name__)


def _not_a_stack(root: nn.Module, why: str) -> str:
    parts = [type(part).__name__ for part in reading.parts(root) if not reading.children(part)]
    odd = [name for name in dict.fromkeys(parts) if name not in KNOWN_PARTS]
    return f"the network isn't a stack of layers that trainlab knows ({', '.join(odd[:3]) or why})"


KNOWN_PARTS = ("Linear", "Flatten", "Dropout", *(entry.torch_class for entry in ACTIVATIONS.values()))


# From the network's output to the loss: which function meets which targets.


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
