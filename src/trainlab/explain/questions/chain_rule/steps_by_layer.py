"""The passes of a large network as steps: one for each vector and matrix of a layer, valued by its norm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainlab.explain.questions.chain_rule.trace import Trace

Add = Callable[..., None]
"""Takes phase, layer, operation, result, formula, operands, value and feeds of a step, as `Writer.add`."""


def write_layers(add: Add, trace: Trace) -> None:
    """Write one step for each of a layer's vectors and matrices; values are Euclidean norms."""
    norm = np.linalg.norm
    last = len(trace.layers)
    for layer, (part, passed) in enumerate(zip(trace.layers, trace.passes, strict=True), start=1):
        before = "x" if layer == 1 else f"a{layer - 1}"
        bias = "" if part.bias is None else f" + b{layer}"
        into = [(f"‖W{layer}‖", float(norm(part.weight))), (f"‖{before}‖", float(norm(passed.inputs)))]
        formula, value = f"W{layer} {before}{bias}", float(norm(passed.sums))
        add("by layer", layer, "weighted sum", f"z{layer}", formula, into, value, [f"a{layer}"])
        after = f"z{layer + 1}" if layer < last else "L"
        formula, value = f"{part.activation}(z{layer})", float(norm(passed.outputs))
        into = [(f"‖z{layer}‖", float(norm(passed.sums)))]
        add("by layer", layer, "activation", f"a{layer}", formula, into, value, [after])
    name, outputs = trace.objective.name, [(f"‖a{last}‖", float(norm(trace.passes[-1].outputs)))]
    add("by layer", last, "loss", "L", f"{name}(a{last}, y)", outputs, trace.loss, [])
    result, value = f"∂L/∂a{last}", float(norm(trace.grad_output))
    feeds = [f"∂L/∂z{last}"]
    add("by layer", last, "loss gradient", result, f"{name}′(a{last}, y)", outputs, value, feeds)
    for layer in range(last, 0, -1):
        _layer_backward(add, trace, layer)


def _layer_backward(add: Add, trace: Trace, layer: int) -> None:
    norm, gradient = np.linalg.norm, trace.gradients[layer - 1]
    upstream = trace.grad_output if layer == len(trace.layers) else trace.gradients[layer].inputs
    name, delta = trace.layers[layer - 1].activation, (f"‖∂L/∂z{layer}‖", float(norm(gradient.sums)))
    feeds = [f"∂L/∂W{layer}", *([f"∂L/∂b{layer}"] if gradient.bias is not None else [])]
    feeds += [f"∂L/∂a{layer - 1}"] if layer > 1 else []
    formula, into = f"{name}′(z{layer}) by ∂L/∂a{layer}", [(f"‖∂L/∂a{layer}‖", float(norm(upstream)))]
    add("by layer", layer, "through activation", f"∂L/∂z{layer}", formula, into, delta[1], feeds)
    before = "x" if layer == 1 else f"a{layer - 1}"
    operands = [delta, (f"‖{before}‖", float(norm(trace.passes[layer - 1].inputs)))]
    formula, value = f"∂L/∂z{layer} {before}ᵀ", float(norm(gradient.weight))
    add("by layer", layer, "weight gradient", f"∂L/∂W{layer}", formula, operands, value, [])
    if gradient.bias is not None:
        result, formula = f"∂L/∂b{layer}", f"∂L/∂z{layer}"
        add("by layer", layer, "bias gradient", result, formula, [delta], float(norm(gradient.bias)), [])
    if layer > 1:
        result, formula = f"∂L/∂a{layer - 1}", f"W{layer}ᵀ ∂L/∂z{layer}"
        value, feeds = float(norm(gradient.inputs)), [f"∂L/∂z{layer - 1}"]
        add("by layer", layer, "through weights", result, formula, [delta], value, feeds)
