"""Weights that start at zero, alike, at the wrong size, or anew in each pass."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.events import LayerMadeAnew
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import initialized
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import Training, named

# symmetric_init: Units that start alike and get alike gradients stay alike: a layer of one unit, repeated.

EQUAL = 0.5


def judge_symmetric_init(training: Training) -> Finding | None:
    """Fire if over half of a hidden weight's rows are equal at the start and after 20 steps."""
    found = [param for param in alike(training) if param.start and param.start.zeros < 0.99]
    if not found:
        return _of_embeddings(training)
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found),
        confidence=0.93,
        evidence=tuple(
            f"{param.name}: {_equal(param):.0%} of {param.shape[0]} rows were equal at the start, "
            f"{param.equal_rows_later or 0:.0%} still are after {training.record.tick} steps"
            for param in found[:4]
        ),
        remedy="Start from random weights, so that units can become different.",
        code="torch.nn.init.xavier_uniform_(layer.weight)",
    )


def _of_embeddings(training: Training) -> Finding | None:
    """The units of an embedding are its columns: each row is one thing's values."""
    found = [
        param
        for param in training.weights()
        if _is_embedding(param)
        and len(param.shape) == 2
        and param.shape[1] >= 2
        and training.record.tick >= 20
        and _equal(param) > EQUAL
        and (param.equal_columns_later or 0) > EQUAL
    ]
    if not found:
        return None
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found),
        confidence=0.9,
        evidence=tuple(
            f"{param.name}: all {param.shape[1]} values of a row were equal at the start, "
            f"{param.equal_columns_later or 0:.0%} of the columns still are "
            f"after {training.record.tick} steps"
            for param in found[:4]
        ),
        remedy="Start from random values: equal columns get equal gradients and stay one and the same.",
        code="torch.nn.init.normal_(embedding.weight, std=0.1)",
    )


def alike(training: Training) -> list[ParamRecord]:
    """Return the hidden weights whose rows were equal and stayed so; an embedding's rows are no units."""
    weights = training.weights(least=2)
    if training.record.tick < 20 or len(weights) < 2:
        return []
    last = min(param.depth for param in weights)
    return [
        param
        for param in weights
        if param.depth > last
        and param.shape[0] >= 2
        and not _is_embedding(param)
        and _equal(param) > EQUAL
        and (param.equal_rows_later or 0) > EQUAL
    ]


def _is_embedding(param: ParamRecord) -> bool:
    return param.module_kind.startswith("Embedding")


def _equal(param: ParamRecord) -> float:
    """Return the share of units that are equal at the start: a weight's rows, an embedding's columns."""
    if param.start is None:
        return 0.0
    return param.start.equal_columns if _is_embedding(param) else param.start.equal_rows


def equal_rows(training: Training) -> Picture | None:
    """The share of units of each weight that are equal at the start: its rows, an embedding's columns."""
    pairs = [
        (f"{param.name}, columns" if _is_embedding(param) else param.name, 100 * _equal(param))
        for param in training.weights()
    ]
    title = "Rows of a weight that are equal at the start, input first"
    return bars(title, "% of the rows", pairs, worst=lambda value: value)


SYMMETRIC_INIT = Fault(
    name="symmetric_init",
    family="The start",
    title="units start alike and stay alike",
    what="Units with equal weights get equal gradients: the layer is one unit, repeated.",
    formula=f"Over {EQUAL:.0%} of the rows of a hidden weight are equal at the start, and still after 20 "
    "steps.",
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, 8.4: the start has to break symmetry.",
    silent="the rows grow apart, or the weight is the last one.",
    remedy="Start from random weights.",
    see=("init",),
    judge=judge_symmetric_init,
    picture=equal_rows,
    remedies=(initialized("default"),),
    explains=(
        Explains(
            ("bad_weight_init", "dead_relu", "capacity_too_small", "loss_plateau"),
            "units that stay alike are one unit",
        ),
    ),
    signals=("equal rows",),
)


# zero_init: Weights that start at zero, in more than the last layer: no gradient gets through them.

ALL = 0.999


