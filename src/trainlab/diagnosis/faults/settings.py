"""Faults of settings: rates, momentum, weight decay, dropout, batch-norm."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="lr_too_high",
        title="the steps are too large",
        what="Each step changes weights by much of their own size: the training jumps about, dies or "
        "diverges.",
        formula="The training fails, and rms(update) / rms(weight) is above {LARGE:.0%}, in the median over "
        "the weights, for {WINDOW} steps in a row of the first {UNTIL}; {ROSEN:.0%} for as long is enough "
        "if the loss rose to {GROWN:g} times its start. Or the first step was larger than the weights, and "
        "these grew tenfold. Or one or a few steps blew the network up and it is dead since: a step of the "
        "first {EARLY} was larger than the weights, the loss rose among them to {GROWN:g} times its start, "
        "and the gradients at the end are below {FADED:.0%} of the first. If the network learns something, "
        "steps must have stayed that large, or the loss ends at {BACK:g} times what it had come down to.",
        source="1e-3 is the usual ratio (Karpathy, CS231n, Neural Networks Part 3); healthy first steps "
        "reach 1e-2.",
        silent="the training succeeds, stale gradients or huge targets explain it, weights start at 0, or "
        "nothing could be learnt with steps of any size (no non-linearity, biases far off).",
        remedy="Divide the learning rate by 10, and by 10 again.",
        see=("learning_rate",),
    ),
    Fault(
        name="lr_too_low",
        title="the steps are too small to get anywhere",
        what="All steps together move no weight by a noticeable part of its size.",
        formula="The training fails, and mean rms(update) / rms(weight) × steps is below {WAY:.0%} for "
        "every weight matrix that gets gradients. Where nothing is known of the loss: if that has fallen by "
        "less than it swings in {LONG} steps, from weights that weren't loaded.",
        source="The farthest way that so many steps can go, all in one direction: below it nothing can have "
        "been learnt in the hidden layers.",
        silent="a schedule, clipping or float16 explains it, or the training succeeds.",
        remedy="Raise the learning rate by 10 to 1,000 times.",
        see=("learning_rate",),
    ),
    Fault(
        name="bad_momentum",
        title="momentum is so close to 1 that the weights overshoot",
        what="Each gradient goes on acting for 1 / (1 − m) steps; the step in the long run is lr / (1 − m).",
        formula="Momentum, or Adam's β₁, is at least {HIGH:g}, and the training fails.",
        source="0.9 is the usual value; 0.99 multiplies the step by 100 (Sutskever et al. 2013).",
        silent="the training succeeds: then it is a note.",
        remedy="Momentum 0.9, or a learning rate smaller by as much.",
        see=("learning_rate",),
    ),
    Fault(
        name="weight_decay_too_high",
        title="weight decay pulls harder than the loss",
        what="The weights shrink to nothing, and the network answers a constant.",
        formula="wd·rms(w) > rms(g) in over half of the steps looked at (of AdamW: lr·wd above 0.5 % a "
        "step), over half of the weights end below {SHRUNK:.0%} of their start, or one matrix below 1 %, and "
        "the fit is poor.",
        source="The two pulls on a weight, compared; usual values, 1e-4 to 0.1, are a tenth of the gradient "
        "or less.",
        silent="the fit is good.",
        remedy="Divide `weight_decay` by 100.",
    ),
    Fault(
        name="batchnorm_small_batch",
        title="batch-norm sees too few values",
        what="Mean and variance of so few values are noise, and the running ones that evaluations use are "
        "others.",
        formula="At most 4 values a channel (batch × positions) in over {SHARE:.0%} of the training calls, "
        "and at least 10.",
        source="Wu and He 2018, Group Normalization: the error of batch-norm rises steeply below 8 samples.",
        silent="positions make up for it: a convolution's map has many values a channel.",
        remedy="Larger batches, `LayerNorm` or `GroupNorm`.",
    ),
    Fault(
        name="dropout_misuse",
        title="dropout drops what it shouldn't",
        what="It drops nearly everything, acts on the network's answer, or is at work in evaluations.",
        formula="p above {HIGH:g} (above {GATED:g} where the training fails); or dropout between the last "
        "layer and the loss, by the autograd graph; or functional dropout in eval mode.",
        source="Srivastava et al. 2014: p of 0.2 to 0.5 for hidden units; the output is never dropped.",
        silent="p is at most {GATED:g}, before the last layer, and off in evaluations.",
        remedy="p between 0.1 and 0.5, before the last layer; `nn.Dropout`, or `training=self.training`.",
    ),
)
