# pyright: basic
"""Records what makes an experiment of a training: layers, initial weights, rows, losses, optimizer.

It records in the script's own process, through the probe's listener and public hooks.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

from trainlab.diagnosis.lift.layer_chain import Op, OutputFollower, chain_of, unused_layers
from trainlab.diagnosis.lift.recording import Recording, Refused, write
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import number_in
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.probe_state import at_work
from trainlab.diagnosis.probe.replaced_functions import users_of
from trainlab.diagnosis.script.plan import SKETCH, Extras
from trainlab.diagnosis.torch_private import LOSS_MODULES, is_compiling, no_torch_function, version_of

# Which rows each step was given: each distinct row is kept once, a step is a list of row numbers.


MAX_NUMBERS, MAX_INDICES = 20_000_000, 20_000_000


class BatchRows:
    """Numbers rows as they come."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.inputs: list[Any] = []
        self.targets: list[Any] = []
        self.batches: list[Any] = []
        self.taken = 0
        self._last: tuple[Any, ...] | None = None

    def add(self, inputs: Any, targets: Any) -> None:
        """Enter a batch; the same tensors as last time, unchanged, are the same rows."""
        seen = (inputs, version_of(inputs), targets, version_of(targets))
        last = self._last
        same = last is not None and last[0] is inputs and last[2] is targets and last[1::2] == seen[1::2]
        if not (same and self.batches):
            x, y = self._rows(inputs, targets)
            self._last = seen
            self.batches.append(np.array([self._number(a, b) for a, b in zip(x, y, strict=True)], np.int64))
        else:
            self.batches.append(self.batches[-1])
        self.taken += len(self.batches[-1])
        if self.taken > MAX_INDICES or len(self.inputs) * self.inputs[0].size > MAX_NUMBERS:
            raise Refused("it takes too many rows, or its data are too large, to be followed")

    def into(self, recording: Recording) -> None:
        """Write what was entered."""
        recording.inputs, recording.targets = np.stack(self.inputs), np.stack(self.targets)
        recording.classes = recording.targets.dtype.kind in "iu"
        recording.keys = [hashlib.sha256(key).hexdigest()[:16] for key in self.numbers]
        recording.batches = np.concatenate(self.batches)
        recording.sizes = np.array([len(batch) for batch in self.batches], np.int64)

    def _rows(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        if not inputs.is_floating_point():
            raise Refused(f"the network's inputs are {str(inputs.dtype).removeprefix('torch.')}, not numbers")
        count = inputs.shape[0] if inputs.dim() > 1 else 1
        if targets.numel() % count:
            raise Refused(
                f"inputs {tuple(inputs.shape)} and targets {tuple(targets.shape)} have different rows"
            )
        x, y = (values.detach().reshape(count, -1).cpu().contiguous().numpy() for values in (inputs, targets))
        return x, y

    def _number(self, x: Any, y: Any) -> int:
        key = x.tobytes() + y.tobytes()
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.inputs)
            self.inputs.append(x.copy())
            self.targets.append(y.copy())
        return number


# How weights were drawn: each call of ``uniform_`` and ``normal_``, recognised by the values it gave.


DRAWS = {"uniform_": ("from", "to", 0.0, 1.0), "normal_": ("mean", "std", 0.0, 1.0)}
MAX_KNOWN, MAX_SIZE = 10_000, 20_000_000


