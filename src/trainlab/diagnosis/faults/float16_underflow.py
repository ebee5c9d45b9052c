"""Gradients in half precision that are too small for it become exactly zero."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training, named

ZEROS, ALL = 0.5, 0.999


def judge(training: Training) -> Finding | None:
    """Fire where float16 is used without a loss scaler and over half of a weight's gradient is exactly 0.

    Layers behind silent ReLUs have zeros of their own: so it takes more zeros than silent units explain.
    """
    if training.record.uses_scaler:
        return None
    half = [param for param in training.weights() if param.dtype == "float16"]
    cast = any(
        node.op is not None and node.op.dtype == "float16"
        for graph in training.record.graphs
        for node in graph.nodes
    )
    if not half and not cast:
        return None
    silent = max((median(one.silent or [0.0]) for one in training.record.activations), default=0.0)
    zeros = {
        param.name: median(param.grad_zeros)
        for param in training.weights()
        if "Embedding" not in param.module_kind
    }
    empty = {name: share for name, share in zeros.items() if share > max(ZEROS, silent + 0.2)}
    stuck = [
        param.name
        for param in half
        if param.update and median(param.update) == 0 and median(param.grad_rms) > 0
    ]
    if not empty and not stuck:
        return None
    idle = all(param.name in stuck or zeros.get(param.name, 0) >= ALL for param in training.weights())
    evidence = [
        f"{name}: {share:.0%} of the gradient is exactly 0" for name, share in list(empty.items())[:4]
    ]
    evidence += [
        f"{name} (float16) doesn't move: its updates are below the precision of float16" for name in stuck[:4]
    ]
    return Finding(
        place=Place(kind="parameters", parameters=(*empty, *stuck)),
        where=named([*empty, *stuck]),
        confidence=0.85,
        proof=proven_if(idle, "no weight is changed by any step"),
        evidence=(*evidence, "float16 holds nothing below 6e-8, and there is no GradScaler"),
        remedy="Scale the loss with torch.amp.GradScaler, or use bfloat16.",
        code=(
            "scaler = "
            "torch.amp.GradScaler()\nscaler.scale(loss).backward()\nscaler.step(optimizer)\nscaler.update()"
        ),
    )


def _picture(training: Training) -> Picture | None:
    """The share of each weight's gradient that is exactly 0."""
    pairs = [(param.name, 100 * median(param.grad_zeros or [0.0])) for param in training.weights()]
    title = "Gradients that are exactly 0, input first"
    return bars(title, "% of the gradient", pairs, worst=lambda value: value)


FAULT = Fault(
    name="float16_underflow",
    family="What shows in the numbers",
    title="gradients are too small for float16",
    what="Half precision holds nothing below 6e-8: small gradients become exactly 0.",
    formula=f"There is float16 and no gradient scaler, and over {ZEROS:.0%} of a weight's gradient is "
    "exactly 0 (0.2 more than silent units explain), or float16 weights don't move.",
    source="IEEE 754 binary16: the smallest number is 2⁻²⁴ ≈ 6e-8 (Micikevicius et al. 2018).",
    silent="there is a `GradScaler`, or bfloat16 is used.",
    proven="no weight is changed by any step.",
    remedy="Use `torch.amp.GradScaler`, or bfloat16.",
    judge=judge,
    picture=_picture,
    remedies=(single("bfloat16 for float16", "bfloat16"),),
    explains=(
        Explains(("vanishing_gradient", "lr_too_low", "loss_plateau"), "a gradient that underflows is 0"),
    ),
    signals=("exact zeros", "silent units"),
)
