# pyright: basic
"""Every torch function that the user's code calls passes through here, in steps looked at closely."""

from __future__ import annotations

import math
import weakref
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.observed.events import AxesExchanged, MixedWithItself, RandomDraws
from trainlab.diagnosis.observed.record import Op
from trainlab.diagnosis.observed.torch_names import SIGNED
from trainlab.diagnosis.probe.asking import Asking
from trainlab.diagnosis.probe.fits import Fits
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.losses import LOSSES, SUMS, Losses
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import are_readable, readable
from trainlab.diagnosis.probe.replaced_functions import as_called
from trainlab.diagnosis.probe.telling_calls import (
    ACTIVATIONS,
    COUNTED,
    DROPOUTS,
    LAYERS,
    MOST_CHECKED,
    SINGULAR,
    Activations,
    CountedAnswers,
    Layers,
    enter_origin,
)
from trainlab.diagnosis.probe.tensor_registry import KEY
from trainlab.diagnosis.probe.unused_tensors import UnusedTensors
from trainlab.diagnosis.torch_private import function_depth, functions, is_compiling, modes_on, raw_data

# Random numbers that the user's own code draws step by step: are they the same each time?


DRAWN = frozenset(
    ("rand", "randn", "rand_like", "randn_like", "normal", "bernoulli", "normal_", "uniform_", "bernoulli_")
)
FIRST = 8
MOST = 64


