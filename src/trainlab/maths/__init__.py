"""Activations, losses, inits and optimizers: one table each, with formula, citation and float64 oracle."""

from trainlab.maths.activations import ACTIVATIONS, Activation
from trainlab.maths.inits import INITS, Init
from trainlab.maths.losses import LOSSES, Loss
from trainlab.maths.optimizers import OPTIMIZERS, Optimizer

__all__ = ["ACTIVATIONS", "INITS", "LOSSES", "OPTIMIZERS", "Activation", "Init", "Loss", "Optimizer"]
