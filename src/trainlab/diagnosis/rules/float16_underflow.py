"""Gradients in half precision that are too small for it become exactly zero."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, named

FAULT = "float16_underflow"
ZEROS = 0.5


def judge(case: Case) -> Finding | None:
    """Fire where float16 is used without a loss scaler and over half of a weight's gradient is exactly 0.

    Layers behind silent ReLUs have zeros of their own: so it takes more zeros than silent units explain.
    """
    if case.seen.uses_scaler:
        return None
    half = [param for param in case.weights() if param.dtype == "float16"]
    cast = any(
        node.op is not None and node.op.dtype == "float16"
        for graph in case.seen.graphs
        for node in graph.nodes
    )
    if not half and not cast:
        return None
    silent = max((float(np.median(one.silent or [0.0])) for one in case.seen.activations), default=0.0)
    zeros = {
        param.name: float(np.median(param.grad_zeros))
        for param in case.weights()
        if "Embedding" not in param.module_kind
    }
    empty = {name: share for name, share in zeros.items() if share > max(ZEROS, silent + 0.2)}
    stuck = [
        param.name
        for param in half
        if param.update and np.median(param.update) == 0 and np.median(param.grad_rms) > 0
    ]
    if not empty and not stuck:
        return None
    evidence = [
        f"{name}: {share:.0%} of the gradient is exactly 0" for name, share in list(empty.items())[:4]
    ]
    evidence += [
        f"{name} (float16) doesn't move: its updates are below the precision of float16" for name in stuck[:4]
    ]
    return Finding(
        fault=FAULT,
        where=named([*empty, *stuck]),
        confidence=0.85,
        evidence=(*evidence, "float16 holds nothing below 6e-8, and there is no GradScaler"),
        remedy="Scale the loss with torch.amp.GradScaler, or use bfloat16.",
        code=(
            "scaler = "
            "torch.amp.GradScaler()\nscaler.scale(loss).backward()\nscaler.step(optimizer)\nscaler.update()"
        ),
    )
