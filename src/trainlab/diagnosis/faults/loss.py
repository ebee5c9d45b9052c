"""Faults where outputs meet targets: shapes, ranges, what a loss expects, and the labels themselves."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="loss_broadcast",
        title="outputs and targets are broadcast against each other",
        what="Outputs of shape (N, 1) and targets of shape (N,) make a table of N × N differences: each "
        "output meets every target, and the best answer to that is their mean.",
        formula="In a loss, output and target differ in their number of axes, and the result is larger than "
        "both.",
        source="A fact, read off the shapes; PyTorch's own `mse_loss` warns of it, a hand-written loss "
        "can't.",
        silent="all axes are written out (N, 1) against (1, N): then pairs are meant.",
        remedy="Give both the same shape: `output.squeeze(-1)` or `target.unsqueeze(-1)`.",
        see=("loss",),
    ),
    Fault(
        name="loss_activation_mismatch",
        title="the loss gets what it isn't made for",
        what="Softmax before `cross_entropy`, which applies it itself; sigmoid before "
        "`binary_cross_entropy_with_logits`; raw outputs into `nll_loss` or `binary_cross_entropy`; a ReLU "
        "before a loss of logits, which cuts off all that is below 0: a class at 0 is no likelier than a "
        "guess, and gets no gradient to rise.",
        formula="The tensor given to the loss comes out of softmax or sigmoid by the autograd graph; or "
        "what `nll_loss` gets aren't log-probabilities: the median of |log Σ exp| over the rows is above "
        "{OFF:g}. Or it comes out of a ReLU, or of what else clips at 0: before "
        "`binary_cross_entropy_with_logits` always, if targets are 0; before `cross_entropy` if the training "
        "fails and the right class's logit is 0 in over {HIDDEN:.0%} of the last rows, or if that is so and "
        "a class that occurs had a logit of 0 in every row of 20 batches. Or it comes out of tanh, the "
        "training fails, and its loss is near the least that logits between −1 and 1 allow.",
        source="A fact: provenance, not values, since a healthy network's outputs may well lie in [0, 1]. "
        "Of K logits that are 0 or more, one at 0 has at most the probability 1/K.",
        silent="values merely look like probabilities, or a layer or a factor stands between the activation "
        "and the loss. A ReLU or tanh with which the training learns is a note.",
        remedy="Give logits to the losses with softmax or sigmoid built in, and nothing else.",
        see=("loss",),
    ),
    Fault(
        name="output_range_mismatch",
        title="the output can't reach the targets",
        what="The last activation has a range, and targets lie outside of it: a sigmoid never answers 3.7.",
        formula="More than {SHARE:.0%} of the targets lie outside of the range of sigmoid, tanh, softmax, "
        "ReLU or another of its kind (SiLU is never below −0.28), of which the output comes by the "
        "autograd graph, and the loss is above {FITTED:.0%} of the best constant answer's.",
        source="The ranges of the functions.",
        silent="the targets fit the range (pixels between 0 and 1 behind a sigmoid), or are reached.",
        remedy="Leave the last activation out, or scale the targets into its range.",
        see=(
            "loss",
            "neuron",
        ),
    ),
    Fault(
        name="l1_constant_collapse",
        title="under L1 one constant answer is best for most targets",
        what="The best constant under absolute error is the median. If most targets are one value, "
        "answering it everywhere is hard to leave.",
        formula="Under L1 more than {ATOM:.0%} of the targets equal their median, and R² on training "
        "batches is below {FIT:g}.",
        source="The median minimizes the mean absolute deviation.",
        silent="the network fits nevertheless, or no value has that share.",
        remedy="Use squared error, or first tell whether the target is that value and then how large it is.",
        see=(
            "loss",
            "assignment",
        ),
    ),
    Fault(
        name="wrong_loss",
        title="the loss asks for something else",
        what="A distance with a minus sign is maximized; class numbers fitted as numbers claim that class 2 "
        "is twice class 1; a loss for targets of 1 and −1 learns nothing of a 0.",
        formula="A distance reaches the loss through an odd number of changes of sign; or a distance is "
        "taken to targets 0, 1, …, K − 1 and the evaluation treats them as classes; or {ZEROS:.0%} or more "
        "of the targets of `soft_margin_loss`, `hinge_embedding_loss` or `cosine_embedding_loss` are 0, "
        "and none is below.",
        source="A fact, read off the autograd graph.",
        silent="several optimizers train against each other (a GAN's losses have either sign); a zero "
        "leaves a pair out whose other vector isn't learnt.",
        remedy="Take the sign away; for classes use `cross_entropy` with an output each.",
        see=("loss",),
    ),
    Fault(
        name="label_dtype",
        title="a cast takes from the targets what they say",
        what="0.3 as a whole number is 0: after the cast the targets have one or two values left.",
        formula="A cast to whole numbers cuts fractions off, leaves at most 2 of more than 2 values, and "
        "the loss's targets have no more.",
        source="A fact, read off the values before and after the cast.",
        silent="the values were whole numbers before, or stay different after.",
        remedy="Keep targets of a regression as floats; make classes of numbers on purpose, by bins.",
    ),
    Fault(
        name="constant_labels",
        title="all targets are the same",
        what="Whatever the network learns, it is a constant: a comparison is always true, a cast cuts, or "
        "the wrong column is read.",
        formula="At least {LEAST} targets were seen, of every loss all of one value.",
        source="A fact, counted.",
        silent="targets are made in the step itself (a GAN's ones and zeros), or another loss's targets "
        "differ.",
        remedy="Look at how the labels are made; print their values and counts.",
    ),
)
