"""Signals that fade from layer to layer: gradients that vanish, units that are dead or saturated."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.record import ActivationRecord, Node, ParamRecord
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import gradient_by_depth, shares
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.remedies.remedy import (
    RELU_HE,
    STANDARDIZED_INPUTS,
    activation_replaced,
    initialized,
    rate_times,
)
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import (
    Training,
    answers_alike,
    early_gradients,
    from_loss,
    late_gradients,
)

# vanishing_gradient: The gradient fades on its way to the first layers: told relative to the others, not
# by its size.

FADED = 1e-2
FADED_FAR = 1e-3
FADED_LATE = 1e-3
FADED_IN_TIME = 1e-3
ZEROS, TAKEN, GROWN = 0.99, 0.1, 0.5
"""Weights that start at 0 take nearly all of what comes back until they are half as large as usual."""

# Through ten layers of tanh a quarter of it is left from Xavier, of PyTorch's default half a per cent.
AT_FIRST = (
    "Start from weights from which it fades less (Xavier for tanh, He for ReLU), use ReLU, batch- or "
    "layer-norm, or skip connections."
)
XAVIER = "for p in model.parameters():\n    if p.dim() > 1:\n        torch.nn.init.xavier_uniform_(p)"
HE = (
    "# with nn.ReLU() in the place of nn.Sigmoid()\nfor p in model.parameters():\n    if p.dim() > 1:\n"
    "        torch.nn.init.kaiming_normal_(p)"
)
"""Of sigmoid's gradient no starting weights keep much: its slope is a quarter at most."""
AT_LAST = (
    "It didn't fade so at the start, so other initial weights alone may not help: use ReLU, batch- or "
    "layer-norm, or skip connections."
)


def judge_vanishing_gradient(training: Training) -> Finding | None:
    """Fire where the training fails and the first layer's gradient is under 1 % (0.1 %) of the largest.

    Early steps tell of the start; where it doesn't fade there and the training is stuck, late ones are asked.
    Also where a plain recurrent network is stuck whose state shrinks to 0.1 % over the sequence: its weights'
    gain std(w)·√n, about their spectral radius, to the power of the length.
    """
    if not training.learning.failing or training.learning.state == "diverged":
        return None
    if training.learning.state != "stuck":
        return _in_depth(training, early_gradients(training), below=FADED_FAR, confidence=0.85)
    return (
        _in_depth(training, early_gradients(training), below=FADED, confidence=0.85)
        or _in_depth(training, late_gradients(training), below=FADED_LATE, confidence=0.7, late=True)
        or _in_time(training)
    )


def _in_depth(
    training: Training,
    found: list[tuple[ParamRecord, float]],
    *,
    below: float,
    confidence: float,
    late: bool = False,
) -> Finding | None:
    """Little of the largest gradient comes back through the layers to the first one."""
    found = _not_behind_zeros(found)
    if len(found) < 3:
        return None
    (first, small), (largest, big) = found[0], max(found, key=lambda pair: pair[1])
    if big <= 0 or small <= 0 or largest.depth >= first.depth or small / big >= below:
        return None
    layers = max(1, sum(param.depth > largest.depth for param, _ in found))
    kinds = sorted({activation.kind.rstrip("_") for activation in training.record.activations})
    profile = ", ".join(f"{param.name} {value:.1e}" for param, value in found[:12])
    return Finding(
        place=Place(kind="parameters", parameters=(first.name, largest.name)),
        where=f"{first.name} up to {largest.name}",
        confidence=confidence,
        evidence=(
            f"{'at the last steps looked at, ' if late else ''}rms gradient of "
            f"{first.name} {small:.2g}, of {largest.name} {big:.2g}: a factor {small / big:.1e} "
            f"({(small / big) ** (1 / layers):.2g} a layer)",
            f"by layer, input first: {profile}",
            f"activations: {', '.join(kinds) or 'unknown'}; {training.learning.words}",
        ),
        remedy=AT_LAST if late else AT_FIRST,
        code="" if late else HE if "sigmoid" in kinds else XAVIER,
    )


def _not_behind_zeros(found: list[tuple[ParamRecord, float]]) -> list[tuple[ParamRecord, float]]:
    """Leave out what lies before weights that start at 0 and take its gradient, as those of a branch may.

    Until they have grown, hardly anything passes them, whatever the layers before them are like.
    """
    zeros = [
        (param, value)
        for param, value in found
        if param.start is not None and param.start.zeros >= ZEROS and not _has_grown(param)
    ]
    for param, value in sorted(zeros, key=lambda pair: -pair[0].depth):
        before = [other for other in found if other[0].depth > param.depth]
        if before and before[-1][1] < TAKEN * value:
            return [other for other in found if other[0].depth <= param.depth]
    return found


def _has_grown(param: ParamRecord) -> bool:
    usual = (3 * param.size / param.shape[0]) ** -0.5  # the std that PyTorch itself starts a layer with
    return bool(param.weight_rms) and param.weight_rms[-1] > GROWN * usual


