"""The output and the loss that is made for another one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trainlab.diagnosis.edits import without_activation
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.record import Graph, Node, Op
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES, OF_NUMBERS, RANGES, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.shared_pictures import chain_to_loss, targets_and_range
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals import clipped_logits
from trainlab.diagnosis.signals.curve import mean, median
from trainlab.diagnosis.signals.training import Training, behind, from_loss, holds_up

# loss_activation_mismatch: A loss gets what it isn't made for: softmax before cross-entropy, raw outputs
# into NLL, and so on.
#
# Read off the autograd graph, not off values: a healthy network's outputs may well lie between 0 and 1.

_TO_LOSS = frozenset(
    ("NllLoss", "NllLoss2D", "Mul", "Neg", "Sum", "Mean", "Div", "Add", "KlDiv", "Gather", "Sub")
)
_NEAR = _TO_LOSS | SHAPE_NODES
_SQUASHED = frozenset(("Softmax", "Sigmoid"))
_LIMITED = frozenset(("Clamp", "Relu", "Hardtanh", "ClampMin", "ClampMax", "Abs", "Tanh", "Hardsigmoid"))
_LOGARITHMS = frozenset(("Log1P", "Softplus", "Logsumexp"))
_ARITHMETIC = frozenset(("Mul", "Neg", "Sum", "Mean", "Div", "Add", "Sub", "Clamp", "Maximum"))
_MOST = 60
OFF = 0.05
HIDDEN = clipped_logits.UNMOVED
"""Of the answers that a ReLU keeps from the loss, so many are too many."""


def judge_loss_activation_mismatch(training: Training) -> Finding | None:
    """Go through the kinds of graphs that were seen; what a loss surely isn't made for comes first."""
    return _provenance(training) or _clipping(training)


def _clipping(training: Training) -> Finding | None:
    """A ReLU or its like right before a loss of logits, where it keeps answers from the loss."""
    for graph in training.record.graphs:
        for node in _near_loss(graph):
            wrong = next((one for one in behind(graph, node) if one.kind in clipped_logits.CLIPPING), None)
            loss = training.loss_of(_of_logits(graph, node))
            if wrong is None or loss is None:
                continue
            found = clipped_logits.clipped(training, loss, wrong)
            if found is None:
                continue
            name = _called(wrong)
            finding = Finding(
                place=_activation(wrong, name),
                where=f"{name} at {_line(wrong)} into the loss at {quoted(loss.site, loss.kind)}",
                confidence=found.confidence,
                evidence=(
                    f"the tensor given to the loss comes out of {name} ({_place_of(wrong)}); "
                    f"{loss.kind} takes logits, which may be below 0 as well as above",
                    *found.evidence,
                ),
                remedy=f"No activation on the output: leave out the {name} before the loss.",
                code=f"logits = …  # no {name} here\nloss = criterion(logits, target)",
            )
            return finding if found.is_fault else finding.as_note()
    return None


def _of_logits(graph: Graph, node: Node) -> Op | None:
    """Return the loss function that a node belongs to, if it takes logits."""
    if node.kind == "BinaryCrossEntropyWithLogits":
        return node.op
    if node.kind != "LogSoftmax":
        return None
    likely = (
        one for one in graph.nodes if one is node or any(parent is node for parent in behind(graph, one))
    )
    return next((one.op for one in likely if one.op is not None and one.op.loss is not None), None)


def _provenance(training: Training) -> Finding | None:
    for graph in training.record.graphs:
        found = next(filter(None, (_judge_node(training, graph, node) for node in _near_loss(graph))), None)
        found = found or _by_hand(training, graph)
        if found is not None:
            return found
    return None


def _by_hand(training: Training, graph: Graph) -> Finding | None:
    """A loss written out for logits, log(1 + exp(…)) or log Σ exp(…), of what is a probability already."""
    reach, met = [0] if graph.nodes else [], {0}
    for place in reach:
        node = graph.nodes[place]
        if len(reach) > _MOST:
            break
        if node.kind in _LOGARITHMS:
            wrong = _squashed_behind(graph, node)
            if wrong is not None:
                return _twice(training, node, wrong, f"{node.kind.lower()} in the loss takes it for a logit")
        elif node.kind in _ARITHMETIC or node.kind in SHAPE_NODES:
            new = [parent for parent in node.inputs if parent not in met]
            met.update(new)
            reach += new
    return None


def _squashed_behind(graph: Graph, node: Node) -> Node | None:
    """Return the softmax or sigmoid whose output, at most with another sign, goes into a logarithm."""
    for _ in range(4):
        before = behind(graph, node)
        if len(before) != 1:
            return None
        node = before[0]
        if node.kind in _SQUASHED:
            return node
        if node.kind not in ("Exp", "Neg", "Abs", "Mul"):
            return None
    return None


