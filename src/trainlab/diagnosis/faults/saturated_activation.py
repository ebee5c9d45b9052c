"""Hidden tanh or sigmoid units sit at their ends, where the slope is nearly 0, from the start.

At the end of a solved problem that's normal, and so it is judged early and only where the training fails.
"""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import ActivationRecord
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import shares
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import RELU_HE, STANDARDIZED_INPUTS, initialized
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training

SHARE = 0.5
FAR, UNFIT = 0.8, 0.5
NEARLY_ALL, SHORT = 0.9, 0.1
EARLY = 50
FIRST = 3
WIDE = 4.0


def judge(training: Training) -> Finding | None:
    """Fire where over half of a hidden layer's values are past ±0.99 (0.01, 0.99) in the first 50 steps.

    In a training that gets somewhere, but stays above half (a tenth) of the best constant's loss: 80 %
    (90 %), in the first steps already: there it is a matter of the start, and not of what was learnt. 50 %
    is enough where the weights before it start at 4 times 1/√fan-in.
    """
    learning = training.learning
    failing = learning.falls_short
    if not failing and not (learning.state in ("learnt", "poor") and learning.ratio > SHORT):
        return None
    limit = SHARE if failing else FAR if learning.ratio > UNFIT else NEARLY_ALL
    outputs = _outputs(training)
    for place, one in enumerate(training.record.activations):
        early = [value for tick, value in zip(one.ticks, one.saturated, strict=False) if tick < EARLY]
        least = SHARE if _is_fed_wide(training, one) else limit
        if place in outputs or len(early) < 5 or one.units < 2 or median(early) <= least:
            continue
        if not failing and median(early[:FIRST]) <= least:
            continue
        return Finding(
            place=place_at(one.site, "activation", module=one.module, call=one.kind),
            where=f"{one.kind} at {one.place}{f', fed by {one.feeder}' if one.feeder else ''}",
            confidence=0.8,
            evidence=(
                f"{median(early):.0%} of this layer's values are at an end of "
                f"{one.kind} in the first {len(early)} steps",
                f"its mean |input| is {median(one.before[: len(early)]):.3g}; beyond 3 the "
                "slope is under 1 %",
                training.learning.words,
            ),
            remedy="Scale the inputs to a standard deviation of 1 and start from smaller weights (Xavier).",
            code="X = (X - X.mean(0)) / X.std(0)",
        )
    return None


def _is_fed_wide(training: Training, one: ActivationRecord) -> bool:
    """Whether the weights of the layer before start much wider than is usual, about 1/√fan-in."""
    weight = next((param for param in training.weights() if param.name == f"{one.feeder}.weight"), None)
    if weight is None or weight.start is None or not one.feeder:
        return False
    return weight.start.std * math.sqrt(math.prod(weight.shape[1:])) > WIDE


def _outputs(training: Training) -> set[int]:
    """Return the activations that no layer follows: those of the output."""
    outputs: set[int] = set()
    for graph in training.record.graphs:
        queue, met = [0], {0}
        for place in queue if graph.nodes else []:
            node = graph.nodes[place]
            if node.kind in LINEAR_NODES or node.kind == "Bmm":
                continue
            if node.op is not None and node.op.activation is not None:
                outputs.add(node.op.activation)
                continue
            new = [parent for parent in node.inputs if parent not in met]
            met.update(new)
            queue += new
    return outputs


def _picture(training: Training) -> Picture | None:
    """Of each activation the share of values at its ends, over the steps."""
    found = [one for one in training.record.activations if any(one.saturated)]
    title = "Values at an end of their activation"
    return shares(found, [one.saturated for one in found], title, "% of the values")


FAULT = Fault(
    name="saturated_activation",
    family="What shows in the numbers",
    title="hidden units sit at the ends of their activation",
    what="There the slope is nearly 0, and so is the gradient that passes back.",
    formula=f"The network is stuck or poor, and over {SHARE:.0%} of a hidden layer's values are past "
    f"±0.99 (of a sigmoid: 0.01 or 0.99) in the first {EARLY} steps.",
    source="When a problem is solved, over 0.6 of the values are past it, so they are judged early.",
    silent="it is the output's activation, or the training succeeds. One that learns, but ends above "
    f"{UNFIT:.0%} ({SHORT:.0%}) of the best constant's loss, needs {FAR:.0%} ({NEARLY_ALL:.0%}) from the "
    "first steps on, or half of the values where the weights before it start wide.",
    remedy="Scale the inputs to a standard deviation of 1, and start from smaller weights.",
    see=(
        "neuron",
        "init",
    ),
    judge=judge,
    picture=_picture,
    remedies=(initialized("xavier"), STANDARDIZED_INPUTS, RELU_HE),
    first_blamed=("unnormalised_inputs", "bad_weight_init", "bad_bias_init"),
    explains=(Explains(("lr_too_low", "loss_plateau"), "at its ends an activation has no slope"),),
    signals=("saturated values",),
)
