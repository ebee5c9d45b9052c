"""The remedy as an edit of the very line that is to blame, where that line is known and simple enough.

An edit reads like a diff: the file and line, then ``-`` for what is there and ``+`` for what ought to be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import Op, OptimizerSeen
from trainlab.diagnosis.seen_losses import LossStream
from trainlab.diagnosis.signals.case import Case, optimizer_name
from trainlab.diagnosis.site import Site, line_of
from trainlab.diagnosis.stacked_layer import called_name, line_without

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


def code_for(finding: Finding, case: Case) -> str:
    """Return the edit of the user's own line, or an empty string if none can be made with certainty."""
    maker = _MAKERS.get(finding.fault)
    return maker(finding, case) if maker is not None else ""


def _diff(site: Site, *lines: str) -> str:
    return "\n".join((f"# {line_of(site.file, site.line)}", *lines))


def _replaced(site: Site | None, text: str | None) -> str:
    """Return the edit that puts `text` in the place of the line; nothing where that changes nothing."""
    if site is None or not text or text == site.text:
        return ""
    return _diff(site, f"- {site.text}", f"+ {text}")


def _stepped(case: Case) -> OptimizerSeen | None:
    return max(case.stepped, key=lambda one: one.steps, default=None)


def _backward(case: Case) -> tuple[LossStream, Site] | None:
    stream = case.learning.stream
    if stream is None or stream.site is None or "backward" not in stream.site.text:
        return None
    return stream, stream.site


def _no_step(finding: Finding, case: Case) -> str:
    found = _backward(case)
    never = next((one for one in case.seen.optimizers if not one.steps), None)
    if found is None or never is None or case.stepped:
        return ""
    return _diff(found[1], f"  {found[1].text}", f"+ {optimizer_name(never)}.step()")


def _no_clearing(finding: Finding, case: Case) -> str:
    found = _backward(case)
    optimizer = next((one for one in case.stepped if one.stale), None)
    if found is None or optimizer is None or found[1].text.count("backward") != 1:
        return ""
    return _diff(found[1], f"+ {optimizer_name(optimizer)}.zero_grad()", f"  {found[1].text}")


def _registered(finding: Finding, case: Case) -> str:
    """Wrap the plain lists that hold layers, named as the user names them."""
    outside = [
        param.name for param in case.seen.params.values() if not param.registered and not param.optimizers
    ]
    found = [re.match(r"(?:.*\.)?(\w+)\[(\w|')+\]", name) for name in outside]
    lists = dict.fromkeys(match[1] for match in found if match is not None)
    keyed = any("['" in name for name in outside)
    if not lists or keyed:
        return ""
    return "\n".join(f"self.{name} = nn.ModuleList(self.{name})  # in __init__" for name in lists)


def _setting(name: str, value: Callable[[float], float]) -> Callable[[Finding, Case], str]:
    """Return a maker of an edit of one number in the line that makes the optimizer."""

    def edit(finding: Finding, case: Case) -> str:
        optimizer = _stepped(case)
        if optimizer is None or optimizer.site is None:
            return ""
        text = optimizer.site.text
        match = re.search(rf"\b{name}\s*=\s*([0-9][0-9.eE+-]*)(?=\s*[,)])", text)
        if match is None:
            return ""
        start, end = match.span(1)
        return _replaced(optimizer.site, f"{text[:start]}{value(float(match[1])):g}{text[end:]}")

    return edit


def _shapes(finding: Finding, case: Case) -> str:
    for graph in case.seen.graphs:
        for node in graph.nodes:
            op = node.op
            if op is None or "shapes" not in op.facts or op.site is None or case.loss_of(op) is None:
                continue
            first, second = op.shapes[:2] if len(op.shapes) >= 2 else ((), ())
            if first == (*second, 1) or second == (*first, 1):
                return _replaced(op.site, _squeezed(op.site.text, place=0 if len(first) > len(second) else 1))
    return ""


def _squeezed(text: str, *, place: int) -> str | None:
    """Return the line with ``.squeeze(-1)`` behind the first or second of the two that meet in the loss."""
    pair = _pair(text)
    if pair is None:
        return None
    wanted = pair[place]
    part = ast.get_source_segment(text, wanted)
    if part is None or wanted.end_col_offset is None:
        return None
    whole = part if isinstance(wanted, ast.Name | ast.Call | ast.Subscript | ast.Attribute) else f"({part})"
    return _splice(text, wanted, f"{whole}.squeeze(-1)")


def _pair(text: str) -> tuple[ast.expr, ast.expr] | None:
    tree = _parsed(text)
    if tree is None:
        return None
    calls = [
        (node.args[0], node.args[1])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) == 2
        and not any(isinstance(a, ast.Constant) for a in node.args)
    ]
    minus = [
        (node.left, node.right)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
    ]
    found = minus or calls
    return found[0] if len(found) == 1 else None


def _parsed(text: str) -> ast.AST | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _splice(text: str, node: ast.expr, new: str) -> str | None:
    """Return the line with a part of it replaced; columns of `ast` count bytes."""
    if node.end_col_offset is None or node.lineno != 1 or node.end_lineno != 1:
        return None
    raw = text.encode()
    return (raw[: node.col_offset] + new.encode() + raw[node.end_col_offset :]).decode()


