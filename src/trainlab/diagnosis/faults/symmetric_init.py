"""Units that start alike and get alike gradients stay alike: a layer of one unit, repeated."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import initialized
from trainlab.diagnosis.signals.training import Training, named

EQUAL = 0.5


def judge(training: Training) -> Finding | None:
    """Fire if over half of a hidden weight's rows are equal at the start and after 20 steps."""
    found = [param for param in alike(training) if param.start and param.start.zeros < 0.99]
    if not found:
        return _of_embeddings(training)
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found),
        confidence=0.93,
        evidence=tuple(
            f"{param.name}: {_equal(param):.0%} of {param.shape[0]} rows were equal "
            "at the start, "
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


FAULT = Fault(
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
    judge=judge,
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
