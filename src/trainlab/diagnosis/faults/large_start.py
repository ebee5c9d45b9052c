"""A first loss that is many times a constant answer's, and the layer where the scale is made."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.faults.initial_weights import LARGE, gains
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import Graph, Op
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_NUMBERS
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.remedy import STANDARDIZED_INPUTS, Remedy
from trainlab.diagnosis.signals.training import Training, share_above_constant

# large_start: The first loss is many times that of an answer that is the same for all: something makes the
# outputs too large before a single step was taken.

TIMES = 4.0
SQUARES = 10.0
OUTPUTS = 10.0
"""Smaller outputs than this aren't large, however small the targets are."""
JUMP, USUAL = 4.0, 3.0
UNFIT, SLOW_END, SLOW = 0.5, 0.2, 0.1
_MOST = 400
_EXPLAINED = frozenset(
    ("unnormalised_inputs", "unnormalised_targets", "loss_activation_mismatch", "wrong_loss")
)
_SUMS = frozenset(
    ("matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "spmm", "sum", "index_add", "index_add_", "addmm",
     "scatter_add", "scatter_add_", "scatter_reduce", "einsum", "baddbmm", "scatter_reduce_")
)  # fmt: skip
_LAYERS = frozenset(("linear", "conv1d", "conv2d", "conv3d", "embedding", "lstm", "gru", "rnn_tanh", "addmm"))
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_LESS = {
    "inputs": ("Standardize the inputs.", "X = (X - X_train.mean(0)) / X_train.std(0)"),
    "sum": (
        "Take means instead of sums: divide by the number of what is summed, as an adjacency matrix by the "
        "degrees.",
        "adjacency = adjacency / adjacency.sum(1, keepdim=True)",
    ),
    "weights": (
        "Start its weights smaller, with a standard deviation of 1 / √inputs. An embedding that is the last "
        "layer, too, starts far too large for that by itself.",
        "torch.nn.init.normal_(layer.weight, std=layer.weight.shape[1] ** -0.5)",
    ),
    "other": ("Bring its output to a size of about 1: a factor, a norm layer.", ""),
}


def judge_large_start(training: Training) -> Finding | None:
    """Fire if the first loss is 4 times that of the uniform answer, 10 times the targets' mean square.

    As a note where the training gets over it.
    """
    main, learning = training.learning.main, training.learning
    if main is None or not main.fits or learning.adversarial or training.faults & _EXPLAINED:
        return None
    unit, first, many = unit_of_start(main), main.fits[0], most_at_start(main)
    outputs = max(abs(first.out_low or 0.0), abs(first.out_high or 0.0))
    if not unit > 0 or not many * unit < first.value < math.inf or outputs < OUTPUTS:
        return None
    if main.kind in OF_NUMBERS and outputs < math.sqrt(many) * max(
        abs(first.target_low), abs(first.target_high)
    ):
        return None
    known = dict(gains(training))
    if sum(gain > LARGE for gain in known.values()) > 0.5 * len(known):
        return None  # the weights of most layers are too large: that is told by itself
    chain = _chain(training, main)
    made, what = _made(chain)
    if made is None or made.name in RECURRENT:
        return None  # from time step to time step: exploding_gradient says more of that
    constant = "of answering 0" if main.kind in OF_NUMBERS else "of answering all classes alike"
    where = "the inputs" if what == "inputs" else made.place
    line = f" `{made.site.text}`" if made.site is not None and made.site.text else ""
    sizes = (
        f"what enters {made.place} has an rms of {made.entered:.3g}"
        if what == "inputs"
        else f"{made.name.strip('_')} at {made.place} gets an rms of {made.entered:.3g} and gives "
        f"{made.rms:.3g}"
    )
    remedy, code = _LESS[what]
    finding = Finding(
        place=place_at(
            made.site, "data" if what == "inputs" else "module", module=made.module, call=made.name
        ),
        where=f"{where}{line}" if what != "inputs" else f"the inputs of {made.place}{line}",
        confidence=0.8,
        evidence=(
            f"the first loss is {first.value:.3g}, {first.value / unit:.3g} times the {unit:.3g} {constant}; "
            f"the outputs go from {first.out_low:.3g} to {first.out_high:.3g} before the first step",
            f"the scale is made here: {sizes}",
            learning.words,
        ),
        remedy=remedy,
        code=code,
    )
    slow = learning.ratio > SLOW_END and share_above_constant(training) > SLOW
    return finding if learning.is_unfit(UNFIT) or slow else finding.as_note()


def most_at_start(main: LossRecord) -> float:
    """Return how many times `unit_of_start` the first loss is at most, in a training that starts well."""
    return SQUARES if main.kind in OF_NUMBERS else TIMES