def _without_activation(finding: Finding, case: Case) -> str:
    """Leave out the one call of softmax, sigmoid… on the line that the finding's place names first.

    Where that line only calls the network, the layer is left out where it is made.
    """
    for op in _squashing_ops(case):
        site = op.site
        if site is not None and site.quoted.split(": `")[0] in finding.where:
            return _replaced(site, _unwrapped(site.text)) or _unstacked(site, op)
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


def _with_graph(finding: Finding, case: Case) -> str:
    """Set `create_graph` in the one call of `grad` on the line of a derivative that ought to have a graph."""
    ops = (node.op for graph in case.seen.graphs for node in graph.nodes if node.op is not None)
    site = next((op.facts["constant_derivative"] for op in ops if "constant_derivative" in op.facts), None)
    tree = _parsed(site.text) if site is not None and "create_graph" in finding.code else None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    calls = [call for call in calls if called_name(call) == "grad"]
    if site is None or len(calls) != 1:
        return ""
    whole = ast.get_source_segment(site.text, calls[0]) or ""
    keywords = re.findall(r"\b(?:create|retain)_graph\s*=\s*\w+", whole)
    if not whole or len(keywords) > 1:
        return ""
    new = whole.replace(keywords[0], "create_graph=True") if keywords else f"{whole[:-1]}, create_graph=True)"
    return _replaced(site, _splice(site.text, calls[0], new))


def _squashing_ops(case: Case) -> list[Op]:
    """Return the squashing operations that were seen in graphs."""
    return [
        node.op
        for graph in case.seen.graphs
        for node in graph.nodes
        if node.op is not None and node.op.name.rstrip("_") in _SQUASHING
    ]


def _unwrapped(text: str) -> str | None:
    tree = _parsed(text if not text.endswith(":") else "")
    calls = [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Call) and called_name(node).rstrip("_") in _SQUASHING
    ]
    if len(calls) != 1:
        return None
    call = calls[0]
    inner: ast.expr | None = None
    if isinstance(call.func, ast.Attribute) and _is_tensor_method(call):
        inner = call.func.value
    elif call.args:
        inner = call.args[0]
    part = ast.get_source_segment(text, inner) if inner is not None else None
    return _splice(text, call, part) if part is not None else None


def _is_tensor_method(call: ast.Call) -> bool:
    """Whether the call is ``x.softmax(1)``, and not ``F.softmax(x, 1)`` or ``self.sigmoid(x)``."""
    return not call.args or isinstance(call.args[0], ast.Constant)


def _not_cut(finding: Finding, case: Case) -> str:
    for event in case.seen.events_of("cut"):
        site, name = event.site, str(event.facts["name"])
        if site is None or site.quoted not in finding.where:
            continue
        cut = ".data" if name == "data" else f".{name}()"
        if name in ("data", "detach") and site.text.count(cut) == 1:
            return _replaced(site, site.text.replace(cut, ""))
    return ""


def _shuffled(finding: Finding, case: Case) -> str:
    for loader in case.seen.loaders:
        site = loader.site
        if (
            site is None
            or loader.shuffled
            or "DataLoader(" not in site.text
            or site.quoted not in finding.where
        ):
            continue
        if "shuffle=False" in site.text:
            return _replaced(site, site.text.replace("shuffle=False", "shuffle=True"))
        inside = re.sub(
            r"(DataLoader\([^()]*(?:\([^()]*\)[^()]*)*)\)", r"\1, shuffle=True)", site.text, count=1
        )
        return _replaced(site, inside)
    return ""


def _looser_clip(finding: Finding, case: Case) -> str:
    event = next(iter(case.seen.events_of("clip")), None)
    new = re.search(r", ([0-9.e+-]+)\)$", finding.code)
    if event is None or event.site is None or new is None:
        return ""
    text = event.site.text
    found = list(re.finditer(r"(?<=[,=(\s])[0-9][0-9.]*(?:e[+-]?[0-9]+)?(?=\s*[,)])", text))
    if len(found) != 1:
        return ""
    start, end = found[0].span()
    return _replaced(event.site, f"{text[:start]}{new[1]}{text[end:]}")


_MAKERS: dict[str, Callable[[Finding, Case], str]] = {
    "missing_optimizer_step": _no_step,
    "missing_zero_grad": _no_clearing,
    "params_not_in_optimizer": _registered,
    "lr_too_high": _setting("lr", lambda rate: rate / 10),
    "lr_too_low": _setting("lr", lambda rate: rate * 100),
    "bad_momentum": _setting("momentum", lambda _: 0.9),
    "weight_decay_too_high": _setting("weight_decay", lambda decay: decay / 100),
    "loss_broadcast": _shapes,
    "loss_activation_mismatch": _without_activation,
    "output_range_mismatch": _without_activation,
    "detached_graph": lambda finding, case: _with_graph(finding, case) or _not_cut(finding, case),
    "data_not_shuffled": _shuffled,
    "clip_too_tight": _looser_clip,
}
