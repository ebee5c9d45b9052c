"""Faults of the data: what is fed, in which order, in which size, and what is judged."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="repeated_batch",
        title="the same batch is used in every step",
        what="A batch is taken once, before the loop, or a new iterator is made for each step: the rest of "
        "the data is never seen.",
        formula="In more than {LEAST} training passes at most 2 different batches were used, and the data "
        "has at least 3 times as many rows. Batches are told apart by fingerprints of their rows.",
        source="A fact, counted.",
        silent="the batch is all that the training data has.",
        remedy="Iterate over the loader inside of the loop.",
    ),
    Fault(
        name="data_not_shuffled",
        title="batches come sorted by class",
        what="Each batch holds hardly more than one class, and the next one another: each undoes what the "
        "one before taught.",
        formula="The commonest class makes up at least 85 % of a batch and {TIMES:g} times what the same "
        "labels, shuffled, give; at least {LEAST} batches, whose class changes.",
        source="The expected share comes from shuffling the very labels seen, so that rare classes and "
        "small batches raise no alarm.",
        silent="targets aren't classes, or batches are mixed.",
        remedy="`DataLoader(…, shuffle=True)`, or a new permutation in every epoch.",
    ),
    Fault(
        name="shuffled_targets",
        title="targets have nothing to do with the inputs",
        what="Rows got out of step: inputs and targets were shuffled, sorted or cut apart.",
        formula="Of at least {ROWS} rows, 5 nearest neighbours do no better than chance by 2 standard "
        "errors, nor do neighbours by what images and sequences are like as a whole (spread, changes along "
        "their axes), and the network is stuck, or no better on new samples.",
        source="Nearest neighbours agree above chance in any data that can be learnt from so few rows "
        "(Cover and Hart 1967).",
        silent="any other fault was found: that comes first.",
        remedy="Shuffle inputs and targets with one permutation; check joins and sorts.",
    ),
    Fault(
        name="unnormalised_inputs",
        title="the inputs are of very different size, or far from 0",
        what="One feature in thousands drowns the others, saturates units, and makes any one learning rate "
        "too large for some weights and too small for others.",
        formula="The training fails, and the largest standard deviation of a feature is over {RATIO:g} "
        "times the smallest, or mean |x| is above {LARGE:g}, into a linear, convolutional or recurrent "
        "first layer.",
        source="LeCun et al. 1998, Efficient BackProp: inputs of mean 0 and like variance.",
        silent="the training succeeds (pixels from 0 to 16 learn well), or the first layer is a norm or an "
        "embedding.",
        remedy="Subtract the training data's mean and divide by its standard deviation.",
        see=(
            "learning_rate",
            "init",
        ),
    ),
    Fault(
        name="unnormalised_targets",
        title="the targets are far larger than what a network answers at the start",
        what="Outputs begin near 0. Targets in the hundreds take many steps to reach, and make gradients as "
        "large as they are.",
        formula="The training fails, and the targets' mean or standard deviation is above {LARGE:g}.",
        source="A default network's outputs have a standard deviation below 1.",
        silent="the network gets there nevertheless, or targets are classes.",
        remedy="Train on standardized targets, and scale predictions back.",
        see=("loss",),
    ),
    Fault(
        name="eval_on_train",
        title="it is evaluated on the data that it is trained on",
        what="The score says what was learnt by heart, not what is known; and held-out rows lie unused.",
        formula="Over {KNOWN:.0%} of the rows evaluated were trained on, and at least 10 rows of the same "
        "kind (and 5 % of the training's) are in memory and were never given to the network.",
        source="A fact, by fingerprints of rows.",
        silent="there is no other data: then the training score may be meant.",
        remedy="Give the evaluation the held-out data.",
    ),
    Fault(
        name="overfitting",
        title="it learns by heart: the held-out loss rises while the training loss falls",
        what="From some step on the network gets better on its training data only.",
        formula="The held-out loss is least before {BEFORE:.0%} of the training, ends at {RISEN:g} times "
        "that, and at {GAP:g} times the training loss at least.",
        source="A rise beyond the noise of evaluations of healthy trainings; single rises are usual.",
        silent="the best weights are restored at the end, or there are fewer than 8 evaluations.",
        remedy="Stop at the lowest held-out loss; weight decay, dropout, a smaller network, or more data.",
    ),
)
