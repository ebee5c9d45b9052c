"""The plain data that steer the kernel at run time: one compiled kernel serves every experiment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

(
    LINEAR,
    TANH,
    SIGMOID,
    RELU,
    LEAKY_RELU,
    ELU,
    SELU,
    GELU,
    SILU,
    SOFTPLUS,
    HARDTANH,
    SIN,
    SOFTMAX,
    LOG_SOFTMAX,
) = range(14)

L1, MSE, HUBER, SMOOTH_L1, LOG_COSH, BCE, BCE_WITH_LOGITS, CROSS_ENTROPY, NLL, HINGE = range(10)

IDENTITY_LINK, SIGMOID_LINK, SOFTMAX_LINK, EXP_LINK, MARGIN_LINK = range(5)
"""What turns outputs into predictions."""

FORWARD, BACKWARD = range(2)
"""What a unit of an activation is asked for."""
ADDED_UP = 2
"""What is done with a gradient that SGD or Adam, whose own codes stand beside this, don't apply at once."""

KEY_LOW, KEY_HIGH, EXAMPLE_WORDS, NOISE_WORDS, ORDER = 0, 1, 2, 6, 10
"""Rows of a tile's words: both halves of each network's seed; the four words last drawn for examples, and
for noise; then, where batches are shuffled, the order of the examples, a row an example."""
FEW_POINTS = 8
"""Up to this many points, comparing and selecting beats a gather."""

FULL, SINGLE, SHUFFLED, DRAWN = range(4)
"""Where the examples of a step come from: all, one with replacement, a batch in shuffled order, or drawn."""

TRAINED_ON, HELD_OUT, OF_STEP = range(3)
"""Which examples an evaluation is over: all that are trained on, those held out, or those of one step."""

WITHIN, ACCURACY, LOSS_BELOW = range(3)
"""What counts as solved."""

NOT_CLIPPED, CLIP_NORM, CLIP_VALUE = range(3)
NEVER_STOPS, STOPS_SOLVED, STOPS_PATIENCE = range(3)

FAN_IN, FAN_OUT, FIRST_WEIGHT, FIRST_BIAS, ACTIVATION, INPUT_UNIT, OUTPUT_UNIT, DROPS = range(8)
TRAIN_UNIT, READ_UNIT, FROZEN, LAYER_COLUMNS = 8, 9, 10, 11
"""Columns of the layer table.

`FIRST_BIAS` is −1 without a bias; units count from the first hidden layer's, so `INPUT_UNIT` means nothing in
the first row; `DROPS` is the number, among all units that can be dropped, of the layer's first, or −1; the
next two are the addresses of compiled units for activations whose slope is kept, in training and reading;
`FROZEN` is 1 for a layer that no step moves.
"""

RATE, SCALE, MOMENTUM, DECAY, SECOND_RATE, STEP_COLUMNS = range(6)
"""Columns of the table of steps; what they hold is said in engine/fast/kernel_plan.py."""


class Rows(NamedTuple):
    """Where things stand in a tile's memory, in rows of one element a network."""

    parameters: int
    first_state: int
    second_state: int
    third_state: int
    gradient: int
    layer_sizes: int
    frozen: int
    points: int
    point_targets: int
    point_weights: int
    inputs: int
    targets: int
    weights: int
    share: int
    values: int
    slopes: int
    deltas: int
    predictions: int
    loss: int
    missed: int
    wrong: int
    broken: int
    rate_factor: int
    best: int
    waited: int
    cooldown: int
    plateau_best: int
    plateau_bad: int
    total: int


class Units(NamedTuple):
    """The addresses of the compiled units that an experiment needs, 0 where it needs none.

    The last two are those of a loss of the user's own and its slope: functions of two float64.
    """

    steps: int
    evaluate: int
    update: int
    deltas: int
    block_loss: int
    block_deltas: int
    link: int
    drop: int
    noise: int
    copy: int
    gather: int
    gather_anew: int
    shuffle: int
    loss_value: int
    loss_slope: int


class Plan(NamedTuple):
    """What is to be done, in whole numbers."""

    networks: int
    used: int
    step_rows: int
    mark_count: int
    epochs: int
    steps_per_epoch: int
    sampling: int
    batch: int
    points: int
    held_points: int
    resident: int
    features: int
    outputs: int
    layers: int
    parameters: int
    loss: int
    link: int
    over_examples: int
    adds_up: int
    loss_every: int
    gradient_every: int
    gradient_of_step: int
    solved_every: int
    solved: int
    solved_held: int
    allowed: int
    kept_parameters: int
    kept_points: int
    clip: int
    penalised: int
    equalised: int
    keeps_subnormals: int
    drop_units: int
    plateau: int
    plateau_held: int
    plateau_relative: int
    plateau_patience: int
    plateau_cooldown: int
    stopping: int
    patience: int
    patience_every: int
    patience_held: int
    amsgrad: int
    nesterov: int
    decoupled: int
    centered: int
    carries_momentum: int


class Numbers(NamedTuple):
    """The real numbers that hold for the whole training."""

    beta2: float
    eps: float
    weight_decay: float
    loss_setting: float
    threshold: float
    clip_limit: float
    l1: float
    l2: float
    noise: float
    min_delta: float
    plateau_factor: float
    plateau_threshold: float
    plateau_floor: float
    plateau_eps: float


ADDRESSES = (
    "memory",
    "words",
    "inputs",
    "targets",
    "layer_table",
    "drop_table",
    "step_table",
    "marks",
    "losses",
    "gradients",
    "readings",
    "solved_epoch",
    "solved_since",
    "diverged_step",
    "stopped_epoch",
)
"""What a tile's record points to.

`memory` is laid out by the rows; `words` by the constants above; `inputs` and `targets` are the
examples, row by row, those held out last. The last seven are written: `losses` and `gradients` (a row a
layer) and `readings` are rows of one element a network, `solved_since` a row a mark (where the readings that
are solved up to it begin, −1 if the last isn't), the events one element a network. A mark of `readings` is a
group of rows: parameters, predictions point by point, `SUMMARY_ROWS` numbers, then the gradient a layer of
all examples, and that of the examples of one step.
"""

READ_LOSS, READ_WRONG, READ_BROKEN, READ_HELD_LOSS, READ_HELD_WRONG, READ_SOLVED, SUMMARY_ROWS = range(7)
"""The rows of a reading between predictions and gradients."""

RECORD = np.dtype(
    [(name, np.int64) for name in ADDRESSES]
    + [(f"row_{name}", np.int64) for name in Rows._fields]
    + [(f"unit_{name}", np.int64) for name in Units._fields]
    + [(name, np.int64) for name in Plan._fields]
    + [(name, np.float64) for name in Numbers._fields]
)
"""A tile's record: addresses, rows, plan and numbers, each by its name."""
