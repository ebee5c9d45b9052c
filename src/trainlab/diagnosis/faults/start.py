"""Faults of the start: weights and biases from which a network can't learn."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="zero_init",
        title="hidden weights start at zero",
        what="No signal and no gradient gets through weights of 0, and all units of a layer are the same.",
        formula="At least 99 % of a hidden weight is 0 at the start, and over half of its rows are still "
        "alike after 20 steps.",
        source="Goodfellow, Bengio and Courville 2016, Deep Learning, 8.4: the start has to break symmetry.",
        silent="only the last layer starts at 0, or one of two factors does (LoRA): their rows part at once.",
        remedy="Start from random weights; 0 is fine for biases.",
        see=("init",),
    ),
    Fault(
        name="symmetric_init",
        title="units start alike and stay alike",
        what="Units with equal weights get equal gradients: a layer of one unit, repeated.",
        formula="Over {EQUAL:.0%} of the rows of a hidden weight are equal at the start, and still after 20 "
        "steps.",
        source="Goodfellow, Bengio and Courville 2016, Deep Learning, 8.4: the start has to break symmetry.",
        silent="the rows part, or the weight is the last one.",
        remedy="Start from random weights.",
        see=("init",),
    ),
    Fault(
        name="bad_weight_init",
        title="the weights start far too small or far too large",
        what="Signals and gradients shrink, or grow, by the same factor in every layer.",
        formula="The training fails, and std(w)·√fan_in is outside of [{SMALL:g}, {LARGE:g}] in over half "
        "of the layers.",
        source="PyTorch's default gives 0.58, Glorot and Bengio 2010 about 1, He et al. 2015 1.41.",
        silent="the training succeeds: norm layers take care of the scale.",
        remedy="Xavier for tanh and sigmoid, He for ReLU.",
        see=("init",),
    ),
    Fault(
        name="bad_bias_init",
        title="biases start so large that they decide",
        what="A unit's state is settled by its bias, whatever comes in: dead, or saturated.",
        formula="The training fails, and biases of a layer start with mean |b| of {LARGE:g} or more.",
        source="PyTorch's default is below 1/√fan_in; inputs of a unit have a spread near 1.",
        silent="the training succeeds (a gate's bias of 1, the output's mean).",
        remedy="Start biases at 0.",
        see=("init",),
    ),
)
