"""The chain rule number by number on an autograd graph: local derivatives, paths between single numbers.

Every node is asked for its vector-Jacobian product with each unit vector; that is its local Jacobian. Paths
are then counted and added up as on paper (Bauer, SIAM Journal on Numerical Analysis 11, 1974).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from trainlab.explain.chains.graph_module import Graph
from trainlab.explain.chains.paths import Factor, Path
from trainlab.explain.network_pass import Array

MOST_CALLS = 20_000
"""Vector-Jacobian products in all that are still asked for."""
MOST_NUMBERS = 200_000_000

Spot = tuple[int, int, int]
"""A single number: node, which of its outputs, and its place in that."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Locals:
    """Local derivatives of the nodes that lead to one parameter.

    ``onward[spot]`` lists (spot further from the loss, derivative) where it isn't 0; ``counts`` and ``sums``
    have for each spot the number of paths from it to the loss and the sum of their products.
    """

    graph: Graph
    target: int
    shapes: dict[tuple[int, int], tuple[int, ...]]
    onward: dict[Spot, list[tuple[Spot, float]]]
    counts: dict[Spot, int]
    sums: dict[Spot, float]

    def count(self, place: int) -> int:
        """Return the number of paths on which no derivative is 0, from one number of the parameter."""
        return self.counts.get((self.target, 0, place), 0)

    def total(self, place: int) -> float:
        """Return the sum of their products."""
        return self.sums.get((self.target, 0, place), 0.0)

    def paths(self, place: int, *, listed: int) -> tuple[Path, ...]:
        """Return the paths from one number of the parameter, the largest first."""
        goal = (self.target, 0, place)
        found = sorted(self._walks(goal), key=lambda walk: -abs(walk[1]))[:listed]
        return tuple(self._path(walk, product) for walk, product in found)

    def _walks(self, goal: Spot) -> Iterator[tuple[list[tuple[Spot, float]], float]]:
        """Yield each way from the loss to the goal, its spots with their derivatives, and the product."""
        leads = self._leading(goal)
        root: Spot = (0, 0, 0)
        stack: list[tuple[Spot, list[tuple[Spot, float]]]] = [(root, [(root, 1.0)])]
        while stack:
            spot, walk = stack.pop()
            if spot == goal:
                yield walk, math.prod(value for _, value in walk)
                continue
            stack += [
                (after, [*walk, (after, value)])
                for after, value in self.onward.get(spot, [])
                if after in leads
            ]

    def _leading(self, goal: Spot) -> set[Spot]:
        """Return the spots from which a way leads on to the goal."""
        leads = {goal}
        # Spots were met from the loss on, so backwards each comes after all that it leads to.
        for spot in reversed(self.onward):
            if any(after in leads for after, _ in self.onward[spot]):
                leads.add(spot)
        return leads

    def _path(self, walk: list[tuple[Spot, float]], product: float) -> Path:
        names = [self._name(spot) for spot, _ in walk]
        factors = [
            Factor(derivative=f"∂{names[i - 1]}/∂{names[i]}", formula="", value=walk[i][1])
            for i in range(1, len(walk))
        ]
        return Path(through=tuple(reversed(names)), factors=tuple(reversed(factors)), product=product)

    def _name(self, spot: Spot) -> str:
        node, output, place = spot
        name = "L" if node == 0 else self.graph.names[node]
        shape = self.shapes.get((node, output), ())
        index = ",".join(str(int(i)) for i in np.unravel_index(place, shape)) if shape else ""
        return f"{name}[{index}]" if index else name


def local_derivatives(torch: Any, graph: Graph, target: int) -> Locals | None:
    """Return the local derivatives of all nodes that lead to the target; None where they are too many.

    Also None where a node can't be asked, as some of PyTorch's own and some users' functions can't.
    """
    wanted = graph.reaching(target)
    shapes = _shapes(graph, wanted)
    if shapes is None or 0 not in wanted:
        return None
    sizes = {key: math.prod(shape) for key, shape in shapes.items()}
    calls = sum(size for (node, _), size in sizes.items() if node != target)
    if calls > MOST_CALLS or calls * max(sizes.values()) > MOST_NUMBERS:
        return None
    onward: dict[Spot, list[tuple[Spot, float]]] = {}
    counts: dict[Spot, int] = {(0, 0, 0): 1}
    sums: dict[Spot, float] = {(0, 0, 0): 1.0}
    for node in sorted(wanted - {target}):
        for (owner, output), size in sizes.items():
            if owner != node:
                continue
            try:
                rows = _rows(torch, graph, node, output, size, shapes)
            except (RuntimeError, TypeError, ValueError, NotImplementedError):
                return None
            for place, gradients in enumerate(rows):
                spot = (node, output, place)
                if spot in counts:
                    onward[spot] = _ways(graph, node, gradients, wanted)
                    for after, value in onward[spot]:
                        counts[after] = counts.get(after, 0) + counts[spot]
                        sums[after] = sums.get(after, 0.0) + value * sums[spot]
    return Locals(graph=graph, target=target, shapes=shapes, onward=onward, counts=counts, sums=sums)


def _shapes(graph: Graph, wanted: set[int]) -> dict[tuple[int, int], tuple[int, ...]] | None:
    """Return the shape of every output of the wanted nodes."""
    found: dict[tuple[int, int], tuple[int, ...]] = {}
    for node in sorted(wanted):
        metadata = getattr(graph.nodes[node], "_input_metadata", None)
        if metadata is None:
            return None
        for output, each in enumerate(metadata):
            found[node, output] = tuple(int(size) for size in each.shape)
    return found


def _rows(
    torch: Any,
    graph: Graph,
    node: int,
    output: int,
    size: int,
    shapes: dict[tuple[int, int], tuple[int, ...]],
) -> list[list[Array | None]]:
    """Return, for each unit vector of one output, the gradients that the node passes on."""
    function = graph.nodes[node]
    metadata = function._input_metadata
    outputs = len(metadata)
    rows: list[list[Array | None]] = []
    for place in range(size):
        unit = torch.zeros(size, dtype=metadata[output].dtype, device=metadata[output].device)
        unit[place] = 1.0
        arguments = [None] * outputs
        arguments[output] = unit.reshape(shapes[node, output])
        with torch.no_grad():
            answer = function(*arguments)
        passed = cast("tuple[Any, ...]", answer) if isinstance(answer, tuple) else (answer,)
        rows.append(
            [None if part is None else part.detach().cpu().double().numpy().ravel() for part in passed]
        )
    return rows


def _ways(
    graph: Graph, node: int, gradients: list[Array | None], wanted: set[int]
) -> list[tuple[Spot, float]]:
    ways: list[tuple[Spot, float]] = []
    for edge, gradient in zip(graph.edges[node], gradients, strict=False):
        if edge is None or gradient is None or edge[0] not in wanted:
            continue
        places = np.flatnonzero(gradient)
        ways += [((*edge, int(place)), float(gradient[place])) for place in places]
    return ways
