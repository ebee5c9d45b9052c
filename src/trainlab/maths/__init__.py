"""Activations, losses, inits, optimizers, schedules: tables with formulas, citations and float64 oracles."""

from trainlab.maths.activations import ACTIVATIONS, Activation
from trainlab.maths.formula import compile_formula
from trainlab.maths.gradients import clip_norm, clip_value, equalise, penalise, penalty_value
from trainlab.maths.inits import GAINS, INITS, Init
from trainlab.maths.losses import LOSSES, Loss
from trainlab.maths.optimizers import OPTIMIZERS, Optimizer, initial_state
from trainlab.maths.predictions import LINKS, Link, accuracy, is_right
from trainlab.maths.proportion import format_percent, format_share, proportion_interval, wilson
from trainlab.maths.schedule_curves import PlateauState, plateau_start, plateau_step
from trainlab.maths.schedules import SCHEDULES, Schedule, learning_rates, momenta, warmup_factors

__all__ = [
    "ACTIVATIONS",
    "GAINS",
    "INITS",
    "LINKS",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "Activation",
    "Init",
    "Link",
    "Loss",
    "Optimizer",
    "PlateauState",
    "Schedule",
    "accuracy",
    "clip_norm",
    "clip_value",
    "compile_formula",
    "equalise",
    "format_percent",
    "format_share",
    "initial_state",
    "is_right",
    "learning_rates",
    "momenta",
    "penalise",
    "penalty_value",
    "plateau_start",
    "plateau_step",
    "proportion_interval",
    "warmup_factors",
    "wilson",
]