def judge_zero_init(training: Training) -> Finding | None:
    """Fire if hidden weights start at 0 and their rows are still alike after 20 steps."""
    found = [param for param in alike(training) if param.start and param.start.zeros >= 0.99]
    if not found:
        return None
    kinds = named(param.module_kind for param in found)
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found) + (f" ({kinds})" if kinds else ""),
        confidence=0.93,
        proof=proven_if(
            all(median(param.grad_zeros or [0.0]) >= ALL for param in training.weights()),
            "no gradient reaches any weight",
        ),
        evidence=(
            f"{named(param.name for param in found)}: all zero at the start, and all rows are "
            f"still equal after {training.record.tick} steps",
            training.learning.words,
        ),
        remedy="Start from random weights; zero is fine for biases.",
        code="torch.nn.init.xavier_uniform_(layer.weight)",
    )


ZERO_INIT = Fault(
    name="zero_init",
    family="The start",
    title="hidden weights start at zero",
    what="No signal and no gradient gets through weights of 0, and all units of a layer are the same.",
    formula="At least 99 % of a hidden weight is 0 at the start, and over half of its rows are still "
    "alike after 20 steps.",
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, 8.4: the start has to break symmetry.",
    silent="only the last layer starts at 0, or one of two factors does (LoRA): their rows part at once.",
    proven="no gradient reaches any weight."
    f" That is: {ALL:.1%} of the gradient of each is exactly 0 in the middle of the steps.",
    remedy="Start from random weights; 0 is fine for biases.",
    see=("init",),
    judge=judge_zero_init,
    picture=equal_rows,
    remedies=(initialized("default"),),
    explains=(
        Explains(
            (
                "symmetric_init",
                "bad_weight_init",
                "vanishing_gradient",
                "dead_relu",
                "capacity_too_small",
                "loss_plateau",
            ),
            "no gradient passes through weights of 0, and all units are one",
        ),
    ),
    signals=("equal rows",),
)


# bad_weight_init: Weights start far too small or far too large for their number of inputs, in most layers
# without a norm.

SMALL, LARGE, UNFIT = 0.15, 4.0, 0.5


def judge_bad_weight_init(training: Training) -> Finding | None:
    """Fire where the training fails and std(w)·√fan_in is outside [0.15, 4] in more than half of the layers.

    Above 4 also where the loss stays above half of the best constant's. PyTorch's default gives 0.58, Xavier
    about 1, He 1.4.
    """
    failing, state = training.learning.failing, training.learning.state
    unfit = not failing and state in ("learnt", "poor") and training.learning.ratio > UNFIT
    if not failing and not unfit:
        return None
    known = dict(gains(training))
    off = {name: gain for name, gain in known.items() if gain > LARGE or (0 < gain < SMALL and not unfit)}
    if len(off) <= 0.5 * len(known) or not off:
        return None
    shown = ", ".join(f"{name} {gain:.2g}" for name, gain in list(off.items())[:8])
    return Finding(
        place=Place(kind="parameters", parameters=tuple(off)),
        where=named(off),
        confidence=0.8,
        evidence=(
            f"std(w)·√fan_in at the start: {shown}; "
            "0.58 is PyTorch's default, 1 to 1.4 preserve a signal's size",
            training.learning.words,
        ),
        remedy="Initialize with Xavier (tanh, sigmoid) or He (ReLU).",
        code="torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity='relu')",
    )


def gains(training: Training) -> list[tuple[str, float]]:
    """Return std(w)·√fan_in of each weight at the start; an embedding multiplies nothing."""
    return [
        (param.name, param.start.std * (param.size / param.shape[0]) ** 0.5)
        for param in training.weights()
        if param.start and "Embedding" not in param.module_kind
    ]


def _picture_of_bad_weight_init(training: Training) -> Picture | None:
    """std(w)·√fan_in of each weight at the start."""
    pairs = [(name, gain) for name, gain in gains(training) if gain > 0]
    return bars(
        "Scale of the weights at the start, input first",
        "std(w)·√fan_in",
        pairs,
        log=True,
        usual=(0.5, 1.5),
        worst=lambda value: abs(math.log(value)),
    )


