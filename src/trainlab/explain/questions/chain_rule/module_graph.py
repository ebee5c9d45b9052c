"""The autograd graph of a user's module: paths between single numbers, or over nodes if too many."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError, nearest
from trainlab.explain.questions.chain_rule.paths import Factor, Path

# The graph that autograd records, as nodes in order, and how many paths lead through it.


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


# The chain rule number by number on an autograd graph: local derivatives, paths between single numbers.
#
# Every node is asked for its vector-Jacobian product with each unit vector; that is its local Jacobian. Paths
# are then counted and added up as on paper (Bauer, SIAM Journal on Numerical Analysis 11, 1974).


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


# Which number of which parameter: ``0.weight[1,0]``, the name that PyTorch has and an index from 0.


_FORM = re.compile(r"\s*([^\[\]]+?)\s*(?:\[\s*(-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)\s*\])?\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterEntry:
    """A number of a parameter: its name, its index, and its place in the flat parameter."""

    name: str
    index: tuple[int, ...]
    flat: int

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.index))}]" if self.index else self.name


def read_entry(module: Any, weight: str | None, gradients: dict[str, Any]) -> ParameterEntry:
    """Return the number that `weight` names; a name alone means its number with the largest derivative.

    Left out, the first parameter that the loss reaches. ``gradients`` has the gradient of each parameter as
    an array, None where the loss doesn't reach it.

    Raises:
        ExplainError: if there is no such parameter or number, or it isn't trained.
    """
    parameters = dict(module.named_parameters())
    if weight is None:
        name = next((name for name in parameters if gradients.get(name) is not None), next(iter(parameters)))
        return _largest(name, parameters[name], gradients.get(name))
    match = _FORM.fullmatch(weight)
    if match is None or match[1] not in parameters:
        raise ExplainError(
            f"weight = {weight[:80]!r}: names no parameter of the module; write one such as "
            f"{next(iter(parameters))}[0,0].{nearest(match[1] if match else weight, parameters)}"
        )
    parameter = parameters[match[1]]
    if not parameter.requires_grad:
        raise ExplainError(
            f"weight = {weight!r}: is frozen (requires_grad is False); name one that is trained."
        )
    if match[2] is None:
        return _largest(match[1], parameter, gradients.get(match[1]))
    index = tuple(int(word) for word in match[2].split(","))
    shape = tuple(parameter.shape)
    if len(index) != len(shape) or any(
        not 0 <= place < size for place, size in zip(index, shape, strict=False)
    ):
        ranges = ", ".join(f"0 to {size - 1:,}" for size in shape)
        raise ExplainError(
            f"weight = {weight!r}: {match[1]} has shape {shape}; its indices are {ranges or 'none'}."
        )
    flat = int(np.ravel_multi_index(index, shape)) if shape else 0
    return ParameterEntry(name=match[1], index=index, flat=flat)


def _largest(name: str, parameter: Any, gradient: Any) -> ParameterEntry:
    shape = tuple(parameter.shape)
    flat = 0 if gradient is None else int(np.argmax(np.abs(gradient)))
    index = tuple(int(place) for place in np.unravel_index(flat, shape)) if shape else ()
    return ParameterEntry(name=name, index=index, flat=flat)