class InitialDraws:
    """Records these calls: all of torch.nn.init ends in them but orthogonal_, sparse_ and trunc_normal_."""

    def __init__(self, *, largest: int = MAX_SIZE) -> None:
        self.largest = largest
        self._originals: dict[str, Any] = {}
        self.known: dict[str, dict[str, Any]] = {}

    def start(self) -> None:
        """Record the draws from here on."""
        for name in DRAWS:
            self._originals[name] = getattr(torch.Tensor, name)
            setattr(torch.Tensor, name, self._recording(name, self._originals[name]))

    def stop(self) -> None:
        """Record no more, unless someone else has replaced the functions since."""
        for name, original in self._originals.items():
            # Read from the class itself: the probe, if it is at work, would be handed PyTorch's own.
            if getattr(users_of(vars(torch.Tensor).get(name)), "__wrapped__", None) is original:
                setattr(torch.Tensor, name, original)
        self._originals.clear()

    def _recording(self, name: str, original: Any) -> Any:
        @functools.wraps(original)
        def drawing(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            drawn = original(tensor, *args, **kwargs)
            if is_compiling():
                return drawn
            with contextlib.suppress(Exception):  # of what has no values, such as tensors of the meta device
                self._note(name, tensor, args, kwargs)
            return drawn

        return drawing

    def _note(self, name: str, tensor: Any, args: Any, kwargs: Any) -> None:
        if len(self.known) < MAX_KNOWN and 0 < tensor.numel() <= self.largest:
            first, second, low, high = DRAWS[name]
            a = float(args[0] if args else kwargs.get(first, low))
            b = float(args[1] if len(args) > 1 else kwargs.get(second, high))
            own = kwargs.get("generator") is not None
            self.known[_key(tensor)] = {"name": name.rstrip("_"), "a": a, "b": b, "own": own}

    def of(self, values: Any) -> dict[str, Any]:
        """Return the draw that gave these values; of equal ones the constant, of others ``{"name": ""}``."""
        flat = values.detach().reshape(-1)
        many, known = len(flat) > 1, self.known.get(_key(values))
        if bool((flat == flat[0]).all()) if many else known is None:
            return {"name": "constant", "a": float(flat[0]), "b": 0.0, "own": False}
        return known or {"name": "", "a": 0.0, "b": 0.0, "own": False}


def _key(values: Any) -> str:
    with no_torch_function():
        plain = values.detach().to(torch.float32).cpu().contiguous().numpy()
    return hashlib.sha256(f"{plain.shape}".encode() + plain.tobytes()).hexdigest()


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
        self.draws = InitialDraws(largest=LIGHT_PARAMETERS if light else MAX_SIZE)
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
            self._listen(True)

    def _listen(self, wanted: bool) -> None:
        """Have the probe pass on calls: all, or, if light, those from the network's forward to the step.

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
        try:
            with at_work(self.state), torch.no_grad():
                action(*args)
        except Refused as error:
            self.refuse(str(error))
        except Exception as error:
            self.refuse(
                f"it couldn't be followed ({type(error).__name__}: {' '.join(str(error).split())[:120]})"
            )

    def _entered(self, module: nn.Module, args: Any) -> None:
        if self._is_elsewhere() or self._is_given_up() or self.is_done or isinstance(module, LOSS_MODULES):
            return
        self.depth += 1
        if self.depth == 1 and torch.is_grad_enabled() and reading.parameters(module):
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
        size = sum(param.numel() for param in reading.parameters(module))
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
        own = {id(param) for param in reading.parameters(self.root)}
        theirs = {id(param) for param in optimizer.param_groups[0]["params"]}
        if own != theirs or not all(param.requires_grad for param in reading.parameters(self.root)):
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
        params = reading.named_parameters(self.root)
        for layer in recording.layers:
            for name in filter(None, (layer.weight, layer.bias)):
                value = params[name].detach()
                recording.first[name] = value.cpu().numpy().copy()
                recording.draws[name] = self.draws.of(value)
        if self.light:
            self.draws.stop()


# What a run of a population reports besides its diagnosis, read in the script's process.


class RunExtras:
    """Reads a variable of the script at its end, and whether it sets a seed; records what a lift needs."""

    def __init__(self, asked: Extras, probe: Any) -> None:
        self.asked = asked
        self.torch_seed = torch.initial_seed()
        self.state = probe.state
        self.probe = probe
        self.recorder: Recorder | None = None

    def start(self) -> None:
        """Begin to listen, if a lift is wanted; the rest is read at the end."""
        if self.asked.recording:
            self.recorder = Recorder(self.probe, light=self.asked.light)
            self.recorder.start()

    def _write_recording(self, recorder: Recorder, record: TrainingRecord) -> None:
        """Write what a lift needs; should that fail, there is no lift, and the report is unharmed."""
        try:
            recording = recorder.finished()
            recording.judges_other_rows = bool(record.data.judged_rows - record.data.train_rows)
            write(recording, self.asked.recording)
        except Exception as error:
            refused = Recording(refused=f"it couldn't be followed ({type(error).__name__})")
            write(refused, self.asked.recording)

    def report(self, record: TrainingRecord) -> dict[str, Any]:
        """Return the variable's value, a sketch of the rows trained on, and whether torch was seeded."""
        if self.recorder is not None and not self.state.on:
            self.state.busy = True
            if record.clips or record.uses_scaler:
                self.recorder.refuse("it clips or scales gradients")
            self._write_recording(self.recorder, record)
        names = vars(sys.modules["__main__"])
        return {
            "variable": number_in(names.get(self.asked.variable)) if self.asked.variable else None,
            "rows": sorted(record.data.train_rows)[:SKETCH],
            "seeded": torch.initial_seed() != self.torch_seed,
        }
