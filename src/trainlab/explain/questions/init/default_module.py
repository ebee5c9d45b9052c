"""Layers as torch makes them, held against 1/√fan_in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from trainlab.explain.common.torch_import import untyped_torch
from trainlab.explain.questions.init.law import law_of
from trainlab.explain.questions.init.sample import Sample, sample_facts
from trainlab.spec import Default

OUTPUTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DrawnLayer:
    """A layer that torch drew; `same_as_kaiming`: whether ``kaiming_uniform_(a=√5)`` draws the same."""

    name: str
    fan_in: int
    outputs: int
    bound: float
    most_weight: float
    most_bias: float
    same_as_kaiming: bool
    sample: Sample

    def to_dict(self) -> dict[str, Any]:
        """Return the layer as plain data."""
        return {
            "layer": self.name,
            "fan_in": self.fan_in,
            "outputs": self.outputs,
            "bound": self.bound,
            "max_abs_weight": self.most_weight,
            "max_abs_bias": self.most_bias,
            "same_as_kaiming_uniform": self.same_as_kaiming,
            "sample": self.sample.to_dict(),
        }


def drawn_layers(seed: int = 0) -> list[DrawnLayer]:
    """Return four layers with `OUTPUTS` outputs as torch draws them; its random state is left as it was."""
    torch = untyped_torch()
    nn = torch.nn
    makers: tuple[tuple[str, int, Any], ...] = (
        (f"Linear(10, {OUTPUTS})", 10, lambda: nn.Linear(10, OUTPUTS)),
        (f"Conv1d(3, {OUTPUTS}, 5)", 3 * 5, lambda: nn.Conv1d(3, OUTPUTS, 5)),
        (f"Conv2d(3, {OUTPUTS}, 5)", 3 * 5 * 5, lambda: nn.Conv2d(3, OUTPUTS, 5)),
        (f"Conv2d(4, {OUTPUTS}, 3, groups=2)", 2 * 3 * 3, lambda: nn.Conv2d(4, OUTPUTS, 3, groups=2)),
    )
    with torch.random.fork_rng(devices=[]):
        return [_drawn(torch, name, fan_in, make, seed) for name, fan_in, make in makers]


def _drawn(torch: Any, name: str, fan_in: int, make: Any, seed: int) -> DrawnLayer:
    torch.manual_seed(seed)
    layer = make()
    torch.manual_seed(seed)
    again = torch.empty_like(layer.weight)
    torch.nn.init.kaiming_uniform_(again, a=math.sqrt(5))
    weights = layer.weight.detach().double().numpy()
    return DrawnLayer(
        name=name,
        fan_in=fan_in,
        outputs=OUTPUTS,
        bound=fan_in**-0.5,
        most_weight=float(abs(weights).max()),
        most_bias=float(layer.bias.detach().abs().max()),
        same_as_kaiming=bool(torch.equal(again, layer.weight)),
        sample=sample_facts(weights, law_of(Default(), fan_in, OUTPUTS)),
    )
