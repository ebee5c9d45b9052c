"""The card of facts: what was trained, with what, and how it went."""

from __future__ import annotations

import math
from typing import Any, cast

from trainlab.diagnosis.observed.record import Graph, NetworkRecord, Node, TrainingRecord
from trainlab.diagnosis.observed.torch_names import SHAPE_NODES
from trainlab.diagnosis.signals.training import Training, optimizer_name


def card_of(training: Training) -> dict[str, Any]:
    """Return models, optimizers, losses, batches, steps, first and last loss."""
    record = training.record
    loss_curve = training.learning.loss_curve
    return {
        "models": [_model(training, root) for root in record.networks],
        "unregistered_parameters": sum(
            param.size
            for param in record.params.values()
            if not param.registered and param.reached and not param.is_of_one_step
        ),
        "optimizers": [
            {
                "name": optimizer_name(optimizer),
                "kind": optimizer.kind,
                "where": str(optimizer.site) if optimizer.site else "",
                "settings": {name: _plain(value) for name, value in optimizer.settings.items()},
                "parameters": sum(record.params[key].size for key in optimizer.params),
                "steps": optimizer.steps,
                "last_lr": optimizer.lr[-1][1] if optimizer.lr else None,
            }
            for optimizer in record.optimizers
        ],
        "losses": [
            {
                "kind": loss.kind,
                "where": str(loss.site) if loss.site else loss.module,
                "output_shape": list(loss.out_shape),
                "target_shape": list(loss.target_shape),
                "target_dtype": loss.target_dtype,
            }
            for loss in record.losses
            if loss.count
        ],
        "batch": list(record.data.input_shape),
        "loaders": loaders_of(record),
        "epochs": epochs(record),
        "output_head": _head(training),
        "steps": sum(optimizer.steps for optimizer in record.optimizers),
        "backward_passes": record.backwards,
        "first_loss": _plain(loss_curve.values[0]) if loss_curve is not None and loss_curve.values else None,
        "last_loss": _plain(loss_curve.last) if loss_curve is not None and loss_curve.count else None,
        "constant_answer_loss": _plain(training.learning.constant_answer),
        "outcome": training.learning.state,
        "seconds": round(record.seconds, 2),
    }


def _model(training: Training, root: NetworkRecord) -> dict[str, Any]:
    params = [training.record.params[key] for key in root.params]
    return {
        "name": root.name,
        "class": root.kind,
        "parameters": root.parameters,
        "trainable": root.trainable,
        "reachable": sum(param.size for param in params if param.reached),
        "training_passes": {"train mode": root.learn_in_train, "eval mode": root.learn_in_eval},
        "evaluation_passes": {"train mode": root.judge_in_train, "eval mode": root.judge_in_eval},
        "depends_on_mode": list(root.noisy[:20]),
    }


def loaders_of(record: TrainingRecord) -> list[dict[str, Any]]:
    """Return the loaders; those of one size count as one: a loop may make its loader anew."""
    passes: dict[tuple[int | None, int | None, bool], int] = {}
    for loader in record.loaders:
        kind = (loader.rows, loader.batch, loader.shuffled)
        passes[kind] = passes.get(kind, 0) + loader.passes
    return [
        {"rows": rows, "batch": batch, "shuffled": shuffled, "passes": count}
        for (rows, batch, shuffled), count in passes.items()
    ]


def epochs(record: TrainingRecord) -> float | None:
    """Return how often the training data was gone through; None if unknown.

    Without loaders: rows used by different rows, in the passes looked at.
    """
    data = record.data
    steps = max((one.steps for one in record.optimizers), default=0) or record.backwards
    if any(one.rows and one.batch for one in record.loaders):
        # Of several loaders, the training's is the one whose length fits the steps best.
        sized = [one for one in loaders_of(record) if one["rows"] and one["batch"]]
        misses = [(abs(steps * one["batch"] / one["rows"] - one["passes"]), one["passes"]) for one in sized]
        return float(min(misses)[1])
    if not data.train_rows or not data.fingerprinted or data.largest_batch > _ROWS_OF_A_BATCH:
        return None
    return round(data.train_row_count / data.fingerprinted * steps / len(data.train_rows), 2)


_ROWS_OF_A_BATCH = 256
"""Of larger batches only the first rows have a fingerprint."""

_LAYERS = {"Addmm": "linear", "Mm": "linear", "Mv": "linear", "Bmm": "matmul", "Convolution": "convolution"}
_ACTIVATIONS = frozenset(
    ("Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Relu", "Softplus", "Hardtanh", "Clamp")
)


def _head(training: Training) -> str | None:
    """Return what the loss gets its outputs from: ``linear (fc2), no activation``; None if unknown."""
    for graph in training.record.graphs:
        for node in graph.nodes:
            loss = training.loss_of(node.op)
            if loss is not None:
                words = _source(graph, node)
                if words:
                    return words
    return None


def _source(graph: Graph, loss: Node) -> str | None:
    """Walk from the loss to the nearest layer; an activation met on the way is the head's."""
    queue, met, activation = [*loss.inputs], set(loss.inputs), ""
    for place in queue:
        node = graph.nodes[place]
        own = node.op is not loss.op and node.op is not None
        if node.kind in _LAYERS:
            name = node.op.module if node.op is not None else ""
            layer = f"{_LAYERS[node.kind]}{f' ({name})' if name else ''}"
            return f"{layer}, then {activation}" if activation else f"{layer}, no activation"
        if node.kind in _ACTIVATIONS and own:
            activation = activation or node.kind.lower()
        elif own and node.kind not in SHAPE_NODES and node.kind not in _ARITHMETIC:
            return node.kind.lower()
        new = [parent for parent in node.inputs if parent not in met]
        met.update(new)
        queue += new
    return None


_ARITHMETIC = frozenset(("LogSoftmax", "Sub", "Add", "Mul", "Div", "Neg", "Pow", "Exp", "Log", "Mean", "Sum"))


def looked_at(training: Training) -> dict[str, Any]:
    """Return how much was looked at, for a report that finds nothing."""
    record = training.record
    return {
        "steps": record.tick,
        "graphs": len(record.graph_sizes),
        "parameters": len(record.params),
        "activations": len(record.activations),
        "batches": record.data.fingerprinted,
        "losses": sum(loss.count > 0 for loss in record.losses),
        "torch_imported": record.torch_imported,
        "compiled_calls": record.compiled_calls,
        "other_threads": record.other_threads,
        "other_processes": round(record.other_processes, 2),
        "other_frameworks": list(record.other_frameworks),
    }


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: infinities as words, NaN as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
