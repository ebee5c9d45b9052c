# pyright: basic
"""Run a script as with another random seed, and leave its data alone where that can be done.

Data are made first, then the network: so the seed is changed when the first module is made. From then on
initial weights, the order of batches, dropout and all else that the global generators of torch,
NumPy and Python give differ. Generators that the script makes itself (`torch.Generator`,
`numpy.random.default_rng`, `random_state=`) keep the seeds it gives them. Of a script that makes no
module, the seeds that it sets are changed from the start.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.probe.global_state import Patches
from trainlab.diagnosis.torch_private import LOSS_MODULES

LIMIT = 2**32


class Reseed:
    """Mixes `seed` into every global generator, from the first module on, or from the start."""

    def __init__(self, seed: int, *, from_start: bool = False) -> None:
        self.seed = seed
        self.active = from_start
        self.patches = Patches()

    def start(self) -> None:
        """Seed what the script may leave unseeded, and wait for the first module."""
        torch.manual_seed(self.mixed(0))
        np.random.seed(self.mixed(0))
        random.seed(self.mixed(0))
        for owner, name in (
            (torch, "manual_seed"),
            (torch.random, "manual_seed"),
            (np.random, "seed"),
            (random, "seed"),
        ):
            self.patches.around(owner, name, self._around_seeding)
        if not self.active:
            self.patches.around(nn.Module, "__init__", self._around_made)

    def stop(self) -> None:
        """Take the patches off."""
        self.patches.undo()

    def mixed(self, given: int) -> int:
        """Return a seed that depends on the script's and on ours."""
        return int(np.random.SeedSequence([given % LIMIT, self.seed]).generate_state(1)[0])

    def _around_seeding(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.active:
            return original(*args, **kwargs)
        given = next(iter((*args, *kwargs.values())), None)
        return original(self.mixed(given if isinstance(given, int) else 0))

    def _around_made(self, original: Any, module: Any, *args: Any, **kwargs: Any) -> None:
        if not self.active and not isinstance(module, LOSS_MODULES):
            self._change()
        original(module, *args, **kwargs)

    def _change(self) -> None:
        """From here on, all that is random differs."""
        at_torch, at_numpy = torch.initial_seed(), int(np.random.get_state(legacy=False)["state"]["key"][0])
        self.active = True
        torch.manual_seed(at_torch)
        np.random.seed(at_numpy)
        random.seed(at_torch)
