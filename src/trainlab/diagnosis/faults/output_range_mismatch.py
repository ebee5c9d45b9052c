"""The output's activation can't reach the targets: a sigmoid for 3.7, a ReLU for −1."""

from __future__ import annotations

import math

from trainlab.diagnosis.edits import without_activation
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.record import Node
from trainlab.diagnosis.observed.torch_names import OF_NUMBERS, RANGES
from trainlab.diagnosis.pictures.targets import targets_and_range
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.limits import holds_up
from trainlab.diagnosis.signals.training import Training, behind

SHARE = 0.05
FITTED = 0.05


def judge(training: Training) -> Finding | None:
    """Fire if more than 5 % of the targets lie outside of the range of what the output comes from.

    Not where the loss is below 5 % of the best constant answer's: then they were reached.
    """
    import numpy as np

    if training.learning.ratio < FITTED:
        return None
    for graph in training.record.graphs:
        for node in graph.nodes:
            loss = training.loss_of(node.op)
            if loss is None:
                continue
            for source in behind(graph, node):
                if source.kind not in RANGES or len(loss.sample) < 20 or loss.kind not in OF_NUMBERS:
                    continue
                low, high = RANGES[source.kind]
                margin = 0.02 * (1 if high == math.inf else high - low)
                targets = np.asarray(loss.sample)
                outside = float(((targets < low - margin) | (targets > high + margin)).mean())
                if outside > SHARE:
                    floor = _floor(loss.kind, loss.sample, low, high)
                    place = source.op.place if source.op is not None else source.kind
                    line = f" `{source.op.site.text}`" if source.op is not None and source.op.site else ""
                    return Finding(
                        place=_place(source),
                        where=(
                            f"{source.kind.lower()} at {place}{line}, into the loss at "
                            f"{loss.site.quoted if loss.site else loss.kind}"
                        ),
                        confidence=0.93,
                        proof=proven_if(
                            loss is training.learning.main and holds_up(training, floor),
                            f"no output in this range brings the loss below {floor:.0%} of a constant's",
                        ),
                        evidence=(
                            f"the output lies in [{low:g}, {high:g}], the targets in "
                            f"[{loss.target_low:.4g}, {loss.target_high:.4g}]",
                            f"{outside:.0%} of the targets can't be reached",
                        ),
                        remedy="Leave the last activation out, or scale the targets into its range.",
                        code="return self.last(x)  # no activation",
                    )
    return None


def _floor(kind: str, values: list[float], low: float, high: float) -> float:
    """Return the least loss that outputs of this range allow, by that of the best constant answer."""
    import numpy as np

    targets = np.asarray(values)
    missed = np.abs(targets - np.clip(targets, low, high))
    if kind == "mse_loss":
        return float((missed**2).mean() / max(targets.var(), 1e-12))
    if kind == "l1_loss":
        return float(missed.mean() / max(np.abs(targets - np.median(targets)).mean(), 1e-12))
    return math.nan


def _place(source: Node) -> Place:
    op = source.op
    if op is None:
        return Place(kind="activation", call=source.kind.lower())
    return place_at(op.site, "activation", module=op.module, call=op.name.rstrip("_"))


FAULT = Fault(
    name="output_range_mismatch",
    family="The loss and its targets",
    title="the output can't reach the targets",
    what="The last activation has a range, and targets lie outside it: a sigmoid never answers 3.7.",
    formula=f"More than {SHARE:.0%} of the targets lie outside the range of the activation that the "
    "output comes from by the autograd graph: sigmoid, tanh, softmax, ReLU or another of its kind (SiLU "
    f"is never below −0.28); and the loss is above {FITTED:.0%} of the best constant answer's.",
    source="The ranges of the functions.",
    silent="the targets fit the range (pixels between 0 and 1 after a sigmoid), or are reached.",
    proven="under squared or absolute error the range keeps the loss above a floor: one so high that "
    "nothing counts as learnt, or to which it has come down, by nine tenths of the way.",
    remedy="Leave the last activation out, or scale the targets into its range.",
    see=(
        "loss",
        "neuron",
    ),
    judge=judge,
    picture=targets_and_range,
    edit=without_activation,
    remedies=(single("no activation on the output", "off_output"),),
    explains=(
        Explains(
            ("saturated_activation", "vanishing_gradient", "dead_relu", "loss_plateau"),
            "the output is driven to the end of its range, where the slope is 0",
        ),
    ),
)
