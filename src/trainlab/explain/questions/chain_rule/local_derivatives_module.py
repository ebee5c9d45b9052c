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
import numpy.typing as npt

from trainlab.engine.network_pass import Array
from trainlab.explain.questions.chain_rule.graph_module import Graph
from trainlab.explain.questions.chain_rule.paths import Factor, Path

MOST_CALLS = 20_000
"""Vector-Jacobian products in all that are still asked for."""
MOST_NUMBERS = 1_000_000_000
"""Numbers in all that nodes pass on in answer; they are looked at call by call, and few kept."""
MOST_WAYS = 4_000_000
"""Derivatives that aren't 0 and are kept: 64 MB."""

Spot = tuple[int, int, int]
"""A single number: node, which of its outputs, and its place in that."""
Way = tuple[tuple[int, int], npt.NDArray[np.int64], Array]
"""To one output of a node: the places there with a derivative that isn't 0, and those derivatives."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LocalDerivatives:
    """Local derivatives of the nodes that lead to one parameter.

    ``onward[spot]`` lists the ways further from the loss. ``counts`` and ``sums`` have, for each output of a
    node, the paths to the loss from each of its numbers (exact, however many) and the sum of their products.
    """

    graph: Graph
    target: int
    shapes: dict[tuple[int, int], tuple[int, ...]]
    onward: dict[Spot, list[Way]]
    counts: dict[tuple[int, int], npt.NDArray[np.object_]]
    sums: dict[tuple[int, int], Array]

    def count(self, place: int) -> int:
        """Return the number of paths on which no derivative is 0, from one number of the parameter."""
        return int(self.counts[self.target, 0][place])

    def total(self, place: int) -> float:
        """Return the sum of their products."""
        return float(self.sums[self.target, 0][place])

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
            for edge, places, values in self.onward.get(spot, []):
                for at in np.flatnonzero(leads[edge][places]).tolist():
                    after: Spot = (*edge, int(places[at]))
                    stack.append((after, [*walk, (after, float(values[at]))]))

    def _leading(self, goal: Spot) -> dict[tuple[int, int], npt.NDArray[np.bool_]]:
        """Return, for each output of a node, from which of its numbers a way leads on to the goal."""
        leads = {key: np.zeros(len(sums), dtype=np.bool_) for key, sums in self.sums.items()}
        leads[goal[:2]][goal[2]] = True
        # Spots were met from the loss on, so backwards each comes after all that it leads to.
        for spot in reversed(self.onward):
            if any(leads[edge][places].any() for edge, places, _ in self.onward[spot]):
                leads[spot[:2]][spot[2]] = True
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


def local_derivatives(torch: Any, graph: Graph, target: int) -> LocalDerivatives | None:
    """Return the local derivatives of all nodes that lead to the target; None where they are too many.

    Also None where a node can't be asked, as some of PyTorch's own and some users' functions can't.
    """
    wanted = graph.reaching(target)
    shapes = _shapes(graph, wanted)
    if shapes is None or 0 not in wanted:
        return None
    sizes = {key: math.prod(shape) for key, shape in shapes.items()}
    asked = {key: size for key, size in sizes.items() if key[0] != target}
    numbers = sum(size * _passed_on(graph, node) for (node, _), size in asked.items())
    if sum(asked.values()) > MOST_CALLS or numbers > MOST_NUMBERS:
        return None
    found = LocalDerivatives(
        graph=graph,
        target=target,
        shapes=shapes,
        onward={},
        counts={key: np.zeros(size, dtype=np.object_) for key, size in sizes.items()},
        sums={key: np.zeros(size) for key, size in sizes.items()},
    )
    found.counts[0, 0][0], found.sums[0, 0][0] = 1, 1.0
    try:
        return found if _filled(torch, found, wanted) else None
    except (RuntimeError, TypeError, ValueError):
        return None


def _filled(torch: Any, found: LocalDerivatives, wanted: set[int]) -> bool:
    """Ask node by node from the loss on, and add up; return False where too many derivatives aren't 0."""
    kept = 0
    for node, output in sorted(key for key in found.shapes if key[0] != found.target):
        counts, sums = found.counts[node, output], found.sums[node, output]
        # What no way leads to needn't be asked.
        for place in np.flatnonzero(counts).tolist():
            ways = _ways(torch, found, (node, output, place), wanted)
            found.onward[node, output, place] = ways
            for edge, places, values in ways:
                found.counts[edge][places] += counts[place]
                found.sums[edge][places] += values * sums[place]
                kept += len(places)
            if kept > MOST_WAYS:
                return False
    return True


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


def _passed_on(graph: Graph, node: int) -> int:
    """Return how many numbers a node passes on at once, those included that lead elsewhere."""
    total = 0
    for edge in graph.edges[node]:
        metadata = None if edge is None else getattr(graph.nodes[edge[0]], "_input_metadata", None)
        if edge is not None and metadata is not None:
            total += math.prod(int(size) for size in metadata[edge[1]].shape)
    return total


def _ways(torch: Any, found: LocalDerivatives, spot: Spot, wanted: set[int]) -> list[Way]:
    """Return the derivatives of one number that aren't 0, by the node's answer to a unit vector."""
    node, output, place = spot
    function, edges = found.graph.nodes[node], found.graph.edges[node]
    metadata, shape = function._input_metadata, found.shapes[node, output]
    unit = torch.zeros(math.prod(shape), dtype=metadata[output].dtype, device=metadata[output].device)
    unit[place] = 1.0
    arguments = [None] * len(metadata)
    arguments[output] = unit.reshape(shape)
    with torch.no_grad():
        answer = function(*arguments)
    passed = cast("tuple[Any, ...]", answer) if isinstance(answer, tuple) else (answer,)
    ways: list[Way] = []
    for edge, gradient in zip(edges, passed, strict=False):
        if edge is None or gradient is None or edge[0] not in wanted:
            continue
        # A node may pass on what was broadcast unsummed, as that of x + b does: autograd sums it.
        summed = gradient.detach().sum_to_size(found.shapes[edge])
        numbers = summed.cpu().double().numpy().ravel()
        places = np.flatnonzero(numbers)
        if len(places):
            ways.append((edge, places, numbers[places]))
    return ways
