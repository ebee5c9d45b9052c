# pyright: basic
"""A mode in which every call of a torch function is heard, by us and by the probe."""

from __future__ import annotations

from typing import Any

from torch.overrides import TorchFunctionMode


class Ear(TorchFunctionMode):
    """Hands every call on; to the probe, too, which enters no mode of its own while there is another."""

    def __init__(self, heard: Any, probe: Any) -> None:
        super().__init__()
        self.heard = heard
        self.probe = probe

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        state = self.probe.state
        if state.on and not state.busy and (state.sampling or state.judging):
            self.probe.listener.hear(func, args, kwargs or {}, out)
        self.heard(func, args, kwargs or {}, out)
        return out
