"""Every scheme on many draws: trainlab's beside theory and beside torch.nn.init's own draws.

Run it by hand: ``python tests/explain/init/schemes.py 1000000``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import init

from trainlab.explain.questions.init.draws import Sample, sample_facts
from trainlab.explain.questions.init.schemes import NAMED, Law, draw_weights, law_of

Array = npt.NDArray[np.float64]
FAN_IN, FAN_OUT = 100, 50
TORCH: dict[str, Callable[[Any], Any]] = {
    "zero": init.zeros_,
    "constant": lambda w: init.constant_(w, 0.5),
    "uniform": init.uniform_,
    "normal": init.normal_,
    # torch has no name for it; its kaiming_uniform_ with a = √5 has this bound.
    "xavier": lambda w: init.kaiming_uniform_(w, a=5**0.5),
    "xavier_uniform": init.xavier_uniform_,
    "xavier_normal": init.xavier_normal_,
    "he_uniform": init.kaiming_uniform_,
    "he_normal": init.kaiming_normal_,
    # LeCun's deviation is Kaiming's with gain 1, that of a linear layer.
    "lecun_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_normal": lambda w: init.kaiming_normal_(w, nonlinearity="linear"),
    "orthogonal": init.orthogonal_,
    "default": None,  # type: ignore[dict-item]
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """trainlab's draws and torch's, both held against the same law."""

    name: str
    law: Law
    ours: Sample
    torch: Sample


def compare(name: str, draws: int) -> Compared:
    """Draw matrices of 50 × 100 until there are `draws` weights, from seeds 0, 1, … and from torch."""
    matrices = max(1, draws // (FAN_IN * FAN_OUT))
    law = law_of(NAMED[name], FAN_IN, FAN_OUT)
    ours = draw_weights(NAMED[name], seeds=range(matrices), layer=0, fan_in=FAN_IN, fan_out=FAN_OUT)
    theirs = torch_draws(name, matrices)
    return Compared(name=name, law=law, ours=sample_facts(ours, law), torch=sample_facts(theirs, law))


def torch_draws(name: str, matrices: int) -> Array:
    """Return torch's own draws ``[matrices, 50, 100]``, those of each scheme from a seed of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(list(NAMED).index(name))
        if name == "default":
            made = [torch.nn.Linear(FAN_IN, FAN_OUT).weight.detach() for _ in range(matrices)]
        else:
            made = [TORCH[name](torch.empty(FAN_OUT, FAN_IN)) for _ in range(matrices)]
        return torch.stack(made).double().numpy()


def main(draws: int) -> None:
    print(f"{FAN_IN} inputs, {FAN_OUT} outputs; {draws:,} draws each. z: standard errors from theory.")
    columns = ("theory mean, std", "trainlab mean (z)", "std (z)", "min … max")
    columns += ("torch mean (z)", "std (z)", "min … max", "bounds")
    print(f"{'scheme':15}" + "".join(f"{each:>22}" for each in columns))
    for name in NAMED:
        found = compare(name, draws)
        print(f"{name:15}{f'{found.law.mean:.5f}, {found.law.std:.5f}':>22}", end="")
        for each in (found.ours, found.torch):
            print(f"{_with_z(each.mean, each.mean_z):>22}{_with_z(each.std, each.std_z):>22}", end="")
            print(f"{f'{each.least:.5f} … {each.most:.5f}':>22}", end="")
        print(f"{'{:.5f} … {:.5f}'.format(*found.law.bounds):>22}")


def _with_z(value: float, z: float | None) -> str:
    return f"{value:.6f} (–)" if z is None else f"{value:.6f} ({z:+.2f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