class Draws:
    """Compares the first numbers of what one line draws, in steps looked at closely."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state

    def hear(self, name: str, out: torch.Tensor) -> None:
        """A function drew random numbers."""
        state = self.state
        if out.dim() < 2 or out.numel() < 2 * FIRST or not state.record.tick:
            return
        shape = tuple(out.shape)[1:]
        event = state.seen(RandomDraws(site=user_site(), name=name, shape=shape), key=f"{name} {shape}")
        tick = state.record.tick
        event.ticks += event.last_tick != tick
        event.last_tick = tick
        if len(event.different) < MOST:
            state.deferred.read(out.reshape(-1)[:FIRST], lambda got: event.different.add(tuple(got)))


# Data that is reshaped to another order of its axes on its way to a network: that transposes nothing.


RESHAPES = frozenset(("view", "reshape"))


class ExchangedAxes:
    """Remembers the last such tensor, and whether a network is given it."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._last: tuple[weakref.ref[torch.Tensor], AxesExchanged] | None = None

    def heard(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """A tensor that needs no gradient was reshaped."""
        given = args[0] if args else None
        if isinstance(given, torch.Tensor) and are_exchanged(tuple(given.shape), tuple(out.shape)):
            before, after = tuple(given.shape), tuple(out.shape)
            event = AxesExchanged(site=user_site(), before=before, after=after)
            self._last = (weakref.ref(out), event)

    def given(self, batch: torch.Tensor) -> None:
        """A network that learns is given a batch."""
        if self._last is not None:
            if self._last[0]() is batch:
                self.state.seen(self._last[1])
            self._last = None


def are_exchanged(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a shape has the same axes as another one in another order; axes of one place don't count."""
    one, other = ([size for size in shape if size != 1] for shape in (before, after))
    return one != other and sorted(one) == sorted(other)


_GETTER = "__get__"
_CUTS = frozenset(
    ("detach", "item", "tolist", "numpy", "argmax", "round", "sign", "__float__", "tensor", "as_tensor")
)
_CASTS = frozenset(("long", "int", "to", "type", "short", "byte"))
_MADE = frozenset(
    ("randn", "randn_like", "normal", "normal_", "ones", "ones_like", "zeros", "zeros_like", "full",
     "full_like", "new_ones", "new_zeros", "new_full")
)  # fmt: skip
_TAKES_OUT = frozenset(("item", "tolist", "numpy", "__float__", "__int__", "__setitem__"))
"""What becomes of their results isn't seen."""
_CHOOSES = frozenset(("max", "topk"))
_SCALED = frozenset(("mul", "__mul__", "__rmul__", "multiply", "__rsub__", "rsub", "pow", "__pow__"))
_MIXED = frozenset(("add_", "__iadd__", "lerp_", "copy_"))
_COMPARED = frozenset(("eq", "__eq__"))
_RISKY = SINGULAR | frozenset(("acos", "asin", "exp", "log1p", "logdet"))


class Listener(TorchFunctionMode):
    """Passes each call on as it is, then looks at what came of it; `passes_on` is told of it, too."""

    def __init__(self, state: ProbeState, losses: Losses, fits: Fits, asking: Asking) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.state = state
        self.losses = losses
        self.fits = fits
        self.asking = asking
        self.activations = Activations(state)
        self.layers = Layers(state)
        self._checked = 0
        self.counted = CountedAnswers(state)
        self.draws = Draws(state)
        self.exchanged = ExchangedAxes(state)
        self.unused = UnusedTensors(state)
        self.active = self.has_heard = self._left = False
        self.passes_on: Any = None

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if is_compiling():
            return func(*args, **(kwargs or {}))
        func, args, named = as_called(func, args, kwargs or {})
        state = self.state
        state.inside += 1
        try:
            out = func(*args, **named)
        finally:
            state.inside -= 1
        if state.on and not state.busy and not state.in_backward and (state.sampling or state.judging):
            self.hear(func, args, named, out)
        if self.passes_on is not None:
            self.passes_on(func, args, named, out)
        return out

    def switch(self, wanted: bool) -> None:
        """Start or stop listening, but never among modes of the user's own: those would be taken off."""
        state = self.state
        wanted = wanted or self.passes_on is not None
        if wanted == self.active or state.inside or function_depth is None:
            return
        if wanted and modes_on() == 0:
            self.__enter__()
            self.active = self.has_heard = True
        elif not wanted and modes_on() == 1:
            self.__exit__(None, None, None)
            self.active = False

    def follow(self) -> None:
        """Listen in the thread that this is called in: modes are a thread's own."""
        self._left, self.active = self._left or self.active, False
        self.switch(self.state.sampling)

    def stop(self) -> None:
        """Listen no more, nor in the thread that was left for another one, if this is called there."""
        self.switch(False)
        if self._left and modes_on() == 1:
            self.__exit__(None, None, None)

    @guarded
    def hear(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """Note the call at its node of the autograd graph; measure it if it is of a kind that matters."""
        self.has_heard = True
        name: str = getattr(func, "__name__", "")
        self.unused.hear(name, args, kwargs, out)
        if name == _GETTER:
            if self.state.modules and args and func == raw_data:
                self._cut("data", args)
            return
        if name in _CUTS:
            self._cut(name, args)
        if name in _TAKES_OUT:
            self.asking.taken_out(args)
        if name in _CHOOSES and self.state.judging and isinstance(out, tuple) and len(out) > 1:
            self.fits.predicted(out[1])
        if name in _CHOOSES and isinstance(out, tuple) and len(out) > 1:
            self.counted.chosen(args, kwargs, out[1])
        first = out[0] if type(out) is tuple and out else out  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(first, torch.Tensor):
            return
        if name == "detach" and args and args[0].grad_fn is not None:
            self.losses.cut_off(first)
        if name in _MIXED and len(args) > 1:
            self._mixed(name, args[0], args[1])
        if name in DRAWN and self.state.sampling:
            self.draws.hear(name, first)
        if name in COUNTED:
            self.counted.hear(name, args, kwargs, first)
        self.fits.unreduced.called(func, name, args, kwargs, first)
        if not first.requires_grad and self.state.record.tick:
            self._made(name, args, first)
            if self.state.judging:
                self.state.computed(first)
        if self.state.judging and not (first.requires_grad and self.state.sampling):
            if are_readable([*_tensors(args, kwargs), first]):
                self._judge(name, args, kwargs, first)
            return
        if not first.requires_grad:
            if readable(first) is None:
                return
            self.losses.derivatives.passed_on(_tensors(args, kwargs), first)
            self.asking.called(func, name, args, kwargs, out)
            if name in SINGULAR and self.state.record.backwards == 0 and self._checked < MOST_CHECKED:
                self._checked += 1
                enter_origin(self.state, name, args, first)
            elif name in RESHAPES:
                self.exchanged.heard(args, first)
            return
        self._note(name, args, kwargs, first)
        self.asking.called(func, name, args, kwargs, out)

    def _made(self, name: str, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """Note what is made on the spot, also after a pass of another network, without gradients."""
        is_cast = name in _CASTS and bool(args) and isinstance(args[0], torch.Tensor)
        if (name in _MADE or (is_cast and self.losses.is_made_now(args[0]))) and readable(out) is not None:
            self.losses.made_now(out)

    def _note(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        state = self.state
        try:
            node: Any = out.grad_fn
        except RuntimeError:
            return  # a view whose base was changed since: PyTorch itself refuses to tell
        if node is None:
            return
        tensors = _tensors(args, kwargs)
        op = Op(
            name=name,
            module=state.module_path(),
            site=user_site(),
            tick=state.record.tick,
            shapes=tuple(_shape(tensor) for tensor in tensors),
            out=_shape(out),
        )
        node.metadata[KEY] = op
        if name in _SCALED:
            number = next((value for value in args if isinstance(value, int | float)), None)
            op.scalar = number
        if are_readable([*tensors, out]):
            self._measure(name, args, kwargs, out, op, tensors)

    def _measure(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        out: torch.Tensor,
        op: Op,
        tensors: list[torch.Tensor],
    ) -> None:
        if name in ACTIVATIONS:
            self.activations.hear(name, args, kwargs, out, op)
        elif name in LAYERS:
            self.layers.hear(name, args, kwargs, out, op)
        if name in LOSSES:
            self.losses.hear(name, args, kwargs, out, op)
        if name in SUMS:
            self.losses.derivatives.added(tensors, op)
        if name in SIGNED:
            self.losses.count_zero_targets(name, tensors, op)
        if name == "kl_div":
            self.losses.read_divergence(tensors, kwargs, out, op)
        self._finite(name, tensors, out, op)

    def _judge(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        if name in LOSSES:
            self.losses.judge(name, args, kwargs, out)
        elif name in _COMPARED:
            self.fits.compared(args, out)
        elif name in ("argmax", *RESHAPES):
            if name == "argmax" or self.fits.is_predicted(args[0]):
                self.fits.predicted(out)
        elif name in DROPOUTS:
            self.layers.dropout_while_judging(args, kwargs)

    def _cut(self, name: str, args: tuple[Any, ...]) -> None:
        state = self.state
        source = args[0] if args else None
        if (
            not isinstance(source, torch.Tensor)
            or source.grad_fn is None
            or (state.judging and not state.sampling)
        ):
            return
        op = Op(name=name, module=state.module_path(), site=user_site(), tick=state.record.tick)
        self.losses.cut(op, source)

    def _mixed(self, name: str, first: Any, second: Any) -> None:
        """A parameter is averaged with itself: what should follow a network is that network."""
        pair = isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)
        if not pair or first.shape != second.shape or not are_readable([first, second]):
            return
        place = first.data_ptr()
        if not place or second.data_ptr() != place:
            return
        registry = self.state.registry
        tensors = [first, *(registry.tensor(key) for key in list(self.state.record.params))]
        keys = [
            registry.known(one)
            for one in tensors
            if one is not None and one.shape == first.shape and one.data_ptr() == place
        ]
        found = {key for key in keys if key is not None}
        if found:
            event = self.state.seen(MixedWithItself(site=user_site(), name=name), key=name)
            event.params |= found

    def _sizes(self, inputs: list[torch.Tensor], out: torch.Tensor, op: Op) -> None:
        """Before the first step: how large is what goes in, but for parameters, and what comes out?"""
        given = [
            one
            for one in inputs
            if one.is_floating_point() and one.numel() and not (one.is_leaf and one.requires_grad)
        ]

        def keep(got: list[float]) -> None:
            op.rms, op.entered = got[0], max(got[1:], default=math.nan)

        dense = [_size(one) for one in given if not one.is_sparse and one.layout == torch.strided]
        self.state.deferred.read(functions.stack([_size(out), *dense]), keep)

    def _finite(self, name: str, inputs: list[torch.Tensor], out: torch.Tensor, op: Op) -> None:
        """Sum up, so that a NaN or infinity shows; note how near an input came to a singularity at 0."""
        if not out.is_floating_point() or out.numel() > 4_000_000 or out.numel() == 0 or out.is_sparse:
            return

        def keep_total(got: list[float]) -> None:
            op.total = got[0]

        def keep_nearest(got: list[float]) -> None:
            op.nearest = min(got)

        self.state.deferred.read(out.detach().float().sum(), keep_total)
        if self.state.trainings.clock() == 0:
            self._sizes(inputs, out, op)
        if name in _RISKY and inputs and inputs[-1].is_floating_point():
            near = [
                tensor.detach().float().abs().min()
                for tensor in inputs
                if tensor.numel() and not tensor.is_sparse
            ]
            if near:
                self.state.deferred.read(functions.stack(near), keep_nearest)
        self.losses.remember(op)


def _size(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().float().square().mean().sqrt()


def _tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    return [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return () if tensor.is_nested else tuple(tensor.shape)
