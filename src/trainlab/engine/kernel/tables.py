"""The plain data that steer the kernel at run time: one compiled kernel serves every architecture."""

from __future__ import annotations

from typing import NamedTuple

LINEAR, TANH, SIGMOID, RELU = range(4)
L1, MSE = range(2)
SGD, ADAM, ACCUMULATE = range(3)
"""What the backward pass does with a gradient: a step of an optimizer, or add it up for later."""

FAN_IN, FAN_OUT, FIRST_WEIGHT, FIRST_BIAS, ACTIVATION, INPUT_UNIT, OUTPUT_UNIT, COLUMNS = range(8)
"""Columns of the layer table; `FIRST_BIAS` is −1 without a bias, units count from the network's inputs."""


class Rows(NamedTuple):
    """Where things stand in a tile's memory, in rows of one element a network."""

    parameters: int
    first_moment: int
    second_moment: int
    gradient: int
    points: int
    targets: int
    sample_weights: int
    values: int
    deltas: int
    block_values: int
    block_deltas: int
    loss: int
    unsolved: int
    chosen: int
    total: int


class Plan(NamedTuple):
    """What is to be done, in whole numbers."""

    epochs: int
    steps_per_epoch: int
    single: bool
    points: int
    blocks: int
    features: int
    outputs: int
    layers: int
    parameters: int
    loss: int
    optimizer: int
    loss_every: int
    gradient_every: int
    solved_every: int


class Constants(NamedTuple):
    """The numbers that hold for the whole training."""

    momentum: float
    beta1: float
    beta2: float
    eps: float
    within: float