def _near_loss(graph: Graph) -> Iterator[Node]:
    """Yield the nodes between the loss and the first that isn't loss arithmetic, that one included."""
    first = next(iter(graph.nodes), None)
    return from_loss(graph, lambda node: node is first or node.kind in _NEAR)


def _judge_node(training: Training, graph: Graph, node: Node) -> Finding | None:
    before = behind(graph, node)
    kinds = {parent.kind for parent in before}
    wrong = next((parent for parent in before if parent.kind in _SQUASHED), None)
    if wrong is not None and node.kind == "LogSoftmax":
        return _twice(training, node, wrong, "cross-entropy applies softmax itself")
    if wrong is not None and node.kind == "BinaryCrossEntropyWithLogits":
        return _twice(training, node, wrong, "BCEWithLogitsLoss applies sigmoid itself")
    if node.kind in ("NllLoss", "NllLoss2D") and "LogSoftmax" not in kinds:
        return _raw_into_nll(training, node, before)
    if node.kind == "BinaryCrossEntropy":
        return _raw_into_bce(graph, node, before)
    return None


def _activation(node: Node, name: str) -> Place:
    if node.op is None:
        return Place(kind="activation", call=name)
    return place_at(node.op.site, "activation", module=node.op.module, call=name)


def _called(node: Node) -> str:
    """Return what a node is called in the script, as ``relu``."""
    return node.op.name.rstrip("_") if node.op is not None else node.kind.lower()


def _place_of(node: Node) -> str:
    return node.op.place if node.op is not None else node.kind


def _line(node: Node) -> str:
    """Return the place with its source line."""
    site = None if node.op is None else node.op.site
    return f"{_place_of(node)} `{site.text}`" if site is not None else _place_of(node)


def _into_loss(node: Node) -> str:
    return f" into the loss{quoted(None if node.op is None else node.op.site, before=' at ')}"


def _twice(training: Training, loss: Node, wrong: Node, why: str) -> Finding:
    name = wrong.kind.lower()
    main = training.learning.main
    evidence = [f"the tensor given to the loss comes out of {name} ({_place_of(wrong)}); {why}"]
    if main is not None and main.classes and wrong.kind == "Softmax" and loss.kind == "LogSoftmax":
        floor = math.log(main.classes - 1 + math.e) - 1
        evidence.append(
            f"with outputs between 0 and 1 the loss of {main.classes} classes can't fall below {floor:.2f}"
        )
    return Finding(
        place=_activation(wrong, name),
        where=f"{name} at {_line(wrong)}{_into_loss(loss)}",
        confidence=0.97,
        proof=_at_its_floor(training, loss, wrong),
        evidence=tuple(evidence),
        remedy=f"Return the raw outputs (logits) in training: leave out the {name} before the loss.",
        code=f"logits = …  # no {name} here\nloss = criterion(logits, target)",
    )


def _at_its_floor(training: Training, loss: Node, wrong: Node) -> Proof:
    """Return the proof that the loss can't be lower than it is, given what lies between 0 and 1."""
    main, constant = training.learning.main, training.learning.constant_answer
    floor = math.nan
    if main is not None and main.kind == "cross_entropy" and wrong.kind == "Softmax" and main.classes:
        floor = math.log(main.classes - 1 + math.e) - 1
    elif main is not None and loss.kind == "BinaryCrossEntropyWithLogits" and main.sample:
        yes = mean(main.sample)
        floor = yes * math.log1p(1 / math.e) + (1 - yes) * math.log(2)
    words = f"with outputs between 0 and 1 the loss can't fall below {floor:.2f}"
    return proven_if(constant > 0 and holds_up(training, floor / constant), words)


def _raw_into_nll(training: Training, node: Node, before: list[Node]) -> Finding | None:
    loss = training.loss_of(node.op)
    if loss is None or node.op is None or node.op.name != "nll_loss":
        return None
    mass = median([fit.scale for fit in loss.fits]) if loss.fits else 0.0
    if mass < OFF:
        return None
    source = before[0] if before else node
    return Finding(
        place=place_at(node.op.site, "output", call=node.op.name),
        where=f"{_place_of(source)}{_into_loss(node)}",
        confidence=0.97,
        evidence=(
            f"nll_loss expects log-probabilities, but gets the output of {source.kind.lower()} "
            f"({_place_of(source)})",
            f"the rows' probabilities don't sum to 1: |log Σ exp| is {mass:.3g} in the median, "
            "0 for log-probabilities",
        ),
        remedy="Apply log_softmax over the classes before nll_loss, or use cross_entropy on the raw outputs.",
        code="loss = torch.nn.functional.cross_entropy(logits, target)",
    )


