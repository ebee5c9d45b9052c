# pyright: basic
"""The private parts of PyTorch that the doctor needs, and what it does where one is missing.

Everything private that a newer PyTorch may rename or rewrite stands here, and nowhere else under `diagnosis`.
Each part has a fallback with which the doctor goes on and says less; `unheard_words` says so in the report.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

import torch
from torch import nn

_torch: Any = torch  # private parts have no types
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)

FALLBACKS: dict[str, Any] = {
    "transforms": lambda: None,  # a function under torch.func counts as any other
    "is_transformed": lambda tensor: False,
    "tracing_state": lambda: None,  # a traced one, too
    "dispatch_depth": lambda: 0,  # a user's own dispatch mode sees what the probe computes
    "no_dispatch_modes": contextlib.nullcontext,
    "function_depth": None,  # without it the listener can't tell when it may come and go: it stays away
    "default_device": lambda: None,  # under a default device of the user's the listener stays away
    "no_torch_function": contextlib.nullcontext,
    "set_grad_enabled": torch.set_grad_enabled,
    "is_grad_enabled": torch.is_grad_enabled,
    "functions": torch,  # where the user has replaced one, his own is called
    "distinct": lambda tensor: (tensor.unique(),),
    "vector_norm": torch.linalg.vector_norm,
    "CALL_CODE": None,  # a module whose call ended in an exception may count as running
    "STEP_CODE": None,  # steps within steps count each
    "APPLY_CODE": None,
    "raw_data": lambda tensor: tensor.data,
    "version_of": lambda tensor: 0,  # what was written in place counts as unchanged
    "base_of": lambda tensor: None,  # a view counts as a tensor of its own
    "sparse_values": lambda tensor: tensor.coalesce().values(),
    "CONVOLUTIONS": _CONVOLUTIONS,
    "BATCH_NORMS": (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    "DROPOUTS": _DROPOUTS,
    "LOADER_ITERATOR": None,  # what fetching a batch does to the data isn't seen
    "LOSS_MODULES": tuple(
        kind
        for name, kind in vars(nn).items()
        if isinstance(kind, type) and issubclass(kind, nn.Module) and name.endswith("Loss")
    ),
}
"""By the name below: what stands in where PyTorch doesn't have it."""

MISSING: list[str] = []
"""Those that this PyTorch doesn't have."""

SPARED = ("APPLY_CODE", "default_device", "is_grad_enabled", "functions", "distinct", "vector_norm")
"""Without these nothing is lost."""

HEARING = ("function_depth", "no_torch_function")
"""Without these the doctor doesn't hear losses and activations, or hears its own work."""


def _find(name: str, find: Callable[[], Any]) -> Any:
    try:
        return find()
    except Exception:  # whatever a rewritten part does, the doctor must load
        MISSING.append(name)
        return FALLBACKS[name]


def _no_dispatch_modes() -> Any:
    from torch.utils._python_dispatch import _disable_current_modes

    return _disable_current_modes


def _default_device() -> Any:
    known = _torch._GLOBAL_DEVICE_CONTEXT
    return lambda: getattr(known, "device_context", None)


transforms = _find("transforms", lambda: _torch._C._functorch.peek_interpreter_stack)
is_transformed = _find("is_transformed", lambda: _torch._C._functorch.is_functorch_wrapped_tensor)
tracing_state = _find("tracing_state", lambda: _torch._C._get_tracing_state)
dispatch_depth = _find("dispatch_depth", lambda: _torch._C._len_torch_dispatch_stack)
no_dispatch_modes = _find("no_dispatch_modes", _no_dispatch_modes)
function_depth = _find("function_depth", lambda: _torch._C._len_torch_function_stack)
default_device = _find("default_device", _default_device)
no_torch_function = _find("no_torch_function", lambda: _torch._C.DisableTorchFunction)
# At each step many times: `no_grad` takes several times as long.
set_grad_enabled = _find("set_grad_enabled", lambda: _torch._C._set_grad_enabled)
is_grad_enabled: Callable[[], bool] = _find("is_grad_enabled", lambda: _torch._C.is_grad_enabled)
# Functions where no user puts others in their place, as he may in `torch` itself.
functions = _find("functions", lambda: _torch._C._VariableFunctions)
distinct = _find("distinct", lambda: _torch._C._VariableFunctions._unique2)
vector_norm = _find("vector_norm", lambda: _torch._C._linalg.linalg_vector_norm)
CALL_CODE: CodeType | None = _find("CALL_CODE", lambda: _torch.nn.Module._call_impl.__code__)
# What calls the hooks around every step.
STEP_CODE: CodeType | None = _find(
    "STEP_CODE", lambda: _torch.optim.Optimizer.profile_hook_step(lambda: None).__code__
)
# Written in C since PyTorch 2.15: `in_function` then looks for the function's own code.
APPLY_CODE: CodeType | None = _find("APPLY_CODE", lambda: _torch.autograd.Function.apply.__func__.__code__)
raw_data = _find("raw_data", lambda: _torch.Tensor.data.__get__)
version_of = _find("version_of", lambda: _torch.Tensor._version.__get__)
base_of = _find("base_of", lambda: _torch.Tensor._base.__get__)
sparse_values = _find("sparse_values", lambda: _torch.Tensor._values)
CONVOLUTIONS = _find("CONVOLUTIONS", lambda: (_torch.nn.modules.conv._ConvNd,))
BATCH_NORMS = _find("BATCH_NORMS", lambda: (_torch.nn.modules.batchnorm._BatchNorm,))
DROPOUTS = _find("DROPOUTS", lambda: (_torch.nn.modules.dropout._DropoutNd,))
LOSS_MODULES = _find("LOSS_MODULES", lambda: (_torch.nn.modules.loss._Loss,))
LOADER_ITERATOR = _find("LOADER_ITERATOR", lambda: _torch.utils.data.dataloader._BaseDataLoaderIter)
is_compiling = torch.compiler.is_compiling