def unit_of_start(main: LossRecord) -> float:
    """Return the loss of all classes alike, ln K; of numbers that of answering 0, their mean square."""
    if main.kind in CLASSES:
        return math.log(main.classes) if main.classes and main.classes > 1 else math.nan
    if main.kind in BINARY:
        return math.log(2)
    if main.kind not in OF_NUMBERS or not main.rows or not main.squares:
        return math.nan
    return sum(main.squares) / len(main.squares) / main.rows


def _chain(training: Training, main: LossRecord) -> list[Op]:
    """Return the calls that gave the first outputs, from the input on: of several inputs the largest."""
    place = next((at for at, one in enumerate(training.record.losses) if one is main), -1)
    for graph in training.record.graphs:
        start = next(
            (at for at, node in enumerate(graph.nodes) if node.op is not None and node.op.loss == place), None
        )
        if start is None:
            continue
        found: list[Op] = []
        at: int | None = _largest(graph, start)
        while at is not None and len(found) < _MOST:
            op = graph.nodes[at].op
            if op is not None:
                found.append(op)
            at = _largest(graph, at)
        if found:
            return found[::-1]
    return []


def _largest(graph: Graph, place: int) -> int | None:
    """Return the place of the largest of the measured calls that a node's inputs come from."""
    waiting, met, found = (
        list(graph.nodes[place].inputs),
        set(graph.nodes[place].inputs),
        list[tuple[float, int]](),
    )
    for one in waiting:
        node = graph.nodes[one]
        if node.op is not None and math.isfinite(node.op.rms):
            found.append((node.op.rms, one))
        elif len(met) < _MOST:
            new = [parent for parent in node.inputs if parent not in met]
            met.update(new)
            waiting += new
    return max(found, default=(0.0, None))[1]


def _made(chain: list[Op]) -> tuple[Op | None, str]:
    """Return the call that makes the scale: the first that multiplies it, after the last of usual size."""
    small = max((at for at, op in enumerate(chain) if op.rms <= USUAL), default=-1)
    late = chain[small + 1 :]
    if not late:
        return None, "other"
    if small < 0 and late[0].entered >= OUTPUTS:
        return late[0], "inputs"
    grows = [op for op in late if op.entered > 0 and op.rms > op.entered]
    made = next((op for op in grows if op.rms >= JUMP * op.entered), None)
    made = made or max(grows, key=lambda op: op.rms / op.entered, default=None)
    if made is None:
        return None, "other"
    if made.name in _LAYERS:
        return made, "weights"
    return made, "sum" if made.name in _SUMS else "other"


def _picture_of_large_start(training: Training) -> Picture | None:
    """The size of what each call gives before the first step, from the input on."""
    main = training.learning.main
    chain = [] if main is None else _chain(training, main)
    pairs = [(f"{op.module or op.name} ({op.name.strip('_')})", op.rms) for op in chain if op.rms > 0]
    title = "Size of what each call gives before the first step"
    return bars(title, "rms", pairs, log=True, usual=(0.3, USUAL), worst=lambda value: value)


def _remedies_for_large_start(finding: Finding) -> tuple[Remedy, ...]:
    return (STANDARDIZED_INPUTS,) if finding.place.kind == "data" else ()


LARGE_START = Fault(
    name="large_start",
    family="The start",
    title="the first loss is many times that of a constant answer",
    what="Before a single step the outputs are so large that the network is sure, and wrong. What makes them "
    "large makes the gradients large: sums over neighbours, an embedding that is also the last layer, raw "
    "inputs, weights of 1 into many units.",
    formula=f"The first loss is over {TIMES:g} times ln K, that of all K classes alike, or of numbers over "
    f"{SQUARES:g} times the targets' mean square; outputs go beyond {OUTPUTS:g}; and the training fails, or "
    f"ends above {UNFIT:.0%} of the best constant's loss, or above {SLOW_END:.0%} after more than {SLOW:.0%} "
    f"of its steps above it. Named is the first call after all of usual size (rms up to {USUAL:g}) "
    f"that gives {JUMP:g} times what it gets, else the one that multiplies it most.",
    source="A network that knows nothing yet loses no more than ln K: Karpathy 2019, A recipe for training "
    "neural networks: verify the loss at the start.",
    silent="inputs or targets are found to be out of scale, or most layers' weights (std(w) × √fan-in above "
    f"{LARGE:g}); or a recurrent layer makes it, from time step to time step. A training that gets over it "
    "has a note.",
    remedy="Means instead of sums, smaller first weights, standardized inputs.",
    see=("init", "loss"),
    judge=judge_large_start,
    picture=_picture_of_large_start,
    remedies=_remedies_for_large_start,
    untried="which scale is meant isn't known",
    explains=(
        Explains(
            (*GROWTH, "loss_rises", "loss_plateau"), "what is large at the start makes large gradients"
        ),
    ),
    signals=("loss of the best constant answer", "size at the start"),
)  # fmt: skip
