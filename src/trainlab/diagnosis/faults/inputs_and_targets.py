"""The data as values: inputs and targets out of scale, targets that belong to other rows."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import DataRecord, feature_name
from trainlab.diagnosis.observed.events import FirstInput
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, LINEAR_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars, histogram
from trainlab.diagnosis.pictures.shared_pictures import main_loss
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import STANDARDIZED_INPUTS, single
from trainlab.diagnosis.signals.baselines import LEVEL, linear_signal, references
from trainlab.diagnosis.signals.curve import mean
from trainlab.diagnosis.signals.learnt import STUCK
from trainlab.diagnosis.signals.training import Training, share_above_constant

# unnormalised_inputs: Features of very different size, or far from 0, go into the first layer of a
# training that fails.

RATIO = 100.0
LARGE_INPUTS = 10.0
_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "GRU", "LSTM", "RNN", "")


def judge_unnormalised_inputs(training: Training) -> Finding | None:
    """Fire where max std / min std over the features is above 100, or mean |x| above 10."""
    import numpy as np

    rows = training.record.data.sample_x
    if not training.learning.failing or len(rows) < 20:
        return None
    width = len(rows[0])
    x = np.asarray([row for row in rows if len(row) == width], dtype=np.float64)
    spread, middle = x.std(0), x.mean(0)
    live = spread[spread > 1e-9]
    ratio = float(live.max() / live.min()) if len(live) else 1.0
    size = float(np.abs(x).mean())
    tabular = len(training.record.data.input_shape) == 2
    uneven = tabular and ratio > RATIO and float(live.max()) > 3
    if not uneven and size <= LARGE_INPUTS:
        return None
    weights = [one for one in training.weights() if len(one.shape) >= 2]
    if weights and weights[0].module_kind not in _LAYERS:
        return None
    if _scaled_inside(training, weights[0].name if weights else ""):
        return None
    if not uneven and weights and _normalized_at_once(training, weights[0].key):
        return None
    worst = int(np.argmax(np.abs(middle) + spread))
    least = int(np.argmin(np.where(spread > 1e-9, spread, np.inf)))
    first = weights[0].name if weights else "the first layer"

    def name(place: int) -> str:
        return feature_name(place, training.record.data.input_shape)

    return Finding(
        place=Place(kind="data", parameters=(first,) if weights else ()),
        where=(
            f"the inputs of {first}: {name(worst)} has mean {middle[worst]:.3g} and std {spread[worst]:.3g}"
        ),
        confidence=0.85,
        evidence=(
            f"mean |x| {size:.3g}"
            if least == worst
            else f"std of the features from {spread[least]:.3g} ({name(least)}) to "
            f"{spread[worst]:.3g} ({name(worst)}), a ratio of {ratio:.0f}; mean |x| {size:.3g}",
            training.learning.words,
        ),
        remedy="Standardize the features with the training data's mean and standard deviation.",
        code="mean, std = X_train.mean(0), X_train.std(0)\nX = (X - mean) / std",
    )


def _scaled_inside(training: Training, name: str) -> bool:
    """Whether the network scales its input itself, so that the first layer gets numbers of usual size."""
    module = name.rpartition(".")[0]
    entered = [event for event in training.record.events_of(FirstInput) if event.module == module]
    return bool(entered) and all(
        event.size <= LARGE_INPUTS and event.ratio <= RATIO
        for event in entered
        if event.size is not None and event.ratio is not None
    )


def _normalized_at_once(training: Training, key: int) -> bool:
    """Whether what the first layer gives goes straight into a batch-norm, which takes away a size of all."""
    for graph in training.record.graphs[:3]:
        found = {place for place, node in enumerate(graph.nodes) if node.param == key}
        for _ in range(_MOST_NODES):
            found = {place for place, node in enumerate(graph.nodes) if found & set(node.inputs)}
            kinds = {graph.nodes[place].kind for place in found}
            if kinds and kinds <= _BATCH_NORMS:
                return True
            if not kinds or not kinds <= _OF_A_LAYER:
                break
    return False


_BATCH_NORMS = frozenset(("NativeBatchNorm", "CudnnBatchNorm"))
_OF_A_LAYER = LINEAR_NODES | {"T"}
_MOST_NODES = 4
_USUAL = (0.3, 3.0)
"""Spreads, and sizes, of features that were standardised."""


def _picture_of_unnormalised_inputs(training: Training) -> Picture | None:
    """The standard deviation of each feature, largest first; where these are usual, the mean sizes."""
    import numpy as np

    rows = training.record.data.sample_x
    if len(rows) < 2:
        return None
    x = np.asarray([row for row in rows if len(row) == len(rows[0])], dtype=np.float64)
    spread = x.std(0)
    far = bool(spread.max() <= _USUAL[1])
    values = np.abs(x).mean(0) if far else spread
    shape = training.record.data.input_shape
    order = np.argsort(-values).tolist()
    pairs = [(feature_name(at, shape), float(values[at])) for at in order if values[at] > 0]
    what = ("Mean size", "mean |x|") if far else ("Spread", "standard deviation")
    return bars(f"{what[0]} of the input features, largest first", what[1], pairs, log=True, usual=_USUAL)


UNNORMALISED_INPUTS = Fault(
    name="unnormalised_inputs",
    family="The data",
    title="the inputs differ widely in scale, or are far from 0",
    what="A feature in the thousands drowns the others, saturates units, and makes any one learning rate "
    "too large for some weights and too small for others.",
    formula=f"The training fails, and the largest standard deviation of a feature is over {RATIO:g} "
    f"times the smallest, or mean |x| is above {LARGE_INPUTS:g}, into a linear, convolutional or recurrent "
    "first layer.",
    source="LeCun et al. 1998, Efficient BackProp: inputs of mean 0 and similar variance.",
    silent="the training succeeds (pixels from 0 to 16 learn well), or the first layer is a norm or an "
    "embedding. A batch-norm right after it takes away a size that all features share.",
    remedy="Subtract the training data's mean and divide by its standard deviation.",
    see=("learning_rate", "init"),
    judge=judge_unnormalised_inputs,
    picture=_picture_of_unnormalised_inputs,
    remedies=(STANDARDIZED_INPUTS,),
    explains=(Explains(("lr_too_high", *GROWTH, "loss_plateau"), "large inputs make large gradients"),),
    signals=("feature spread",),
)


# unnormalised_targets: Targets of a regression that are hundreds wide or far from 0, and a network that
# doesn't get there.

LARGE_TARGETS = 30.0
UNFIT, CHASE = 0.2, 0.1


def judge_unnormalised_targets(training: Training) -> Finding | None:
    """Fire where the training fails and the targets' mean or standard deviation is above 30.

    Also where a tenth of its steps had a loss above that of the best constant, and the last above a fifth.
    """
    import numpy as np

    main = training.learning.main
    slow = training.learning.ratio > UNFIT and share_above_constant(training) > CHASE
    if (
        not (training.learning.failing or slow)
        or main is None
        or main.kind in CLASSES + BINARY
        or len(main.sample) < 20
    ):
        return None
    middle, spread = mean(main.sample), float(np.std(main.sample))
    if max(abs(middle), spread) < LARGE_TARGETS:
        return None
    outputs = [fit.out_high for fit in main.fits[-10:] if fit.out_high is not None]
    return Finding(
        place=place_at(main.site, "targets", call=main.kind),
        where=f"the targets of the loss at {quoted(main.site, main.kind)}",
        confidence=0.8,
        evidence=(
            f"targets: mean {middle:.4g}, standard deviation {spread:.4g}, from "
            f"{main.target_low:.4g} to {main.target_high:.4g}",
            f"largest output in the last steps looked at: {max(outputs, default=float('nan')):.4g}",
            training.learning.words,
        ),
        remedy="Train on standardized targets, and scale predictions back.",
        code="mean, std = y_train.mean(), y_train.std()\ny = (y - mean) / std  # prediction * std + mean",
    )


def _picture_of_unnormalised_targets(training: Training) -> Picture | None:
    """How the targets are spread, and where the outputs of the last steps lie."""
    loss = main_loss(training)
    if loss is None:
        return None
    late = [fit for fit in loss.fits[-10:] if fit.out_low is not None and fit.out_high is not None]
    if not late:
        return histogram("Targets seen", "target", loss.sample)
    low = min(fit.out_low for fit in late if fit.out_low is not None)
    high = max(fit.out_high for fit in late if fit.out_high is not None)
    if low <= min(loss.sample, default=low) and high >= max(loss.sample, default=high):
        return histogram("Targets seen", "target", loss.sample)  # the outputs are where they should be
    words = "outputs in the last steps looked at"
    return histogram(
        "Targets, and where the outputs are", "target", loss.sample, label=words, low=low, high=high
    )


UNNORMALISED_TARGETS = Fault(
    name="unnormalised_targets",
    family="The data",
    title="the targets are far larger than a network's first outputs",
    what="Outputs start near 0. Targets in the hundreds take many steps to reach, and make equally large "
    "gradients.",
    formula=f"The training fails, and the targets' mean or standard deviation is above {LARGE_TARGETS:g}."
    f" Or it is slow: the loss came below that of the best constant only after {CHASE:.0%} of the "
    f"steps, and ends above {UNFIT:.0%} of it.",
    source="A default network's outputs have a standard deviation below 1.",
    silent="the network gets there anyway, or targets are classes.",
    remedy="Train on standardized targets, and scale predictions back.",
    see=("loss",),
    judge=judge_unnormalised_targets,
    picture=_picture_of_unnormalised_targets,
    remedies=(single("standardized targets", "targets"),),
    explains=(
        Explains(
            ("lr_too_high", *GROWTH, "lr_too_low", "loss_plateau"),
            "distant targets mean large gradients and a long way to go",
        ),
    ),
    signals=("smoothed end",),
)


# shuffled_targets: Targets that have nothing to do with the inputs: rows got out of step.
#
# Only where nothing else explains it: neighbours in the data agree no more than chance, a line sees nothing,
# and neither does the network on samples that it hasn't learnt by heart. Of images and sequences, where what
# matters may be anywhere, the same must be true of neighbours and lines by their summaries.

ROWS = 150


def judge_shuffled_targets(training: Training) -> Finding | None:
    """Fire if 5 neighbours do no better than chance, and the network is stuck or no better on new samples.

    Neighbours by what is given to the network, and by summaries of it: spread, changes, means along axes.
    """
    learning = training.learning
    main = learning.main
    if training.faults or main is None or learning.rows < ROWS or learning.adversarial:
        return None
    data, new_at_chance = training.record.data, _is_new_at_chance(training)
    if (learning.falling and not (new_at_chance and data.is_tabular)) or data.beside_images:
        return None  # it goes on learning, and not by heart; or neighbours don't know all that it is given
    classes = main.kind in CLASSES + BINARY
    width = math.sqrt(max(1e-9, learning.chance * (1 - learning.chance)) / learning.rows) if classes else 0.02
    if learning.reference > learning.chance + 2 * width or _alike_agree(training, 2 * width, classes=classes):
        return None
    tests = [linear_signal(rows, data.sample_y, classes=classes) for rows in _tables(data)]
    if any(test is not None and test.is_seen for test in tests):
        return None
    judged = training.record.judged_accuracy[-1][1:3] if training.record.judged_accuracy else None
    if not new_at_chance and (new_at_chance is not None or learning.state != "stuck"):
        return None
    if new_at_chance is None and learning.reached > (
        learning.chance + 3 * width if classes else _by_heart(training)
    ):
        return None  # it has learnt something, if little
    kind = "accuracy" if classes else "R²"
    evidence = [
        f"5 nearest neighbours reach {kind} {learning.reference:.2f} over {learning.rows} rows; "
        f"chance gives {learning.chance:.2f}"
    ]
    line = tests[0]
    if line is not None:
        evidence.append(
            f"a linear fit sees nothing either (F-test, p = {line.p:.2g} over {line.rows} rows; it would "
            f"see an R² of {line.least:.2f} 19 times in 20)"
        )
    if judged is not None:
        evidence.append(f"accuracy on evaluation data {judged[0]:.2f}, at best {learning.reached:.2f}")
    elif new_at_chance:
        least = min(fit.value for fit in main.judged[-3:])
        evidence.append(
            f"the loss on evaluation data is {least:.3g}, that of the best constant answer "
            f"{learning.trivial:.3g}"
        )
    return Finding(
        place=place_at(main.site, "data", call=main.kind),
        where=f"the data: inputs and targets of the loss at {quoted(main.site, main.kind)}",
        confidence=0.6,
        evidence=(*evidence, learning.words),
        remedy="Look at ten pairs by eye, where inputs and targets first meet: sorted differently, shuffled "
        "or cut apart? If all ten are right, the inputs may just not tell the targets; then no network "
        "learns them.",
        code="for x, y in list(zip(X, Y))[:10]:\n    print(x, y)",
    )


def _is_new_at_chance(training: Training) -> bool | None:
    """Whether rows evaluated are answered no better than by a constant; None where that wasn't seen.

    Of classes by the last accuracy, to three standard errors; of numbers by the least of the last 3 losses,
    as rows trained on are.
    """
    learning, main = training.learning, training.learning.main
    if training.record.judged_accuracy:
        _, share, count, _ = training.record.judged_accuracy[-1]
        return share < learning.chance + 3 * math.sqrt(0.25 / max(1, count))
    if main is None or main.kind in CLASSES + BINARY or not main.judged or not learning.trivial > 0:
        return None
    return min(fit.value for fit in main.judged[-3:]) > STUCK * learning.trivial


def _by_heart(training: Training) -> float:
    """Return the R² that a fit of so many parameters to so many rows of noise hardly exceeds.

    Of a linear fit of p parameters to n rows it is p / n on average, with a standard deviation of √(2p) / n;
    three of them are added. A network hardly gets as far in the time it is trained.
    """
    trained = sum(math.prod(one.shape) for one in training.record.params.values() if one.optimizers)
    return (trained + 3 * math.sqrt(2 * trained)) / max(len(training.record.data.train_rows), 1)


def _tables(data: DataRecord) -> list[list[tuple[float, ...]]]:
    """Return the rows, and their summaries where there are any."""
    known = len(data.sample_summaries) == len(data.sample_y)
    return [data.sample_x, data.sample_summaries] if known else [data.sample_x]


def _alike_agree(training: Training, margin: float, *, classes: bool) -> bool:
    """Whether images or sequences that are alike as a whole have like targets more often than by chance."""
    data = training.record.data
    if len(data.sample_summaries) != len(data.sample_y):
        return False
    found = references(data.sample_summaries, data.sample_y, classes=classes)
    return found is not None and found.neighbours > found.chance + margin


def _picture_of_shuffled_targets(training: Training) -> Picture | None:
    """What nearest neighbours, chance and the network reach."""
    learning = training.learning
    pairs = [
        ("chance", learning.chance),
        ("5 nearest neighbours", learning.reference),
        ("the network, training batches", learning.reached),
    ]
    classes = learning.main is not None and learning.main.kind in CLASSES + BINARY
    return bars("What the inputs tell of the targets", "accuracy" if classes else "R²", pairs)


SHUFFLED_TARGETS = Fault(
    name="shuffled_targets",
    family="The data",
    title="the inputs seem to tell nothing of the targets",
    what="Rows got out of step: inputs and targets were shuffled, sorted or cut separately.",
    formula=f"Of at least {ROWS} rows, 5 nearest neighbours do no better than chance by 2 standard "
    "errors, nor do neighbours by summaries of whole images and sequences (spread, changes along their "
    f"axes), no F-test of a linear fit to either sees anything (p < {LEVEL:g}; with 600 rows of 6 features "
    "it sees an R² of 0.04 19 times in 20), and the network is stuck, by no more than so many parameters "
    "reach on noise, or no better than a constant on new samples "
    f"(of numbers: by the loss, to {STUCK:g} of the constant's). While it goes on "
    "learning its own rows, only a table's count.",
    source="Nearest neighbours agree above chance in any data that can be learnt from so few rows "
    "(Cover and Hart 1967); a weak signal in noise, which they miss, shows in a line through all of them.",
    silent="any other fault was found: that one comes first.",
    remedy="Look at pairs by eye; check sorts, joins and shuffles. Right pairs may hold no more than a "
    "constant answer.",
    judge=judge_shuffled_targets,
    picture=_picture_of_shuffled_targets,
    untried="only you know which target belongs to which input",
    explains=(Explains(("overfitting", "loss_plateau"), "what follows no rule can only be memorized"),),
    signals=("reached", "reference", "chance", "linear signal"),
)