COMPILER = "torch._dynamo.eval_frame"
"""The module that makes compiled networks, once it is loaded."""

_of_functions: dict[int, tuple[CodeType, bool]] = {}


def unheard_words() -> str:
    """Return what a report has to say where the doctor can't listen as it should; empty where it can."""
    lacking = [name for name in MISSING if name not in SPARED]
    if not lacking:
        return ""
    deaf = any(name in HEARING for name in lacking)
    unheard = "losses and activations weren't seen" if deaf else f"it has no {', '.join(lacking)}"
    unsought = "faults in them not looked for" if deaf else "what rests on these wasn't looked for"
    return (
        f"this PyTorch, {torch.__version__}, differs from those that this trainlab knows: {unheard}, and "
        f"{unsought}. Another version of PyTorch or a newer trainlab helps"
    )


def modes_on() -> int:
    """Return how many function modes are on, without a default device: that stays below all others."""
    depth, device = function_depth(), default_device()
    if depth and device is not None:
        depth -= _torch._C._get_function_stack_at(0) is device
    return depth


def compiled_network(module: nn.Module) -> nn.Module | None:
    """Return the network within a compiled one; None where it can't be found."""
    return getattr(module, "_orig_mod", None)


def own_part(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return this process's part of a distributed tensor; None if it is no such tensor."""
    local = getattr(tensor, "_local_tensor", None)
    return local if isinstance(local, torch.Tensor) else None


def scheduler_steps(scheduler: Any) -> int | None:
    """Return how often a scheduler has been stepped; None where it doesn't say."""
    return getattr(scheduler, "_step_count", None)


def call_kwargs() -> dict[str, Any] | None:
    """Return what the module whose hook is running was given by name; None where that can't be told."""
    for frame in _frames():
        if frame.f_code.co_filename == nn.modules.module.__file__ and "kwargs" in frame.f_locals:
            found = frame.f_locals["kwargs"]
            return dict(found) if isinstance(found, dict) else None
    return None


def global_hooks() -> list[dict[Any, Any]]:
    """Return the hooks that are on all modules, by kind; empty where they can't be found."""
    names = (
        *("_global_forward_pre_hooks", "_global_forward_hooks", "_global_forward_hooks_always_called"),
        *("_global_forward_hooks_with_kwargs", "_global_backward_hooks", "_global_backward_pre_hooks"),
    )
    found = (getattr(nn.modules.module, name, None) for name in names)
    return [hooks for hooks in found if isinstance(hooks, dict)]


def is_module_called() -> bool:
    """Whether the caller runs inside of a module's call; True where that can't be told."""
    return CALL_CODE is None or _count(CALL_CODE) > 0


def steps_on_the_stack() -> int:
    """Return how many optimizers' `step` methods are running, one within another; 1 if that can't be told."""
    return 1 if STEP_CODE is None else _count(STEP_CODE)


def in_function() -> bool:
    """Whether the caller runs inside of an `autograd.Function`, whose own backward will give gradients.

    PyTorch switches gradients off there; re-entrant checkpoints call parts of a network so.
    """
    if APPLY_CODE is None:
        return any(_is_forward(frame.f_code) for frame in _frames())
    return _count(APPLY_CODE) > 0


def _count(code: CodeType) -> int:
    return sum(frame.f_code is code for frame in _frames())


def _frames() -> Iterator[FrameType]:
    """Yield the frames that are running, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_forward(code: CodeType) -> bool:
    """Whether the code is the `forward` of some `autograd.Function`; asked once for each code."""
    known = _of_functions.get(id(code))
    if known is None:
        found = any(_forward_code(kind) is code for kind in _subclasses(torch.autograd.Function))
        known = _of_functions[id(code)] = (code, found)  # the code is kept, so that its id stays its own
    return known[1]


def _forward_code(kind: type) -> CodeType | None:
    forward = getattr(kind, "forward", None)
    return None if forward is None else getattr(inspect.unwrap(forward), "__code__", None)


def _subclasses(kind: type) -> list[type]:
    found = kind.__subclasses__()
    return found + [inner for each in found for inner in _subclasses(each)]
