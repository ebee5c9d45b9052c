"""Targets that have nothing to do with the inputs: rows got out of step.

Only where nothing else explains it: neighbours in the data agree no more than chance, a line sees nothing,
and neither does the network on samples that it hasn't learnt by heart. Of images and sequences, where what
matters may be anywhere, the same must be true of neighbours and lines by their summaries.
"""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import DataRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.baselines import references
from trainlab.diagnosis.signals.linear_signal import LEVEL, linear_signal
from trainlab.diagnosis.signals.training import Training

ROWS = 150


def judge(training: Training) -> Finding | None:
    """Fire if 5 neighbours do no better than chance, and the network is stuck or no better on new samples.

    Neighbours by what is given to the network, and by summaries of it: spread, changes, means along axes.
    """
    learning = training.learning
    main = learning.main
    if training.faults or main is None or learning.rows < ROWS or learning.adversarial:
        return None
    if learning.falling or training.record.data.beside_images:
        return None  # it goes on learning, or neighbours don't know all that it is given
    classes = main.kind in CLASSES + BINARY
    width = math.sqrt(max(1e-9, learning.chance * (1 - learning.chance)) / learning.rows) if classes else 0.02
    if learning.reference > learning.chance + 2 * width or _alike_agree(training, 2 * width, classes=classes):
        return None
    data = training.record.data
    tests = [linear_signal(rows, data.sample_y, classes=classes) for rows in _tables(data)]
    if any(test is not None and test.is_seen for test in tests):
        return None
    judged = training.record.judged_accuracy[-1][1:3] if training.record.judged_accuracy else None
    new_at_chance = (
        classes
        and judged is not None
        and judged[0] < learning.chance + 3 * math.sqrt(0.25 / max(1, judged[1]))
    )
    if not new_at_chance and (judged is not None or learning.state != "stuck"):
        return None
    if judged is None and learning.reached > (
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
    return Finding(
        place=place_at(main.site, "data", call=main.kind),
        where=f"the data: inputs and targets of the loss at {main.site.quoted if main.site else main.kind}",
        confidence=0.6,
        evidence=(*evidence, learning.words),
        remedy="Check that inputs and targets are shuffled together, sorted alike and cut at the same rows.",
        code="order = torch.randperm(len(X))\nX, y = X[order], y[order]",
    )


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


def _picture(training: Training) -> Picture | None:
    """What nearest neighbours, chance and the network reach."""
    learning = training.learning
    pairs = [
        ("chance", learning.chance),
        ("5 nearest neighbours", learning.reference),
        ("the network, training batches", learning.reached),
    ]
    return bars("What the inputs tell of the targets", "accuracy, or R²", pairs)


FAULT = Fault(
    name="shuffled_targets",
    family="The data",
    title="the targets have nothing to do with the inputs",
    what="Rows got out of step: inputs and targets were shuffled, sorted or cut separately.",
    formula=f"Of at least {ROWS} rows, 5 nearest neighbours do no better than chance by 2 standard "
    "errors, nor do neighbours by summaries of whole images and sequences (spread, changes along their "
    f"axes), no F-test of a linear fit to either sees anything (p < {LEVEL:g}; with 600 rows of 6 features "
    "it sees an R² of 0.04 19 times in 20), and the network is stuck, by no more than so many parameters "
    "reach on noise, or no better on new samples.",
    source="Nearest neighbours agree above chance in any data that can be learnt from so few rows "
    "(Cover and Hart 1967); a weak signal in noise, which they miss, shows in a line through all of them.",
    silent="any other fault was found: that one comes first.",
    remedy="Shuffle inputs and targets with one permutation; check joins and sorts.",
    judge=judge,
    picture=_picture,
    untried="only you know which target belongs to which input",
    explains=(Explains(("overfitting", "loss_plateau"), "what follows no rule can only be memorized"),),
    signals=("reached", "reference", "chance", "linear signal"),
)