def _in_time(training: Training) -> Finding | None:
    """Nothing comes back from the end of a sequence to its beginning."""
    shape = training.record.data.input_shape
    if len(shape) < 2:
        return None
    length = min(shape[:2])  # batch first or time first: the shorter one is the safe guess
    for param in training.weights():
        kind, leaf = param.module_kind, param.name.rpartition(".")[2]
        if kind not in ("RNN", "RNNCell") or not leaf.startswith("weight_hh") or param.start is None:
            continue
        gain = param.start.std * math.sqrt(param.shape[1])
        if gain**length >= FADED_IN_TIME:
            continue
        return Finding(
            place=Place(kind="parameters", parameters=(param.name,)),
            where=f"{param.name}, over the steps of the sequence",
            confidence=0.75,
            evidence=(
                f"std(w)·√n of {param.name} is {gain:.2g} at the start, about its spectral radius: over "
                f"{length} steps a gradient shrinks to {gain**length:.1e}",
                training.learning.words,
            ),
            remedy="Start the recurrent weights orthogonal, or use an LSTM or GRU, whose gates keep a state.",
            code=f"torch.nn.init.orthogonal_({param.name})",
        )
    return None


def _picture_of_vanishing_gradient(training: Training) -> Picture | None:
    """The same where it fades towards the input; what fades over the steps of a sequence shows no such.

    Where it doesn't fade at first, but at last, the last 20 steps.
    """
    if _fades([value for _, value in early_gradients(training)], below=FADED):
        return gradient_by_depth(training)
    pairs = [(param.name, value) for param, value in late_gradients(training)]
    if not _fades([value for _, value in pairs], below=FADED_LATE):
        return None
    unit = "rms gradient (median of the last 20 steps looked at)"
    return bars("Gradient by layer, input first", unit, pairs, log=True)


def _fades(found: list[float], *, below: float) -> bool:
    return bool(found) and found[0] < below * max(found)


VANISHING_GRADIENT = Fault(
    name="vanishing_gradient",
    family="What shows in the numbers",
    title="the gradient vanishes on its way to the first layers",
    what="Each layer multiplies it by less than 1: the first layers stay random, and the later ones learn "
    "from noise.",
    formula="The training fails, and in the median of the first 20 steps looked at the rms gradient of "
    f"the first weight is below {FADED:g} of the largest where the network is stuck, else below "
    f"{FADED_FAR:g}. Where it is stuck, being below {FADED_LATE:g} in the last 20 steps looked at is "
    "enough, too. Or a recurrent layer without gates starts so small that std(w)·√n to the power of the "
    f"sequence's length is below {FADED_IN_TIME:g}.",
    source="AUTOTRAINER takes 1e-3 between first and last layer. Relative, since a sigmoid stack that "
    "can't learn stays far above the absolute limits (1e-7) of most tools.",
    silent="the training succeeds, there are fewer than 3 layers, or they are frozen. Layers before weights "
    "that start at 0 don't count until those have grown."
    f" Weights of which {ZEROS:.0%} are 0, and which let less than {TAKEN:.0%} of their gradient "
    f"through, count as such, until their size is {GROWN:.0%} of PyTorch's usual one.",
    remedy="Use ReLU with He initialization, Xavier for tanh, a norm layer, or skip connections.",
    see=("chain_rule", "init"),
    judge=judge_vanishing_gradient,
    picture=_picture_of_vanishing_gradient,
    remedies=(RELU_HE, initialized("xavier")),
    explains=(Explains(("lr_too_low", "loss_plateau"), "where no gradient arrives, nothing moves"),),
    signals=("outcome", "rms gradient", "fading"),
)


# dead_relu: A layer of ReLUs that are silent for every sample: no gradient passes.
#
# The cause only where it was so from the start; a layer that dies later was killed by something else. Healthy
# layers may have a third or half of their units silent, so only a layer that is nearly wholly dead counts.

DEAD = 0.9


def judge_dead_relu(training: Training) -> Finding | None:
    """Fire where the training fails and 90 % of a layer were silent over 20 batches in a row.

    Of a single unit, an output as a rule, where nothing is learnt at all.
    """
    if not training.learning.falls_short:
        return None
    fewest = 1 if training.learning.state == "stuck" else 2
    layers = [one for one in training.record.activations if one.window_silent and one.units >= fewest]
    dead = [one for one in layers if max(one.window_silent) > DEAD]
    if not dead:
        return None
    early = [one for one in dead if one.window_silent[0] > DEAD]
    from trainlab.draw import counted

    shown = early or dead
    words = [
        f"{one.feeder or one.place}: {max(one.window_silent):.0%} of {counted(one.units, 'unit')} "
        f"{'were' if one.units > 1 else 'was'} 0 for every sample of 20 batches"
        for one in shown[:6]
    ]
    when = (
        "from the first steps on"
        if early
        else f"later, around step {_death(shown[0].ticks, shown[0].window_silent)}: see what comes before"
    )
    return Finding(
        place=place_at(shown[0].site, "activation", module=shown[0].module, call=shown[0].kind),
        where=", ".join(
            dict.fromkeys(
                f"{one.feeder} (ReLU at {one.place})" if one.feeder else one.place for one in shown[:6]
            )
        ),
        confidence=0.85 if early else 0.6,
        proof=proven_if(
            answers_alike(training) and any(one.window_silent[-1] >= 1 for one in dead),
            "a whole layer is silent to the end, and every answer is the same",
        ),
        evidence=(*words, f"silent {when}", training.learning.words),
        remedy="Use He initialization with biases at 0, a lower learning rate, or a LeakyReLU.",
        code=(
            "torch.nn.init.kaiming_uniform_(layer.weight, "
            "nonlinearity='relu')\ntorch.nn.init.zeros_(layer.bias)"
        ),
    )


