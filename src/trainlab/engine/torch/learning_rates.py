"""Learning rate and momentum of every step, from the tables of ``maths``; on a plateau, of each network."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from trainlab.maths import learning_rates, momenta, plateau_start, plateau_step, warmup_factors
from trainlab.spec import Experiment, ReduceLROnPlateau, name_of


class Rates:
    """Says what rate and momentum a step has; `rates_of_networks` whether each network has its own."""

    def __init__(self, experiment: Experiment, networks: int, *, dtype: str, device: str) -> None:
        self._lr = experiment.optimizer.lr
        self._place: dict[str, Any] = {"dtype": getattr(torch, dtype), "device": device}
        self._schedule = experiment.schedule
        self._rates: npt.NDArray[np.float64] | None = None
        self._momenta: npt.NDArray[np.float64] | None = None
        self._plateau = plateau_start(self._lr, networks)
        if not experiment.scheduled:
            return
        length = {"epochs": experiment.epochs, "steps_per_epoch": experiment.steps_per_epoch}
        warmup = msgspec.structs.asdict(experiment.warmup)
        if self.rates_of_networks:
            self._rates = warmup_factors(**length, **warmup)
            return
        settings = msgspec.structs.asdict(experiment.schedule)
        name = name_of(experiment.schedule)
        self._rates = learning_rates(name, lr=self._lr, **length, warmup=warmup, **settings)
        self._momenta = momenta(name, **length, **settings)

    @property
    def rates_of_networks(self) -> bool:
        """Whether each network has a rate of its own."""
        return isinstance(self._schedule, ReduceLROnPlateau)

    def at(self, step: int) -> float | torch.Tensor:
        """Return the learning rate of a step: a number, or ``[n, 1, 1]``."""
        if self.rates_of_networks:
            factor = 1.0 if self._rates is None else self._rates[step]
            return torch.as_tensor(self._plateau.rate * factor, **self._place)[:, None, None]
        return self._lr if self._rates is None else float(self._rates[step])

    def momentum_at(self, step: int) -> float | None:
        """Return the momentum of a step, or None if it doesn't cycle."""
        return None if self._momenta is None else float(self._momenta[step])

    def after_epoch(self, losses: npt.NDArray[Any]) -> None:
        """Tell a schedule that waits for a plateau the losses ``[n]`` after an epoch."""
        if isinstance(self._schedule, ReduceLROnPlateau):
            settings = msgspec.structs.asdict(self._schedule)
            settings.pop("on")
            self._plateau = plateau_step(self._plateau, losses, **settings)
