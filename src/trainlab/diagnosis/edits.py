"""Edits of the very line to blame, where it is known and simple enough.

An edit reads like a diff: the file and line, then ``-`` for what is there and ``+`` for what ought to be.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable
from os.path import basename

from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import Op, OptimizerRecord
from trainlab.diagnosis.observed.site import Site, line_of
from trainlab.diagnosis.signals.training import Training

_LAYERS = {
    "softmax": "Softmax",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "softplus": "Softplus",
    "relu6": "ReLU6",
    "hardtanh": "Hardtanh",
    "hardsigmoid": "Hardsigmoid",
}
_SQUASHING = frozenset((*_LAYERS, *_LAYERS.values()))


def diff(site: Site, *lines: str) -> str:
    """Return the lines under the place that they belong to."""
    return "\n".join((f"# {line_of(site.file, site.line)}", *lines))


def replaced(site: Site | None, text: str | None) -> str:
    """Return the edit that puts `text` in the place of the line; nothing where that changes nothing."""
    if site is None or not text or text == site.text:
        return ""
    return diff(site, f"- {site.text}", f"+ {text}")


def _stepped(training: Training) -> OptimizerRecord | None:
    return max(training.stepped, key=lambda one: one.steps, default=None)


def backward_line(training: Training) -> Site | None:
    """Return the line that calls backward(), if it is known and says so."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or loss_curve.site is None or "backward" not in loss_curve.site.text:
        return None
    return loss_curve.site


def setting(name: str, value: Callable[[float], float]) -> Callable[[Finding, Training], str]:
    """Return a function that edits one number in the line that makes the optimizer."""

    def edit(finding: Finding, training: Training) -> str:
        optimizer = _stepped(training)
        if optimizer is None or optimizer.site is None:
            return ""
        text = optimizer.site.text
        match = re.search(rf"\b{name}\s*=\s*([0-9][0-9.eE+-]*)(?=\s*[,)])", text)
        if match is None:
            return ""
        start, end = match.span(1)
        return replaced(optimizer.site, f"{text[:start]}{value(float(match[1])):g}{text[end:]}")

    return edit


def parsed(text: str) -> ast.AST | None:
    """Return the tree of a line that is whole, else None."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def splice(text: str, node: ast.expr, new: str) -> str | None:
    """Return the line with a part of it replaced; columns of `ast` count bytes."""
    if node.end_col_offset is None or node.lineno != 1 or node.end_lineno != 1:
        return None
    raw = text.encode()
    return (raw[: node.col_offset] + new.encode() + raw[node.end_col_offset :]).decode()


def without_activation(finding: Finding, training: Training) -> str:
    """Leave out the one call of softmax, sigmoid… on the line of the finding's place.

    Where that line only calls the network, the layer is left out where it is made.
    """
    if finding.place.kind != "activation":
        return ""
    for op in _squashing_ops(training):
        site = op.site
        if site is not None and finding.place.is_at(site):
            return replaced(site, _unwrapped(site.text)) or _unstacked(site, op)
    return ""


def _unstacked(site: Site, op: Op) -> str:
    kind = _LAYERS.get(op.name.rstrip("_"), "")
    last = op.module.rpartition(".")[2]
    place = int(last) if last.isdecimal() else None
    found = line_without(site, kind, place) if op.module and kind else None
    if found is None:
        return ""
    number, before, after = found
    return "\n".join([f"# {line_of(site.file, number)}", f"- {before}", *([f"+ {after}"] if after else [])])


def _squashing_ops(training: Training) -> list[Op]:
    """Return the squashing operations that were seen in graphs."""
    return [
        node.op
        for graph in training.record.graphs
        for node in graph.nodes
        if node.op is not None and node.op.name.rstrip("_") in _SQUASHING
    ]


def _unwrapped(text: str) -> str | None:
    tree = parsed(text if not text.endswith(":") else "") or ast.Module([], [])
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node).rstrip("_") in _SQUASHING
    ]
    if len(calls) != 1:
        return None
    call = calls[0]
    inner: ast.expr | None = None
    if called_name(call) in _LAYERS.values():
        # A layer made where it is called, ``nn.Softmax(dim=1)(x)``: both calls go.
        made = call
        call = next((one for one in ast.walk(tree) if isinstance(one, ast.Call) and one.func is made), made)
        inner = call.args[0] if call is not made and call.args else None
    elif isinstance(call.func, ast.Attribute) and _is_tensor_method(call):
        inner = call.func.value
    elif call.args:
        inner = call.args[0]
    part = ast.get_source_segment(text, inner) if inner is not None else None
    return splice(text, call, part) if part is not None else None


def _is_tensor_method(call: ast.Call) -> bool:
    """Whether the call is ``x.softmax(1)``, and not ``F.softmax(x, 1)`` or ``self.sigmoid(x)``."""
    return not call.args or isinstance(call.args[0], ast.Constant)


def line_without(site: Site, kind: str, place: int | None = None) -> tuple[int, str, str] | None:
    """Return number and text of the line with a layer of a kind in the site's file, and without it.

    The new line is empty if there was nothing else on it. None where the file isn't known, or makes no such
    layer in a ``Sequential(…)``; of several it is the one that stands there in this place, counted from 0.
    """
    lines = _lines(site)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return None
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    made = [one for one in calls if called_name(one) == kind]
    stacks = [one.args for one in calls if called_name(one) == "Sequential"]
    if len(made) > 1 and place is not None:
        # After a star no place is known.
        known = [args[: place + 1] for args in stacks if not any(isinstance(a, ast.Starred) for a in args)]
        made = [args[place] for args in known if len(args) > place and args[place] in made]
    if len(made) != 1 or not any(made[0] in args for args in stacks):
        return None
    layer = made[0]
    if layer.end_col_offset is None or layer.end_lineno != layer.lineno:
        return None
    # The columns of `ast` count bytes.
    raw = lines[layer.lineno - 1].encode()
    before, after = (part.decode() for part in (raw[: layer.col_offset], raw[layer.end_col_offset :]))
    left = re.sub(r",\s*$", "", before) if "," in before else before
    right = after if left != before else re.sub(r"^\s*,\s*", "", after)
    return layer.lineno, lines[layer.lineno - 1].strip(), f"{left}{right}".strip()


def _lines(site: Site) -> list[str]:
    """Return the lines of the file, whose folder a site doesn't have, as Python read them for the site."""
    known = [linecache.getlines(path) for path in list(linecache.cache) if basename(path) == site.file]
    same = [lines for lines in known if "".join(lines[site.line - 1 : site.line]).strip() == site.text]
    return same[0] if len(same) == 1 else []


def called_name(call: ast.Call) -> str:
    """Return ``Linear`` of ``nn.Linear(…)`` and of ``Linear(…)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