def _death(ticks: list[int], windows: list[float]) -> int:
    place = next(place for place, value in enumerate(windows) if value > DEAD)
    return ticks[min(len(ticks) - 1, place * 20)]


def _picture_of_dead_relu(training: Training) -> Picture | None:
    """Of each activation the share of units that are 0 for the whole batch, over the steps."""
    found = [one for one in training.record.activations if one.window_silent]
    return shares(
        found, [one.silent for one in found], "Units that are 0 for a whole batch", "% of the units"
    )


DEAD_RELU = Fault(
    name="dead_relu",
    family="What shows in the numbers",
    title="ReLUs are silent for every sample",
    what="A unit that is 0 for every sample passes no gradient, so it can't recover.",
    formula=f"The network is stuck or poor, and over {DEAD:.0%} of a layer's units are 0 for all samples "
    "of 20 batches in a row; a layer of one unit counts where the network is stuck.",
    source="Up to half of the units of a healthy layer are silent: other tools, whose limits are 20 to "
    "50 %, raise false alarms there.",
    silent="fewer are silent, or the training succeeds.",
    proven="a whole layer is silent to the end, and the network, asked then, answers everything alike.",
    remedy="Use He initialization with biases at 0, a lower learning rate, or `LeakyReLU`.",
    see=("neuron", "learning_rate"),
    judge=judge_dead_relu,
    picture=_picture_of_dead_relu,
    remedies=(
        initialized("he"),
        activation_replaced("LeakyReLU for ReLU", ("relu",), "leaky_relu"),
        rate_times(0.1),
    ),
    explains=(
        Explains(("lr_too_low", "capacity_too_small", "loss_plateau"), "a silent unit passes no gradient"),
    ),
    signals=("outcome", "silent units"),
)


# saturated_activation: Hidden tanh or sigmoid units sit at their ends, where the slope is nearly 0, from
# the start.
#
# At the end of a solved problem that's normal, and so it is judged early and only where the training fails.

SHARE = 0.5
FAR, UNFIT = 0.8, 0.5
NEARLY_ALL, SHORT = 0.9, 0.1
EARLY = 50
FIRST = 3
WIDE = 4.0


def judge_saturated_activation(training: Training) -> Finding | None:
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

    def activation(node: Node) -> int | None:
        is_layer = node.kind in LINEAR_NODES or node.kind == "Bmm"
        return None if is_layer or node.op is None else node.op.activation

    def goes_on(node: Node) -> bool:
        return node.kind not in LINEAR_NODES and node.kind != "Bmm" and activation(node) is None

    met = (activation(node) for graph in training.record.graphs for node in from_loss(graph, goes_on))
    return {place for place in met if place is not None}


def _picture_of_saturated_activation(training: Training) -> Picture | None:
    """Of each activation the share of values at its ends, over the steps."""
    found = [one for one in training.record.activations if any(one.saturated)]
    title = "Values at an end of their activation"
    return shares(found, [one.saturated for one in found], title, "% of the values")


SATURATED_ACTIVATION = Fault(
    name="saturated_activation",
    family="What shows in the numbers",
    title="hidden units sit at the ends of their activation",
    what="There the slope is nearly 0, and so is the gradient that passes back.",
    formula=f"The network is stuck or poor, and over {SHARE:.0%} of a hidden layer's values are past "
    f"±0.99 (of a sigmoid: 0.01 or 0.99) in the first {EARLY} steps.",
    source="When a problem is solved, over 0.6 of the values are past it, so they are judged early.",
    silent="it is the output's activation, or the training succeeds. One that learns, but ends above "
    f"{UNFIT:.0%} ({SHORT:.0%}) of the best constant's loss, needs {FAR:.0%} ({NEARLY_ALL:.0%}) from the "
    "first steps on, or half of the values where the weights before it start wide."
    f" First means the first {FIRST} looked at; wide is over {WIDE:g} times 1/√fan-in.",
    remedy="Scale the inputs to a standard deviation of 1, and start from smaller weights.",
    see=("neuron", "init"),
    judge=judge_saturated_activation,
    picture=_picture_of_saturated_activation,
    remedies=(initialized("xavier"), STANDARDIZED_INPUTS, RELU_HE),
    first_blamed=("unnormalised_inputs", "bad_weight_init"),
    explains=(Explains(("lr_too_low", "loss_plateau"), "at its ends an activation has no slope"),),
    signals=("saturated values",),
)
