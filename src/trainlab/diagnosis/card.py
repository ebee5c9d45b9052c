"""The card of facts: what was trained, with what, and how it went."""

from __future__ import annotations

import math
from typing import Any, cast

from trainlab.diagnosis.seen import RootSeen
from trainlab.diagnosis.signals.case import Case


def card_of(case: Case) -> dict[str, Any]:
    """Return models, optimizers, losses, batches, steps, first and last loss."""
    seen = case.seen
    stream = case.learning.stream
    return {
        "models": [_model(case, root) for root in seen.roots],
        "optimizers": [
            {
                "kind": optimizer.kind,
                "settings": {name: _plain(value) for name, value in optimizer.settings.items()},
                "parameters": sum(seen.params[key].size for key in optimizer.params),
                "steps": optimizer.steps,
                "last_lr": optimizer.lr[-1][1] if optimizer.lr else None,
            }
            for optimizer in seen.optimizers
        ],
        "losses": [
            {
                "kind": loss.kind,
                "where": str(loss.site) if loss.site else loss.module,
                "output_shape": list(loss.out_shape),
                "target_shape": list(loss.target_shape),
                "target_dtype": loss.target_dtype,
            }
            for loss in seen.losses
            if loss.count
        ],
        "batch": list(seen.data.input_shape),
        "loaders": [
            {"rows": loader.rows, "batch": loader.batch, "passes": loader.passes} for loader in seen.loaders
        ],
        "steps": sum(optimizer.steps for optimizer in seen.optimizers),
        "backward_passes": seen.backwards,
        "first_loss": _plain(stream.values[0]) if stream is not None and stream.values else None,
        "last_loss": _plain(stream.last) if stream is not None and stream.count else None,
        "constant_answer_loss": _plain(case.learning.trivial),
        "outcome": case.learning.state,
        "seconds": round(seen.seconds, 2),
    }


def _model(case: Case, root: RootSeen) -> dict[str, Any]:
    params = [case.seen.params[key] for key in root.params]
    return {
        "name": root.name,
        "class": root.kind,
        "parameters": root.parameters,
        "trainable": root.trainable,
        "reachable": sum(param.size for param in params if param.reached),
        "training_passes": {"train mode": root.learn_in_train, "eval mode": root.learn_in_eval},
        "evaluation_passes": {"train mode": root.judge_in_train, "eval mode": root.judge_in_eval},
    }


def looked_at(case: Case) -> dict[str, Any]:
    """Return how much was looked at, for a report that finds nothing."""
    seen = case.seen
    return {
        "steps": seen.tick,
        "graphs": len(seen.graph_sizes),
        "parameters": len(seen.params),
        "activations": len(seen.activations),
        "batches": seen.data.fingerprinted,
        "losses": sum(loss.count > 0 for loss in seen.losses),
    }


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: not finite numbers as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