BAD_WEIGHT_INIT = Fault(
    name="bad_weight_init",
    family="The start",
    title="the weights start far too small or far too large",
    what="Signals and gradients shrink, or grow, by the same factor in every layer.",
    formula=f"The training fails, and std(w)·√fan_in is outside [{SMALL:g}, {LARGE:g}] in over half "
    f"of the layers. Above {LARGE:g} also where the network learns something, and the loss stays above "
    f"{UNFIT:.0%} of the best constant's.",
    source="PyTorch's default gives 0.58, Glorot and Bengio 2010 about 1, He et al. 2015 1.41.",
    silent="the training succeeds: norm layers take care of the scale.",
    remedy="Use Xavier initialization for tanh and sigmoid, He for ReLU.",
    see=("init",),
    judge=judge_bad_weight_init,
    picture=_picture_of_bad_weight_init,
    remedies=(initialized("default"), initialized("xavier")),
    explains=(
        Explains(
            (
                "exploding_gradient",
                "vanishing_gradient",
                "dead_relu",
                "saturated_activation",
                "lr_too_low",
                "loss_plateau",
            ),
            "every layer's weights scale the signal and its gradient",
        ),
    ),
    signals=("gain",),
)


# layer_made_in_forward: A layer that is made anew in each forward pass: new random weights each time,
# which nothing can train.
#
# A note where its weights are the same each time, as those of a norm or a filter: it's no other function
# then.

LEAST_MADE = 8


def judge_layer_made_in_forward(training: Training) -> Finding | None:
    """Fire if one line called another new layer in at least 8 steps."""
    found = _found(training)
    if not found:
        return None
    event = found[0]
    site, others = event.site, _is_another(event)
    weights = "random weights are new" if len(event.different) > 1 else "weights are the same"
    finding = Finding(
        place=place_at(site, "module", module=event.module, call=event.kind),
        where=quoted(site, f"the {event.kind} within forward()"),
        confidence=0.95,
        evidence=(
            f"in each of {event.ticks} steps looked at, this line called another {event.kind}, "
            f"which isn't part of the network: its {weights} each time",
            "no optimizer has these weights, and no evaluation meets them again"
            if others
            else "no optimizer has these weights: they stay as they begin",
        ),
        remedy="Make the layer once, in __init__, and call it in forward().",
        code=f"def __init__(self, …):\n    self.layer = nn.{event.kind}(…)\n\n"
        "def forward(self, x):\n    … self.layer(x) …",
    )
    return finding if others else finding.as_note()


def _found(training: Training) -> list[LayerMadeAnew]:
    """Return such layers, first those that are other functions each time."""
    found = [event for event in training.record.events_of(LayerMadeAnew) if event.ticks >= LEAST_MADE]
    return sorted(found, key=lambda event: not _is_another(event))


def _is_another(event: LayerMadeAnew) -> bool:
    """Whether weights are drawn anew; batch-norm has statistics besides, which are never gathered."""
    return len(event.different) > 1 or "BatchNorm" in event.kind


def _picture_of_layer_made_in_forward(training: Training) -> Picture | None:
    """How many layers there were at each line, one after the other."""
    pairs = [
        (f"{event.kind}{f' at line {event.site.line}' if event.site else ''}", event.count)
        for event in _found(training)
    ]
    return bars("Layers made one after the other", "layers", pairs)


LAYER_MADE_IN_FORWARD = Fault(
    name="layer_made_in_forward",
    family="The network",
    title="a layer is made anew in each forward pass",
    what="`nn.Linear(…)(x)` within `forward` draws new weights in each call: what it computes is another "
    "random function each time, and no step trains it.",
    formula=f"One line of a network's pass calls a layer with weights of its own that isn't part of the "
    f"network, and another one in each of at least {LEAST_MADE} steps looked at.",
    source="A fact, counted.",
    silent="it is the same layer each time, its weights are the network's, or they are computed or need no "
    "gradient. Where they are the same each time, as those of a norm, it is a note.",
    remedy="Make the layer in `__init__`, and call it in `forward`.",
    judge=judge_layer_made_in_forward,
    picture=_picture_of_layer_made_in_forward,
    untried="a layer that is gone after each pass can't be kept from outside",
    explains=(
        Explains(
            ("capacity_too_small", "loss_plateau", "oscillating_loss", "shuffled_targets"),
            "its random weights are others in each pass",
        ),
    ),
)
