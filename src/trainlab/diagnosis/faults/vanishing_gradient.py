"""The gradient fades on its way to the first layers: told relative to the others, not by its size."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.network import gradient_by_depth
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import RELU_HE, initialized
from trainlab.diagnosis.signals.gradients import early_gradients, late_gradients
from trainlab.diagnosis.signals.training import Training

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
AT_LAST = (
    "It didn't fade so at the start, so other initial weights alone may not help: use ReLU, batch- or "
    "layer-norm, or skip connections."
)


def judge(training: Training) -> Finding | None:
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
            f"{first.name} {small:.2g}, of {largest.name} {big:.2g}: a factor "
            f"{small / big:.1e} "
            f"({(small / big) ** (1 / layers):.2g} a layer)",
            f"by layer, input first: {profile}",
            f"activations: {', '.join(kinds) or 'unknown'}; {training.learning.words}",
        ),
        remedy=AT_LAST if late else AT_FIRST,
        code="" if late else XAVIER,
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


def _picture(training: Training) -> Picture | None:
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


FAULT = Fault(
    name="vanishing_gradient",
    family="What shows in the numbers",
    title="the gradient vanishes on its way to the first layers",
    what="Each layer multiplies it by less than 1: the first layers stay random, and the later ones learn "
    "from noise.",
    formula="The training fails, and in the median of the first 20 steps looked at the rms gradient of "
    f"the first weight is below {FADED:g} of the largest where the network is stuck, else below "
    f"{FADED_FAR:g}. Where it is stuck, being below {FADED_LATE:g} in the last 20 steps looked at is "
    "enough, too.",
    source="AUTOTRAINER takes 1e-3 between first and last layer. Relative, since a sigmoid stack that "
    "can't learn stays far above the absolute limits (1e-7) of most tools.",
    silent="the training succeeds, there are fewer than 3 layers, or they are frozen. Layers before weights "
    "that start at 0 don't count until those have grown.",
    remedy="Use ReLU with He initialization, Xavier for tanh, a norm layer, or skip connections.",
    see=(
        "chain_rule",
        "init",
    ),
    judge=judge,
    picture=_picture,
    remedies=(RELU_HE, initialized("xavier")),
    explains=(Explains(("lr_too_low", "loss_plateau"), "where no gradient arrives, nothing moves"),),
    signals=("outcome", "rms gradient", "fading"),
)
