"""Features of very different size, or far from 0, go into the first layer of a training that fails."""

from __future__ import annotations

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import FirstInput
from trainlab.diagnosis.observed.features import feature_name
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import STANDARDIZED_INPUTS
from trainlab.diagnosis.signals.training import Training

RATIO = 100.0
LARGE = 10.0
_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "GRU", "LSTM", "RNN", "")


def judge(training: Training) -> Finding | None:
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
    if not uneven and size <= LARGE:
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
            f"std of the features from {spread[least]:.3g} ({name(least)}) to "
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
        event.size <= LARGE and event.ratio <= RATIO
        for event in entered
        if event.size is not None and event.ratio is not None
    )


def _normalized_at_once(training: Training, key: int) -> bool:
    """Whether what the first layer gives goes straight into a batch-norm, which takes away a size of all."""
    for graph in training.record.graphs[:3]:
        found = {place for place, node in enumerate(graph.nodes) if node.param == key}
        for _ in range(MOST_NODES):
            found = {place for place, node in enumerate(graph.nodes) if found & set(node.inputs)}
            kinds = {graph.nodes[place].kind for place in found}
            if kinds and kinds <= _BATCH_NORMS:
                return True
            if not kinds or not kinds <= _OF_A_LAYER:
                break
    return False


_BATCH_NORMS = frozenset(("NativeBatchNorm", "CudnnBatchNorm"))
_OF_A_LAYER = LINEAR_NODES | {"T"}
MOST_NODES = 4
_USUAL = (0.3, 3.0)
"""Spreads, and sizes, of features that were standardised."""


def _picture(training: Training) -> Picture | None:
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


FAULT = Fault(
    name="unnormalised_inputs",
    family="The data",
    title="the inputs differ widely in scale, or are far from 0",
    what="A feature in the thousands drowns the others, saturates units, and makes any one learning rate "
    "too large for some weights and too small for others.",
    formula=f"The training fails, and the largest standard deviation of a feature is over {RATIO:g} "
    f"times the smallest, or mean |x| is above {LARGE:g}, into a linear, convolutional or recurrent "
    "first layer.",
    source="LeCun et al. 1998, Efficient BackProp: inputs of mean 0 and similar variance.",
    silent="the training succeeds (pixels from 0 to 16 learn well), or the first layer is a norm or an "
    "embedding. A batch-norm right after it takes away a size that all features share.",
    remedy="Subtract the training data's mean and divide by its standard deviation.",
    see=(
        "learning_rate",
        "init",
    ),
    judge=judge,
    picture=_picture,
    remedies=(STANDARDIZED_INPUTS,),
    explains=(
        Explains(
            ("bad_momentum", "lr_too_high", *GROWTH, "loss_plateau"), "large inputs make large gradients"
        ),
    ),
    signals=("feature spread",),
)
