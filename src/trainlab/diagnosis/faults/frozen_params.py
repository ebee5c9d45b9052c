"""Layers that are frozen although they were never trained and never loaded: they stay random.

Silent for weights that were loaded, that an optimizer trained before, or whose spread is not what PyTorch's
default initialization gives (then someone has set them). An embedding's vectors are often given: these must
be independent normal numbers, as features and trained vectors aren't, and the network must fit badly.
"""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof
from trainlab.diagnosis.observed.events import UnfrozenInName
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import by_layer
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.limits import rest_words
from trainlab.diagnosis.signals.training import Training

SHARE = 0.2
UNFIT = 0.3
STANDARDIZED = 0.15
"""Below that, means or spreads of columns are too equal to be chance: they were made so."""
LEAST = 20
GOOD = 0.95
"""Accuracy, or R²: a network that reaches it may stand on random features on purpose."""


def judge(training: Training) -> Finding | None:
    """Fire if a fifth of a trained network's weights is frozen at random values."""
    record = training.record
    for event in record.events_of(UnfrozenInName):
        if record.tick >= LEAST:
            return _in_name_only(training, event)
    for root in record.networks:
        learnt = root.learn_in_train + root.learn_in_eval
        params = [record.params[key] for key in root.params]
        frozen = [param for param in params if not param.requires_grad]
        unfit = training.learning.ratio > UNFIT
        random = [one for one in frozen if is_random(one) or (unfit and _is_random_table(one))]
        if (
            learnt < LEAST
            or not random
            or any(param.loaded or param.moved or param.with_grad for param in frozen)
        ):
            continue
        size, total = sum(param.size for param in frozen), sum(param.size for param in params)
        if size < SHARE * total:
            continue
        finding = Finding(
            place=Place(
                kind="parameters", module=root.name, parameters=tuple(param.name for param in frozen)
            ),
            where=(f"{training.layers(frozen)} ({training.names(frozen)}): requires_grad is False"),
            confidence=0.85,
            proof=Proof(words=rest_words(training, frozen)),
            evidence=(
                f"{size:,} of {total:,} values of {root.name} are frozen; they were neither "
                "loaded nor trained before",
                f"{_spread_of(random)} in {training.names(random)}",
            ),
            remedy="Leave these layers trainable, or load trained weights into them first.",
            code=f"{root.name}.requires_grad_(True)",
        )
        return finding.as_note() if training.learning.reached > GOOD else finding
    return None


def _in_name_only(training: Training, event: UnfrozenInName) -> Finding:
    params = [training.record.params[key] for key in event.params]
    return Finding(
        place=Place(kind="parameters", module=event.module, parameters=tuple(param.name for param in params)),
        where=f"{event.module}: .requires_grad = True was set on the module ({training.names(params)})",
        confidence=0.95,
        evidence=(
            f"{sum(param.size for param in params):,} values of {event.module} are still frozen",
            "on a module, unlike on a tensor, requires_grad is an attribute that nothing reads",
        ),
        remedy=f"Call {event.module}.requires_grad_(True), which sets it on every parameter.",
        code=f"{event.module}.requires_grad_(True)",
    )


def is_random(param: ParamRecord) -> bool:
    """Whether a weight looks as Linear and Conv are initialized: uniform on ±1/√fan_in, std 1/√(3·fan_in)."""
    if len(param.shape) < 2 or param.start is None or param.size < 32:
        return False
    fan_in = param.size // param.shape[0]
    bound = fan_in**-0.5
    return 0.85 < param.start.std / (bound / 3**0.5) < 1.15 and param.start.largest <= 1.001 * bound


def _is_random_table(param: ParamRecord) -> bool:
    """Whether an embedding's vectors are independent normal numbers: columns differ as by chance.

    Those of features have other means and spreads, standardized ones equal ones, and both are correlated.
    |x| of a normal x has the mean √(2/π) σ; the largest of k normal numbers is about √(2 ln k). The limits
    are some three standard errors, of the largest mean two: it varies less.
    """
    start = param.start
    if start is None or "Embedding" not in param.module_kind or param.size < 200:
        return False
    columns = param.shape[1]
    shape = start.mean_abs / max(start.std, 1e-12) * (math.pi / 2) ** 0.5
    three = 3 / (2 * columns) ** 0.5
    return (
        STANDARDIZED < start.column_mean_z < (2 * math.log(columns)) ** 0.5 + 2
        and max(STANDARDIZED, 1 - three) < start.column_std_z < 1 + three
        and start.column_correlation < 1 + 3 * 2 / (columns * (columns - 1)) ** 0.5
        and abs(shape - 1) < 0.02 + 2 / param.size**0.5
    )


def _spread_of(random: list[ParamRecord]) -> str:
    """Name the numbers that these weights have as at random: of the default, of a table, or of both."""
    found = ("PyTorch's random initialization", any(map(is_random, random)))
    normal = ("random normal numbers", not all(map(is_random, random)))
    return " and ".join(name for name, there in (found, normal) if there)


def _picture(training: Training) -> Picture | None:
    """Layers, and whether they are frozen."""
    return by_layer(training, "Trained", lambda param: "" if param.requires_grad else "frozen, random")


FAULT = Fault(
    name="frozen_params",
    family="The network",
    title="layers are frozen at random values",
    what="`requires_grad` is off for layers that were neither trained nor loaded: they stay random.",
    formula=f"At least {SHARE:.0%} of a trained network's values are frozen, never loaded, never moved, "
    "and weights among them have the spread of PyTorch's default initialization, std(w) ≈ "
    "1/√(3·fan_in); or they are embeddings of independent normal numbers, in a network whose loss is "
    f"still above {UNFIT:.0%} of the best constant answer's.",
    source="Fine-tuning freezes what was loaded or trained before; noise is frozen on purpose only for "
    "random features (extreme learning machines), which do well.",
    silent="weights were loaded, were trained before, or were set by hand to anything but random "
    "numbers; embeddings hold features, whose columns are unequal, standardized, or correlated. Over "
    f"{GOOD:g} accuracy or R² it is a note.",
    remedy="Leave the layers trainable, or load trained weights into them first.",
    see=("init",),
    judge=judge,
    picture=_picture,
    remedies=(
        Remedy(
            words="the frozen layers trained",
            changes=({"change": "trainable"}, {"change": "all_parameters"}),
        ),
    ),
    explains=(Explains(("capacity_too_small", "loss_plateau"), "what is frozen stays random"),),
)