def _raw_into_bce(graph: Graph, node: Node, before: list[Node]) -> Finding | None:
    for parent in before:
        if parent.kind in _LIMITED:
            above = behind(graph, parent)
            if any(one.kind in _SQUASHED for one in above) or any(one.kind in _LIMITED for one in above):
                continue
        elif parent.kind not in LINEAR_NODES:
            continue
        return Finding(
            place=place_at(node.op and node.op.site, "output", call="binary_cross_entropy"),
            where=f"{_place_of(parent)}{_into_loss(node)}",
            confidence=0.9,
            evidence=(
                f"binary_cross_entropy expects probabilities, but gets the output of {parent.kind.lower()} "
                f"({_place_of(parent)}) without a sigmoid before it",
            ),
            remedy="Use binary_cross_entropy_with_logits on the raw outputs.",
            code="loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)",
        )
    return None


_SQUASHING = frozenset(
    ("softmax", "sigmoid", "clamp", "hardtanh", "relu", "relu_", "relu6", "threshold", "hardsigmoid", "tanh")
)


def _picture_of_loss_activation_mismatch(training: Training) -> Picture | None:
    """The operations from the input to the loss; one that squashes right before the loss is marked."""
    return chain_to_loss(training, lambda left, op, _: op in _SQUASHING and left == 1)


_CLIPS = ("relu", "relu6", "clamp", "clamp_min", "hardtanh", "threshold", "hardsigmoid", "tanh")


def _remedies_for_loss_activation_mismatch(finding: Finding) -> tuple[Remedy, ...]:
    """Of what only clips logits the loss stays the same without it."""
    if finding.place.call in _CLIPS:
        return (single("no activation on the output", "off_output"),)
    return (single("the loss given what it is made for", "given_logits", same_loss=False),)


LOSS_ACTIVATION_MISMATCH = Fault(
    name="loss_activation_mismatch",
    family="The loss and its targets",
    title="the loss is given what it isn't made for",
    what="Softmax before `cross_entropy`, which applies it itself; sigmoid before "
    "`binary_cross_entropy_with_logits`; raw outputs into `nll_loss` or `binary_cross_entropy`; a ReLU "
    "before a loss of logits, which cuts off everything below 0: a class at 0 is no likelier than a "
    "guess, and gets no gradient to rise.",
    formula="The tensor given to the loss comes out of softmax or sigmoid by the autograd graph; or "
    "what `nll_loss` is given aren't log-probabilities: the median of |log Σ exp| over the rows is above "
    f"{OFF:g}. Or it comes out of a ReLU or its like: before "
    "`binary_cross_entropy_with_logits` always, if targets are 0; before `cross_entropy` if the training "
    f"fails and the right class's logit is 0 in over {HIDDEN:.0%} of the last rows, or if that is so and "
    "a class that occurs had a logit of 0 in every row of 20 batches. Or it comes out of tanh, the "
    "training fails, and its loss is near the least that logits between −1 and 1 allow."
    " Or a log Σ exp that is written out gets a probability.",
    source="A fact. It goes by where values come from: a healthy network's outputs may lie in [0, 1], too. "
    "Of K logits that are 0 or more, one at 0 has at most the probability 1/K.",
    silent="values merely look like probabilities, or a layer or a factor stands between the activation "
    "and the loss. A ReLU or tanh with which the training learns is a note.",
    proven="outputs between 0 and 1 keep the loss of softmax or sigmoid above a floor, and it has come "
    "down nine tenths of the way to that.",
    remedy="Give logits to losses that apply softmax or sigmoid themselves.",
    see=("loss",),
    judge=judge_loss_activation_mismatch,
    picture=_picture_of_loss_activation_mismatch,
    edit=without_activation,
    remedies=_remedies_for_loss_activation_mismatch,
    explains=(
        Explains(
            ("vanishing_gradient", "dead_relu", "lr_too_low", "loss_plateau"),
            "the activation before the loss lets hardly any gradient through",
        ),
        Explains(("nonfinite_values",), "a logarithm of what is no probability isn't finite"),
    ),
    signals=("|log Σ exp|", "logits at 0"),
)


# output_range_mismatch: The output's activation can't reach the targets: a sigmoid for 3.7, a ReLU for −1.

SHARE = 0.05
FITTED = 0.05
_FAR = 10
"""From so many times a constant's loss on, it isn't told in per cent."""


def judge_output_range_mismatch(training: Training) -> Finding | None:
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
                    return Finding(
                        place=_activation(source, _called(source)),
                        where=(
                            f"{source.kind.lower()} at {_line(source)}, into the loss at "
                            f"{quoted(loss.site, loss.kind)}"
                        ),
                        confidence=0.93,
                        proof=proven_if(
                            loss is training.learning.main and holds_up(training, floor),
                            f"no output in this range brings the loss below {_times(floor)} a constant's",
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


def _times(floor: float) -> str:
    """Return ``85% of``, or ``1e+12 times`` of what is so far above."""
    return f"{floor:.0%} of" if floor < _FAR else f"{floor:.3g} times"


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


OUTPUT_RANGE_MISMATCH = Fault(
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
    see=("loss", "neuron"),
    judge=judge_output_range_mismatch,
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
