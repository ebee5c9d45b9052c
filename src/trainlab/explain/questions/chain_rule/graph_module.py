"""The graph that autograd records, as nodes in order, and how many paths lead through it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_ENDING = re.compile(r"Backward\d*$")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Graph:
    """Nodes from the loss on, each before those it passes gradients to.

    ``edges[i]`` has for each input of node i's operation the pair (node, which of that node's outputs), None
    for what needs no gradient. ``names[i]`` is ``tanh#2`` (the second tanh of the forward pass), or a
    parameter's name; ``parameters`` finds the node of each by name.
    """

    nodes: tuple[Any, ...]
    edges: tuple[tuple[tuple[int, int] | None, ...], ...]
    names: tuple[str, ...]
    parameters: dict[str, int]

    def reaching(self, target: int) -> set[int]:
        """Return the nodes from which gradients come to the target, itself included."""
        found = {target}
        for index in range(len(self.nodes) - 1, -1, -1):
            if any(edge is not None and edge[0] in found for edge in self.edges[index]):
                found.add(index)
        return found

    def count_paths(self, target: int) -> int:
        """Return the number of paths from the target to the loss: each edge between nodes is a way."""
        counts = [0] * len(self.nodes)
        counts[0] = 1
        for index, edges in enumerate(self.edges):
            for edge in edges:
                if edge is not None:
                    counts[edge[0]] += counts[index]
        return counts[target]


def read_graph(loss: Any, module: Any) -> Graph:
    """Return the graph behind a loss (``grad_fn`` and ``next_functions`` of PyTorch)."""
    order = _ordered(loss.grad_fn)
    place = {node: index for index, node in enumerate(order)}
    known = {id(parameter): name for name, parameter in module.named_parameters()}
    names = [""] * len(order)
    parameters: dict[str, int] = {}
    seen: dict[str, int] = {}
    # The forward pass ran in the opposite order, and names count along it.
    for index in range(len(order) - 1, -1, -1):
        leaf = getattr(order[index], "variable", None)
        if leaf is not None and not order[index].next_functions:
            names[index] = known.get(id(leaf), f"leaf {tuple(leaf.shape)}")
            parameters[names[index]] = index
            continue
        kind = _ENDING.sub("", order[index].name().rpartition("::")[2]).lower() or "operation"
        seen[kind] = seen.get(kind, 0) + 1
        names[index] = f"{kind}#{seen[kind]}"
    edges = tuple(
        tuple(None if after is None else (place[after], number) for after, number in node.next_functions)
        for node in order
    )
    return Graph(nodes=tuple(order), edges=edges, names=tuple(names), parameters=parameters)


def _ordered(root: Any) -> list[Any]:
    """Return the nodes in topological order, without recursion: graphs may be thousands of nodes deep."""
    finished: list[Any] = []
    seen = {root}
    stack = [(root, iter(root.next_functions))]
    while stack:
        node, rest = stack[-1]
        for after, _ in rest:
            if after is not None and after not in seen:
                seen.add(after)
                stack.append((after, iter(after.next_functions)))
                break
        else:
            finished.append(node)
            stack.pop()
    return finished[::-1]
