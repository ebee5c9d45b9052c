# pyright: basic
"""An autograd graph as plain nodes, from the loss to the leaves."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction

from trainlab.diagnosis.observed.record import Graph, Node, Op
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe.tensor_registry import TensorRegistry

KEY = "trainlab"
MAX_NODES = 6_000
_SUFFIX = re.compile(r"Backward\d*$")


def kind_of(node: Any) -> str:
    """Return ``Softmax`` for a ``SoftmaxBackward0``."""
    return _SUFFIX.sub("", str(type(node).name(node)).rsplit("::", 1)[-1])


def _is_users(node: Any) -> bool:
    """Whether the node's derivative was written in Python, and isn't one of PyTorch's own layers.

    What a compiler made of several calls counts, too: it may hold such a one.
    """
    if not isinstance(node, BackwardCFunction):
        return False
    module = getattr(getattr(type(node), "_forward_cls", None), "__module__", "")
    return not module.startswith(("torch.nn.", "torch.utils.checkpoint"))


def walk(
    loss: torch.Tensor, registry: TensorRegistry, *, tick: int, site: Site | None, most: int = MAX_NODES
) -> Graph:
    """Read the graph above a loss, breadth first; at most `most` nodes."""
    start: Any = loss.grad_fn
    graph = Graph(tick=tick, site=site, nodes=[])
    if start is None:
        return graph
    places: dict[Any, int] = {start: 0}
    queue: list[Any] = [start]
    for node in queue:
        entry = Node(kind_of(node), is_users=_is_users(node))
        graph.nodes.append(entry)
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            entry.param = registry.name_leaf(variable)
        else:
            op = node.metadata.get(KEY)
            entry.op = op if isinstance(op, Op) else None
        for parent, _ in node.next_functions:
            if parent is None:
                continue
            place = places.get(parent)
            if place is None:
                if len(queue) >= most:
                    graph.complete = False
                    continue
                place = len(queue)
                places[parent] = place
                queue.append(parent)
            entry.inputs.append(place)
    return graph


def leaves_above(tensor: torch.Tensor, registry: TensorRegistry, *, most: int = 600) -> list[int]:
    """Return the keys of the parameters that a tensor was computed from."""
    graph = walk(tensor, registry, tick=0, site=None, most=most)
    return [node.param for node in graph.nodes if node.param is not None]


def depths(graph: Graph) -> dict[int, int]:
    """Return for each parameter the longest path, in nodes, from the loss to it."""
    count = len(graph.nodes)
    incoming = [0] * count
    for node in graph.nodes:
        for place in node.inputs:
            incoming[place] += 1
    depth = [0] * count
    ready = [place for place in range(count) if incoming[place] == 0]
    while ready:
        place = ready.pop()
        for parent in graph.nodes[place].inputs:
            depth[parent] = max(depth[parent], depth[place] + 1)
            incoming[parent] -= 1
            if incoming[parent] == 0:
                ready.append(parent)
    return {node.param: depth[place] for place, node in enumerate(graph.nodes) if node.param is not None}
