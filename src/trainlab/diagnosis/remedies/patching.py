# pyright: basic
"""How changes reach a training from outside: they replace functions of PyTorch, and add hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from trainlab.diagnosis.probe.global_state import Patches
from trainlab.diagnosis.torch_private import LOSS_MODULES


class Patching:
    """Keeps what was changed, so that it can be undone; `acted` counts how often a change took hold."""

    def __init__(self) -> None:
        self.acted = 0
        self._patches = Patches()
        self._handles: list[Any] = []
        self._roots: Roots | None = None

    def act(self, times: int = 1) -> None:
        """A change has taken hold."""
        self.acted += times

    def around(self, owner: Any, name: str, call: Callable[..., Any]) -> None:
        """Have ``owner.name(…)``, also where it is inherited, be ``call(original, …)``."""
        self._patches.around(owner, name, call, inherited=True)

    def put(self, owner: Any, name: str, replacement: Any) -> None:
        """Set ``owner.name``."""
        self._patches.put(owner, name, replacement)

    def before_step(self, hook: Callable[[torch.optim.Optimizer], None]) -> None:
        """Call the hook before every step of an optimizer."""
        self._handles.append(register_optimizer_step_pre_hook(lambda optimizer, *given: hook(optimizer)))

    def after_step(self, hook: Callable[[torch.optim.Optimizer], None]) -> None:
        """Call the hook after every step of an optimizer."""
        self._handles.append(register_optimizer_step_post_hook(lambda optimizer, *given: hook(optimizer)))

    def before_call(self, hook: Callable[[nn.Module, Any], Any]) -> None:
        """Call the hook before every module's forward; what it returns takes the arguments' place."""
        self._handles.append(register_module_forward_pre_hook(hook))

    def after_call(self, hook: Callable[[nn.Module, Any, Any], Any]) -> None:
        """Call the hook after every module's forward; what it returns takes the output's place."""
        self._handles.append(register_module_forward_hook(hook))

    def roots(self) -> Roots:
        """Return the networks that are called from the training's own code."""
        if self._roots is None:
            self._roots = Roots()
            self._handles.append(register_module_forward_pre_hook(self._roots.enter))
            self._handles.append(register_module_forward_hook(self._roots.leave, always_call=True))
        return self._roots

    def undo(self) -> None:
        """Take everything off, in reverse order; what someone else has replaced since then stays."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._patches.undo()


class Roots:
    """Networks, as called from the training's own code: neither from inside of another, nor a loss."""

    def __init__(self) -> None:
        self.before: list[Callable[[nn.Module, Any], Any]] = []
        self.after: list[Callable[[nn.Module, Any], Any]] = []
        self.running: nn.Module | None = None
        self.gradients = True
        self._stack: list[nn.Module] = []

    def enter(self, module: nn.Module, args: Any) -> Any:
        """A module is called."""
        first = not self._stack
        self._stack.append(module)
        if not first or not _is_network(module):
            return None
        self.running = module
        self.gradients = torch.is_grad_enabled()
        changed = args
        for hook in self.before:
            given = hook(module, changed)
            changed = changed if given is None else given
        return None if changed is args else changed

    def leave(self, module: nn.Module, args: Any, output: Any) -> Any:
        """A module has returned, or failed."""
        while self._stack and self._stack.pop() is not module:
            pass
        if self._stack or self.running is not module:
            return None
        self.running = None
        changed = output
        for hook in self.after:
            given = hook(module, changed)
            changed = changed if given is None else given
        return None if changed is output else changed


def _is_network(module: nn.Module) -> bool:
    if isinstance(module, LOSS_MODULES):
        return False
    plain = type(module).__module__.startswith("torch.nn")
    return not plain or next(module.parameters(), None) is not None


def function_places(name: str, *, inplace: bool = True) -> list[tuple[Any, str]]:
    """Return where PyTorch has a function of this name: ``torch``, ``Tensor`` and ``nn.functional``."""
    owners: list[Any] = [torch, torch.Tensor, nn.functional, torch.special]
    names = [name, f"{name}_"] if inplace else [name]
    return [(owner, one) for owner in owners for one in names if hasattr(owner, one)]
