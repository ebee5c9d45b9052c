"""Faults that show in the numbers: not finite, vanishing, exploding, dead, saturated, jumping, still."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="nonfinite_values",
        title="values become NaN or infinite",
        what="One logarithm of 0, one division by 0 or one overflow, and every weight that it touches is "
        "gone.",
        formula="A loss, or a gradient that is applied, isn't finite; told is the first operation whose "
        "result isn't while its inputs are, or the batch that brought it.",
        source="A fact.",
        silent="a gradient scaler skips such steps, as mixed precision means it to.",
        remedy="Keep the operation's input away from where it is infinite: a small constant, a clamp.",
        see=("loss",),
    ),
    Fault(
        name="float16_underflow",
        title="gradients are too small for float16",
        what="Half precision holds nothing below 6e-8: small gradients become exactly 0.",
        formula="float16 without a gradient scaler, and over {ZEROS:.0%} of a weight's gradient is exactly "
        "0 (0.2 more than silent units explain), or float16 weights don't move.",
        source="IEEE 754 binary16: the smallest number is 2⁻²⁴ ≈ 6e-8 (Micikevicius et al. 2018).",
        silent="there is a `GradScaler`, or bfloat16 is used.",
        remedy="`torch.amp.GradScaler`, or bfloat16.",
    ),
    Fault(
        name="exploding_gradient",
        title="the gradients explode",
        what="They grow from layer to layer, from time step to time step, or from step to step.",
        formula="The training fails, and ‖g‖ exceeds {LARGE:,.0f} three times, or {GROWN:,.0f} times its "
        "first median, or is above {AT_START:,.0f} at once; in units of the loss of the best constant "
        "answer.",
        source="SageMaker, traintools and gradscope ring from 1e3 on; the unit keeps large targets from "
        "ringing.",
        silent="the training succeeds: single spikes are usual in recurrent networks.",
        remedy="Clip to norm 1, start recurrent weights orthogonal, lower the learning rate.",
        see=(
            "chain_rule",
            "init",
        ),
    ),
    Fault(
        name="vanishing_gradient",
        title="the gradient vanishes on its way to the first layers",
        what="Each layer multiplies it by less than 1: the first layers stay random, and the later ones "
        "learn from noise.",
        formula="The training fails, and in the median of the first 20 steps looked at the rms gradient of "
        "the first weight is below {FADED:g} of the largest where the network is stuck, else below "
        "{FADED_FAR:g}. Where it is stuck, below {FADED_LATE:g} in the last 20 steps looked at will do, too.",
        source="AUTOTRAINER takes 1e-3 between first and last layer. Relative, since a sigmoid stack that "
        "can't learn stays far above the absolute limits (1e-7) of most tools.",
        silent="the training succeeds, there are fewer than 3 layers, or they are frozen.",
        remedy="ReLU with He's initialization, Xavier for tanh, a norm layer, or shortcuts.",
        see=(
            "chain_rule",
            "init",
        ),
    ),
    Fault(
        name="dead_relu",
        title="ReLUs are silent for every sample",
        what="No gradient passes a unit that is 0 for every sample: it can't come back.",
        formula="The network is stuck or poor, and over {DEAD:.0%} of a layer's units are 0 for all samples "
        "of 20 batches in a row; a layer of one unit counts where the network is stuck.",
        source="Healthy layers have up to half of their units silent, so the limits of 20 to 50 % of other "
        "tools ring there.",
        silent="fewer are silent, or the training succeeds.",
        remedy="He's initialization with biases at 0, a lower learning rate, or `LeakyReLU`.",
        see=(
            "neuron",
            "learning_rate",
        ),
    ),
    Fault(
        name="saturated_activation",
        title="hidden units sit at the ends of their activation",
        what="There the slope is nearly 0, and so is what passes back.",
        formula="The network is stuck or poor, and over {SHARE:.0%} of a hidden layer's values are past "
        "±0.99 (of a sigmoid: 0.01 or 0.99) in the first {EARLY} steps.",
        source="At the end of a solved problem over 0.6 are past it, so it is judged early.",
        silent="it is the output's activation, or the training succeeds. One that learns, but ends above "
        "{UNFIT:.0%} ({SHORT:.0%}) of the best constant's loss, needs {FAR:.0%} ({NEARLY_ALL:.0%}) from the "
        "first steps on, or half of the values where the weights before it start wide.",
        remedy="Scale the inputs to a spread of 1, and start from smaller weights.",
        see=(
            "neuron",
            "init",
        ),
    ),
    Fault(
        name="oscillating_loss",
        title="the loss jumps up and down",
        what="Steps overshoot, and the next ones come back.",
        formula="The training fails, and the loss, less its moving median of 9, has a correlation below "
        "{OPPOSITE:g} with itself one step later; its swings are above {SMALL:.0%} of the loss.",
        source="Noise of batches has no such sign; gradient descent above half of its limit has.",
        silent="the same few batches come in turn, several optimizers train, or the training succeeds.",
        remedy="Lower the learning rate or the momentum.",
        see=("learning_rate",),
    ),
    Fault(
        name="loss_plateau",
        title="the loss hardly falls any more",
        what="A symptom, told only if no cause was found. Where the loss stays at that of a constant answer, "
        "the verdict says so, and that the cause wasn't found.",
        formula="After 100 steps or more the loss is above 90 % of that of the best constant answer, or 5 "
        "nearest neighbours do far better, and it no longer falls.",
        source="The best constant answer: entropy of the labels, variance of the targets.",
        silent="any cause was found, or the loss is still falling.",
        remedy="Train on a single batch until its loss is near 0. If that works, try other learning rates; "
        "if it doesn't, look for the error between data, network and loss.",
        see=(
            "learning_rate",
            "loss",
        ),
    ),
)
