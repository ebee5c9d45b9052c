# pyright: basic
"""Records what makes an experiment of a training: layers, initial weights, rows, losses, optimizer.

It records in the script's own process, alongside the probe, through a `TorchFunctionMode` and public hooks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.lift.batch_rows import BatchRows
from trainlab.diagnosis.lift.initial_draws import InitialDraws
from trainlab.diagnosis.lift.layer_chain import Op, chain_of, unused_layers
from trainlab.diagnosis.lift.loss_call import OutputFollower
from trainlab.diagnosis.lift.recording import Recording, Refused
from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.replaced_functions import as_called
from trainlab.diagnosis.torch_private import LOSS_MODULES, is_compiling

CLOSE_STEPS = 20_000
"""Steps that are recorded; the rest are only counted."""
LIGHT_PARAMETERS, LIGHT_STEPS = 20_000, 10_000
"""Beside a diagnosis nothing larger, or longer, is followed."""


class Recorder:
    """Records one network, one loss and one optimizer from `start` to `finished`; refuses a second one."""

    def __init__(self, probe: Any, *, light: bool = False) -> None:
        self.probe = probe
        self.light = light
        self.given_up = False
        self.state = probe.state
        self.recording = Recording()
        self.draws = InitialDraws(largest=LIGHT_PARAMETERS) if light else InitialDraws()
        self.rows = BatchRows()
        self.outputs = OutputFollower()
        self.root: nn.Module | None = None
        self.optimizer: Any = None
        self.depth = 0
        self.ops: list[Op] | None = None
        self.layers_known = False
        self.inputs: Any = None
        self.batch: tuple[Any, Any] = (None, None)
        self.losses: list[float] = []
        self.backwards = 0
        self.steps = 0

    def start(self) -> None:
        """Begin to record, until the process ends, or until it turns out that this can't be lifted."""
        self.draws.start()
        register_module_forward_pre_hook(self._entered)
        register_module_forward_hook(self._left)
        register_optimizer_step_pre_hook(self._before_step)
        if not self.light:
            FunctionCalls(self._called, self.probe).__enter__()

    def _listen(self, wanted: bool) -> None:
        """Have the probe pass on calls from the network's forward to the step, and none of the step itself.

        An optimizer calls more functions than all the rest together.
        """
        listener = self.probe.listener
        listener.passes_on = self._called if wanted else None
        listener.switch(wanted or self.state.sampling)

    def _is_elsewhere(self) -> bool:
        """Whether a compiler goes through this, which leaves it out, or what calls isn't listened to."""
        return is_compiling() or (self.light and not self.state.mine())

    def _is_given_up(self) -> bool:
        """Whether it listens no more: a diagnosis isn't slowed down by what can't be lifted."""
        if not self.light or not self.recording.refused:
            return False
        if not self.given_up and not self.state.inside:
            self.given_up = True  # the hooks stay: PyTorch may be going through them just now
            self.draws.stop()
            self._listen(False)
        return True

    def finished(self) -> Recording:
        """Return what was recorded."""
        recording = self.recording
        if not recording.refused and not self.steps:
            recording.refused = "no optimizer took a step"
        if not recording.refused and self.backwards != self.steps:
            recording.refused = "there are backward passes without a step"
        if not recording.refused:
            recording.steps = self.steps
            recording.losses = self.losses
            self.rows.into(recording)
        return recording

    @property
    def is_done(self) -> bool:
        """Whether nothing more is recorded: this can't be lifted, or the probe itself is at work."""
        return bool(self.recording.refused) or self.state.busy

    def refuse(self, reason: str) -> None:
        """Remember why this training can't be lifted: the first reason is the one told."""
        if not self.recording.refused:
            self.recording.refused = reason
        self.root = self.optimizer = self.ops = self.inputs = None
        self.batch, self.outputs = (None, None), OutputFollower()

    def _guarded(self, action: Any, *args: Any) -> None:
        was_busy, self.state.busy = self.state.busy, True
        try:
            with torch.no_grad():
                action(*args)
        except Refused as error:
            self.refuse(str(error))
        except Exception as error:
            self.refuse(
                f"it couldn't be followed ({type(error).__name__}: {' '.join(str(error).split())[:120]})"
            )
        finally:
            self.state.busy = was_busy

    def _entered(self, module: nn.Module, args: Any) -> None:
        if self._is_elsewhere() or self._is_given_up() or self.is_done or isinstance(module, LOSS_MODULES):
            return
        self.depth += 1
        if self.depth == 1 and torch.is_grad_enabled() and module_parts.parameters(module):
            self._guarded(self._root_entered, module, args)

    def _root_entered(self, module: nn.Module, args: Any) -> None:
        if self.root is None:
            self.root = module
        if module is not self.root:
            raise Refused(
                "more than one module is called by itself "
                f"({type(self.root).__name__}, {type(module).__name__})"
            )
        if len(args) != 1 or not isinstance(args[0], torch.Tensor):
            raise Refused("the network is given something other than one tensor")
        self.inputs = args[0]
        if self.light:
            self._check_is_light(module)
        if not self.layers_known:
            self.ops = []

    def _check_is_light(self, module: nn.Module) -> None:
        self._listen(True)
        if self.layers_known:
            return
        size = sum(param.numel() for param in module_parts.parameters(module))
        if size > LIGHT_PARAMETERS or self.inputs.device.type != "cpu":
            raise Refused("it is too large to be tried unasked")

    def _left(self, module: nn.Module, args: Any, out: Any) -> None:
        if self._is_elsewhere() or self.is_done or isinstance(module, LOSS_MODULES):
            return
        self.depth = max(0, self.depth - 1)
        if self.depth == 0 and module is self.root and torch.is_grad_enabled():
            self._guarded(self._root_left, out)

    def _root_left(self, out: Any) -> None:
        if not isinstance(out, torch.Tensor):
            raise Refused("the network returns something other than one tensor")
        if not self.layers_known and self.ops is not None and self.root is not None:
            self.recording.layers = chain_of(self.root, self.inputs, out, self.ops, may_skip=self.light)
            self.recording.unused = unused_layers(self.root, self.recording.layers) if self.light else []
            self.recording.network = type(self.root).__name__
            self.layers_known, self.ops = True, None
        self.outputs.begin(out)

    def _called(self, func: Any, args: Any, kwargs: dict[str, Any], out: Any) -> None:
        if self.is_done:
            return
        name = getattr(func, "__name__", "")
        if self.ops is not None and self.depth:
            if isinstance(out, torch.Tensor):
                self.ops.append(Op(name=name, args=args, kwargs=kwargs, out=out))
        elif name == "backward" and args and isinstance(args[0], torch.Tensor):
            self._guarded(self._backward, args[0])
        elif not self.depth and args:
            self._guarded(self.outputs.called, name, args, kwargs, out)

    def _backward(self, loss: Any) -> None:
        self.backwards += 1
        if self.root is None:
            raise Refused("the loss doesn't come from a module")
        if self.steps < CLOSE_STEPS:
            self.outputs.check_loss()
            self.losses.append(float(loss))
            self.batch = (self.inputs, self.outputs.target)

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if self._is_elsewhere():
            return
        if self.light and not self.given_up:
            self._listen(False)
        if not self._is_given_up() and not self.is_done:
            closure = len(args) > 1 or bool(kwargs)  # the first is the optimizer
            self._guarded(self._step, optimizer, closure)

    def _step(self, optimizer: Any, closure: bool) -> None:
        if closure:
            raise Refused("the optimizer is given a closure")
        if self.optimizer is None:
            self.optimizer = optimizer
            self._first_step(optimizer)
        if optimizer is not self.optimizer:
            raise Refused("there is more than one optimizer")
        if self.backwards != self.steps + 1:
            raise Refused(f"step {self.steps + 1} has {self.backwards - self.steps} backward passes, not one")
        if optimizer.param_groups[0]["lr"] != self.recording.settings["lr"]:
            raise Refused("the learning rate changes during the training")
        if self.light and self.steps >= LIGHT_STEPS:
            raise Refused("it takes too many steps to be tried unasked")
        if self.steps < CLOSE_STEPS:
            self.rows.add(*self.batch)
        self.steps += 1

    def _first_step(self, optimizer: Any) -> None:
        if self.root is None or not self.outputs.loss:
            raise Refused("the loss doesn't come from a module")
        if len(optimizer.param_groups) != 1:
            raise Refused("the optimizer has several groups of parameters")
        own = {id(param) for param in module_parts.parameters(self.root)}
        theirs = {id(param) for param in optimizer.param_groups[0]["params"]}
        if own != theirs or not all(param.requires_grad for param in module_parts.parameters(self.root)):
            raise Refused("the optimizer doesn't have all parameters of the network, and no others")
        recording = self.recording
        recording.optimizer = type(optimizer).__name__
        if type(optimizer).__module__.split(".")[:2] != ["torch", "optim"]:
            raise Refused(f"the optimizer, {recording.optimizer}, isn't one of torch.optim")
        recording.settings = {
            name: value for name, value in optimizer.param_groups[0].items() if name != "params"
        }
        if any(isinstance(value, torch.Tensor) for value in recording.settings.values()):
            raise Refused("the optimizer's settings are tensors")
        recording.loss, recording.loss_settings = self.outputs.loss, self.outputs.loss_settings
        recording.last_activation = self.outputs.activation
        params = module_parts.named_parameters(self.root)
        for layer in recording.layers:
            for name in filter(None, (layer.weight, layer.bias)):
                value = params[name].detach()
                recording.first[name] = value.cpu().numpy().copy()
                recording.draws[name] = self.draws.of(value)
        if self.light:
            self.draws.stop()


class FunctionCalls(TorchFunctionMode):
    """Tells `on_call` and the probe of each torch function called; the probe then enters no mode itself."""

    def __init__(self, on_call: Any, probe: Any) -> None:
        super().__init__()
        self.on_call = on_call
        self.probe = probe

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        state = self.probe.state
        if is_compiling():
            return func(*args, **(kwargs or {}))
        func, args, named = as_called(func, args, kwargs or {})
        state.inside += 1
        try:
            out = func(*args, **named)
        finally:
            state.inside -= 1
        if state.on and not state.busy and not state.in_backward and (state.sampling or state.judging):
            self.probe.listener.hear(func, args, named, out)
        self.on_call(func, args, named, out)
        return out
